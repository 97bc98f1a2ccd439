#include "prefix_bytes.h"

#include <string.h>

#include "vector_math.h"

// As in prefix_code.c: shifts that do not need their count in one register.
#if defined(__x86_64__) && defined(__ELF__)
#define PREFIX_CLONES __attribute__((target_clones("bmi2", "default")))
#else
#define PREFIX_CLONES
#endif

enum {
  LANES = 3,     // columns under way at once; more do not fit in the registers
  LOOKUPS = 5,   // a step: one load of eight bytes, of which 57 bits are sure
  // Bytes that a step may touch: four at each look-up, three behind the one before, and one value.
  STEP_ROOM = 3 * LOOKUPS + 4,
  ENTRY_MASK = (1 << DECANT_PREFIX_BITS) - 1,
  TRIPLE_MASK = (1 << DECANT_TRIPLE_BITS) - 1,
};
#define NO_CODE 0x80000000u

static inline uint32_t entry_length(decant_prefix_entry entry) { return entry & 255; }

static inline uint32_t entry_value(decant_prefix_entry entry, uint64_t word) {
  const uint32_t extra = entry >> 8 & 31;
  const uint32_t rest = (uint32_t)(word >> (entry >> 16 & 63));
  return ((entry >> 24) << extra) + (rest & ((1u << extra) - 1));
}

int decant_prefix_triples(const uint8_t *lengths, const decant_prefix_entry *table,
                          decant_prefix_triple *triples) {
  const int first_large = decant_prefix_symbol(256);
  for (int s = first_large; s < DECANT_PREFIX_ESCAPE; s++) {
    if (lengths[s]) return 1;
  }
  int without = 0;
  for (uint32_t bits = 0; bits <= TRIPLE_MASK; bits++) {
    uint32_t place = 0, count = 0, values = 0;
    while (count < 3) {
      const decant_prefix_entry entry = table[bits >> place & ENTRY_MASK];
      // A code that is longer than the bits that are known is not one of these either.
      if (entry & NO_CODE || place + entry_length(entry) > DECANT_TRIPLE_BITS) break;
      const uint32_t value = entry_value(entry, bits >> place);
      if (value > 255) break;
      values |= value << (8 * count++);
      place += entry_length(entry);
    }
    without += count == 0;
    triples[bits] = place | values << 6 | count << 30;
  }
  return without > (TRIPLE_MASK + 1) / 32;
}

// A column under way.
typedef struct {
  const decant_prefix_column *column;
  const decant_prefix_triple *triples;
  uint8_t *out, *end, *last_out;  // no step begins past last_out
  int64_t place, last_place;      // in bits; no step begins past last_place
} lane;

static void begin(lane *l, const decant_prefix_column *column, const decant_prefix_triple *triples,
                  uint8_t *out, size_t n) {
  l->column = column;
  l->triples = triples;
  l->out = out;
  l->end = out + n;
  l->place = 0;
  l->last_place = (int64_t)column->size * 8 - 64;  // eight bytes are loaded
  l->last_out = n >= STEP_ROOM ? l->end - STEP_ROOM : NULL;
}

static inline int can_step(const lane *l) {
  return l->last_out != NULL && l->out <= l->last_out && l->place <= l->last_place;
}

// Steps until one of the lanes can take no more; returns 1 where a value has no place in a byte.
static inline __attribute__((always_inline)) int step_together(lane *lanes, const int width) {
  const uint8_t *bytes[LANES];
  const decant_prefix_triple *triples[LANES];
  uint8_t *out[LANES], *last_out[LANES];
  int64_t place[LANES], last_place[LANES];
  for (int i = 0; i < width; i++) {
    bytes[i] = lanes[i].column->bytes;
    triples[i] = lanes[i].triples;
    out[i] = lanes[i].out;
    last_out[i] = lanes[i].last_out;
    place[i] = lanes[i].place;
    last_place[i] = lanes[i].last_place;
  }
  int is_large = 0;
  for (;;) {
    int stops = is_large;
#pragma clang loop unroll(full)
    for (int i = 0; i < width; i++) stops |= (out[i] > last_out[i]) | (place[i] > last_place[i]);
    if (stops) break;
#pragma clang loop unroll(full)
    for (int i = 0; i < width; i++) {
      uint64_t word;
      memcpy(&word, bytes[i] + (place[i] >> 3), sizeof word);
      word >>= place[i] & 7;
      uint32_t lengths = 0;  // their sum in the lowest six bits
      decant_prefix_triple triple = 0;
      uint8_t *next = out[i];
#pragma clang loop unroll(full)
      for (int k = 0; k < LOOKUPS; k++) {
        triple = triples[i][word & TRIPLE_MASK];
        const uint32_t values = triple >> 6;
        memcpy(next, &values, sizeof values);
        next += triple >> 30;
        word >>= triple & 63;
        lengths += triple;
      }
      place[i] += (int64_t)(lengths & 63);
      // Once nothing is found, nothing is found up to the end of the step.
      if (__builtin_expect(triple < 1u << 30, 0) && place[i] <= last_place[i]) {
        memcpy(&word, bytes[i] + (place[i] >> 3), sizeof word);
        word >>= place[i] & 7;
        const decant_prefix_entry entry = lanes[i].column->table[word & ENTRY_MASK];
        const uint32_t value = entry_value(entry, word);
        is_large |= (entry & NO_CODE) != 0 || value > 255;
        *next++ = (uint8_t)value;
        place[i] += entry_length(entry);
      }
      out[i] = next;
    }
  }
  for (int i = 0; i < width; i++) {
    lanes[i].out = out[i];
    lanes[i].place = place[i];
  }
  return is_large;
}

