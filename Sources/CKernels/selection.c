#include "selection.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vector_math.h"

// Sums are kept in float within a block and in double across blocks.
enum { BLOCK = 256 };
// Values of a part, of which the largest is found first; parts of a larger vocabulary are larger.
enum { PART = 128, MAX_PARTS = 1024 };

// A key orders first by value and then by lower index, as one integer; larger is better.
static inline uint64_t key_of(float value, uint32_t index) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (bits == 0x80000000u) bits = 0;  // -0 equals +0
  bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return (uint64_t)bits << 32 | (0xFFFFFFFFu - index);
}

static inline uint32_t index_of(uint64_t key) { return 0xFFFFFFFFu - (uint32_t)key; }

enum { INFINITE = 0x7F800000 };  // the bits of infinity; a NaN's magnitude is larger

static inline int32_t magnitude_bits(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits & 0x7FFFFFFF;
}

// Moves the n largest of x[count] to the front, in any order (Hoare's selection).
static void select_largest(uint64_t *x, size_t count, size_t n) {
  size_t low = 0, high = count;  // the boundary n lies within [low, high]
  while (high - low > 1 && n > low && n < high) {
    const uint64_t a = x[low], b = x[low + (high - low) / 2], c = x[high - 1];
    const uint64_t most = a > b ? a : b, least = a > b ? b : a;
    const uint64_t pivot = c > most ? most : (c < least ? least : c);
    size_t i = low, j = high - 1;
    for (;;) {
      while (x[i] > pivot) i++;
      while (x[j] < pivot) j--;
      if (i >= j) break;
      const uint64_t swap = x[i];
      x[i++] = x[j];
      x[j--] = swap;
    }
    // Keys are distinct, so x[low..<i] are larger than the pivot and the rest are not.
    if (x[i] >= pivot) i++;
    if (n < i) {
      high = i == high ? high - 1 : i;
      if (high < n) break;
    } else {
      low = i;
    }
  }
}

static int descending(const void *left, const void *right) {
  const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? 1 : (a > b ? -1 : 0);
}

size_t decant_select_scratch(size_t k) { return 4 * (k + 1) + 2 * BLOCK; }

// The bits of a finite float as an integer of the same order; -0 is +0.
static inline int32_t ordered(float x) {
  const float y = x + 0.0f;
  int32_t bits;
  memcpy(&bits, &y, sizeof bits);
  return bits ^ ((bits >> 31) & 0x7FFFFFFF);
}

// The largest of each part of z[V], as `ordered`; returns 1 where a value is not finite. In integers,
// because compilers do not vectorise a maximum of floats that may be NaN.
DECANT_CLONES static int part_maxima(const float *z, size_t V, size_t part, int32_t *maxima) {
  int32_t bad = 0;
  for (size_t start = 0; start < V; start += part) {
    const size_t end = start + part < V ? start + part : V;
    int32_t most = INT32_MIN, wrong = 0;
    for (size_t i = start; i < end; i++) {
      const int32_t value = ordered(z[i]);
      most = value > most ? value : most;
      wrong |= magnitude_bits(z[i]) >= INFINITE;
    }
    maxima[start / part] = most;
    bad |= wrong;
  }
  return bad;
}

// Leaves the n largest keys of z[V] in keys, sorted; returns 1 where a value is not finite.
static int largest_keys(const float *z, size_t V, size_t n, uint64_t *keys, size_t capacity) {
  // n parts have a value of at least the n-th largest maximum: nothing below it is among the n
  // largest, and parts below it need not be looked at.
  size_t part = PART;
  while ((V + part - 1) / part > MAX_PARTS) part *= 2;
  const size_t parts = (V + part - 1) / part;
  int32_t maxima[MAX_PARTS], least = INT32_MIN;
  if (part_maxima(z, V, part, maxima)) return 1;
  if (parts >= n) {
    uint64_t sorted[MAX_PARTS];
    for (size_t p = 0; p < parts; p++)
      sorted[p] = (uint64_t)((uint32_t)maxima[p] ^ 0x80000000u) << 32 | p;
    select_largest(sorted, parts, n);
    least = INT32_MAX;
    for (size_t p = 0; p < n; p++) {
      const int32_t value = (int32_t)((uint32_t)(sorted[p] >> 32) ^ 0x80000000u);
      least = value < least ? value : least;
    }
  }
  size_t count = 0;
  for (size_t p = 0; p < parts; p++) {
    if (maxima[p] < least) continue;
    const size_t end = (p + 1) * part < V ? (p + 1) * part : V;
    for (size_t i = p * part; i < end; i++) {
      if (ordered(z[i]) < least) continue;
      if (count == capacity) {
        // A later value that equals the least of these comes after the n that are already there.
        select_largest(keys, count, n);
        count = n;
        least = INT32_MAX;
        for (size_t kept = 0; kept < n; kept++) {
          const int32_t value = ordered(z[index_of(keys[kept])]);
          least = value < least ? value : least;
        }
        least++;
        if (ordered(z[i]) < least) continue;
      }
      keys[count++] = key_of(z[i], (uint32_t)i);
    }
  }
  select_largest(keys, count, n);
  qsort(keys, n, sizeof *keys, descending);
  return 0;
}

