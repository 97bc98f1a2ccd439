// Compiles the header `TYPED_KERNELS` for each format that products read; see typed.h.

#define REAL float
#define NAME(name) name##_f32
#define LOAD decant_load_f32
#define STORE decant_store_f32
#include TYPED_KERNELS
#undef REAL
#undef NAME
#undef LOAD
#undef STORE

#define REAL uint16_t
#define NAME(name) name##_bf16
#define LOAD decant_load_bf16
#define STORE decant_store_bf16
#include TYPED_KERNELS
