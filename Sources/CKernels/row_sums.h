#pragma once

#include <stdint.h>

#include "vector_math.h"

// Passes over a row of logits that several losses share.
//
// Legend: x row of logits [V]; T temperature, beta = 1 / T; max the row's largest logit.

// Sums run in float over this many elements and in double over the blocks, so that a row of a large
// vocabulary keeps float precision at the speed of float lanes.
#define DECANT_BLOCK 1024

// e^x for x <= 0 (and NaN, which stays NaN); below -87 exactly 0, -inf included, so that a logit
// taken out of a row adds nothing to its sums.
static inline float exp_nonpositive(float x) { return x < -87.0f ? 0.0f : decant_expf(x); }

// How e^(x - max) follows from e^((x - max) / T). T = 2 squares, which costs one more rounding of
// half an ulp; larger powers multiply the error, so they take an exponential of their own.
enum { HARD_NONE, HARD_SAME, HARD_SQUARE, HARD_OWN };

int decant_hard_mode(double temperature, int wanted);

typedef struct {
  double soft;    // sum e^((x - max) / T)
  double hard;    // sum e^(x - max)
  double linear;  // sum of the finite x - max
} decant_row_sums;

// The largest element, NaN passed over (the sums that follow then meet it); -inf of an empty row.
float decant_row_max(const float *x, int64_t n);

void decant_sum_row(const float *x, int64_t n, float max, float beta, int mode,
                    decant_row_sums *out);

// x = a e^((x - max) / T) + b e^(x - max) + c
void decant_write_row(float *x, int64_t n, float max, float beta, int mode, float a, float b,
                      float c);

// log(e^a + e^b); either may be -inf.
double decant_log_add(double a, double b);

// A student's row apart from its kept logits.
typedef struct {
  double head_soft;         // log of the kept logits' sum of e^(x / T)
  double log_z, log_z_hard;  // log of the row's sum of e^(x / T); of e^x, where `mode` wants it
  double log_student_mass;  // log of the student's mass outside the kept IDs; -inf without a tail
  decant_row_sums tail;     // over the complement, relative to `max`
  float max;                // the complement's largest logit
  int has_tail;
} decant_head_split;

// Moves the kept logits of x into scratch[k] and leaves -inf there: sums then run over the complement
// alone, and its mass never comes from `1 - sum`, which cancels where the student is sure.
decant_head_split decant_split_head(float *x, int64_t vocab, const int32_t *ids, int64_t k,
                                    double beta, int mode, float *scratch);
