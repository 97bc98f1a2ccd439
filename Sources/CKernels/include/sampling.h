#pragma once

#include <stdint.h>

// Threshold sampling of a row's distribution, without a duplicate and with weights that sum to 1.
//
// Legend: V vocabulary size; z logits [V]; p = softmax(z); tau threshold; c <= tau the row's own.

/// Keeps every ID with p >= c with its probability, and of the others each with probability p / c, with
/// weight c, by systematic sampling in the order of the IDs. c is the largest number up to tau for
/// which sum min(1, p / c) is a whole number: then the count is that number whatever `uniform` is, and
/// the weights sum to 1. E[weight of j] = p_j.
///
/// ids and weights hold `capacity` entries, at least min(V, ceil(1 / tau) + 1); scratch holds V floats;
/// 0 < tau <= 1, 0 <= uniform < 1. The exact ones come first; both kinds ascend by ID.
/// Returns the number of entries and sets `exact` to that of the exact ones; -1 where a logit is not
/// finite.
int64_t decant_sample_targets(const float *z, int64_t vocab, double tau, double uniform, int32_t *ids,
                              float *weights, int64_t capacity, int64_t *exact, float *scratch);
