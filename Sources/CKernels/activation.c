#include "activation.h"

#include "typed.h"

static inline float tanh_inner(float x) {
  return 0.7978845608028654f * (x + 0.044715f * x * x * x);
}

static inline float vtanhf(float x) {
  const float e = decant_expf(-2.0f * (x < 0 ? -x : x));
  const float t = (1.0f - e) / (1.0f + e);
  return x < 0 ? -t : t;
}

static inline float gelu_erf(float x) {
  return 0.5f * x * (1.0f + decant_erff(x * 0.7071067811865475f));
}

static inline float gelu_erf_slope(float x) {
  const float cdf = 0.5f * (1.0f + decant_erff(x * 0.7071067811865475f));
  return cdf + x * 0.3989422804014327f * decant_expf(-0.5f * x * x);
}

static inline float gelu_tanh(float x) { return 0.5f * x * (1.0f + vtanhf(tanh_inner(x))); }

static inline float gelu_tanh_slope(float x) {
  const float t = vtanhf(tanh_inner(x));
  const float slope = 0.7978845608028654f * (1.0f + 3.0f * 0.044715f * x * x);
  return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * slope;
}

static inline float relu(float x) { return x > 0 ? x : 0.0f; }
static inline float relu_slope(float x) { return x > 0 ? 1.0f : 0.0f; }

#define TYPED_KERNELS "activation_typed.h"
#include "both_formats.h"
