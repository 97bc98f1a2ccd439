#include "elementwise.h"

#include <math.h>

#include "vector_math.h"

DECANT_CLONES void decant_add_bias(float *x, const float *bias, size_t T, size_t C) {
  for (size_t t = 0; t < T; t++) {
    float *row = x + t * C;
    for (size_t c = 0; c < C; c++) row[c] += bias[c];
  }
}

DECANT_CLONES void decant_add(float *restrict y, const float *restrict x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static inline float tanh_inner(float x) {
  return 0.7978845608028654f * (x + 0.044715f * x * x * x);
}

static inline float vtanhf(float x) {
  const float e = decant_expf(-2.0f * (x < 0 ? -x : x));
  const float t = (1.0f - e) / (1.0f + e);
  return x < 0 ? -t : t;
}

DECANT_CLONES void decant_bias_activation(float *restrict x, const float *restrict bias,
                                          float *restrict y, size_t T, size_t C, int kind) {
  for (size_t t = 0; t < T; t++) {
    float *restrict xr = x + t * C;
    float *restrict yr = y + t * C;
    for (size_t c = 0; c < C; c++) xr[c] += bias[c];
    if (kind == DECANT_GELU_ERF) {
      for (size_t c = 0; c < C; c++)
        yr[c] = 0.5f * xr[c] * (1.0f + decant_erff(xr[c] * 0.7071067811865475f));
    } else if (kind == DECANT_GELU_TANH) {
      for (size_t c = 0; c < C; c++) yr[c] = 0.5f * xr[c] * (1.0f + vtanhf(tanh_inner(xr[c])));
    } else {
      for (size_t c = 0; c < C; c++) yr[c] = xr[c] > 0 ? xr[c] : 0.0f;
    }
  }
}

DECANT_CLONES void decant_activation_backward(float *restrict dy, const float *restrict x,
                                              size_t n, int kind) {
  if (kind == DECANT_GELU_ERF) {
    for (size_t i = 0; i < n; i++) {
      const float cdf = 0.5f * (1.0f + decant_erff(x[i] * 0.7071067811865475f));
      const float pdf = 0.3989422804014327f * decant_expf(-0.5f * x[i] * x[i]);
      dy[i] *= cdf + x[i] * pdf;
    }
  } else if (kind == DECANT_GELU_TANH) {
    for (size_t i = 0; i < n; i++) {
      const float t = vtanhf(tanh_inner(x[i]));
      const float slope = 0.7978845608028654f * (1.0f + 3.0f * 0.044715f * x[i] * x[i]);
      dy[i] *= 0.5f * (1.0f + t) + 0.5f * x[i] * (1.0f - t * t) * slope;
    }
  } else {
    for (size_t i = 0; i < n; i++) dy[i] = x[i] > 0 ? dy[i] : 0.0f;
  }
}

DECANT_CLONES void decant_layer_norm(float *restrict x, const float *restrict bias,
                                     const float *restrict residual, const float *restrict gamma,
                                     const float *restrict beta, float eps, float *restrict y,
                                     float *restrict mean, float *restrict rstd, size_t T,
                                     size_t C) {
#pragma clang fp reassociate(on) contract(fast)
  for (size_t t = 0; t < T; t++) {
    float *restrict s = x + t * C;
    float *restrict yr = y + t * C;
    if (bias)
      for (size_t c = 0; c < C; c++) s[c] += bias[c];
    if (residual) {
      const float *restrict r = residual + t * C;
      for (size_t c = 0; c < C; c++) s[c] += r[c];
    }
    float sum = 0;
    for (size_t c = 0; c < C; c++) sum += s[c];
    const float m = sum / (float)C;
    float squares = 0;
    for (size_t c = 0; c < C; c++) squares += (s[c] - m) * (s[c] - m);
    const float r = 1.0f / sqrtf(squares / (float)C + eps);
    for (size_t c = 0; c < C; c++) yr[c] = (s[c] - m) * r * gamma[c] + beta[c];
    mean[t] = m;
    rstd[t] = r;
  }
}

DECANT_CLONES void decant_layer_norm_backward(float *restrict dy, const float *restrict s,
                                              const float *restrict mean,
                                              const float *restrict rstd,
                                              const float *restrict gamma, float *restrict dgamma,
                                              float *restrict dbeta, size_t T, size_t C) {
#pragma clang fp reassociate(on) contract(fast)
  for (size_t t = 0; t < T; t++) {
    float *restrict d = dy + t * C;
    const float *restrict sr = s + t * C;
    const float m = mean[t], r = rstd[t];
    float sumD = 0, sumDX = 0;
    for (size_t c = 0; c < C; c++) {
      const float xhat = (sr[c] - m) * r;
      const float g = d[c] * gamma[c];
      dgamma[c] += d[c] * xhat;
      dbeta[c] += d[c];
      sumD += g;
      sumDX += g * xhat;
    }
    const float meanD = sumD / (float)C, meanDX = sumDX / (float)C;
    for (size_t c = 0; c < C; c++) {
      const float xhat = (sr[c] - m) * r;
      d[c] = (d[c] * gamma[c] - meanD - xhat * meanDX) * r;
    }
  }
}

DECANT_CLONES void decant_softmax(float *restrict x, size_t T, size_t C) {
#pragma clang fp reassociate(on) contract(fast)
  for (size_t t = 0; t < T; t++) {
    float *restrict row = x + t * C;
    float top = row[0];
    for (size_t c = 1; c < C; c++) top = row[c] > top ? row[c] : top;
    float sum = 0;
    for (size_t c = 0; c < C; c++) {
      row[c] = decant_expf(row[c] - top);
      sum += row[c];
    }
    const float inverse = 1.0f / sum;
    for (size_t c = 0; c < C; c++) row[c] *= inverse;
  }
}

DECANT_CLONES void decant_softmax_backward(float *restrict dp, const float *restrict p,
                                           float scale, size_t T, size_t C) {
#pragma clang fp reassociate(on) contract(fast)
  for (size_t t = 0; t < T; t++) {
    float *restrict d = dp + t * C;
    const float *restrict pr = p + t * C;
    float sum = 0;
    for (size_t c = 0; c < C; c++) sum += d[c] * pr[c];
    for (size_t c = 0; c < C; c++) d[c] = pr[c] * (d[c] - sum) * scale;
  }
}

static inline float half_to_float(uint16_t h) {
  // Shift the half's bits into place and multiply by 2^112, which is exact and rights subnormals.
  const uint32_t magnitude = (uint32_t)(h & 0x7fffu) << 13;
  float value;
  memcpy(&value, &magnitude, sizeof value);
  value *= 5.192296858534828e33f;
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits = magnitude >= (0x7c00u << 13) ? (magnitude | 0x7f800000u) : bits;  // infinity, NaN
  bits |= (uint32_t)(h & 0x8000u) << 16;
  memcpy(&value, &bits, sizeof value);
  return value;
}

DECANT_CLONES void decant_half_to_float(const uint16_t *restrict x, float *restrict y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = half_to_float(x[i]);
}

DECANT_CLONES void decant_bfloat16_to_float(const uint16_t *restrict x, float *restrict y,
                                            size_t n) {
  for (size_t i = 0; i < n; i++) {
    const uint32_t bits = (uint32_t)x[i] << 16;
    memcpy(&y[i], &bits, sizeof bits);
  }
}

void decant_float_to_half(const float *restrict x, uint16_t *restrict y, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const _Float16 half = (_Float16)x[i];
    memcpy(&y[i], &half, sizeof half);
  }
}

int decant_clone(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return 2;
  return __builtin_cpu_supports("avx2") ? 1 : 0;
#else
  return 0;
#endif
}

int decant_has_avx512(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512cd");
#else
  return 0;
#endif
}
