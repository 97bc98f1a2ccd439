#pragma once

#include "losses.h"
#include "row_sums.h"

// Reverse KL and Jensen-Shannon; the forward KL is in losses.c.
//
// With t = log q - log p and m the midpoint: log(q / m) = t/2 - log cosh(t/2) and
// log(p / m) = -t/2 - log cosh(t/2). Every gradient has the form q_j (slope_j - mean slope).

// A probability counts as at least this much where its logarithm is needed: the smallest normal float.
#define DECANT_SMALLEST_PROBABILITY 0x1p-126

decant_row_loss decant_full_divergence_row(float *x, const float *z, int64_t vocab,
                                           decant_row_options options);

decant_row_loss decant_head_divergence_row(float *x, int64_t vocab, const int32_t *ids,
                                           const float *probabilities, int64_t k, double tail_mass,
                                           int tail_kind, decant_row_options options,
                                           float *scratch);
