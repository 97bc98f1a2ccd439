#pragma once

#include <stddef.h>
#include <stdint.h>

#include "prefix_code.h"

// Columns of prefix codes whose values are nearly all short: up to three values a look-up, each in a
// byte. decant_prefix_decode takes what this does not.

enum { DECANT_TRIPLE_BITS = 10 };

/// What the next DECANT_TRIPLE_BITS bits of a column say. From the lowest bit on: six bits, the length
/// of all values; three values of eight bits; two bits, how many there are.
typedef uint32_t decant_prefix_triple;

/// The look-up table of 2^DECANT_TRIPLE_BITS entries, from that of decant_prefix_table. Returns 1 where
/// the code is for other columns: it foresees values above 255, or more than one in 32 of its values
/// would not be found here.
int decant_prefix_triples(const uint8_t *lengths, const decant_prefix_entry *table,
                          decant_prefix_triple *triples);

/// Unpacks n values of each of some columns, column by column: values[column * n + row].
///
/// Returns 1 where a value is above 255, or the bytes of a column are not exactly n values and zero
/// bits up to a byte: decant_prefix_decode tells which.
int decant_prefix_decode_bytes(const decant_prefix_column *columns,
                               const decant_prefix_triple *const *triples, int width,
                               uint8_t *values, size_t n);

/// Columns of bytes [width, rows] as a tile [rows, width].
void decant_bytes_to_rows(const uint8_t *columns, size_t rows, size_t width, uint32_t *out);

/// decant_coded_coefficients of columns of bytes [width, rows].
void decant_bytes_to_coefficients(const uint8_t *columns, size_t rows, size_t width,
                                  const float *steps, float *out, size_t stride);

/// decant_coded_logits of columns of bytes [width, rows], at most DECANT_PREFIX_SIDE_BY_SIDE of them.
uint32_t decant_bytes_to_logits(const uint8_t *columns, size_t rows, size_t width, float step,
                                uint32_t *sums, float *out, size_t stride);
