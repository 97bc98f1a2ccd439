#include "losses.h"

#include <math.h>

#include "divergences.h"
#include "row_sums.h"
#include "vector_math.h"

decant_row_loss decant_head_target_row(float *x, int64_t vocab, const int32_t *ids,
                                       const float *probabilities, int64_t k, double tail_mass,
                                       int tail_kind, decant_row_options options, float *scratch) {
  if (options.divergence != DECANT_FORWARD) {
    return decant_head_divergence_row(x, vocab, ids, probabilities, k, tail_mass, tail_kind, options,
                                      scratch);
  }
  const double T = options.temperature, beta = 1 / T;
  const int has_label = options.label >= 0;
  const int mode = decant_hard_mode(T, has_label);
  const double label_logit = has_label ? x[options.label] : 0;

  const decant_head_split split = decant_split_head(x, vocab, ids, k, beta, mode, scratch);
  double head_mass = 0;
  for (int64_t i = 0; i < k; i++) head_mass += probabilities[i];
  const decant_row_sums tail = split.tail;
  const float max = split.max;
  const double log_z = split.log_z, log_z_hard = split.log_z_hard;
  const double student_mass = exp(split.log_student_mass);

  const double others = (double)(vocab - k);
  const double scale = tail_kind == DECANT_TAIL_RENORMALISE && head_mass > 0 ? 1 / head_mass : 1;
  double soft = 0;
  for (int64_t i = 0; i < k; i++) {
    const double p = probabilities[i] * scale;
    if (p > 0) soft += p * (log(p) - (scratch[i] * beta - log_z));
  }
  // Estimates of probabilities may sum to a little more or less than 1, and q is held to that sum.
  const double whole = tail_kind == DECANT_TAIL_SAMPLED ? head_mass : 1;
  double pull = 0, constant = 0;  // what the target takes off the tail's gradient
  if (tail_kind == DECANT_TAIL_BUCKET) {
    if (tail_mass > 0) soft += tail_mass * (log(tail_mass) - split.log_student_mass);
    pull = tail_mass;
  } else if (tail_kind == DECANT_TAIL_UNIFORM && others > 0) {
    const double u = tail_mass / others;
    const double mean_log_q = (tail.linear / others + max) * beta - log_z;
    if (u > 0) soft += tail_mass * (log(u) - mean_log_q);
    constant = -options.soft_weight * T * u;
  }

  const double hard_weight = has_label ? options.hard_weight : 0;
  if (split.has_tail) {
    // q_j = student_mass * (share of j in the tail): finite however little mass the tail has.
    const double a = options.soft_weight * T * (whole * student_mass - pull) / tail.soft;
    const double b = hard_weight * exp(max - log_z_hard);
    decant_write_row(x, vocab, max, (float)beta, mode, (float)a, (float)b, (float)constant);
  } else {
    for (int64_t i = 0; i < vocab; i++) x[i] = (float)constant;
  }
  for (int64_t i = 0; i < k; i++) {
    const double q = exp(scratch[i] * beta - log_z);
    double g = options.soft_weight * T * (whole * q - probabilities[i] * scale);
    if (has_label) g += hard_weight * exp(scratch[i] - log_z_hard);
    x[ids[i]] = (float)g;
  }
  if (has_label) x[options.label] -= (float)hard_weight;
  return (decant_row_loss){T * T * soft, has_label ? log_z_hard - label_logit : 0};
}

typedef struct {
  double student, teacher;  // sums of e^((x - max) / T) and e^((z - max) / T)
  double hard;              // sum e^(x - max)
  double cross;             // sum e^((z - max_z) / T) ((z - max_z) - (x - max_x))
} full_sums;

DECANT_CLONES static void sum_full(const float *x, const float *z, int64_t n, float max_x,
                                   float max_z, float beta, int mode, full_sums *out) {
#pragma clang fp contract(fast) reassociate(on)
  full_sums total = {0, 0, 0, 0};
  for (int64_t start = 0; start < n; start += DECANT_BLOCK) {
    const int64_t count = n - start < DECANT_BLOCK ? n - start : DECANT_BLOCK;
    const float *bx = x + start, *bz = z + start;
    float student = 0, teacher = 0, hard = 0, cross = 0;
    for (int64_t i = 0; i < count; i++) {
      const float dx = bx[i] - max_x, dz = bz[i] - max_z;
      const float ex = exp_nonpositive(dx * beta), ez = exp_nonpositive(dz * beta);
      student += ex;
      teacher += ez;
      hard += ex * ex;
      cross += ez * (dz - dx);
    }
    if (mode == HARD_SAME) hard = student;
    if (mode == HARD_OWN) {
      hard = 0;
      for (int64_t i = 0; i < count; i++) hard += exp_nonpositive(bx[i] - max_x);
    }
    total.student += student;
    total.teacher += teacher;
    total.hard += hard;
    total.cross += cross;
  }
  *out = total;
}