// The bits from a place in the column on, and zeros behind its end; `last` holds its last eight bytes.
static inline uint64_t bits_at(const decant_prefix_column *column, int64_t place, uint64_t last) {
  const int64_t first = place >> 3, first_last = (int64_t)column->size - 8;
  uint64_t word;
  if (first <= first_last) {
    memcpy(&word, column->bytes + first, sizeof word);
  } else {
    // Not through memory: eight bytes across two that were just stored would have to wait for them.
    word = last >> 8 * (first - (first_last > 0 ? first_last : 0));
  }
  return word >> (place & 7);
}

// The last values of a column; returns 1 where the bytes are not exactly they.
static int finish(lane *l) {
  const decant_prefix_column *column = l->column;
  const size_t size = column->size;
  const int64_t end = (int64_t)size * 8;
  uint64_t last = 0;
  if (size >= 8) {
    memcpy(&last, column->bytes + size - 8, 8);
  } else if (size > 0) {
    memcpy(&last, column->bytes, size);
  }
  while (l->out < l->end) {
    if (l->place >= end) return 1;
    const uint64_t word = bits_at(column, l->place, last);
    // The other table is not in the nearest cache.
    const decant_prefix_triple triple = l->triples[word & TRIPLE_MASK];
    const int count = (int)(triple >> 30);
    if (count > 0 && count <= l->end - l->out) {
      for (int i = 0; i < count; i++) *l->out++ = (uint8_t)(triple >> (6 + 8 * i));
      l->place += triple & 63;
      continue;
    }
    const decant_prefix_entry entry = column->table[word & ENTRY_MASK];
    const uint32_t value = entry_value(entry, word);
    if (entry & NO_CODE || value > 255) return 1;
    *l->out++ = (uint8_t)value;
    l->place += entry_length(entry);
  }
  if (end - l->place >= 8 || l->place > end) return 1;
  return l->place < end && column->bytes[size - 1] >> (8 - (end - l->place)) != 0;
}

PREFIX_CLONES int decant_prefix_decode_bytes(const decant_prefix_column *columns,
                                             const decant_prefix_triple *const *triples, int width,
                                             uint8_t *values, size_t n) {
  lane lanes[LANES];
  int live = 0, next = 0;
  for (;;) {
    // A lane that has ended makes room for the next column, so that the lanes stay busy.
    while (live < LANES && next < width) {
      begin(lanes + live++, columns + next, triples[next], values + (size_t)next * n, n);
      next++;
    }
    int cannot = 0;
    for (int i = 0; i < live; i++) cannot |= !can_step(lanes + i);
    if (!cannot) {
      int failed = 1;
      switch (live) {
        case 0: return 0;
        case 1: failed = step_together(lanes, 1); break;
        case 2: failed = step_together(lanes, 2); break;
        case 3: failed = step_together(lanes, 3); break;
      }
      if (failed) return 1;
    }
    for (int i = live - 1; i >= 0; i--) {
      if (can_step(lanes + i)) continue;
      if (finish(lanes + i)) return 1;
      lanes[i] = lanes[--live];
    }
  }
}

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint8_t bytes8 __attribute__((vector_size(8)));
typedef int8_t signed8 __attribute__((vector_size(8)));
typedef uint32_t words8 __attribute__((vector_size(32)));
typedef int32_t integers8 __attribute__((vector_size(32)));
typedef float floats8 __attribute__((vector_size(32)));

