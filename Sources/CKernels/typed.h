#pragma once

#include "vector_math.h"

// Kernels over activations are written once, in a header that is compiled for each format that
// products read: `REAL` is the stored type, `NAME` adds the format to a function's name, `LOAD` and
// `STORE` go through single precision, in which everything is computed.

static inline float decant_load_f32(const float *x) { return *x; }
static inline void decant_store_f32(float *x, float value) { *x = value; }

static inline float decant_load_bf16(const uint16_t *x) {
  const uint32_t bits = (uint32_t)*x << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// To the nearest, ties to even; NaN stays NaN.
static inline uint16_t decant_round_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return (uint16_t)(value != value ? 0x7fc0u : rounded);
}

static inline void decant_store_bf16(uint16_t *x, float value) { *x = decant_round_bf16(value); }
