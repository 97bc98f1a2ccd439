#pragma once

#include <stddef.h>
#include <stdint.h>

// What a row of logits leaves behind: its largest entries, the shape of its tail, and rows of int8.
// Legend: V vocabulary, k entries kept.

/// Entries of scratch space that decant_select_targets needs.
size_t decant_select_scratch(size_t k);

/// The k largest of z[V], largest first, equal values by the lower index, and six numbers about the
/// other V - k, all relative to the row's maximum m, in double:
///   scalars = a(1), a'(1), a(1/2), a'(1/2), a'(0), a(3/4),
/// where a(b) = log sum over the tail exp(b (z - m)).
/// ids[k], values[k] (the logits themselves), scratch[decant_select_scratch(k)]. 0 <= k < V < 2^31.
/// Returns 0, or 1 where a logit is not finite; the outputs are then undefined.
int decant_select_targets(const float *z, size_t V, size_t k, int32_t *ids, float *values,
                          double *scalars, uint64_t *scratch);

/// The largest magnitude of x[n]; NaN or infinity where there is one.
float decant_largest_magnitude(const float *x, size_t n);

/// q = x / scale, rounded half away from zero and held to -127 ... 127.
void decant_quantize_row(const float *x, float scale, int8_t *q, size_t n);
/// x = q * scale.
void decant_dequantize_row(const int8_t *q, float scale, float *x, size_t n);
