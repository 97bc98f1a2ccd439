#include "divergences.h"

#include <math.h>
#include <stddef.h>

#include "vector_math.h"

#define LOG_2 0.69314718055994530942

static inline float log_cosh_half(float t) {
  const float most = t < 0 ? -t : t;
  return 0.5f * most + decant_log1p_unit(exp_nonpositive(-most)) - (float)LOG_2;
}

// The student's row beside the teacher's; `z` is NULL where the teacher is constant, and entries of x
// that are -inf then belong to neither.
typedef struct {
  float *x;
  const float *z;
  int64_t n;
  float max_x, max_z, beta;
  float offset;  // t = beta ((x - max_x) - (z - max_z)) + offset
} row_pair;

typedef struct {
  double student, teacher;  // sums of e^((x - max) / T) and e^((z - max_z) / T)
  double hard;              // sum e^(x - max)
  double student_slope;     // sums weighted by e^((x - max) / T): of the difference, or of log(q / m)
  double teacher_slope;     // weighted by e^((z - max_z) / T): of log(p / m)
} pair_sums;

#define INLINE static inline __attribute__((always_inline))

INLINE float finite_or_zero(float d) { return d < -1e30f ? 0.0f : d; }

INLINE pair_sums sum_differences_of(row_pair row, int mode, int has_z) {
#pragma clang fp contract(fast) reassociate(on)
  pair_sums total = {0, 0, 0, 0, 0};
  for (int64_t start = 0; start < row.n; start += DECANT_BLOCK) {
    const int64_t count = row.n - start < DECANT_BLOCK ? row.n - start : DECANT_BLOCK;
    const float *x = row.x + start, *z = has_z ? row.z + start : NULL;
    float student = 0, teacher = 0, hard = 0, slope = 0;
    for (int64_t i = 0; i < count; i++) {
      const float dx = x[i] - row.max_x, dz = has_z ? z[i] - row.max_z : 0.0f;
      const float ex = exp_nonpositive(dx * row.beta);
      student += ex;
      if (has_z) teacher += exp_nonpositive(dz * row.beta);
      hard += ex * ex;
      slope += ex * (finite_or_zero(dx) - dz);
    }
    if (mode == HARD_SAME) hard = student;
    if (mode == HARD_OWN) {
      hard = 0;
      for (int64_t i = 0; i < count; i++) hard += exp_nonpositive(x[i] - row.max_x);
    }
    total.student += student;
    total.teacher += teacher;
    total.hard += hard;
    total.student_slope += slope;
  }
  return total;
}

DECANT_CLONES static void sum_differences(const row_pair *row, int mode, pair_sums *out) {
  *out = row->z ? sum_differences_of(*row, mode, 1) : sum_differences_of(*row, mode, 0);
}

INLINE pair_sums sum_midpoint_of(row_pair row, int has_z) {
#pragma clang fp contract(fast) reassociate(on)
  pair_sums total = {0, 0, 0, 0, 0};
  for (int64_t start = 0; start < row.n; start += DECANT_BLOCK) {
    const int64_t count = row.n - start < DECANT_BLOCK ? row.n - start : DECANT_BLOCK;
    const float *x = row.x + start, *z = has_z ? row.z + start : NULL;
    float student = 0, teacher = 0;
    for (int64_t i = 0; i < count; i++) {
      const float dx = x[i] - row.max_x, dz = has_z ? z[i] - row.max_z : 0.0f;
      const float ex = exp_nonpositive(dx * row.beta);
      const float ez = has_z ? exp_nonpositive(dz * row.beta) : (dx < -1e30f ? 0.0f : 1.0f);
      const float t = (finite_or_zero(dx) - dz) * row.beta + row.offset;
      const float lc = log_cosh_half(t);
      student += ex * (0.5f * t - lc);
      teacher += ez * (-0.5f * t - lc);
    }
    total.student_slope += student;
    total.teacher_slope += teacher;
  }
  return total;
}

DECANT_CLONES static void sum_midpoint(const row_pair *row, pair_sums *out) {
  *out = row->z ? sum_midpoint_of(*row, 1) : sum_midpoint_of(*row, 0);
}

