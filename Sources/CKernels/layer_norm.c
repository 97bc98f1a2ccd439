#include "layer_norm.h"

#include <math.h>

#include "typed.h"

DECANT_CLONES void decant_layer_norm(float *restrict x, const float *restrict residual,
                                     const float *restrict gamma, const float *restrict beta,
                                     float eps, float *restrict y, uint16_t *restrict rounded,
                                     float *restrict mean, float *restrict rstd, size_t T,
                                     size_t C) {
#pragma clang fp reassociate(on) contract(fast)
  for (size_t t = 0; t < T; t++) {
    float *restrict s = x + t * C;
    float *restrict yr = y + t * C;
    if (residual) {
      const float *restrict r = residual + t * C;
      for (size_t c = 0; c < C; c++) s[c] += r[c];
    }
    float sum = 0;
    for (size_t c = 0; c < C; c++) sum += s[c];
    const float m = sum / (float)C;
    float squares = 0;
    for (size_t c = 0; c < C; c++) squares += (s[c] - m) * (s[c] - m);
    const float r = 1.0f / sqrtf(squares / (float)C + eps);
    for (size_t c = 0; c < C; c++) yr[c] = (s[c] - m) * r * gamma[c] + beta[c];
    if (rounded) {
      uint16_t *restrict yb = rounded + t * C;
      for (size_t c = 0; c < C; c++) yb[c] = decant_round_bf16(yr[c]);
    }
    mean[t] = m;
    rstd[t] = r;
  }
}

DECANT_CLONES void decant_layer_norm_backward(float *restrict dy, const float *restrict s,
                                              const float *restrict mean,
                                              const float *restrict rstd,
                                              const float *restrict gamma, float *restrict dgamma,
                                              float *restrict dbeta, float *restrict dbias,
                                              uint16_t *restrict rounded, size_t T, size_t C) {
#pragma clang fp reassociate(on) contract(fast)
  for (size_t t = 0; t < T; t++) {
    float *restrict d = dy + t * C;
    const float *restrict sr = s + t * C;
    const float m = mean[t], r = rstd[t];
    float sumD = 0, sumDX = 0;
    for (size_t c = 0; c < C; c++) {
      const float xhat = (sr[c] - m) * r;
      const float g = d[c] * gamma[c];
      dgamma[c] += d[c] * xhat;
      dbeta[c] += d[c];
      sumD += g;
      sumDX += g * xhat;
    }
    const float meanD = sumD / (float)C, meanDX = sumDX / (float)C;
    for (size_t c = 0; c < C; c++) {
      const float xhat = (sr[c] - m) * r;
      d[c] = (d[c] * gamma[c] - meanD - xhat * meanDX) * r;
    }
    if (dbias)
      for (size_t c = 0; c < C; c++) dbias[c] += d[c];
    if (rounded) {
      uint16_t *restrict db = rounded + t * C;
      for (size_t c = 0; c < C; c++) db[c] = decant_round_bf16(d[c]);
    }
  }
}
