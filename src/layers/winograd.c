/* SPDX-License-Identifier: Apache-2.0 */
/* winograd.c - 3x3 convolutions with fewer multiplications (Lavin and Gray, 2015).
 *
 *   chunk of tiles:  input transform   patch of every tile -> v [points][tiles][c]
 *                    product           for each point: v [tiles][c] . weights [c][oc] -> m [points][tiles][oc]
 *                    output transform  m -> pixels, with bias, residual and ReLU
 *
 * A chunk is as many tiles as keep v and m in the last-level cache. F(4x4) does 36 products for 16 outputs instead of
 * 144: four times fewer; F(4x2) 24 for 8 instead of 72: three times.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "layers/conv2d.h"

enum { CHUNK_BYTES = 6 * 1024 * 1024 };

static int smaller(int a, int b) { return a < b ? a : b; }

/* ---- packing ---- */

/* One task per panel of columns: its kernels are read into the thread's own memory and transformed straight into the
 * order of gemm.h: point, panel, input channel, column. Integers are made from a panel of floats in the thread's own
 * memory. */
struct winograd_packing {
    const struct kernels *kernels;
    const struct conv2d_source *source;
    const struct conv2d_weights *weights;
    int n_points;
    float *const *points;   /* [n_points]; NULL: integers */
    size_t kernel_stride;   /* floats from one kernel [c][3][3] to the next in memory */
    size_t panel_floats;    /* of one point's panel */
    size_t thread_floats;   /* [gemm_columns][kernel_stride]; with integers also [n_points][panel_floats] */
    float *memory;          /* [threads][thread_floats] */
};

static void quantize_points(const struct winograd_packing *packing, int first_column, const float *points)
{
    for (int p = 0; p < packing->n_points; p++)
        gemm_quantize_panel(packing->kernels, &packing->weights->points[p], first_column,
                            points + (size_t)p * packing->panel_floats);
}

static void pack_panel_task(void *arg, int task, int thread)
{
    const struct winograd_packing *packing = arg;
    const struct kernels *kernels = packing->kernels;
    const struct conv2d_weights *weights = packing->weights;
    const struct conv2d_shape *s = &weights->shape;
    const int first = task * kernels->gemm_columns, n_columns = (int)round_up((size_t)s->oc, CHANNEL_ALIGN);
    const size_t depth = round_up((size_t)s->c, CHANNEL_ALIGN);
    float *memory = packing->memory + (size_t)thread * packing->thread_floats;
    float *panels = memory + (size_t)kernels->gemm_columns * packing->kernel_stride;
    struct winograd_panel panel = {.kernels = memory,
                                   .column_stride = packing->kernel_stride,
                                   .n_channels = s->c,
                                   .n_columns = smaller(kernels->gemm_columns, s->oc - first),
                                   .width = smaller(kernels->gemm_columns, n_columns - first)};
    packing->source->read(packing->source->arg, first, panel.n_columns, memory, packing->kernel_stride);
    for (int p = 0; p < packing->n_points; p++)
        panel.points[p] = packing->points != NULL ? packing->points[p] + (size_t)first * depth
                                                  : panels + (size_t)p * packing->panel_floats;
    if (weights->tile_rows == 2) kernels->winograd_weights_2x2(&panel);
    else if (weights->tile_columns == 2) kernels->winograd_weights_4x2(&panel);
    else kernels->winograd_weights_4x4(&panel);
    if (packing->points == NULL) quantize_points(packing, first, panels);
}

static int count_points(const struct conv2d_weights *weights)
{
    return (weights->tile_rows + 2) * (weights->tile_columns + 2);
}

static bool pack_panels(const struct kernels *kernels, struct thread_pool *pool, const struct conv2d_source *source,
                        const struct conv2d_weights *weights, float *const *points)
{
    /* A stride that is no multiple of a page's or a cache way's size: columns do not push each other out. */
    const size_t kernel_stride = (size_t)weights->shape.c * 9 + CHANNEL_ALIGN, width = (size_t)kernels->gemm_columns;
    struct winograd_packing packing = {.kernels = kernels, .source = source, .weights = weights, .points = points,
                                       .n_points = count_points(weights), .kernel_stride = kernel_stride};
    packing.panel_floats = round_up((size_t)weights->shape.c, CHANNEL_ALIGN) * width;
    packing.thread_floats = width * kernel_stride;
    if (points == NULL) packing.thread_floats += (size_t)packing.n_points * packing.panel_floats;
    /* Zeros: channels that are only padding stay so. */
    packing.memory = calloc((size_t)thread_pool_size(pool) * packing.thread_floats, sizeof(float));
    if (packing.memory == NULL) return false;
    thread_pool_run(pool, (weights->shape.oc + kernels->gemm_columns - 1) / kernels->gemm_columns, pack_panel_task,
                    &packing);
    free(packing.memory);
    return true;
}

/* A larger tile does fewer products but has more weights. Where there are many weights, they come from memory when one
 * image is read, and the narrower tile is as fast at one image and nearly as fast at many. */
