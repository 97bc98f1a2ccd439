#pragma once

#include <stdint.h>

// Losses on one row of student logits, evaluated together with the gradient that replaces them.
//
// Legend: V vocabulary size; x student logits [V]; z teacher logits [V]; T temperature;
// q = softmax(x / T); p the target at T; k kept IDs; w weights (already divided by the row count).
// A row belongs to one thread. `x` never aliases another buffer.

// How the teacher's mass outside the kept IDs enters the loss.
enum {
  DECANT_TAIL_BUCKET = 0,       // one event: log(mass) against log(mass)
  DECANT_TAIL_UNIFORM = 1,      // spread evenly over the V - k other IDs
  DECANT_TAIL_RENORMALISE = 2,  // dropped; the kept probabilities are divided by their sum,
                                // and the student's too in the reverse KL, which has no value else
  DECANT_TAIL_SAMPLED = 3,      // unbiased estimates: q counts by their sum; forward only
};

// From which distribution to which, each times T^2. m = (p + q) / 2.
enum {
  DECANT_FORWARD = 0,         // KL(p || q)
  DECANT_REVERSE = 1,         // KL(q || p)
  DECANT_JENSEN_SHANNON = 2,  // (KL(p || m) + KL(q || m)) / 2
};

typedef struct {
  double temperature;  // T > 0
  double soft_weight;  // factor of the T^2 divergence in the gradient
  double hard_weight;  // factor of the cross entropy in the gradient
  int32_t label;       // -1 = no hard loss
  int32_t divergence;  // DECANT_FORWARD ...
} decant_row_options;

typedef struct {
  double soft;  // T^2 divergence, unweighted, nats
  double hard;  // cross entropy, unweighted, nats; 0 without a label
} decant_row_loss;

// Kept IDs and their probabilities at T, with the mass of all others.
// `scratch` holds at least k floats. IDs are distinct and within [0, V).
decant_row_loss decant_head_target_row(float *x, int64_t vocab, const int32_t *ids,
                                       const float *probabilities, int64_t k, double tail_mass,
                                       int tail_kind, decant_row_options options, float *scratch);

// The whole teacher row.
decant_row_loss decant_full_target_row(float *x, const float *z, int64_t vocab,
                                       decant_row_options options);

// Cross entropy alone; the gradient is hard_weight (softmax(x) - onehot(label)).
decant_row_loss decant_hard_target_row(float *x, int64_t vocab, int32_t label, double hard_weight);

// 1 - cos(x, y) of two vectors [n]; adds weight * gradient with respect to x to dx.
// A zero vector has cosine 0 and no gradient.
double decant_cosine_row(const float *x, const float *y, int64_t n, double weight, float *dx);

// The squared error of two states, mean over their n values; adds weight times its gradient to dx.
double decant_squared_error_row(const float *x, const float *y, int64_t n, double weight,
                                float *dx);

// Cross entropy of a label without a gradient; `argmax` receives the first largest logit's ID.
double decant_evaluate_row(const float *x, int64_t vocab, int32_t label, int64_t *argmax);