// x = e^((x - max) / T) (a + b slope) + c e^(x - max), slope being t or log(q / m)
INLINE void write_pair_of(row_pair row, int mode, int is_midpoint, int has_z, float a, float b,
                          float c) {
#pragma clang fp contract(fast)
  for (int64_t i = 0; i < row.n; i++) {
    const float dx = row.x[i] - row.max_x, dz = has_z ? row.z[i] - row.max_z : 0.0f;
    const float ex = exp_nonpositive(dx * row.beta);
    const float t = (finite_or_zero(dx) - dz) * row.beta + row.offset;
    const float slope = is_midpoint ? 0.5f * t - log_cosh_half(t) : t;
    const float hard = mode == HARD_OWN ? exp_nonpositive(dx) : (mode == HARD_SQUARE ? ex * ex : ex);
    row.x[i] = ex * (a + b * slope) + c * hard;
  }
}

INLINE void write_pair_in(row_pair row, int mode, int is_midpoint, int has_z, float a, float b,
                          float c) {
  if (mode == HARD_OWN) {
    write_pair_of(row, HARD_OWN, is_midpoint, has_z, a, b, c);
  } else if (mode == HARD_SQUARE) {
    write_pair_of(row, HARD_SQUARE, is_midpoint, has_z, a, b, c);
  } else {
    write_pair_of(row, HARD_SAME, is_midpoint, has_z, a, b, c);
  }
}

DECANT_CLONES static void write_pair(const row_pair *row, int mode, int is_midpoint, float a,
                                     float b, float c) {
  if (row->z && is_midpoint) {
    write_pair_in(*row, mode, 1, 1, a, b, c);
  } else if (row->z) {
    write_pair_in(*row, mode, 0, 1, a, b, c);
  } else if (is_midpoint) {
    write_pair_in(*row, mode, 1, 0, a, b, c);
  } else {
    write_pair_in(*row, mode, 0, 0, a, b, c);
  }
}

decant_row_loss decant_full_divergence_row(float *x, const float *z, int64_t vocab,
                                           decant_row_options options) {
  const double T = options.temperature, beta = 1 / T;
  const int has_label = options.label >= 0;
  const int mode = decant_hard_mode(T, has_label);
  const int is_midpoint = options.divergence == DECANT_JENSEN_SHANNON;
  const double label_logit = has_label ? x[options.label] : 0;
  row_pair row = {x, z, vocab, decant_row_max(x, vocab), decant_row_max(z, vocab), (float)beta, 0};
  pair_sums sums;
  sum_differences(&row, mode, &sums);
  const double offset = log(sums.teacher) - log(sums.student);
  row.offset = (float)offset;
  double divergence, mean;
  if (is_midpoint) {
    pair_sums middle;
    sum_midpoint(&row, &middle);
    mean = middle.student_slope / sums.student;
    divergence = 0.5 * (mean + middle.teacher_slope / sums.teacher);
  } else {
    mean = divergence = beta * sums.student_slope / sums.student + offset;
  }
  const double b = (is_midpoint ? 0.5 : 1) * options.soft_weight * T / sums.student;
  const double hard_weight = has_label ? options.hard_weight : 0;
  const double c = has_label ? hard_weight / sums.hard : 0;
  write_pair(&row, mode, is_midpoint, (float)(-b * mean), (float)b, (float)c);
  if (has_label) x[options.label] -= (float)hard_weight;
  return (decant_row_loss){T * T * divergence,
                           has_label ? row.max_x + log(sums.hard) - label_logit : 0};
}

typedef struct {
  double loss;   // what the event adds to the divergence
  double slope;  // its gradient's slope: q_j (slope_j - sum of q slope)
} event;

// One event of mass p under the teacher and e^log_q under the student.
static event event_of(int divergence, double p, double log_q) {
  const double log_p = log(p > DECANT_SMALLEST_PROBABILITY ? p : DECANT_SMALLEST_PROBABILITY);
  const double q = exp(log_q);
  if (divergence == DECANT_REVERSE) return (event){q * (log_q - log_p), log_q - log_p};
  const double log_m = decant_log_add(log_p, log_q) - LOG_2;
  const double slope = 0.5 * (log_q - log_m);
  return (event){0.5 * p * (log_p - log_m) + q * slope, slope};
}

