#pragma once

#include <stddef.h>
#include <stdint.h>

// Legend: T rows (tokens), C columns. Every matrix is row-major and contiguous.

/// Functions between the two feed-forward products; the values match Kernels.Activation.
enum decant_activation { DECANT_GELU_ERF = 0, DECANT_GELU_TANH = 1, DECANT_RELU = 2 };

/// x[T,C] += bias[C].
void decant_add_bias(float *x, const float *bias, size_t T, size_t C);
/// y[n] += x[n].
void decant_add(float *y, const float *x, size_t n);

/// y = f(x + bias); x is replaced by x + bias, which the backward pass needs. x, y: [T,C].
void decant_bias_activation(float *x, const float *bias, float *y, size_t T, size_t C, int kind);
/// dx = dy * f'(x), in place: dy is replaced. x: the sum that the forward pass left.
void decant_activation_backward(float *dy, const float *x, size_t n, int kind);

/// s = x + bias + residual (bias, residual may be NULL), replacing x; y = norm(s) * gamma + beta.
/// mean[T] and rstd[T] receive what the backward pass needs.
void decant_layer_norm(float *x, const float *bias, const float *residual, const float *gamma,
                       const float *beta, float eps, float *y, float *mean, float *rstd, size_t T,
                       size_t C);
/// ds from dy, in place: dy is replaced by ds; dgamma[C] and dbeta[C] are added to.
void decant_layer_norm_backward(float *dy, const float *s, const float *mean, const float *rstd,
                                const float *gamma, float *dgamma, float *dbeta, size_t T,
                                size_t C);

/// Softmax of each row of x[T,C], in place.
void decant_softmax(float *x, size_t T, size_t C);
/// ds = p * (dp - sum(dp * p)) * scale for each row, in place: dp is replaced.
void decant_softmax_backward(float *dp, const float *p, float scale, size_t T, size_t C);

/// IEEE half precision and bfloat16 to float and back (round to nearest even).
void decant_half_to_float(const uint16_t *x, float *y, size_t n);
void decant_bfloat16_to_float(const uint16_t *x, float *y, size_t n);
void decant_float_to_half(const float *x, uint16_t *y, size_t n);

/// 1 where the processor and the system support the AVX-512 subsets of the SkylakeX kernels.
int decant_has_avx512(void);

/// Which version of the cloned functions is loaded: 2 avx512f, 1 avx2, 0 default.
int decant_clone(void);
