#include "row_sums.h"

#include <math.h>

// In explicit lanes: the compiler does not reorder a maximum that may see NaN by itself.
DECANT_CLONES float decant_row_max(const float *x, int64_t n) {
  enum { LANES = 64 };
  float lanes[LANES];
  for (int lane = 0; lane < LANES; lane++) lanes[lane] = -INFINITY;
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    for (int lane = 0; lane < LANES; lane++) {
      lanes[lane] = x[i + lane] > lanes[lane] ? x[i + lane] : lanes[lane];
    }
  }
  for (; i < n; i++) lanes[0] = x[i] > lanes[0] ? x[i] : lanes[0];
  float largest = -INFINITY;
  for (int lane = 0; lane < LANES; lane++) largest = lanes[lane] > largest ? lanes[lane] : largest;
  return largest;
}

int decant_hard_mode(double temperature, int wanted) {
  if (!wanted) return HARD_NONE;
  if (temperature == 1.0) return HARD_SAME;
  if (temperature == 2.0) return HARD_SQUARE;
  return HARD_OWN;
}

DECANT_CLONES void decant_sum_row(const float *x, int64_t n, float max, float beta, int mode,
                                  decant_row_sums *out) {
#pragma clang fp contract(fast) reassociate(on)
  decant_row_sums total = {0, 0, 0};
  for (int64_t start = 0; start < n; start += DECANT_BLOCK) {
    const int64_t count = n - start < DECANT_BLOCK ? n - start : DECANT_BLOCK;
    const float *block = x + start;
    float soft = 0, hard = 0, linear = 0;
    if (mode == HARD_OWN) {
      for (int64_t i = 0; i < count; i++) {
        const float d = block[i] - max;
        soft += exp_nonpositive(d * beta);
        hard += exp_nonpositive(d);
        linear += d < -1e30f ? 0.0f : d;
      }
    } else {
      for (int64_t i = 0; i < count; i++) {
        const float d = block[i] - max;
        const float e = exp_nonpositive(d * beta);
        soft += e;
        hard += e * e;
        linear += d < -1e30f ? 0.0f : d;
      }
      if (mode == HARD_SAME) hard = soft;
    }
    total.soft += soft;
    total.hard += hard;
    total.linear += linear;
  }
  *out = total;
}

DECANT_CLONES void decant_write_row(float *x, int64_t n, float max, float beta, int mode, float a,
                                    float b, float c) {
#pragma clang fp contract(fast)
  if (mode == HARD_OWN) {
    for (int64_t i = 0; i < n; i++) {
      const float d = x[i] - max;
      x[i] = a * exp_nonpositive(d * beta) + b * exp_nonpositive(d) + c;
    }
  } else if (mode == HARD_SQUARE) {
    for (int64_t i = 0; i < n; i++) {
      const float e = exp_nonpositive((x[i] - max) * beta);
      x[i] = e * (a + b * e) + c;
    }
  } else {
    const float sum = a + b;
    for (int64_t i = 0; i < n; i++) x[i] = sum * exp_nonpositive((x[i] - max) * beta) + c;
  }
}

double decant_log_add(double a, double b) {
  const double high = a > b ? a : b, low = a > b ? b : a;
  if (isinf(high) && high < 0) return high;
  return high + log1p(exp(low - high));
}

decant_head_split decant_split_head(float *x, int64_t vocab, const int32_t *ids, int64_t k,
                                    double beta, int mode, float *scratch) {
  double head_soft = -INFINITY, head_hard = -INFINITY;
  for (int64_t i = 0; i < k; i++) {
    scratch[i] = x[ids[i]];
    head_soft = decant_log_add(head_soft, scratch[i] * beta);
    if (mode != HARD_NONE) head_hard = decant_log_add(head_hard, scratch[i]);
  }
  for (int64_t i = 0; i < k; i++) x[ids[i]] = -INFINITY;
  decant_head_split split = {.head_soft = head_soft, .max = decant_row_max(x, vocab)};
  // -inf is an empty complement, or one without a finite logit: no mass, and nothing to subtract.
  split.has_tail = split.max > -INFINITY;
  if (split.has_tail) decant_sum_row(x, vocab, split.max, (float)beta, mode, &split.tail);
  const double log_tail = split.has_tail ? split.max * beta + log(split.tail.soft) : -INFINITY;
  split.log_z = decant_log_add(head_soft, log_tail);
  split.log_student_mass = log_tail - split.log_z;
  if (mode != HARD_NONE) {
    split.log_z_hard =
        decant_log_add(head_hard, split.has_tail ? split.max + log(split.tail.hard) : -INFINITY);
  }
  return split;
}
