#include "optimizer.h"

#include <math.h>

#include "vector_math.h"

DECANT_CLONES void decant_adamw(float *restrict parameters, const float *restrict gradients,
                                float *restrict m, float *restrict v, int64_t n,
                                decant_adamw_options o) {
#pragma clang fp contract(fast)
  const float scale = (float)o.gradient_scale, epsilon = (float)o.epsilon;
  const float shrink = (float)(1 - o.learning_rate * o.weight_decay);
  const float step = (float)(o.learning_rate / o.bias_correction1);
  const float root = (float)(1 / sqrt(o.bias_correction2));
  const float keep1 = (float)o.beta1, take1 = (float)(1 - o.beta1);
  const float keep2 = (float)o.beta2, take2 = (float)(1 - o.beta2);
  for (int64_t i = 0; i < n; i++) {
    const float g = gradients[i] * scale;
    const float first = keep1 * m[i] + take1 * g;
    const float second = keep2 * v[i] + take2 * g * g;
    m[i] = first;
    v[i] = second;
    // The intrinsic sets no errno, which would keep the loop from vectorising.
    const float denominator = __builtin_elementwise_sqrt(second) * root + epsilon;
    parameters[i] = shrink * parameters[i] - step * first / denominator;
  }
}

// Sixteen running sums whatever the register width. The product of two floats is exact in double,
// so a fused multiply-add changes nothing either.
DECANT_CLONES double decant_sum_of_squares(const float *x, int64_t n) {
  double lanes[16] = {0};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    for (int lane = 0; lane < 16; lane++) {
      const double value = x[i + lane];
      lanes[lane] += value * value;
    }
  }
  for (; i < n; i++) {
    const double value = x[i];
    lanes[i % 16] += value * value;
  }
  double total = 0;
  for (int lane = 0; lane < 16; lane++) total += lanes[lane];
  return total;
}
