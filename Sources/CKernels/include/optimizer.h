#pragma once

#include <stdint.h>

// The optimiser's passes over one contiguous range of parameters [n].

typedef struct {
  double gradient_scale;    // clipping coefficient, 1 = none
  double learning_rate;     // of this step
  double weight_decay;      // decoupled
  double beta1, beta2;
  double epsilon;
  double bias_correction1;  // 1 - beta1^t
  double bias_correction2;  // 1 - beta2^t
} decant_adamw_options;

// One AdamW update in place, in the order of torch.optim.AdamW. No buffer aliases another.
void decant_adamw(float *parameters, const float *gradients, float *m, float *v, int64_t n,
                  decant_adamw_options options);

// Sum of squares in double; the order of additions is fixed, so it is the same on every machine.
double decant_sum_of_squares(const float *x, int64_t n);
