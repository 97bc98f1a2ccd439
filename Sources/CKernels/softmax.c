#include "softmax.h"

#include "typed.h"

// Sixteen running maxima: a single one is compared number by number.
static inline float row_max(const float *row, size_t C) {
  float lanes[16];
  for (size_t l = 0; l < 16; l++) lanes[l] = row[0];
  size_t c = 0;
  for (; c + 16 <= C; c += 16)
    for (size_t l = 0; l < 16; l++) lanes[l] = row[c + l] > lanes[l] ? row[c + l] : lanes[l];
  for (; c < C; c++) lanes[0] = row[c] > lanes[0] ? row[c] : lanes[0];
  for (size_t l = 1; l < 16; l++) lanes[0] = lanes[l] > lanes[0] ? lanes[l] : lanes[0];
  return lanes[0];
}

#define TYPED_KERNELS "softmax_typed.h"
#include "both_formats.h"
