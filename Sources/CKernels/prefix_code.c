#include "prefix_code.h"

#include <string.h>

// A clone with the shifts that do not need their count in one register.
#if defined(__x86_64__) && defined(__ELF__)
#define PREFIX_CLONES __attribute__((target_clones("bmi2", "default")))
#else
#define PREFIX_CLONES
#endif

#define NO_CODE 0x80000000u
enum {
  MASK = (1 << DECANT_PREFIX_BITS) - 1,
  LONGEST = DECANT_PREFIX_BITS + 24,  // bits of a value, at most
};

static inline int highest_bit(uint32_t x) { return 31 - __builtin_clz(x); }

int decant_prefix_symbol(uint32_t value) {
  if (value < 16) return (int)value;
  const int e = highest_bit(value);
  return 16 + 8 * (e - 4) + (int)(value >> (e - 3) & 7);
}

// The smallest value of a symbol, and the extra bits that follow it.
static void symbol_range(int symbol, uint32_t *base, int *extra) {
  if (symbol == DECANT_PREFIX_ESCAPE) {
    *base = 0;
    *extra = 24;
  } else if (symbol < 16) {
    *base = (uint32_t)symbol;
    *extra = 0;
  } else {
    *extra = (symbol - 16) / 8 + 1;
    *base = (8u + (uint32_t)(symbol - 16) % 8) << *extra;
  }
}

int decant_prefix_codes(const uint8_t *lengths, uint16_t *codes) {
  uint32_t count[DECANT_PREFIX_BITS + 2] = {0};
  for (int s = 0; s < DECANT_PREFIX_SYMBOLS; s++) {
    if (lengths[s] > DECANT_PREFIX_BITS) return 1;
    if (lengths[s]) count[lengths[s]]++;
  }
  if (!lengths[DECANT_PREFIX_ESCAPE]) return 1;
  uint32_t next[DECANT_PREFIX_BITS + 2] = {0}, code = 0;
  for (int length = 1; length <= DECANT_PREFIX_BITS; length++) {
    code = (code + count[length - 1]) << 1;
    next[length] = code;
    if (code + count[length] > 1u << length) return 1;
  }
  for (int s = 0; s < DECANT_PREFIX_SYMBOLS; s++) {
    codes[s] = 0;
    if (!lengths[s]) continue;
    const uint32_t plain = next[lengths[s]]++;
    for (int bit = 0; bit < lengths[s]; bit++) {
      codes[s] |= (uint16_t)((plain >> bit & 1) << (lengths[s] - 1 - bit));
    }
  }
  return 0;
}

void decant_prefix_table(const uint8_t *lengths, const uint16_t *codes,
                         decant_prefix_entry *table) {
  for (int i = 0; i < 1 << DECANT_PREFIX_BITS; i++) table[i] = NO_CODE;
  for (int s = 0; s < DECANT_PREFIX_SYMBOLS; s++) {
    if (!lengths[s]) continue;
    uint32_t base;
    int extra;
    symbol_range(s, &base, &extra);
    const decant_prefix_entry entry = (uint32_t)(lengths[s] + extra) | (uint32_t)extra << 8 |
                                      (uint32_t)lengths[s] << 16 | base >> extra << 24;
    for (uint32_t high = 0; high < 1u << (DECANT_PREFIX_BITS - lengths[s]); high++) {
      table[codes[s] | high << lengths[s]] = entry;
    }
  }
}

size_t decant_prefix_encode(const uint32_t *values, size_t n, const uint8_t *lengths,
                            const uint16_t *codes, uint8_t *out) {
  uint64_t bits = 0;
  int count = 0;
  uint8_t *place = out;
  for (size_t i = 0; i < n; i++) {
    const uint32_t value = values[i];
    int symbol = decant_prefix_symbol(value), extra = 24;
    uint32_t rest = value;
    if (lengths[symbol]) {
      uint32_t base;
      symbol_range(symbol, &base, &extra);
      rest = value - base;
    } else {
      symbol = DECANT_PREFIX_ESCAPE;
    }
    bits |= (uint64_t)codes[symbol] << count;
    count += lengths[symbol];
    bits |= (uint64_t)rest << count;
    count += extra;
    memcpy(place, &bits, sizeof bits);  // little-endian, as every platform that this builds for
    place += count >> 3;
    bits >>= count & ~7;
    count &= 7;
  }
  if (count) place++;  // written with the last value
  return (size_t)(place - out);
}