struct tail_sums {
  double mass, mass_z, half, half_z, z, three_quarters;
};

// Sums over the tail with d = z - reference: e^d, e^d d, e^(d/2), e^(d/2) d, d, e^(3d/4). The tail is
// what comes after (limit, last) in the order of values and indexes.
DECANT_CLONES static void sum_tail(const float *z, size_t V, float reference, float limit,
                                   int32_t last, struct tail_sums *sums) {
  for (size_t start = 0; start < V; start += BLOCK) {
    const int32_t n = (int32_t)(start + BLOCK < V ? BLOCK : V - start);
    const float *x = z + start;
    const int32_t last_here = last - (int32_t)start;
    float mass = 0, mass_z = 0, half = 0, half_z = 0, total = 0, three_quarters = 0;
    {
#pragma clang fp reassociate(on) contract(fast)
      for (int32_t i = 0; i < n; i++) {
        const int in_tail = (x[i] < limit) | ((x[i] == limit) & (i > last_here));
        const float d = in_tail ? x[i] - reference : 0.0f;
        const float raw = decant_expf(0.25f * d);
        const float quarter = in_tail ? raw : 0.0f;
        const float h = quarter * quarter;
        const float e = h * h;
        mass += e;
        mass_z += e * d;
        half += h;
        half_z += h * d;
        total += d;
        three_quarters += h * quarter;
      }
    }
    sums->mass += mass;
    sums->mass_z += mass_z;
    sums->half += half;
    sums->half_z += half_z;
    sums->z += total;
    sums->three_quarters += three_quarters;
  }
}

int decant_select_targets(const float *z, size_t V, size_t k, int32_t *ids, float *values,
                          double *scalars, uint64_t *scratch) {
  if (largest_keys(z, V, k + 1, scratch, decant_select_scratch(k))) return 1;
  for (size_t j = 0; j < k; j++) {
    ids[j] = (int32_t)index_of(scratch[j]);
    values[j] = z[ids[j]];
  }
  // The tail's own maximum as the reference: its sums cannot underflow, however peaked the row.
  const float reference = z[index_of(scratch[k])];
  const double shift = (double)reference - (double)z[index_of(scratch[0])];
  struct tail_sums sums = {0, 0, 0, 0, 0, 0};
  sum_tail(z, V, reference, k ? values[k - 1] : INFINITY, k ? ids[k - 1] : -1, &sums);
  scalars[0] = shift + log(sums.mass);
  scalars[1] = shift + sums.mass_z / sums.mass;
  scalars[2] = 0.5 * shift + log(sums.half);
  scalars[3] = shift + sums.half_z / sums.half;
  scalars[4] = shift + sums.z / (double)(V - k);
  scalars[5] = 0.75 * shift + log(sums.three_quarters);
  return 0;
}

DECANT_CLONES float decant_largest_magnitude(const float *x, size_t n) {
  int32_t most = 0;  // the bits of non-negative floats are in the order of the floats
  for (size_t i = 0; i < n; i++) {
    const int32_t bits = magnitude_bits(x[i]);
    most = bits > most ? bits : most;
  }
  float magnitude;
  memcpy(&magnitude, &most, sizeof magnitude);
  return magnitude;
}

DECANT_CLONES void decant_quantize_row(const float *restrict x, float scale, int8_t *restrict q,
                                       size_t n) {
  for (size_t i = 0; i < n; i++) {
    float v = x[i] / scale;
    v = v > 127.0f ? 127.0f : v;
    v = v < -127.0f ? -127.0f : v;
    q[i] = (int8_t)(int32_t)(v + (v < 0 ? -0.5f : 0.5f));
  }
}

DECANT_CLONES void decant_dequantize_row(const int8_t *restrict q, float scale, float *restrict x,
                                         size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = (float)q[i] * scale;
}
