#pragma once

#include <stdint.h>

// A teacher row from a head and the shape of its tail.
//
// Legend: V vocabulary size; y logits that give the tail's shape [V], with an offset of their own;
// k kept IDs; h their logits minus the row's largest; T temperature, beta = 1 / T;
// a(beta) = log of the true row's sum over the tail of e^(beta (z - max)).

typedef struct {
  double delta;     // what is added to beta y_j in the tail so that it has the mass e^a(beta)
  double log_tail;  // a(beta): as given at T = 1 and 2, else from delta; -inf without a tail
} decant_shape;

// Turns y in place into the logits of the target: softmax(y / T) is then proportional to e^(beta h)
// at the kept IDs and to e^(beta y + delta) elsewhere. delta(beta) is the polynomial through 0
// at beta = 0 and what a(1/2), a(3/4) and a(1) ask for; a(3/4) is left out where it is NaN. `log_tail` costs a pass more at other T than 1 and 2,
// which is left out where `wants_tail` is 0.
// IDs are distinct and within [0, V); T >= 1.
decant_shape decant_shape_row(float *y, int64_t vocab, const int32_t *ids, const float *h, int64_t k,
                              double log_partition, double half_log_partition,
                              double three_quarter_log_partition, double temperature,
                              int wants_tail);
