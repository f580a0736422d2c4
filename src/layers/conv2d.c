/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d.c - convolution as products of matrices, without im2col.
 *
 *   in  [n][h + 2][w + 2][c]     a window row of kw pixels is kw * c consecutive floats
 *   out [n][oh + 2][ow + 2][oc]  row i of the product is output pixel i; its kh taps lie a map row apart
 *
 * 3x3 convolutions with stride 1 go to winograd.c when the tier has it; with AMX, for bfloat16 and integers, all but
 * the first layer go to conv2d_tiles.c.
 */
#include "layers/conv2d.h"

#include <string.h>

#include "base/checked.h"

static int padded(int channels) { return (int)round_up((size_t)channels, CHANNEL_ALIGN); }

/* ---- packing ---- */

static bool pack_direct(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool, bool is_input,
                        const struct conv2d_source *from, struct conv2d_weights *weights)
{
    const struct conv2d_shape *s = &weights->shape;
    const struct gemm_source source = {
        .rows = from->rows,
        .row_floats = (size_t)(s->c * s->kh * s->kw),
        .n_segments = s->kh * s->kw,
        .segment_length = s->c,
        .segment_padded = is_input ? s->c : padded(s->c),
        .segment_stride = 1,
        .element_stride = (size_t)(s->kh * s->kw),
        .n_groups = 1,
        .group_length = s->oc,
        .group_padded = padded(s->oc),
        .bias = from->bias,
    };
    return gemm_pack_suitably(kernels, arena, pool, &source, s->kh, is_input, &weights->direct);
}

static const float *pack_bias(struct arena *arena, const float *bias, int oc)
{
    float *copy = arena_alloc_array(arena, (size_t)padded(oc), sizeof(float));
    if (copy != NULL && bias != NULL) memcpy(copy, bias, (size_t)oc * sizeof(float));
    return copy;
}

/* Few channels in make Winograd's transforms dearer than what they save. */
static bool suits_winograd(const struct kernels *kernels, const struct conv2d_shape *s, bool is_input)
{
    return kernels->uses_winograd && !is_input && s->kh == 3 && s->kw == 3 && s->stride_h == 1 &&
           s->stride_w == 1 && s->pad_h == 1 && s->pad_w == 1;
}

bool conv2d_pack(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
                 const struct conv2d_shape *shape, bool is_input, const struct conv2d_source *source,
                 struct conv2d_weights *out)
{
    *out = (struct conv2d_weights){.shape = *shape, .method = CONV2D_DIRECT};
    if (!is_input && tiles_suit(kernels->tiles, shape)) out->method = CONV2D_TILES;
    else if (suits_winograd(kernels, shape, is_input)) out->method = CONV2D_WINOGRAD;
    if (out->method == CONV2D_DIRECT) return pack_direct(kernels, arena, pool, is_input, source, out);
    out->bias = pack_bias(arena, source->bias, shape->oc);
    if (out->bias == NULL) return false;
    return out->method == CONV2D_TILES ? tiles_pack(kernels, arena, pool, source, out)
                                       : winograd_pack(kernels, arena, pool, source, out);
}

/* ---- running ---- */

struct direct_maps {
    const struct conv2d_shape *shape;
    const struct feature_map *in, *out, *residual;
};

/* The pointers of output pixels first_row .. in the order image, row, column. */
static void fill_direct_rows(const void *arg, int first_row, struct gemm_rows *rows)
{
    const struct direct_maps *maps = arg;
    const struct conv2d_shape *s = maps->shape;
    int x = first_row % maps->out->w, y = first_row / maps->out->w % maps->out->h;
    int image = first_row / maps->out->w / maps->out->h;
    for (int i = 0; i < rows->n_rows; i++) {
        rows->a[i] = map_pixel(maps->in, image, y * s->stride_h - s->pad_h, x * s->stride_w - s->pad_w);
        rows->out[i] = map_pixel(maps->out, image, y, x);
        if (maps->residual != NULL) rows->residual[i] = map_pixel(maps->residual, image, y, x);
        if (++x < maps->out->w) continue;
        x = 0;
        if (++y < maps->out->h) continue;
        y = 0;
        image++;
    }
}

static void direct_forward(struct layer_run *run, const struct conv2d_weights *weights, const struct feature_map *in,
                           const struct feature_map *out, const struct feature_map *residual, bool has_relu)
{
    const struct direct_maps maps = {.shape = &weights->shape, .in = in, .out = out, .residual = residual};
    ptrdiff_t taps[GEMM_MAX_TAPS];
    for (int t = 0; t < weights->shape.kh; t++) taps[t] = (ptrdiff_t)((size_t)t * map_row_stride(in));
    const struct gemm_job job = {
        .weights = &weights->direct,
        .n_images = out->n,
        .rows_per_image = out->h * out->w,
        .fill = fill_direct_rows,
        .arg = &maps,
        .taps = taps,
        .has_relu = has_relu,
    };
    gemm_forward(run, &job);
}

struct feature_map conv2d_forward(struct layer_run *run, const struct conv2d_weights *weights,
                                  const struct feature_map *in, int slot, const struct feature_map *residual,
                                  bool has_relu)
{
    const struct conv2d_shape *s = &weights->shape;
    const int oh = (in->h + 2 * s->pad_h - s->kh) / s->stride_h + 1;
    const int ow = (in->w + 2 * s->pad_w - s->kw) / s->stride_w + 1;
    const struct feature_map out = run_map(run, slot, in->n, oh, ow, padded(s->oc));
    if (weights->method == CONV2D_WINOGRAD) winograd_forward(run, weights, in, &out, residual, has_relu);
    else if (weights->method == CONV2D_TILES) tiles_forward(run, weights, in, &out, residual, has_relu);
    else direct_forward(run, weights, in, &out, residual, has_relu);
    return out;
}
