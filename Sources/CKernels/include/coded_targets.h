#pragma once

#include <stddef.h>
#include <stdint.h>

// From the integers of coded columns to targets. Each takes a tile [rows, width] of unpacked values
// and writes it into columns of a wider row-major matrix: out[row * stride + column].

/// Looks up the token of each rank. Returns 1, and writes nothing, where a rank is not below `vocab`.
int decant_coded_tokens(const uint32_t *tile, size_t rows, size_t width, const int32_t *token_of_rank,
                        uint32_t vocab, int32_t *out, size_t stride);

/// Adds each row's increments up, from sums[row] on, and writes -step times the sums; leaves the last
/// in `sums`. Returns the largest.
uint32_t decant_coded_logits(const uint32_t *tile, size_t rows, size_t width, float step,
                             uint32_t *sums, float *out, size_t stride);

/// Undoes the zigzag (0, -1, 1, -2 …) and multiplies by the column's step.
void decant_coded_coefficients(const uint32_t *tile, size_t rows, size_t width, const float *steps,
                               float *out, size_t stride);

/// The first of the rows of ids[rows][width] that names an ID twice, or rows where none does.
/// seen[n] holds any number but 0 ..< rows at each ID below n, and is left changed.
size_t decant_coded_repeat(const int32_t *ids, size_t rows, size_t width, int32_t *seen);
