#include "coded_targets.h"

#include "vector_math.h"

DECANT_CLONES static uint32_t largest_of(const uint32_t *x, size_t n) {
  uint32_t largest = 0;
  for (size_t i = 0; i < n; i++) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

int decant_coded_tokens(const uint32_t *tile, size_t rows, size_t width, const int32_t *token_of_rank,
                        uint32_t vocab, int32_t *out, size_t stride) {
  if (rows * width > 0 && largest_of(tile, rows * width) >= vocab) return 1;
  for (size_t row = 0; row < rows; row++) {
    for (size_t c = 0; c < width; c++) out[row * stride + c] = token_of_rank[tile[row * width + c]];
  }
  return 0;
}

uint32_t decant_coded_logits(const uint32_t *tile, size_t rows, size_t width, float step,
                             uint32_t *sums, float *out, size_t stride) {
  uint32_t largest = 0;
  for (size_t row = 0; row < rows; row++) {
    uint32_t sum = sums[row];
    for (size_t c = 0; c < width; c++) {
      sum += tile[row * width + c];
      out[row * stride + c] = -step * (float)(int32_t)sum;
    }
    sums[row] = sum;
    largest = sum > largest ? sum : largest;
  }
  return largest;
}

static inline __attribute__((always_inline)) void coefficients(
    const uint32_t *tile, size_t rows, const size_t width, const float *steps, float *out,
    size_t stride) {
  for (size_t row = 0; row < rows; row++) {
    for (size_t c = 0; c < width; c++) {
      const uint32_t v = tile[row * width + c];
      out[row * stride + c] = steps[c] * (float)((int32_t)(v >> 1) ^ -(int32_t)(v & 1));
    }
  }
}

DECANT_CLONES void decant_coded_coefficients(const uint32_t *restrict tile, size_t rows, size_t width,
                                             const float *restrict steps, float *restrict out,
                                             size_t stride) {
  // A constant width becomes one vector.
  if (width == 8) {
    coefficients(tile, rows, 8, steps, out, stride);
  } else {
    coefficients(tile, rows, width, steps, out, stride);
  }
}

size_t decant_coded_repeat(const int32_t *ids, size_t rows, size_t width, int32_t *seen) {
  for (size_t row = 0; row < rows; row++) {
    int repeats = 0;
    for (size_t place = 0; place < width; place++) {
      int32_t *mark = seen + ids[row * width + place];
      repeats |= *mark == (int32_t)row;
      *mark = (int32_t)row;
    }
    if (repeats) return row;
  }
  return rows;
}
