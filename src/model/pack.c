/* SPDX-License-Identifier: Apache-2.0 */
/* pack.c - reading tensors, folding BatchNorm, and handing them to the layers' packers. */
#include "model/pack.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

enum { NAME_BYTES = 160 };
static const double batch_norm_epsilon = 1e-5; /* nn.BatchNorm2d's default */

int padded_channels(int channels) { return (int)round_up((size_t)channels, CHANNEL_ALIGN); }

/* 1 for infinity and NaN, whose exponents are all ones; else 0. An integer: the compiler may take many in any order. */
static inline uint32_t non_finite_bit(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits & 0x7F800000) == 0x7F800000;
}

static bool all_finite(const float *values, size_t n)
{
    uint32_t found = 0;
    for (size_t i = 0; i < n; i++) found |= non_finite_bit(values[i]);
    return found == 0;
}

/* Are they all finite, multiplied? In one pass: every weight of a model goes through here. */
static bool scale_finite(float *values, size_t n, float scale)
{
    uint32_t found = 0;
    for (size_t i = 0; i < n; i++) {
        values[i] *= scale;
        found |= non_finite_bit(values[i]);
    }
    return found == 0;
}

static void refuse_tensor(struct packer *packer, const char *name)
{
    packer->failed = true;
    snprintf(packer->problem, sizeof packer->problem, "the tensor %s holds NaN or infinity", name);
}

static void refuse_variance(struct packer *packer, const char *norm)
{
    packer->failed = true;
    snprintf(packer->problem, sizeof packer->problem, "the tensor %s.running_var holds a negative variance", norm);
}

static void refuse_folded(struct packer *packer, const char *name)
{
    packer->failed = true;
    snprintf(packer->problem, sizeof packer->problem,
             "the weights of %s are too large for a float once BatchNorm is multiplied out", name);
}

static const char *copy_text(struct packer *packer, const char *text)
{
    const char *copy = arena_copy_text(packer->arena, text, strlen(text));
    if (copy == NULL) packer->failed = true;
    return copy;
}

/* Adds a layer that was packed since the arena had `bytes_before` in use. */
static void note_layer(struct packer *packer, const char *name, const char *work, const char *kernels,
                       size_t bytes_before)
{
    if (packer->failed) return;
    const size_t n_bytes = packer->arena->used_bytes - bytes_before;
    struct packed_layer *layer = arena_alloc(packer->arena, sizeof *layer);
    if (layer == NULL) {
        packer->failed = true;
        return;
    }
    layer->info = (trba_layer_info){.name = copy_text(packer, name), .work = copy_text(packer, work),
                                    .kernels = copy_text(packer, kernels), .packed_bytes = n_bytes};
    if (packer->last_layer != NULL) packer->last_layer->next = layer;
    else packer->layers = layer;
    packer->last_layer = layer;
}

static const char *product_kernel(const struct packer *packer, const struct gemm_weights *weights)
{
    if (weights->packed_int16 != NULL) return "quantize_row, gemm_block_int16";
    return packer->kernels->uses_blas ? "cblas_sgemm" : "gemm_block";
}