// x = a e^((x - max_x) / T) + b e^(x - max_x) - c e^((z - max_z) / T)
DECANT_CLONES static void write_full(float *x, const float *z, int64_t n, float max_x,
                                     float max_z, float beta, int mode, float a, float b,
                                     float c) {
#pragma clang fp contract(fast)
  if (mode == HARD_OWN) {
    for (int64_t i = 0; i < n; i++) {
      const float d = x[i] - max_x;
      x[i] = a * exp_nonpositive(d * beta) + b * exp_nonpositive(d) -
             c * exp_nonpositive((z[i] - max_z) * beta);
    }
  } else if (mode == HARD_SQUARE) {
    for (int64_t i = 0; i < n; i++) {
      const float e = exp_nonpositive((x[i] - max_x) * beta);
      x[i] = e * (a + b * e) - c * exp_nonpositive((z[i] - max_z) * beta);
    }
  } else {
    const float sum = a + b;
    for (int64_t i = 0; i < n; i++) {
      x[i] = sum * exp_nonpositive((x[i] - max_x) * beta) -
             c * exp_nonpositive((z[i] - max_z) * beta);
    }
  }
}

decant_row_loss decant_full_target_row(float *x, const float *z, int64_t vocab,
                                       decant_row_options options) {
  if (options.divergence != DECANT_FORWARD) {
    return decant_full_divergence_row(x, z, vocab, options);
  }
  const double T = options.temperature, beta = 1 / T;
  const int has_label = options.label >= 0;
  const int mode = decant_hard_mode(T, has_label);
  const double label_logit = has_label ? x[options.label] : 0;
  const float max_x = decant_row_max(x, vocab), max_z = decant_row_max(z, vocab);
  full_sums sums;
  sum_full(x, z, vocab, max_x, max_z, (float)beta, mode, &sums);
  // sum p (log p - log q), with both logarithms taken relative to the rows' largest logits.
  const double kl = sums.cross * beta / sums.teacher - log(sums.teacher) + log(sums.student);
  const double hard_weight = has_label ? options.hard_weight : 0;
  const double a = options.soft_weight * T / sums.student;
  const double b = has_label ? hard_weight / sums.hard : 0;
  const double c = options.soft_weight * T / sums.teacher;
  write_full(x, z, vocab, max_x, max_z, (float)beta, mode, (float)a, (float)b, (float)c);
  if (has_label) x[options.label] -= (float)hard_weight;
  return (decant_row_loss){T * T * kl, has_label ? max_x + log(sums.hard) - label_logit : 0};
}

decant_row_loss decant_hard_target_row(float *x, int64_t vocab, int32_t label, double hard_weight) {
  const double label_logit = x[label];
  const float max = decant_row_max(x, vocab);
  decant_row_sums sums;
  decant_sum_row(x, vocab, max, 1.0f, HARD_SAME, &sums);
  decant_write_row(x, vocab, max, 1.0f, HARD_SAME, 0, (float)(hard_weight / sums.hard), 0);
  x[label] -= (float)hard_weight;
  return (decant_row_loss){0, max + log(sums.hard) - label_logit};
}

double decant_evaluate_row(const float *x, int64_t vocab, int32_t label, int64_t *argmax) {
  const float max = decant_row_max(x, vocab);
  int64_t first = 0;
  while (first < vocab - 1 && x[first] != max) first++;
  *argmax = first;
  decant_row_sums sums;
  decant_sum_row(x, vocab, max, 1.0f, HARD_SAME, &sums);
  return max + log(sums.hard) - x[label];
}

DECANT_CLONES double decant_cosine_row(const float *x, const float *y, int64_t n, double weight,
                                       float *dx) {
#pragma clang fp contract(fast) reassociate(on)
  double xx = 0, yy = 0, xy = 0;
  for (int64_t i = 0; i < n; i++) {
    const double a = x[i], b = y[i];
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  if (xx == 0 || yy == 0) return 1;
  const double norms = sqrt(xx) * sqrt(yy), cosine = xy / norms;
  const float toward = (float)(-weight / norms), along = (float)(weight * cosine / xx);
  for (int64_t i = 0; i < n; i++) dx[i] += toward * y[i] + along * x[i];
  return 1 - cosine;
}

DECANT_CLONES double decant_squared_error_row(const float *x, const float *y, int64_t n,
                                              double weight, float *dx) {
#pragma clang fp contract(fast) reassociate(on)
  const float scale = (float)(2 * weight / (double)n);
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    const float difference = x[i] - y[i];
    sum += (double)difference * difference;
    dx[i] += scale * difference;
  }
  return sum / (double)n;
}
