#pragma once

#include <stddef.h>
#include <stdint.h>

/// IEEE half precision and bfloat16 to float and back, of n numbers (round to nearest even).
void decant_half_to_float(const uint16_t *x, float *y, size_t n);
void decant_bfloat16_to_float(const uint16_t *x, float *y, size_t n);
void decant_float_to_half(const float *x, uint16_t *y, size_t n);
void decant_float_to_bfloat16(const float *x, uint16_t *y, size_t n);
