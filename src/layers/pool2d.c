/* SPDX-License-Identifier: Apache-2.0 */
/* pool2d.c - the largest number of each window, a task per row of the result; means, on the caller's thread. */
#include "layers/pool2d.h"

#include <string.h>

enum { MAX_WINDOW = 4 };

struct pool_job {
    const struct kernels *kernels;
    const struct pool2d_shape *shape;
    const struct feature_map *in, *out;
};

/* The window's pixels that are inside the map; at least one is. */
static int collect_window(const struct pool_job *job, int image, int y, int x, const float *pixels[MAX_WINDOW])
{
    int n = 0;
    for (int i = 0; i < job->shape->kh; i++) {
        const int in_y = y * job->shape->stride_h - job->shape->pad_h + i;
        for (int j = 0; j < job->shape->kw; j++) {
            const int in_x = x * job->shape->stride_w - job->shape->pad_w + j;
            if (in_y >= 0 && in_y < job->in->h && in_x >= 0 && in_x < job->in->w)
                pixels[n++] = map_pixel(job->in, image, in_y, in_x);
        }
    }
    return n;
}

static void pool_task_row(void *arg, int task, int thread)
{
    (void)thread;
    const struct pool_job *job = arg;
    const int image = task / job->out->h, y = task % job->out->h;
    for (int x = 0; x < job->out->w; x++) {
        const float *pixels[MAX_WINDOW];
        const int n = collect_window(job, image, y, x, pixels);
        job->kernels->max_pool(pixels, n, job->out->c, map_pixel(job->out, image, y, x));
    }
}

void max_pool2d_into(struct layer_run *run, const struct pool2d_shape *shape, const struct feature_map *in,
                     const struct feature_map *out)
{
    struct pool_job job = {.kernels = run->kernels, .shape = shape, .in = in, .out = out};
    run_tasks(run, in->n * out->h, pool_task_row, &job);
}

struct feature_map max_pool2d_forward(struct layer_run *run, const struct pool2d_shape *shape,
                                      const struct feature_map *in, int slot)
{
    const int oh = (in->h + 2 * shape->pad_h - shape->kh) / shape->stride_h + 1;
    const int ow = (in->w + 2 * shape->pad_w - shape->kw) / shape->stride_w + 1;
    const struct feature_map out = run_map(run, slot, in->n, oh, ow, in->c);
    max_pool2d_into(run, shape, in, &out);
    return out;
}

/* mean[c]: of the columns x .. x + n_columns - 1 over the whole height. */
static void mean_of_pixels(const struct feature_map *in, int image, int x, int n_columns, float *mean)
{
    memset(mean, 0, (size_t)in->c * sizeof(float));
    for (int y = 0; y < in->h; y++)
        for (int j = 0; j < n_columns; j++) {
            const float *pixel = map_pixel(in, image, y, x + j);
            for (int c = 0; c < in->c; c++) mean[c] += pixel[c];
        }
    const float count = (float)(in->h * n_columns);
    for (int c = 0; c < in->c; c++) mean[c] /= count;
}

void mean_height_forward(struct layer_run *run, const struct feature_map *in, float *out)
{
    if (run->is_planning) return;
    for (int image = 0; image < in->n; image++)
        for (int x = 0; x < in->w; x++, out += in->c) mean_of_pixels(in, image, x, 1, out);
}

void mean_map_forward(struct layer_run *run, const struct feature_map *in, float *out)
{
    if (run->is_planning) return;
    for (int image = 0; image < in->n; image++, out += in->c) mean_of_pixels(in, image, 0, in->w, out);
}
