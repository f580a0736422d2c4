/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d.h - 2-d convolution with bias, residual and ReLU in its epilogue. */
#ifndef TRBA_LAYERS_CONV2D_H
#define TRBA_LAYERS_CONV2D_H

#include "layers/gemm.h"

struct conv2d_shape {
    int c, oc;          /* true channels in, out */
    int kh, kw;
    int stride_h, stride_w;
    int pad_h, pad_w;   /* at most 1: the border of a feature_map */
};

enum conv2d_method {
    CONV2D_DIRECT,   /* a window row is kw * c consecutive floats of the map: kh taps of a product of matrices */
    CONV2D_WINOGRAD, /* 3x3, stride 1 */
    CONV2D_TILES,    /* like CONV2D_DIRECT, in tiles; stride 1 from left to right */
};

struct conv2d_weights {
    struct conv2d_shape shape;
    enum conv2d_method method;
    struct gemm_weights direct;                       /* CONV2D_DIRECT */
    /* CONV2D_WINOGRAD: either the kernels in floats, panels of [c][9][winograd_panel], transformed anew in each pass;
     * or (kernels NULL) integers, panels of gemm_columns: of each what winograd_taps_int16() makes. */
    const float *kernels;
    int16_t *taps, *shifts;
    float *point_scales;
    /* CONV2D_TILES: panels of TILE_COLUMNS, [blocks of channels][kh * kw][parts] of a tile each */
    enum tile_numbers tiles;
    const uint8_t *panels;
    const float *column_scales; /* [oc padded], of integers */
    const float *bias; /* [oc padded]; CONV2D_DIRECT: NULL, `direct` has it */
};

struct conv2d_source {
    struct weight_rows rows; /* kernels [oc] of [c][kh][kw] */
    const float *bias;       /* [oc], or NULL: zero */
};

/* Packs, on the threads of the pool. is_input: c is the network's input, not padded. False when out of memory. */
bool conv2d_pack(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
                 const struct conv2d_shape *shape, bool is_input, const struct conv2d_source *source,
                 struct conv2d_weights *out);

/* act(conv(in) + bias + residual) into a map in `slot` (not in's, nor residual's). residual: a map of the result's
 * shape, or NULL. */
struct feature_map conv2d_forward(struct layer_run *run, const struct conv2d_weights *weights,
                                  const struct feature_map *in, int slot, const struct feature_map *residual,
                                  bool has_relu);

/* Products in tiles, in their own file. Can they compute this layer? */
bool tiles_suit(enum tile_numbers numbers, const struct conv2d_shape *shape);
bool tiles_pack(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
                const struct conv2d_source *source, struct conv2d_weights *weights);
void tiles_forward(struct layer_run *run, const struct conv2d_weights *weights, const struct feature_map *in,
                   const struct feature_map *out, const struct feature_map *residual, bool has_relu);

/* The Winograd part, in its own file. */
bool winograd_pack(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
                   const struct conv2d_source *source, struct conv2d_weights *weights);
void winograd_forward(struct layer_run *run, const struct conv2d_weights *weights, const struct feature_map *in,
                      const struct feature_map *out, const struct feature_map *residual, bool has_relu);

#endif
