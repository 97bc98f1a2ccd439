#pragma once

#include <stddef.h>
#include <stdint.h>

// Legend: T rows, C columns, row-major and contiguous. `_f32` and `_bf16` tell how probabilities are
// stored.

/// p = softmax(x * scale) of each row of x[T,C], which is used as scratch; p may be x (as floats).
void decant_softmax_f32(float *x, float *p, float scale, size_t T, size_t C);
void decant_softmax_bf16(float *x, uint16_t *p, float scale, size_t T, size_t C);

/// ds = p * (dp - sum(dp * p)) * scale for each row; ds may be dp (as floats).
void decant_softmax_backward_f32(const float *dp, const float *p, float *ds, float scale, size_t T,
                                 size_t C);
void decant_softmax_backward_bf16(const float *dp, const uint16_t *p, uint16_t *ds, float scale,
                                  size_t T, size_t C);
