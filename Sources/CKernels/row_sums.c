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