static inline uint32_t entry_value(decant_prefix_entry entry, uint64_t word) {
  const uint32_t extra = entry >> 8 & 255;
  const uint32_t rest = (uint32_t)(word >> (entry >> 16 & 63));
  return ((entry >> 24) << (extra & 31)) + (rest & ((1u << (extra & 31)) - 1));
}

static inline uint32_t entry_length(decant_prefix_entry entry) { return entry & 255; }

// The rows for which eight bytes may be loaded from the place of every column: all but the last
// ones. Returns the rows; `seen` collects the entries, of which none may be NO_CODE.
static inline __attribute__((always_inline)) size_t decode_together(
    const decant_prefix_column *columns, const int width, uint32_t *values, size_t n,
    int64_t *places, decant_prefix_entry *seen) {
  const uint8_t *bytes[DECANT_PREFIX_SIDE_BY_SIDE];
  const decant_prefix_entry *tables[DECANT_PREFIX_SIDE_BY_SIDE];
  uint64_t place[DECANT_PREFIX_SIDE_BY_SIDE];
  for (int c = 0; c < width; c++) {
    bytes[c] = columns[c].bytes;
    tables[c] = columns[c].table;
    place[c] = 0;
  }
  decant_prefix_entry all = 0;
  size_t row = 0;
  while (row < n) {
    int64_t left = INT64_MAX;  // bits up to the last place from which eight bytes may be loaded
    for (int c = 0; c < width; c++) {
      const int64_t own = (int64_t)columns[c].size * 8 - 64 - (int64_t)place[c];
      left = own < left ? own : left;
    }
    if (left < 0) break;
    const size_t sure = (size_t)left / LONGEST + 1;
    const size_t end = n - row < sure ? n : row + sure;
    for (; row < end; row++) {
#pragma clang loop unroll(full)
      for (int c = 0; c < width; c++) {
        uint64_t word;
        memcpy(&word, bytes[c] + (place[c] >> 3), sizeof word);
        word >>= place[c] & 7;
        const decant_prefix_entry entry = tables[c][word & MASK];
        all |= entry;
        place[c] += entry_length(entry);
        values[row * (size_t)width + (size_t)c] = entry_value(entry, word);
      }
    }
  }
  for (int c = 0; c < width; c++) places[c] = (int64_t)place[c];
  *seen = all;
  return row;
}

// The last values of a column; returns 1 where the bytes are not exactly they.
static int decode_rest(const decant_prefix_column *column, int64_t place, uint32_t *values,
                       size_t stride, size_t row, size_t n) {
  const int64_t end = (int64_t)column->size * 8;
  for (; row < n; row++) {
    if (place >= end) return 1;
    uint64_t word = 0;
    const size_t first = (size_t)(place >> 3), left = column->size - first;
    memcpy(&word, column->bytes + first, left < 8 ? left : 8);
    word >>= place & 7;
    const decant_prefix_entry entry = column->table[word & MASK];
    place += entry_length(entry);
    if (entry & NO_CODE || place > end) return 1;
    values[row * stride] = entry_value(entry, word);
  }
  if (end - place >= 8) return 1;
  return place < end && column->bytes[column->size - 1] >> (8 - (end - place)) != 0;
}

PREFIX_CLONES int decant_prefix_decode(const decant_prefix_column *columns, int width,
                                       uint32_t *values, size_t n) {
  int64_t places[DECANT_PREFIX_SIDE_BY_SIDE] = {0};
  decant_prefix_entry seen = 0;
  size_t row = 0;
  switch (width) {
#define TOGETHER(W) \
  case W: row = decode_together(columns, W, values, n, places, &seen); break;
    TOGETHER(1)
    TOGETHER(2)
    TOGETHER(3)
    TOGETHER(4)
    TOGETHER(5)
    TOGETHER(6)
    TOGETHER(7)
    TOGETHER(8)
#undef TOGETHER
    default: return 1;
  }
  // The column whose code it was is found by the slower loop.
  if (seen & NO_CODE) {
    row = 0;
    memset(places, 0, sizeof places);
  }
  for (int c = 0; c < width; c++) {
    if (decode_rest(columns + c, places[c], values + c, (size_t)width, row, n)) return c + 1;
  }
  return 0;
}
