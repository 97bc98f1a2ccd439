// Compiled by softmax.c for each format; see typed.h.

DECANT_CLONES void NAME(decant_softmax)(float *x, REAL *p, float scale, size_t T, size_t C) {
#pragma clang fp reassociate(on) contract(fast)
  for (size_t t = 0; t < T; t++) {
    float *restrict row = x + t * C;
    REAL *pr = p + t * C;
    const float top = row_max(row, C);
    float sum = 0;
    for (size_t c = 0; c < C; c++) {
      row[c] = decant_expf((row[c] - top) * scale);
      sum += row[c];
    }
    const float inverse = 1.0f / sum;
#pragma clang loop vectorize(assume_safety)
    for (size_t c = 0; c < C; c++) STORE(pr + c, row[c] * inverse);
  }
}

DECANT_CLONES void NAME(decant_softmax_backward)(const float *dp, const REAL *restrict p, REAL *ds,
                                                 float scale, size_t T, size_t C) {
#pragma clang fp reassociate(on) contract(fast)
  for (size_t t = 0; t < T; t++) {
    const float *d = dp + t * C;
    const REAL *restrict pr = p + t * C;
    REAL *s = ds + t * C;
    float sum = 0;
    for (size_t c = 0; c < C; c++) sum += d[c] * LOAD(pr + c);
#pragma clang loop vectorize(assume_safety)
    for (size_t c = 0; c < C; c++) STORE(s + c, LOAD(pr + c) * (d[c] - sum) * scale);
  }
}
