#pragma once

#include <stdint.h>
#include <string.h>

// One source, three machine versions of each function, chosen when the program is loaded.
#if defined(__x86_64__) && defined(__ELF__)
#define DECANT_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define DECANT_CLONES
#endif

// exp(x) within 2 ulp, in a form that compilers vectorise: range reduction x = n ln 2 + r by Cody and
// Waite, Cephes' polynomial for e^r. Below -87 it gives about 1e-38 instead of a subnormal; above 88
// it saturates; NaN stays NaN. It is a function of its own because the reassociation that sums allow
// would undo the two-part subtraction.
static inline float decant_expf(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float shifter = 12582912.0f;  // 1.5 * 2^23: adding it rounds to the nearest integer
  const float shifted = x * 1.44269504088896341f + shifter;
  const float n = shifted - shifter;
  float r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  int32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  // The low bits of `shifted` are n; they become the exponent of 2^n.
  const int32_t exponent = (int32_t)((uint32_t)(bits - 0x4B400000 + 127) << 23);
  float scale;
  memcpy(&scale, &exponent, sizeof scale);
  return p * scale;
}

// erf(x) to a few units in the last place (the rational approximation of Eigen and XLA).
static inline float decant_erff(float x) {
  x = x < -4.0f ? -4.0f : x;
  x = x > 4.0f ? 4.0f : x;
  const float s = x * x;
  float p = -2.72614225801306e-10f;
  p = p * s + 2.77068142495902e-08f;
  p = p * s - 2.10102402082508e-06f;
  p = p * s - 5.69250639462346e-05f;
  p = p * s - 7.34990630326855e-04f;
  p = p * s - 2.95459980854025e-03f;
  p = p * s - 1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * s - 2.13374055278905e-04f;
  q = q * s - 1.68282697438203e-03f;
  q = q * s - 7.37332916720468e-03f;
  q = q * s - 1.42647390514189e-02f;
  return x * p / q;
}

// log(1 + u) for u in [0, 1] within float rounding: 2 atanh(u / (2 + u)) as a series, |s| <= 1/3.
static inline float decant_log1p_unit(float u) {
  const float s = u / (2.0f + u), w = s * s;
  float p = 1.0f / 13;
  p = p * w + 1.0f / 11;
  p = p * w + 1.0f / 9;
  p = p * w + 1.0f / 7;
  p = p * w + 1.0f / 5;
  p = p * w + 1.0f / 3;
  return 2.0f * s * (p * w + 1.0f);
}
