// Compiled by activation.c for each format; see typed.h.

// y may be x, so the compiler is told that elements do not depend on each other.
#define FORWARD(function)                                  \
  _Pragma("clang loop vectorize(assume_safety)")           \
  for (size_t i = 0; i < n; i++) STORE(y + i, function(LOAD(x + i)))

DECANT_CLONES void NAME(decant_activation)(const REAL *x, REAL *y, size_t n, int kind) {
  if (kind == DECANT_GELU_ERF) {
    FORWARD(gelu_erf);
  } else if (kind == DECANT_GELU_TANH) {
    FORWARD(gelu_tanh);
  } else {
    FORWARD(relu);
  }
}

#define BACKWARD(slope)                            \
  for (size_t c = 0; c < C; c++) {                 \
    const float d = LOAD(dr + c) * slope(LOAD(xr + c)); \
    STORE(dr + c, d);                              \
    dbias[c] += d;                                 \
  }

DECANT_CLONES void NAME(decant_activation_backward)(REAL *restrict dy, const REAL *restrict x,
                                                    float *restrict dbias, size_t T, size_t C,
                                                    int kind) {
  for (size_t t = 0; t < T; t++) {
    REAL *restrict dr = dy + t * C;
    const REAL *restrict xr = x + t * C;
    if (kind == DECANT_GELU_ERF) {
      BACKWARD(gelu_erf_slope)
    } else if (kind == DECANT_GELU_TANH) {
      BACKWARD(gelu_tanh_slope)
    } else {
      BACKWARD(relu_slope)
    }
  }
}

#undef FORWARD
#undef BACKWARD
