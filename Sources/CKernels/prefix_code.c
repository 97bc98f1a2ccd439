#include "prefix_code.h"

#include <string.h>

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
  memset(table, 0, sizeof(decant_prefix_entry) << DECANT_PREFIX_BITS);
  for (int s = 0; s < DECANT_PREFIX_SYMBOLS; s++) {
    if (!lengths[s]) continue;
    uint32_t base;
    int extra;
    symbol_range(s, &base, &extra);
    const decant_prefix_entry entry = {base, lengths[s], (uint8_t)extra,
                                       (uint16_t)(lengths[s] + extra)};
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

int decant_prefix_decode(const uint8_t *bytes, size_t size, const decant_prefix_entry *table,
                         uint32_t *values, size_t n) {
  const uint32_t mask = (1u << DECANT_PREFIX_BITS) - 1;
  uint64_t place = 0;  // in bits
  const uint64_t end = (uint64_t)size * 8;
  size_t i = 0;
  // Eight bytes may be loaded from every place but the last ones.
  if (size >= 8) {
    const uint64_t safe = end - 64;
    for (; i < n && place <= safe; i++) {
      uint64_t word;
      memcpy(&word, bytes + (place >> 3), sizeof word);
      word >>= place & 7;
      const decant_prefix_entry entry = table[word & mask];
      if (!entry.code_length) return 1;
      values[i] = entry.base + (uint32_t)(word >> entry.code_length & ((1ull << entry.extra) - 1));
      place += entry.length;
    }
  }
  for (; i < n; i++) {
    uint64_t word = 0;
    if (place >= end) return 1;
    const size_t first = (size_t)(place >> 3);
    memcpy(&word, bytes + first, size - first < 8 ? size - first : 8);
    word >>= place & 7;
    const decant_prefix_entry entry = table[word & mask];
    if (!entry.code_length || place + entry.length > end) return 1;
    values[i] = entry.base + (uint32_t)(word >> entry.code_length & ((1ull << entry.extra) - 1));
    place += entry.length;
  }
  if (place > end || end - place >= 8) return 1;
  return place < end && bytes[size - 1] >> (8 - (end - place)) != 0;
}
