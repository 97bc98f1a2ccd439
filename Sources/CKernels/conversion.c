#include "conversion.h"

#include "typed.h"

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
  for (size_t i = 0; i < n; i++) y[i] = decant_load_bf16(x + i);
}

void decant_float_to_half(const float *restrict x, uint16_t *restrict y, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const _Float16 half = (_Float16)x[i];
    memcpy(&y[i], &half, sizeof half);
  }
}

DECANT_CLONES void decant_float_to_bfloat16(const float *restrict x, uint16_t *restrict y,
                                            size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = decant_round_bf16(x[i]);
}
