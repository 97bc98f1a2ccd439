#pragma once

#include <stddef.h>
#include <stdint.h>

// Unsigned values below 2^24 as prefix codes of symbols, followed by extra bits.
//
// A value below 16 is its own symbol. A larger one, of e + 1 bits, has the symbol
// 16 + 8 (e - 4) + its three bits after the first, and its lowest e - 3 bits follow. Symbol 176 is
// followed by the whole value in 24 bits. Codes are canonical and packed as in Deflate (RFC 1951,
// 3.1.1 and 3.2.2): from the lowest bit of each byte on, codes highest bit first, extra bits lowest
// bit first.

enum {
  DECANT_PREFIX_SYMBOLS = 177,
  DECANT_PREFIX_ESCAPE = 176,
  DECANT_PREFIX_BITS = 11,  // of the longest code
};

/// What the next bits of a column say, in one word so that the tables of several columns stay in the
/// nearest cache. From the lowest byte on: the length of code and extra bits together; the extra bits
/// e; the length of the code; the m of the smallest value m * 2^e, or 128 where no code begins so.
typedef uint32_t decant_prefix_entry;

/// A column to unpack.
typedef struct {
  const uint8_t *bytes;
  size_t size;
  const decant_prefix_entry *table;
} decant_prefix_column;

/// The symbol of a value below 2^24 (no escape).
int decant_prefix_symbol(uint32_t value);

/// The codes that follow from their lengths (0 for a symbol without), reversed for packing.
/// Returns 1 where the lengths are no prefix code, or the escape has none.
int decant_prefix_codes(const uint8_t *lengths, uint16_t *codes);

/// The look-up table of 2^DECANT_PREFIX_BITS entries; lengths as decant_prefix_codes accepts them.
void decant_prefix_table(const uint8_t *lengths, const uint16_t *codes,
                         decant_prefix_entry *table);

/// Packs n values, each below 2^24, into out, of at least 5 n + 8 bytes. Returns the bytes used.
size_t decant_prefix_encode(const uint32_t *values, size_t n, const uint8_t *lengths,
                            const uint16_t *codes, uint8_t *out);

/// Columns that are unpacked side by side at most.
enum { DECANT_PREFIX_SIDE_BY_SIDE = 8 };

/// Unpacks n values of each of some columns, row by row: values[row * width + column].
///
/// Each value of a column waits for the one before it, so several columns at once take little longer
/// than one. Returns 0, or the number, from 1, of a column whose bytes are not exactly n values and
/// zero bits up to a byte.
int decant_prefix_decode(const decant_prefix_column *columns, int width, uint32_t *values, size_t n);