static void choose_tile(const struct kernels *kernels, struct conv2d_weights *weights)
{
    const bool is_narrow = kernels->winograd_narrow_from > 0 &&
                           (int64_t)weights->shape.c * weights->shape.oc >= kernels->winograd_narrow_from;
    weights->tile_rows = kernels->winograd_rows;
    weights->tile_columns = is_narrow ? 2 : kernels->winograd_columns;
}

bool winograd_pack(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
                   const struct conv2d_source *source, struct conv2d_weights *weights)
{
    const struct conv2d_shape *s = &weights->shape;
    choose_tile(kernels, weights);
    const int n_columns = (int)round_up((size_t)s->oc, CHANNEL_ALIGN);
    const int depth = (int)round_up((size_t)s->c, CHANNEL_ALIGN);
    const bool is_int16 = gemm_suits_int16(kernels, depth);
    float *points[WINOGRAD_MAX_POINTS];
    for (int p = 0; p < count_points(weights); p++) {
        struct gemm_weights *point = &weights->points[p];
        *point = (struct gemm_weights){.n_taps = 1, .depth = depth, .n_columns = n_columns};
        if (is_int16) {
            if (!gemm_reserve_int16(arena, point)) return false;
            continue;
        }
        points[p] = arena_alloc_array(arena, (size_t)depth * (size_t)n_columns, sizeof(float));
        if (points[p] == NULL) return false;
        point->packed = points[p];
    }
    return pack_panels(kernels, pool, source, weights, is_int16 ? NULL : points);
}

/* ---- running ---- */

struct winograd_job {
    const struct kernels *kernels;
    const struct conv2d_weights *weights;
    const struct feature_map *in, *out, *residual;
    bool has_relu;
    int tiles_y, tiles_x;          /* per image */
    int n_points;
    int first_tile, n_tiles;       /* of this chunk */
    float *v, *m;                  /* [n_points][n_tiles][c], [n_points][n_tiles][oc] */
    float *edge;                   /* [threads][n_points][c]: patches that leave the map */
    float *gemm_workspace;         /* [threads][workspace_per_thread] */
    size_t workspace_per_thread;
    int groups;                    /* column groups per point */
};

enum { TILES_PER_TASK = 8 };

static void tile_place(const struct winograd_job *job, int tile, int *image, int *y, int *x)
{
    const int all = job->first_tile + tile;
    *x = all % job->tiles_x * job->weights->tile_columns;
    *y = all / job->tiles_x % job->tiles_y * job->weights->tile_rows;
    *image = all / job->tiles_x / job->tiles_y;
}

/* Copies the part of the patch inside the bordered map, zero around it. */
static void gather_edge(const struct winograd_job *job, int image, int y, int x, float *edge)
{
    const int rows = job->weights->tile_rows + 2, columns = job->weights->tile_columns + 2;
    const size_t c = (size_t)job->in->c;
    memset(edge, 0, (size_t)(rows * columns) * c * sizeof(float));
    const int n_columns = smaller(columns, job->in->w + 2 - x);
    for (int i = 0; i < rows && y + i < job->in->h + 2; i++)
        memcpy(edge + (size_t)(i * columns) * c, map_pixel(job->in, image, y + i - 1, x - 1),
               (size_t)n_columns * c * sizeof(float));
}

static void transform_input_tile(const struct winograd_job *job, int tile, int thread)
{
    const struct feature_map *in = job->in;
    const int rows = job->weights->tile_rows + 2, columns = job->weights->tile_columns + 2;
    int image, y, x;
    tile_place(job, tile, &image, &y, &x);
    const float *patch = map_pixel(in, image, y - 1, x - 1);
    size_t row_stride = map_row_stride(in);
    if (y + rows > in->h + 2 || x + columns > in->w + 2) {
        float *edge = job->edge + (size_t)thread * (size_t)(rows * columns) * (size_t)in->c;
        gather_edge(job, image, y, x, edge);
        patch = edge;
        row_stride = (size_t)columns * (size_t)in->c;
    }
    float *v = job->v + (size_t)tile * (size_t)in->c;
    const size_t pixel_stride = (size_t)in->c, point_stride = (size_t)job->n_tiles * (size_t)in->c;
    if (rows == 4) job->kernels->winograd_input_2x2(patch, row_stride, pixel_stride, in->c, v, point_stride);
    else if (columns == 4) job->kernels->winograd_input_4x2(patch, row_stride, pixel_stride, in->c, v, point_stride);
    else job->kernels->winograd_input_4x4(patch, row_stride, pixel_stride, in->c, v, point_stride);
}

static void input_task(void *arg, int task, int thread)
{
    const struct winograd_job *job = arg;
    const int first = task * TILES_PER_TASK, end = smaller(first + TILES_PER_TASK, job->n_tiles);
    for (int tile = first; tile < end; tile++) transform_input_tile(job, tile, thread);
}

