#pragma once
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_version.h>
#include <stddef.h>
#include <stdint.h>

// oneDNN 2 and 3 differ in how descriptors are made and owned. This header hides the difference for
// the one primitive that is used, the product of strided matrices, and for packing its weights.
//
// Legend: C[b] = A[b] B[b] + bias, A [M, K], B [K, N], C [M, N], strides in elements.

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t decant_md;
typedef const_dnnl_memory_desc_t decant_md_ref;
#define DECANT_MD_REF(md) (md)
#else
typedef dnnl_memory_desc_t decant_md;
typedef const dnnl_memory_desc_t *decant_md_ref;
#define DECANT_MD_REF(md) (&(md))
#endif

typedef struct {
  int64_t strides[3];  // batch, row, column
  int32_t bfloat16;
} decant_operand;

typedef struct {
  int64_t batch, m, n, k;
  decant_operand a, b, c;
  int32_t packed;       // B is in the layout that the primitive chooses
  int32_t bias;         // float [N], added to every row
  int32_t accumulate;   // added to what C holds
} decant_product_shape;

typedef struct {
  dnnl_primitive_t primitive;
  decant_md a, b, c, bias, scratchpad;
  size_t weight_bytes, scratchpad_bytes;
  const char *implementation;
} decant_product;

// The memory objects of one execution at a time, whose buffers change from call to call.
typedef struct {
  dnnl_stream_t stream;
  dnnl_memory_t a, b, c, bias, scratchpad;
} decant_execution;

static inline dnnl_status_t decant_md_make(decant_md *md, const decant_product_shape *shape,
                                           int64_t rows, int64_t columns,
                                           const decant_operand *operand, int any) {
  const int batched = shape->batch > 1;
  dnnl_dims_t dims = {shape->batch, rows, columns}, strides = {0};
  for (int i = 0; i < 3; i++) strides[i] = operand->strides[i];
  const dnnl_data_type_t type = operand->bfloat16 ? dnnl_bf16 : dnnl_f32;
  const int first = batched ? 0 : 1;
#if DNNL_VERSION_MAJOR >= 3
  if (any)
    return dnnl_memory_desc_create_with_tag(md, 3 - first, dims + first, type,
                                            dnnl_format_tag_any);
  return dnnl_memory_desc_create_with_strides(md, 3 - first, dims + first, type, strides + first);
#else
  if (any)
    return dnnl_memory_desc_init_by_tag(md, 3 - first, dims + first, type, dnnl_format_tag_any);
  return dnnl_memory_desc_init_by_strides(md, 3 - first, dims + first, type, strides + first);
#endif
}

static inline decant_md decant_md_copy(decant_md_ref md) {
#if DNNL_VERSION_MAJOR >= 3
  decant_md copy = NULL;
  dnnl_memory_desc_clone(&copy, md);
  return copy;
#else
  return *md;
#endif
}

static inline void decant_md_free(decant_md *md) {
#if DNNL_VERSION_MAJOR >= 3
  if (*md) dnnl_memory_desc_destroy(*md);
#else
  (void)md;
#endif
}

static inline dnnl_status_t decant_post_ops(dnnl_primitive_attr_t attributes,
                                            const decant_product_shape *shape) {
  dnnl_post_ops_t ops = NULL;
  dnnl_status_t status = dnnl_post_ops_create(&ops);
  if (status != dnnl_success) return status;
#if DNNL_VERSION_MAJOR >= 3
  if (shape->accumulate)
    status = dnnl_post_ops_append_sum(ops, 1.0f, 0, dnnl_data_type_undef);
#else
  if (shape->accumulate) status = dnnl_post_ops_append_sum(ops, 1.0f);
#endif
  if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attributes, ops);
  dnnl_post_ops_destroy(ops);
  return status;
}

static inline void decant_product_free(decant_product *product) {
  if (product->primitive) dnnl_primitive_destroy(product->primitive);
  decant_md_free(&product->a);
  decant_md_free(&product->b);
  decant_md_free(&product->c);
  decant_md_free(&product->bias);
  decant_md_free(&product->scratchpad);
}

// Makes the primitive of a shape. With `weights`, B has the layout of that product's B.
static inline dnnl_status_t decant_product_make(dnnl_engine_t engine,
                                                const decant_product_shape *shape,
                                                const decant_product *weights,
                                                decant_product *product) {
  *product = (decant_product){0};
  dnnl_status_t status =
      decant_md_make(&product->a, shape, shape->m, shape->k, &shape->a, 0);
  if (status == dnnl_success) {
    if (weights)
      product->b = decant_md_copy(DECANT_MD_REF(weights->b));
    else
      status = decant_md_make(&product->b, shape, shape->k, shape->n, &shape->b, shape->packed);
  }
  if (status == dnnl_success)
    status = decant_md_make(&product->c, shape, shape->m, shape->n, &shape->c, 0);
  const decant_operand row = {{0, shape->n, 1}, 0};
  if (status == dnnl_success && shape->bias)
    status = decant_md_make(&product->bias, shape, 1, shape->n, &row, 0);
  dnnl_primitive_attr_t attributes = NULL;
  if (status == dnnl_success) status = dnnl_primitive_attr_create(&attributes);
  if (status == dnnl_success)
    status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  if (status == dnnl_success) status = decant_post_ops(attributes, shape);
  dnnl_primitive_desc_t description = NULL;
  if (status == dnnl_success) {
#if DNNL_VERSION_MAJOR >= 3
    status = dnnl_matmul_primitive_desc_create(&description, engine, product->a, product->b,
                                               shape->bias ? product->bias : NULL, product->c,
                                               attributes);
#else
    dnnl_matmul_desc_t matmul;
    status = dnnl_matmul_desc_init(&matmul, &product->a, &product->b,
                                   shape->bias ? &product->bias : NULL, &product->c);
    if (status == dnnl_success)
      status = dnnl_primitive_desc_create(&description, &matmul, attributes, engine, NULL);
#endif
  }
  if (status == dnnl_success) {
    const decant_md any = product->b;
    product->b = decant_md_copy(dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0));
    decant_md_free((decant_md *)&any);
    product->scratchpad =
        decant_md_copy(dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0));
    product->weight_bytes = dnnl_memory_desc_get_size(DECANT_MD_REF(product->b));
    product->scratchpad_bytes = dnnl_memory_desc_get_size(DECANT_MD_REF(product->scratchpad));
    dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0,
                              (void *)&product->implementation);
    status = dnnl_primitive_create(&product->primitive, description);
  }
  if (description) dnnl_primitive_desc_destroy(description);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  if (status != dnnl_success) decant_product_free(product);
  return status;
}