#define LOW_BYTES(a, b) \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH_BYTES(a, b) \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define LOW_PAIRS(a, b) \
  __builtin_shufflevector(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
#define HIGH_PAIRS(a, b) \
  __builtin_shufflevector(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
#define LOW_FOURS(a, b) \
  __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
#define HIGH_FOURS(a, b) \
  __builtin_shufflevector(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)

// Sixteen rows of eight columns, from columns `stride` bytes apart; of fewer columns the last is there
// again in place of those that are missing.
static inline __attribute__((always_inline)) void transpose(const uint8_t *in, size_t stride,
                                                            const int width, const int is_zigzag,
                                                            bytes16 *rows) {
  bytes16 c[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) {
    memcpy(c + i, in + (size_t)(i < width ? i : width - 1) * stride, sizeof c[i]);
    if (is_zigzag) c[i] = (c[i] >> 1) ^ -(c[i] & 1);
  }
  bytes16 pairs[8], fours[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    pairs[i] = LOW_BYTES(c[2 * i], c[2 * i + 1]);
    pairs[4 + i] = HIGH_BYTES(c[2 * i], c[2 * i + 1]);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    fours[2 * i] = LOW_PAIRS(pairs[2 * i], pairs[2 * i + 1]);
    fours[2 * i + 1] = HIGH_PAIRS(pairs[2 * i], pairs[2 * i + 1]);
  }
#pragma clang loop unroll(full)
  for (int half = 0; half < 2; half++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++) {
      rows[4 * half + 2 * i] = LOW_FOURS(fours[4 * half + i], fours[4 * half + 2 + i]);
      rows[4 * half + 2 * i + 1] = HIGH_FOURS(fours[4 * half + i], fours[4 * half + 2 + i]);
    }
  }
}

static inline bytes8 half_of(bytes16 two, int half) {
  return half ? __builtin_shufflevector(two, two, 8, 9, 10, 11, 12, 13, 14, 15)
              : __builtin_shufflevector(two, two, 0, 1, 2, 3, 4, 5, 6, 7);
}

DECANT_CLONES void decant_bytes_to_rows(const uint8_t *restrict in, size_t rows, size_t width,
                                        uint32_t *restrict out) {
  size_t row = 0;
  if (width == 8) {
    for (; row + 16 <= rows; row += 16) {
      bytes16 two[8];
      transpose(in + row, rows, 8, 0, two);
#pragma clang loop unroll(full)
      for (int i = 0; i < 16; i++) {
        const words8 words = __builtin_convertvector(half_of(two[i / 2], i % 2), words8);
        memcpy(out + (row + (size_t)i) * 8, &words, sizeof words);
      }
    }
  }
  for (; row < rows; row++) {
    for (size_t c = 0; c < width; c++) out[row * width + c] = in[c * rows + row];
  }
}

DECANT_CLONES void decant_bytes_to_coefficients(const uint8_t *restrict in, size_t rows,
                                                size_t width, const float *restrict steps,
                                                float *restrict out, size_t stride) {
  size_t row = 0;
  if (width == 8) {
    floats8 step;
    memcpy(&step, steps, sizeof step);
    for (; row + 16 <= rows; row += 16) {
      bytes16 two[8];
      transpose(in + row, rows, 8, 1, two);
#pragma clang loop unroll(full)
      for (int i = 0; i < 16; i++) {
        const integers8 integers =
            __builtin_convertvector((signed8)half_of(two[i / 2], i % 2), integers8);
        const floats8 floats = step * __builtin_convertvector(integers, floats8);
        memcpy(out + (row + (size_t)i) * stride, &floats, sizeof floats);
      }
    }
  }
  for (; row < rows; row++) {
    for (size_t c = 0; c < width; c++) {
      const int32_t v = in[c * rows + row];
      out[row * stride + c] = steps[c] * (float)((v >> 1) ^ -(v & 1));
    }
  }
}

#define SHIFTED(v, ...) __builtin_shufflevector(v, (words8){0}, __VA_ARGS__)

static inline __attribute__((always_inline)) uint32_t logits(const uint8_t *in, size_t rows,
                                                             const int width, float step,
                                                             uint32_t *sums, float *out,
                                                             size_t stride) {
  uint32_t largest = 0;
  size_t row = 0;
  if (width >= 7) {
    for (; row + 16 <= rows; row += 16) {
      bytes16 two[8];
      transpose(in + row, rows, width, 0, two);
#pragma clang loop unroll(full)
      for (int i = 0; i < 16; i++) {
        words8 sum = __builtin_convertvector(half_of(two[i / 2], i % 2), words8);
        sum += SHIFTED(sum, 8, 0, 1, 2, 3, 4, 5, 6);
        sum += SHIFTED(sum, 8, 8, 0, 1, 2, 3, 4, 5);
        sum += SHIFTED(sum, 8, 8, 8, 8, 0, 1, 2, 3);
        sum += sums[row + (size_t)i];
        const uint32_t last = sum[width - 1];
        sums[row + (size_t)i] = last;
        largest = last > largest ? last : largest;
        const floats8 floats = -step * __builtin_convertvector((integers8)sum, floats8);
        memcpy(out + (row + (size_t)i) * stride, &floats, (size_t)width * sizeof(float));
      }
    }
  }
  for (; row < rows; row++) {
    uint32_t sum = sums[row];
    for (int c = 0; c < width; c++) {
      sum += in[(size_t)c * rows + row];
      out[row * stride + (size_t)c] = -step * (float)(int32_t)sum;
    }
    sums[row] = sum;
    largest = sum > largest ? sum : largest;
  }
  return largest;
}

DECANT_CLONES uint32_t decant_bytes_to_logits(const uint8_t *restrict in, size_t rows, size_t width,
                                              float step, uint32_t *restrict sums,
                                              float *restrict out, size_t stride) {
  // Constant widths become vectors: 15 increments, of a head of 16, are eight and seven.
  switch (width) {
    case 7: return logits(in, rows, 7, step, sums, out, stride);
    case 8: return logits(in, rows, 8, step, sums, out, stride);
    default: return logits(in, rows, (int)width, step, sums, out, stride);
  }
}
