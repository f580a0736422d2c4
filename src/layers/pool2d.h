/* SPDX-License-Identifier: Apache-2.0 */
/* pool2d.h - max pooling, and averages over a map. */
#ifndef TRBA_LAYERS_POOL2D_H
#define TRBA_LAYERS_POOL2D_H

#include "layers/layer_run.h"

struct pool2d_shape {
    int kh, kw, stride_h, stride_w, pad_h, pad_w;
};

/* Pixels outside the map do not count, as in PyTorch (where they are -infinity). */
struct feature_map max_pool2d_forward(struct layer_run *run, const struct pool2d_shape *shape,
                                      const struct feature_map *in, int slot);
/* The same into a map of the right size. */
void max_pool2d_into(struct layer_run *run, const struct pool2d_shape *shape, const struct feature_map *in,
                     const struct feature_map *out);

/* out[n][w][c]: the mean over the height. */
void mean_height_forward(struct layer_run *run, const struct feature_map *in, float *out);
/* out[n][c]: the mean over the whole map. */
void mean_map_forward(struct layer_run *run, const struct feature_map *in, float *out);

#endif