static inline void decant_execution_free(decant_execution *execution) {
  if (execution->a) dnnl_memory_destroy(execution->a);
  if (execution->b) dnnl_memory_destroy(execution->b);
  if (execution->c) dnnl_memory_destroy(execution->c);
  if (execution->bias) dnnl_memory_destroy(execution->bias);
  if (execution->scratchpad) dnnl_memory_destroy(execution->scratchpad);
  if (execution->stream) dnnl_stream_destroy(execution->stream);
}

static inline dnnl_status_t decant_execution_make(dnnl_engine_t engine,
                                                  const decant_product *product, int bias,
                                                  void *scratchpad, decant_execution *execution) {
  *execution = (decant_execution){0};
  dnnl_status_t status =
      dnnl_stream_create(&execution->stream, engine, dnnl_stream_default_flags);
  if (status == dnnl_success)
    status = dnnl_memory_create(&execution->a, DECANT_MD_REF(product->a), engine, DNNL_MEMORY_NONE);
  if (status == dnnl_success)
    status = dnnl_memory_create(&execution->b, DECANT_MD_REF(product->b), engine, DNNL_MEMORY_NONE);
  if (status == dnnl_success)
    status = dnnl_memory_create(&execution->c, DECANT_MD_REF(product->c), engine, DNNL_MEMORY_NONE);
  if (status == dnnl_success && bias)
    status = dnnl_memory_create(&execution->bias, DECANT_MD_REF(product->bias), engine,
                                DNNL_MEMORY_NONE);
  if (status == dnnl_success)
    status = dnnl_memory_create(&execution->scratchpad, DECANT_MD_REF(product->scratchpad), engine,
                                scratchpad);
  if (status != dnnl_success) decant_execution_free(execution);
  return status;
}

static inline dnnl_status_t decant_execute(const decant_product *product,
                                           const decant_execution *execution, const void *a,
                                           const void *b, const void *bias, void *c) {
  dnnl_memory_set_data_handle(execution->a, (void *)a);
  dnnl_memory_set_data_handle(execution->b, (void *)b);
  dnnl_memory_set_data_handle(execution->c, c);
  if (execution->bias) dnnl_memory_set_data_handle(execution->bias, (void *)bias);
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, execution->a},
                                       {DNNL_ARG_WEIGHTS, execution->b},
                                       {DNNL_ARG_DST, execution->c},
                                       {DNNL_ARG_SCRATCHPAD, execution->scratchpad},
                                       {DNNL_ARG_BIAS, execution->bias}};
  return dnnl_primitive_execute(product->primitive, execution->stream, execution->bias ? 5 : 4,
                                arguments);
}

// Writes a float matrix B [K, N] with the given strides into the layout of a product's B.
static inline dnnl_status_t decant_pack(dnnl_engine_t engine, const decant_product *product,
                                        int64_t k, int64_t n, const int64_t strides[2],
                                        const float *b, void *packed) {
  decant_md source = {0};
  const decant_product_shape shape = {.batch = 1};
  const decant_operand operand = {{0, strides[0], strides[1]}, 0};
  dnnl_status_t status = decant_md_make(&source, &shape, k, n, &operand, 0);
  dnnl_primitive_desc_t description = NULL;
  dnnl_primitive_t reorder = NULL;
  dnnl_stream_t stream = NULL;
  dnnl_memory_t from = NULL, to = NULL;
  if (status == dnnl_success)
    status = dnnl_reorder_primitive_desc_create(&description, DECANT_MD_REF(source), engine,
                                                DECANT_MD_REF(product->b), engine, NULL);
  if (status == dnnl_success) status = dnnl_primitive_create(&reorder, description);
  if (status == dnnl_success)
    status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
  if (status == dnnl_success)
    status = dnnl_memory_create(&from, DECANT_MD_REF(source), engine, (void *)b);
  if (status == dnnl_success)
    status = dnnl_memory_create(&to, DECANT_MD_REF(product->b), engine, packed);
  if (status == dnnl_success) {
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    status = dnnl_primitive_execute(reorder, stream, 2, arguments);
  }
  if (from) dnnl_memory_destroy(from);
  if (to) dnnl_memory_destroy(to);
  if (stream) dnnl_stream_destroy(stream);
  if (reorder) dnnl_primitive_destroy(reorder);
  if (description) dnnl_primitive_desc_destroy(description);
  decant_md_free(&source);
  return status;
}
