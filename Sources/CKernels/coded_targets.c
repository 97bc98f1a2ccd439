#include "coded_targets.h"

#include <string.h>

#include "vector_math.h"

DECANT_CLONES static uint32_t largest_of(const uint32_t *x, size_t n) {
  uint32_t largest = 0;
  for (size_t i = 0; i < n; i++) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

// Writes the ranks and returns the largest.
DECANT_CLONES static uint32_t join_planes(const uint8_t *restrict planes, size_t n, int width,
                                          uint32_t *restrict ranks) {
  const uint8_t *restrict second = planes + n;
  uint32_t largest = 0;
  if (width == 2) {
    for (size_t i = 0; i < n; i++) {
      ranks[i] = (uint32_t)planes[i] | (uint32_t)second[i] << 8;
      largest = ranks[i] > largest ? ranks[i] : largest;
    }
  } else {
    const uint8_t *restrict third = second + n, *restrict fourth = third + n;
    for (size_t i = 0; i < n; i++) {
      ranks[i] = (uint32_t)planes[i] | (uint32_t)second[i] << 8 | (uint32_t)third[i] << 16 |
                 (uint32_t)fourth[i] << 24;
      largest = ranks[i] > largest ? ranks[i] : largest;
    }
  }
  return largest;
}

int decant_planes_to_tokens(const uint8_t *planes, size_t n, int width, const int32_t *token_of_rank,
                            uint32_t vocab, int32_t *out) {
  // The tokens take the place of the ranks.
  uint32_t *ranks = (uint32_t *)out;
  if (n > 0 && join_planes(planes, n, width, ranks) >= vocab) return 1;
  for (size_t i = 0; i < n; i++) out[i] = token_of_rank[ranks[i]];
  return 0;
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

static inline int64_t held(int64_t value, int64_t largest) {
  value = value > largest ? largest : value;
  return value < -largest ? -largest : value;
}

static inline __attribute__((always_inline)) int scalars(const uint32_t *differences, size_t rows,
                                                         const int count, const int32_t *factors,
                                                         int64_t largest, int32_t *out) {
  int64_t outside = 0;
  for (size_t row = 0; row < rows; row++) {
    int64_t integers[5];
    const int32_t *factor = factors;
#pragma clang loop unroll(full)
    for (int c = 0; c < count; c++) {
      int64_t sum = (int64_t)*factor++ + 32768;
#pragma clang loop unroll(full)
      for (int j = 0; j < c; j++) sum += (int64_t)*factor++ * integers[j];
      const uint32_t v = differences[row * (size_t)count + (size_t)c];
      const int64_t value = ((int32_t)(v >> 1) ^ -(int32_t)(v & 1)) + held(sum >> 16, 2 * largest);
      integers[c] = held(value, largest);
      outside |= integers[c] ^ value;
      out[row * (size_t)count + (size_t)c] = (int32_t)integers[c];
    }
  }
  return outside != 0;
}

DECANT_CLONES int decant_coded_scalars(const uint32_t *restrict differences, size_t rows, int count,
                                       const int32_t *restrict factors, int64_t largest,
                                       int32_t *restrict out) {
  return count == 2   ? scalars(differences, rows, 2, factors, largest, out)
         : count == 3 ? scalars(differences, rows, 3, factors, largest, out)
                      : scalars(differences, rows, 5, factors, largest, out);
}

typedef int32_t ids16 __attribute__((vector_size(64)));

#define ROTATED(v, n)                                                                        \
  __builtin_shufflevector(v, v, n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7, n + 8, n + 9, \
                          n + 10, n + 11, n + 12, n + 13, n + 14, n + 15)

// The first row of sixteen that names an ID twice, found by comparing each with the eight after it,
// around the row.
DECANT_CLONES size_t decant_coded_repeat_of_16(const int32_t *ids, size_t rows) {
  for (size_t row = 0; row < rows; row++) {
    ids16 v;
    memcpy(&v, ids + row * 16, sizeof v);
    const ids16 same = (v == ROTATED(v, 1)) | (v == ROTATED(v, 2)) | (v == ROTATED(v, 3)) |
                       (v == ROTATED(v, 4)) | (v == ROTATED(v, 5)) | (v == ROTATED(v, 6)) |
                       (v == ROTATED(v, 7)) | (v == ROTATED(v, 8));
    if (__builtin_reduce_or(same)) return row;
  }
  return rows;
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
