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

/// The tokens of n ranks that lie as byte planes: the lowest byte of every rank, then the next, of
/// `width` (2 or 4) bytes. Returns 1 where a rank is not below `vocab`; `out` is then of no meaning.
int decant_planes_to_tokens(const uint8_t *planes, size_t n, int width, const int32_t *token_of_rank,
                            uint32_t vocab, int32_t *out);

/// The integers of a tail's scalars from their coded differences, both [rows, count], count 2, 3
/// or 5.
///
/// factors holds for each column a constant and a factor for each column before it, in 65536ths. A
/// prediction is held to +-2 `largest`, an integer to +-`largest`. Returns 1 where one had to be.
int decant_coded_scalars(const uint32_t *differences, size_t rows, int count, const int32_t *factors,
                         int64_t largest, int32_t *out);

/// decant_coded_repeat of rows of 16 IDs, which needs no marks.
size_t decant_coded_repeat_of_16(const int32_t *ids, size_t rows);
