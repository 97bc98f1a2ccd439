#include "mixture.h"

#include <math.h>

#include "row_sums.h"

DECANT_CLONES static void shift_row(float *m, const float *z, int64_t n, float shift) {
  for (int64_t i = 0; i < n; i++) m[i] = z[i] + shift;
}

// m = the larger of m and z + shift, plus T log(1 + e^(-difference / T))
DECANT_CLONES static void add_row(float *m, const float *z, int64_t n, float shift, float temperature,
                                  float beta) {
#pragma clang fp contract(fast)
  for (int64_t i = 0; i < n; i++) {
    const float value = z[i] + shift, d = value - m[i];
    const float most = d > 0 ? value : m[i], apart = d > 0 ? d : -d;
    m[i] = most + temperature * decant_log1p_unit(exp_nonpositive(-apart * beta));
  }
}

void decant_mix_row(float *m, const float *z, int64_t vocab, double temperature, double weight,
                    int first) {
  const double beta = 1 / temperature;
  const float max = decant_row_max(z, vocab);
  decant_row_sums sums;
  decant_sum_row(z, vocab, max, (float)beta, HARD_SAME, &sums);
  const double shift = temperature * (log(weight) - log(sums.soft)) - max;
  if (first) {
    shift_row(m, z, vocab, (float)shift);
  } else {
    add_row(m, z, vocab, (float)shift, (float)temperature, (float)beta);
  }
}
