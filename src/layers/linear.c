/* SPDX-License-Identifier: Apache-2.0 */
/* linear.c - a gemm_job over evenly spaced rows. */
#include "layers/linear.h"

const ptrdiff_t linear_taps[1] = {0};

struct linear_rows {
    const float *in;
    size_t in_stride;
    float *out;
    size_t out_stride;
};

static void fill_linear_rows(const void *arg, int first_row, struct gemm_rows *rows)
{
    const struct linear_rows *linear = arg;
    for (int i = 0; i < rows->n_rows; i++) {
        rows->a[i] = linear->in + (size_t)(first_row + i) * linear->in_stride;
        rows->out[i] = linear->out + (size_t)(first_row + i) * linear->out_stride;
    }
}

void linear_forward(struct layer_run *run, const struct gemm_weights *weights, int n_images, int rows_per_image,
                    const float *in, size_t in_stride, float *out, size_t out_stride, bool has_relu)
{
    const struct linear_rows rows = {.in = in, .in_stride = in_stride, .out = out, .out_stride = out_stride};
    const struct gemm_job job = {
        .weights = weights,
        .n_images = n_images,
        .rows_per_image = rows_per_image,
        .fill = fill_linear_rows,
        .arg = &rows,
        .taps = linear_taps,
        .has_relu = has_relu,
    };
    gemm_forward(run, &job);
}
