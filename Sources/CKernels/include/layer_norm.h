#pragma once

#include <stddef.h>
#include <stdint.h>

// Legend: T rows (tokens), C columns. Every matrix is row-major and contiguous.

/// s = x + residual (residual may be NULL), replacing x; y = norm(s) * gamma + beta. rounded[T,C]
/// receives y as bfloat16, where it is not NULL; mean[T] and rstd[T] what the backward pass needs.
void decant_layer_norm(float *x, const float *residual, const float *gamma, const float *beta,
                       float eps, float *y, uint16_t *rounded, float *mean, float *rstd, size_t T,
                       size_t C);

/// ds from dy, in place: dy is replaced by ds, and rounded[T,C] receives it as bfloat16 where it is
/// not NULL. dgamma[C], dbeta[C] and, where not NULL, dbias[C] (the column sums of ds) are added to.
void decant_layer_norm_backward(float *dy, const float *s, const float *mean, const float *rstd,
                                const float *gamma, float *dgamma, float *dbeta, float *dbias,
                                uint16_t *rounded, size_t T, size_t C);
