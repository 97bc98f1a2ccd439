#include "sampling.h"

#include <math.h>

#include "row_sums.h"

// Small enough that few blocks hold a pick, large enough for vectors.
enum { SAMPLE_BLOCK = 256 };

// e = e^(z - max); returns their sum, NaN where a logit is not finite.
DECANT_CLONES static double exponentials(const float *z, int64_t n, float max, float *e) {
  double total = 0;
  for (int64_t start = 0; start < n; start += SAMPLE_BLOCK) {
    const int64_t end = n - start < SAMPLE_BLOCK ? n : start + SAMPLE_BLOCK;
    float sum = 0;
    {
#pragma clang fp reassociate(on) contract(fast)
      for (int64_t i = start; i < end; i++) {
        // 0 * infinity is NaN, so that no value that is not finite goes unseen.
        const float d = (z[i] - max) + 0.0f * z[i];
        e[i] = exp_nonpositive(d);
        sum += e[i];
      }
    }
    total += sum;
  }
  return total;
}

typedef struct {
  int64_t count;  // of those at or above the limit
  double tail;    // sum of the others
} split_sums;

DECANT_CLONES static void split_at(const float *e, int64_t n, float limit, split_sums *out) {
  split_sums total = {0, 0};
  for (int64_t start = 0; start < n; start += SAMPLE_BLOCK) {
    const int64_t end = n - start < SAMPLE_BLOCK ? n : start + SAMPLE_BLOCK;
    float sum = 0;
    int32_t count = 0;
    {
#pragma clang fp reassociate(on)
      for (int64_t i = start; i < end; i++) {
        const int isHead = e[i] >= limit;
        count += isHead;
        sum += isHead ? 0.0f : e[i];
      }
    }
    total.count += count;
    total.tail += sum;
  }
  *out = total;
}

DECANT_CLONES static float tail_sum(const float *e, int64_t n, float limit) {
#pragma clang fp reassociate(on)
  float sum = 0;
  for (int64_t i = 0; i < n; i++) sum += e[i] >= limit ? 0.0f : e[i];
  return sum;
}

int64_t decant_sample_targets(const float *z, int64_t vocab, double tau, double uniform, int32_t *ids,
                              float *weights, int64_t capacity, int64_t *exact, float *scratch) {
  float *e = scratch;
  const double total = exponentials(z, vocab, decant_row_max(z, vocab), e);
  *exact = 0;
  if (!isfinite(total)) return -1;

  // A smaller limit moves IDs into the exact part and brings sum min(1, p / c) up to the next whole
  // number; each round takes out those that the last one's limit reaches.
  float limit = (float)(tau * total);
  split_sums split;
  split_at(e, vocab, limit, &split);
  int64_t wanted = split.count + (int64_t)ceil(split.tail / (tau * total) - 1e-9);
  if (wanted > capacity) wanted = capacity;
  double step = 0;
  for (;;) {
    if (wanted <= split.count || split.tail <= 0) break;
    step = split.tail / (double)(wanted - split.count);
    split_sums next;
    split_at(e, vocab, (float)step, &next);
    if (next.count <= split.count) break;
    limit = (float)step;
    split = next;
  }

  int64_t count = 0;
  for (int64_t i = 0; i < vocab && count < capacity; i++) {
    if (e[i] >= limit) {
      ids[count] = (int32_t)i;
      weights[count++] = (float)(e[i] / total);
    }
  }
  *exact = count;
  if (wanted <= count || split.tail <= 0) return count;
  const float weight = (float)(step / total);
  double position = 0, tick = uniform * step;
  for (int64_t start = 0; start < vocab && count < wanted; start += SAMPLE_BLOCK) {
    const int64_t n = vocab - start < SAMPLE_BLOCK ? vocab - start : SAMPLE_BLOCK;
    const double end = position + tail_sum(e + start, n, limit);
    if (end > tick) {
      for (int64_t i = start; i < start + n && count < wanted; i++) {
        if (e[i] >= limit || e[i] == 0) continue;
        position += e[i];
        // One pick an ID: none is longer than a step, so that a second can only come of rounding.
        if (position > tick) {
          ids[count] = (int32_t)i;
          weights[count++] = weight;
          tick += step;
        }
      }
    }
    position = end;
  }
  return count;
}
