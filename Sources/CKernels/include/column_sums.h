#pragma once

#include <stddef.h>
#include <stdint.h>

/// y[n] += x[n].
void decant_add(float *y, const float *x, size_t n);

/// sums[C] += the sums over T rows of x, whose rows are `stride` elements apart.
void decant_column_sums_f32(const float *x, float *sums, size_t T, size_t C, size_t stride);
void decant_column_sums_bf16(const uint16_t *x, float *sums, size_t T, size_t C, size_t stride);