float *pack_read(struct packer *packer, const char *format, ...)
{
    if (packer->failed) return NULL;
    char name[NAME_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    const struct tensor *tensor = tensor_table_find(packer->table, name);
    assert(tensor != NULL);
    float *values = malloc((tensor->n_elements + 1) * sizeof(float));
    if (values == NULL) {
        packer->failed = true;
        return NULL;
    }
    tensor_read_float(tensor, values);
    if (!all_finite(values, tensor->n_elements)) {
        refuse_tensor(packer, name);
    }
    return values;
}

struct batch_norm pack_batch_norm(struct packer *packer, const char *name, int n)
{
    struct batch_norm norm = {.n = n, .scale = NULL, .shift = NULL};
    float *gamma = pack_read(packer, "%s.weight", name), *beta = pack_read(packer, "%s.bias", name);
    float *mean = pack_read(packer, "%s.running_mean", name), *variance = pack_read(packer, "%s.running_var", name);
    if (!packer->failed) norm.scale = malloc(2 * (size_t)n * sizeof(float));
    if (norm.scale == NULL) {
        packer->failed = true;
    } else {
        norm.shift = norm.scale + n;
        for (int i = 0; i < n; i++) {
            const double scale = (double)gamma[i] / sqrt((double)variance[i] + batch_norm_epsilon);
            const double shift = (double)beta[i] - (double)mean[i] * scale;
            const bool is_number = fabs(scale) <= (double)FLT_MAX && fabs(shift) <= (double)FLT_MAX;
            if (isnan(scale)) refuse_variance(packer, name);
            else if (!is_number) refuse_folded(packer, name);
            norm.scale[i] = is_number ? (float)scale : 0.0f;
            norm.shift[i] = is_number ? (float)shift : 0.0f;
        }
    }
    free(gamma);
    free(beta);
    free(mean);
    free(variance);
    return norm;
}

void batch_norm_free(struct batch_norm *norm)
{
    free(norm->scale);
    *norm = (struct batch_norm){.n = 0};
}

void pack_check_folded(struct packer *packer, const char *name, const float *values, int n)
{
    if (!packer->failed && !all_finite(values, (size_t)n)) refuse_folded(packer, name);
}

/* The rows of a matrix; or the kernels of a convolution, with its BatchNorm folded in. */
struct row_reader {
    const struct tensor *tensor;
    const float *scale; /* [rows], or NULL: 1 */
    atomic_bool is_not_finite; /* in the file */
    atomic_bool is_too_large;  /* with the scale */
};

/* The row `out` is not finite: was it in the file? */
static void note_not_finite(struct row_reader *reader, const struct tensor *row, float *out)
{
    tensor_read_float(row, out);
    atomic_store(all_finite(out, row->n_elements) ? &reader->is_too_large : &reader->is_not_finite, true);
}

static void read_rows(const void *arg, int first, int n, float *out, size_t stride)
{
    struct row_reader *reader = (struct row_reader *)arg; /* of its members only the atomic ones change */
    for (int o = first; o < first + n; o++, out += stride) {
        const struct tensor row = tensor_row(reader->tensor, o);
        tensor_read_float(&row, out);
        const float scale = reader->scale != NULL ? reader->scale[o] : 1.0f;
        if (!scale_finite(out, row.n_elements, scale)) note_not_finite(reader, &row, out);
    }
}

/* Once a layer is packed: were the weights that were read those of a network? */
static void judge_rows(struct packer *packer, const struct row_reader *reader, const char *name)
{
    if (atomic_load(&reader->is_too_large)) refuse_folded(packer, name);
    if (atomic_load(&reader->is_not_finite)) refuse_tensor(packer, name);
}

/* bias * scale + shift. A convolution without bias gets one. */
static float *fold_bias(const struct batch_norm *norm, float *bias)
{
    if (bias == NULL) bias = calloc((size_t)norm->n, sizeof(float));
    if (bias == NULL) return NULL;
    for (int o = 0; o < norm->n; o++) bias[o] = bias[o] * norm->scale[o] + norm->shift[o];
    return bias;
}

/* The file's pages are not needed again; what other tensors share with this one is read from the file once more. */
static void forget_tensor(const struct packer *packer, const struct tensor *tensor)
{
    const uint8_t *bytes = packer->map != NULL ? packer->map->bytes : NULL;
    const size_t n_bytes = tensor->n_elements * tensor_dtype_bytes(tensor->dtype);
    if (bytes == NULL || tensor->data < bytes || tensor->data + n_bytes > bytes + packer->map->n_bytes) return;
    file_map_forget(packer->map, tensor->data, n_bytes);
}

static void note_conv2d(struct packer *packer, const char *name, const struct conv2d_weights *weights,
                        size_t bytes_before)
{
    const struct conv2d_shape *s = &weights->shape;
    char work[NAME_BYTES], kernels[NAME_BYTES];
    snprintf(work, sizeof work, "%dx%d convolution, stride %dx%d, %d to %d channels", s->kh, s->kw, s->stride_h,
             s->stride_w, s->c, s->oc);
    if (weights->method == CONV2D_TILES)
        snprintf(kernels, sizeof kernels, "%s", weights->tiles == TILES_INT8X2
                                                    ? "largest_magnitude, pixels_to_int8x2, gemm_tiles_int8x2"
                                                    : "pixels_to_bf16, gemm_tiles_bf16");
    else if (weights->method != CONV2D_WINOGRAD)
        snprintf(kernels, sizeof kernels, "%s", product_kernel(packer, &weights->direct));
    else if (weights->kernels != NULL)
        snprintf(kernels, sizeof kernels, "winograd_input, winograd_weights, gemm_panel%s, winograd_output",
                 packer->kernels->winograd_few_rows > 0 ? " (of few tiles winograd_product)" : "");
    else
        snprintf(kernels, sizeof kernels,
                 "winograd_input, quantize_row, winograd_points_int16, gemm_block_int16 (of few tiles "
                 "winograd_product_int16), winograd_output");
    note_layer(packer, name, work, kernels, bytes_before);
}

static void pack_kernels(struct packer *packer, const char *name, const struct conv2d_shape *shape, bool is_input,
                         const float *scale, const float *bias, struct conv2d_weights *out)
{
    const struct tensor *tensor = tensor_table_find(packer->table, name);
    assert(tensor != NULL && tensor->shape[0] == shape->oc);
    struct row_reader reader = {.tensor = tensor, .scale = scale};
    const struct conv2d_source source = {.rows = {read_rows, &reader}, .bias = bias};
    const size_t bytes_before = packer->arena->used_bytes;
    packer->failed = !conv2d_pack(packer->kernels, packer->arena, packer->pool, shape, is_input, &source, out);
    judge_rows(packer, &reader, name);
    note_conv2d(packer, name, out, bytes_before);
    forget_tensor(packer, tensor);
}

void pack_conv2d(struct packer *packer, const struct conv_names *names, const struct conv2d_shape *shape, bool is_input,
                 struct conv2d_weights *out)
{
    char name[NAME_BYTES];
    struct batch_norm norm = {.n = 0};
    float *bias = names->has_bias ? pack_read(packer, "%s.bias", names->conv) : NULL;
    if (names->norm != NULL) {
        norm = pack_batch_norm(packer, names->norm, shape->oc);
        if (!packer->failed) {
            bias = fold_bias(&norm, bias);
            if (bias == NULL) packer->failed = true;
            else pack_check_folded(packer, names->conv, bias, shape->oc);
        }
    }
    snprintf(name, sizeof name, "%s.weight", names->conv);
    if (!packer->failed) pack_kernels(packer, name, shape, is_input, norm.scale, bias, out);
    batch_norm_free(&norm);
    free(bias);
}

void pack_gemm(struct packer *packer, const char *name, const char *tensor_name, const struct gemm_source *shape,
               struct gemm_weights *out)
{
    if (packer->failed) return;
    const struct tensor *tensor = tensor_table_find(packer->table, tensor_name);
    const int n_in = shape->n_segments * shape->segment_length;
    assert(tensor != NULL && tensor->n_dimensions == 2 && tensor->shape[1] >= n_in);
    assert(tensor->shape[0] == shape->n_groups * shape->group_length);
    struct tensor used = *tensor; /* the first columns */
    used.shape[1] = n_in;
    used.n_elements = (size_t)(used.shape[0] * used.shape[1]);
    struct row_reader reader = {.tensor = &used};
    struct gemm_source source = *shape;
    source.rows = (struct weight_rows){read_rows, &reader};
    source.row_floats = (size_t)n_in;
    const size_t bytes_before = packer->arena->used_bytes;
    char work[NAME_BYTES];
    /* Logits decide, sometimes by little, and are few. */
    packer->failed = !gemm_pack_suitably(packer->kernels, packer->arena, packer->pool, &source, 1, source.is_logits,
                                         out);
    judge_rows(packer, &reader, tensor_name);
    snprintf(work, sizeof work, "product, %d to %d columns", n_in, source.n_groups * source.group_length);
    note_layer(packer, name, work, product_kernel(packer, out), bytes_before);
    forget_tensor(packer, tensor);
}

void pack_linear(struct packer *packer, const char *name, const struct linear_shape *shape, struct gemm_weights *out)
{
    char tensor_name[NAME_BYTES];
    snprintf(tensor_name, sizeof tensor_name, "%s.weight", name);
    float *bias = shape->has_bias ? pack_read(packer, "%s.bias", name) : NULL;
    const int segment = shape->n_in / shape->n_segments;
    const struct gemm_source source = {
        .n_segments = shape->n_segments,
        .segment_length = segment,
        .segment_padded = padded_channels(segment),
        .segment_stride = (size_t)segment,
        .element_stride = 1,
        .n_groups = 1,
        .group_length = shape->n_out,
        .group_padded = padded_channels(shape->n_out),
        .bias = bias,
        .is_logits = shape->is_logits,
    };
    pack_gemm(packer, name, tensor_name, &source, out);
    free(bias);
}