static void product_task(void *arg, int task, int thread)
{
    static const ptrdiff_t no_offset[1] = {0};
    const struct winograd_job *job = arg;
    const int point = task / job->groups, group = task % job->groups;
    const struct gemm_weights *weights = &job->weights->points[point];
    const size_t c = (size_t)job->in->c, oc = (size_t)job->out->c;
    const int panels = (weights->n_columns + job->kernels->gemm_columns - 1) / job->kernels->gemm_columns;
    const int group_columns = (panels + job->groups - 1) / job->groups * job->kernels->gemm_columns;
    const int first_column = group * group_columns;
    if (first_column >= weights->n_columns) return;
    const float *v = job->v + (size_t)point * (size_t)job->n_tiles * c;
    float *m = job->m + (size_t)point * (size_t)job->n_tiles * oc;
    for (int row = 0; row < job->n_tiles; row += GEMM_BLOCK_ROWS) {
        struct gemm_rows rows = {.n_rows = smaller(GEMM_BLOCK_ROWS, job->n_tiles - row), .taps = no_offset};
        for (int i = 0; i < rows.n_rows; i++) {
            rows.a[i] = v + (size_t)(row + i) * c;
            rows.out[i] = m + (size_t)(row + i) * oc;
        }
        gemm_run_rows(job->kernels, weights, &rows, first_column,
                      smaller(group_columns, weights->n_columns - first_column),
                      job->gemm_workspace + (size_t)thread * job->workspace_per_thread);
    }
}

static void output_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct winograd_job *job = arg;
    const struct feature_map *out = job->out;
    const int first = task * TILES_PER_TASK, end = smaller(first + TILES_PER_TASK, job->n_tiles);
    for (int tile = first; tile < end; tile++) {
        int image, y, x;
        tile_place(job, tile, &image, &y, &x);
        const struct winograd_output o = {
            .products = job->m + (size_t)tile * (size_t)out->c,
            .point_stride = (size_t)job->n_tiles * (size_t)out->c,
            .channels = out->c,
            .bias = job->weights->bias,
            .residual = job->residual != NULL ? map_pixel(job->residual, image, y, x) : NULL,
            .out = map_pixel(out, image, y, x),
            .row_stride = map_row_stride(out),
            .pixel_stride = (size_t)out->c,
            .n_rows = smaller(job->weights->tile_rows, out->h - y),
            .n_columns = smaller(job->weights->tile_columns, out->w - x),
            .has_relu = job->has_relu,
        };
        if (job->weights->tile_rows == 2) job->kernels->winograd_output_2x2(&o);
        else if (job->weights->tile_columns == 2) job->kernels->winograd_output_4x2(&o);
        else job->kernels->winograd_output_4x4(&o);
    }
}

void winograd_forward(struct layer_run *run, const struct conv2d_weights *weights, const struct feature_map *in,
                      const struct feature_map *out, const struct feature_map *residual, bool has_relu)
{
    const int n_threads = thread_pool_size(run->pool);
    struct winograd_job job = {.kernels = run->kernels, .weights = weights, .in = in, .out = out, .residual = residual,
                               .has_relu = has_relu};
    job.tiles_y = (out->h + weights->tile_rows - 1) / weights->tile_rows;
    job.tiles_x = (out->w + weights->tile_columns - 1) / weights->tile_columns;
    job.n_points = count_points(weights);
    job.groups = job.n_points >= 3 * n_threads ? 1 : (3 * n_threads + job.n_points - 1) / job.n_points;

    const size_t point_floats = (size_t)(in->c + out->c);
    const size_t tile_floats = (size_t)job.n_points * point_floats;
    const size_t fitting = CHUNK_BYTES / (tile_floats * sizeof(float));
    const int total = out->n * job.tiles_y * job.tiles_x;
    const int chunk = smaller(total, fitting < 1 ? 1 : (int)smaller((int)fitting, 1 << 16));
    const size_t edge_floats = (size_t)n_threads * (size_t)job.n_points * (size_t)in->c;
    job.workspace_per_thread = gemm_workspace(run->kernels, &weights->points[0]);
    const size_t gemm_floats = job.workspace_per_thread * (size_t)n_threads;
    float *workspace = run_workspace(run, (size_t)chunk * tile_floats + edge_floats + gemm_floats);
    if (run->is_planning) return;

    job.edge = workspace;
    job.gemm_workspace = job.edge + edge_floats;
    job.v = job.gemm_workspace + gemm_floats;
    for (job.first_tile = 0; job.first_tile < total; job.first_tile += chunk) {
        job.n_tiles = smaller(chunk, total - job.first_tile);
        job.m = job.v + (size_t)job.n_points * (size_t)job.n_tiles * (size_t)in->c;
        const int n_tasks = (job.n_tiles + TILES_PER_TASK - 1) / TILES_PER_TASK;
        run_tasks(run, n_tasks, input_task, &job);
        run_tasks(run, job.n_points * job.groups, product_task, &job);
        run_tasks(run, n_tasks, output_task, &job);
    }
}