decant_row_loss decant_head_divergence_row(float *x, int64_t vocab, const int32_t *ids,
                                           const float *probabilities, int64_t k, double tail_mass,
                                           int tail_kind, decant_row_options options,
                                           float *scratch) {
  const double T = options.temperature, beta = 1 / T;
  const int has_label = options.label >= 0, kind = options.divergence;
  const int mode = decant_hard_mode(T, has_label);
  const int is_midpoint = kind == DECANT_JENSEN_SHANNON;
  const double label_logit = has_label ? x[options.label] : 0;
  const double hard_weight = has_label ? options.hard_weight : 0;
  const double w = options.soft_weight * T;
  const decant_head_split split = decant_split_head(x, vocab, ids, k, beta, mode, scratch);
  double head_mass = 0;
  for (int64_t i = 0; i < k; i++) head_mass += probabilities[i];
  const int renormalise = tail_kind == DECANT_TAIL_RENORMALISE;
  const double scale = renormalise && head_mass > 0 ? 1 / head_mass : 1;
  // The reverse KL from a target without mass outside S is infinite: there the student is taken
  // within S as well.
  const int within = renormalise && !is_midpoint;
  const double log_z = within ? split.head_soft : split.log_z;

  double divergence = 0, mean = 0;
  for (int64_t i = 0; i < k; i++) {
    const double log_q = scratch[i] * beta - log_z;
    const event e = event_of(kind, probabilities[i] * scale, log_q);
    divergence += e.loss;
    mean += exp(log_q) * e.slope;
  }
  row_pair row = {x, NULL, vocab, split.max, 0, (float)beta, 0};
  const double c = split.has_tail ? hard_weight * exp(split.max - split.log_z_hard) : 0;
  const double student_mass = exp(split.log_student_mass);
  if (!split.has_tail) {
    for (int64_t i = 0; i < vocab; i++) x[i] = 0;
  } else if (tail_kind == DECANT_TAIL_UNIFORM) {
    const double others = (double)(vocab - k);
    const double mass =
        tail_mass > DECANT_SMALLEST_PROBABILITY ? tail_mass : DECANT_SMALLEST_PROBABILITY;
    const double share = student_mass / split.tail.soft;  // q_j = share e^((x_j - max) / T)
    const double offset = split.max * beta - split.log_z - log(mass / others);
    row.offset = (float)offset;
    pair_sums sums;
    if (is_midpoint) {
      sum_midpoint(&row, &sums);
      const double student = 0.5 * share * sums.student_slope;
      divergence += student + 0.5 * tail_mass / others * sums.teacher_slope;
      mean += student;
    } else {
      sum_differences(&row, HARD_NONE, &sums);
      const double student = share * beta * sums.student_slope + student_mass * offset;
      divergence += student;
      mean += student;
    }
    const double b = (is_midpoint ? 0.5 : 1) * w * share;
    write_pair(&row, mode, is_midpoint, (float)(-w * share * mean), (float)b, (float)c);
  } else {
    double a = 0;  // within S the tail has no gradient
    if (!within) {
      const event e = event_of(kind, renormalise ? 0 : tail_mass, split.log_student_mass);
      divergence += e.loss;
      mean += student_mass * e.slope;
      a = w * student_mass * (e.slope - mean) / split.tail.soft;
    }
    decant_write_row(x, vocab, split.max, (float)beta, mode, (float)a, (float)c, 0);
  }
  for (int64_t i = 0; i < k; i++) {
    const double log_q = scratch[i] * beta - log_z;
    const event e = event_of(kind, probabilities[i] * scale, log_q);
    double g = w * exp(log_q) * (e.slope - mean);
    if (has_label) g += hard_weight * exp(scratch[i] - split.log_z_hard);
    x[ids[i]] = (float)g;
  }
  if (has_label) x[options.label] -= (float)hard_weight;
  return (decant_row_loss){T * T * divergence, has_label ? split.log_z_hard - label_logit : 0};
}
