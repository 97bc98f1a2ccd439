#include "column_sums.h"

#include "typed.h"

DECANT_CLONES void decant_add(float *restrict y, const float *restrict x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] += x[i];
}

DECANT_CLONES void decant_column_sums_f32(const float *restrict x, float *restrict sums, size_t T,
                                          size_t C, size_t stride) {
  for (size_t t = 0; t < T; t++)
    for (size_t c = 0; c < C; c++) sums[c] += x[t * stride + c];
}

DECANT_CLONES void decant_column_sums_bf16(const uint16_t *restrict x, float *restrict sums,
                                           size_t T, size_t C, size_t stride) {
  for (size_t t = 0; t < T; t++)
    for (size_t c = 0; c < C; c++) sums[c] += decant_load_bf16(x + t * stride + c);
}
