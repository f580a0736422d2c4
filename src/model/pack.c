/* SPDX-License-Identifier: Apache-2.0 */
/* pack.c - reading tensors, folding BatchNorm, and handing them to the layers' packers. */
#include "model/pack.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/checked.h"

enum { NAME_BYTES = sizeof ((struct packer *)NULL)->not_finite };
static const double batch_norm_epsilon = 1e-5; /* nn.BatchNorm2d's default */

int padded_channels(int channels) { return (int)round_up((size_t)channels, CHANNEL_ALIGN); }

static bool all_finite(const float *values, size_t n)
{
    float sum = 0.0f; /* 0 * x is 0 for finite x, else NaN */
    for (size_t i = 0; i < n; i++) sum += 0.0f * values[i];
    return sum == 0.0f;
}

static void refuse_tensor(struct packer *packer, const char *name)
{
    packer->failed = true;
    snprintf(packer->not_finite, sizeof packer->not_finite, "%s", name);
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

bool pack_has(const struct packer *packer, const char *name) { return tensor_table_find(packer->table, name) != NULL; }

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
            if (!isfinite(scale)) refuse_tensor(packer, name);
            norm.scale[i] = (float)scale;
            norm.shift[i] = (float)((double)beta[i] - (double)mean[i] * scale);
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

/* kernel *= scale per output channel; bias = bias * scale + shift. A convolution without bias gets one. */
static float *fold_batch_norm(const struct batch_norm *norm, float *kernel, size_t per_channel, float *bias)
{
    if (bias == NULL) bias = calloc((size_t)norm->n, sizeof(float));
    if (bias == NULL) return NULL;
    for (int o = 0; o < norm->n; o++) {
        for (size_t k = 0; k < per_channel; k++) kernel[(size_t)o * per_channel + k] *= norm->scale[o];
        bias[o] = bias[o] * norm->scale[o] + norm->shift[o];
    }
    return bias;
}

void pack_conv2d(struct packer *packer, const struct conv_names *names, const struct conv2d_shape *shape, bool is_input,
                 struct conv2d_weights *out)
{
    float *kernel = pack_read(packer, "%s.weight", names->conv);
    float *bias = names->has_bias ? pack_read(packer, "%s.bias", names->conv) : NULL;
    if (names->norm != NULL) {
        struct batch_norm norm = pack_batch_norm(packer, names->norm, shape->oc);
        if (!packer->failed) {
            bias = fold_batch_norm(&norm, kernel, (size_t)(shape->c * shape->kh * shape->kw), bias);
            packer->failed = bias == NULL;
        }
        batch_norm_free(&norm);
    }
    if (!packer->failed)
        packer->failed = !conv2d_pack(packer->kernels, packer->arena, shape, is_input, kernel, bias, out);
    free(kernel);
    free(bias);
}

void pack_linear(struct packer *packer, const char *name, const struct linear_shape *shape, struct gemm_weights *out)
{
    float *weight = pack_read(packer, "%s.weight", name);
    float *bias = shape->has_bias ? pack_read(packer, "%s.bias", name) : NULL;
    const int segment = shape->n_in / shape->n_segments;
    const struct gemm_source source = {
        .values = weight,
        .row_stride = (size_t)shape->n_in,
        .n_segments = shape->n_segments,
        .segment_length = segment,
        .segment_padded = padded_channels(segment),
        .segment_stride = (size_t)segment,
        .element_stride = 1,
        .n_groups = 1,
        .group_length = shape->n_out,
        .group_padded = padded_channels(shape->n_out),
        .bias = bias,
        .padding_bias = shape->is_logits ? -INFINITY : 0.0f,
    };
    if (!packer->failed) packer->failed = !gemm_pack(packer->kernels, packer->arena, &source, 1, out);
    free(weight);
    free(bias);
}
