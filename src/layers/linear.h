/* SPDX-License-Identifier: Apache-2.0 */
/* linear.h - y = act(W x + b) on rows. */
#ifndef TRBA_LAYERS_LINEAR_H
#define TRBA_LAYERS_LINEAR_H

#include "layers/gemm.h"

/* in [n_images * rows_per_image] rows, in_stride apart, of weights->depth floats; out likewise, of
 * weights->n_columns. */
void linear_forward(struct layer_run *run, const struct gemm_weights *weights, int n_images, int rows_per_image,
                    const float *in, size_t in_stride, float *out, size_t out_stride, bool has_relu);

/* The tap offsets of a product with one tap. */
extern const ptrdiff_t linear_taps[1];

#endif
