#include "shape.h"

#include <math.h>

#include "row_sums.h"

decant_shape decant_shape_row(float *y, int64_t vocab, const int32_t *ids, const float *h, int64_t k,
                              double log_partition, double half_log_partition,
                              double three_quarter_log_partition, double temperature,
                              int wants_tail) {
  const double beta = 1 / temperature;
  for (int64_t i = 0; i < k; i++) y[ids[i]] = -INFINITY;
  const float max = decant_row_max(y, vocab);
  decant_shape shape = {0, -INFINITY};
  if (max > -INFINITY) {
    decant_row_sums sums = {0, 0, 0};
    if (temperature == 1) {
      decant_sum_row(y, vocab, max, 1.0f, HARD_SAME, &sums);
      shape.delta = log_partition - (max + log(sums.soft));
      shape.log_tail = log_partition;
    } else if (temperature == 2) {
      decant_sum_row(y, vocab, max, 0.5f, HARD_SAME, &sums);
      shape.delta = half_log_partition - (0.5 * max + log(sums.soft));
      shape.log_tail = half_log_partition;
    } else {
      decant_sum_row(y, vocab, max, 0.5f, HARD_SQUARE, &sums);
      const double half = half_log_partition - (0.5 * max + log(sums.soft));
      const double one = log_partition - (max + log(sums.hard));
      // Lagrange's polynomial through (0, 0), (1/2, half), (1, one), and (3/4, inner) where it is known.
      if (isnan(three_quarter_log_partition)) {
        shape.delta = 4 * beta * (1 - beta) * half + beta * (2 * beta - 1) * one;
      } else {
        decant_sum_row(y, vocab, max, 0.75f, HARD_SAME, &sums);
        const double inner = three_quarter_log_partition - (0.75 * max + log(sums.soft));
        shape.delta = 16 * beta * (beta - 0.75) * (beta - 1) * half -
                      64.0 / 3 * beta * (beta - 0.5) * (beta - 1) * inner +
                      8 * beta * (beta - 0.5) * (beta - 0.75) * one;
      }
      if (wants_tail) {
        decant_sum_row(y, vocab, max, (float)beta, HARD_SAME, &sums);
        shape.log_tail = beta * max + log(sums.soft) + shape.delta;
      }
    }
  }
  // The whole row may be shifted freely, so the head takes the shift: k numbers instead of V.
  const double shift = shape.delta * temperature;
  for (int64_t i = 0; i < k; i++) y[ids[i]] = (float)(h[i] - shift);
  return shape;
}
