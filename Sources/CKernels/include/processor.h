#pragma once

/// 1 where the processor and the system support the AVX-512 subsets of the SkylakeX kernels.
int decant_has_avx512(void);

/// Which version of the cloned functions is loaded: 2 avx512f, 1 avx2, 0 default.
int decant_clone(void);
