#pragma once

#include <stddef.h>
#include <stdint.h>

// Legend: T rows (tokens), C columns, row-major and contiguous. `_f32` and `_bf16` tell how
// activations are stored; sums are float.

/// Functions between the two feed-forward products; the values match Kernels.Activation.
enum decant_activation { DECANT_GELU_ERF = 0, DECANT_GELU_TANH = 1, DECANT_RELU = 2 };

/// y = f(x) for n elements; y may be x.
void decant_activation_f32(const float *x, float *y, size_t n, int kind);
void decant_activation_bf16(const uint16_t *x, uint16_t *y, size_t n, int kind);

/// dx = dy * f'(x), in place: dy[T,C] is replaced; dbias[C] receives its column sums, added.
void decant_activation_backward_f32(float *dy, const float *x, float *dbias, size_t T, size_t C,
                                    int kind);
void decant_activation_backward_bf16(uint16_t *dy, const uint16_t *x, float *dbias, size_t T,
                                     size_t C, int kind);
