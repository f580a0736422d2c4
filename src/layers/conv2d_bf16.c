/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_bf16.c - convolution as a product of matrices in bfloat16, for AMX.
 *
 *   images that fit:  map [h + 2][w + 2][c] -> a [parts][blocks of 32 channels][(h + 2) * (w + 2) pixels][32]
 *                     per panel of 32 columns, per group of rows: gemm_block_bf16
 *
 * Pixels of a block lie one after the other across the border as well, so a tap is one distance for all of them, and 16
 * pixels are one tile. With stride 1 the rows of the product are all pixels from the first window to the last: those
 * that a window would have between two map rows, two of them a row, are computed and thrown away, which costs less than
 * tiles that end with every map row. With a vertical stride each map row is a product of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/integers.h"
#include "layers/conv2d.h"

enum {
    MAX_TAPS = 9,
    CHUNK_BYTES = 8 * 1024 * 1024 /* of a: stays in the last-level cache */
};

bool bf16_suits(const struct conv2d_shape *shape) { return shape->stride_w == 1 && shape->kh * shape->kw <= MAX_TAPS; }

/* ---- packing ---- */

static size_t panel_numbers(const struct conv2d_weights *weights)
{
    const struct conv2d_shape *s = &weights->shape;
    return (size_t)(divide_up(s->c, BF16_DEPTH) * s->kh * s->kw * weights->bf16_parts) * BF16_DEPTH * BF16_COLUMNS;
}

/* One task per panel: its kernels are read into the thread's own memory, cut into parts, and put in their places. */
struct bf16_packing {
    const struct kernels *kernels;
    const struct conv2d_source *source;
    const struct conv2d_weights *weights;
    uint16_t *panels;
    size_t kernel_stride; /* floats from one kernel [c][kh][kw] to the next in memory */
    size_t thread_floats; /* [BF16_COLUMNS][kernel_stride], then its parts */
    float *memory;        /* [threads][thread_floats] */
};

/* One kernel's numbers, all of one part, to column j of their panel. */
static void scatter_kernel(const struct conv2d_weights *weights, const uint16_t *numbers, int part, int j,
                           uint16_t *panel)
{
    const int n_taps = weights->shape.kh * weights->shape.kw;
    for (int c = 0; c < weights->shape.c; c++) {
        for (int t = 0; t < n_taps; t++) {
            const size_t step = (size_t)((c / BF16_DEPTH * n_taps + t) * weights->bf16_parts + part);
            const int k = c % BF16_DEPTH;
            panel[step * BF16_DEPTH * BF16_COLUMNS + (size_t)((k / 2 * BF16_COLUMNS + j) * 2 + k % 2)] =
                numbers[c * n_taps + t];
        }
    }
}

static void pack_bf16_task(void *arg, int task, int thread)
{
    const struct bf16_packing *packing = arg;
    const struct conv2d_weights *weights = packing->weights;
    const int first = task * BF16_COLUMNS, n = smaller(BF16_COLUMNS, weights->shape.oc - first);
    float *kernels = packing->memory + (size_t)thread * packing->thread_floats;
    uint16_t *parts = (uint16_t *)(kernels + BF16_COLUMNS * packing->kernel_stride);
    uint16_t *panel = packing->panels + (size_t)task * panel_numbers(weights);
    packing->source->read(packing->source->arg, first, n, kernels, packing->kernel_stride);
    for (int j = 0; j < n; j++) {
        /* As one pixel of as many channels: a block follows the other. */
        const struct pixels_bf16 p = {.in = kernels + (size_t)j * packing->kernel_stride, .n_pixels = 1,
                                      .n_channels = (int)packing->kernel_stride, .high = parts,
                                      .low = parts + packing->kernel_stride, .block_stride = BF16_DEPTH};
        packing->kernels->pixels_to_bf16(&p);
        for (int part = 0; part < weights->bf16_parts; part++)
            scatter_kernel(weights, parts + (size_t)part * packing->kernel_stride, part, j, panel);
    }
}

bool bf16_pack(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
               const struct conv2d_source *source, struct conv2d_weights *weights)
{
    const struct conv2d_shape *s = &weights->shape;
    struct bf16_packing packing = {.kernels = kernels, .source = source, .weights = weights};
    const int n_panels = divide_up(s->oc, BF16_COLUMNS);
    weights->bf16_parts = kernels->bf16_parts;
    packing.panels = arena_alloc_array(arena, (size_t)n_panels * panel_numbers(weights), sizeof(uint16_t));
    weights->bf16 = packing.panels;
    packing.kernel_stride = round_up((size_t)(s->c * s->kh * s->kw), BF16_DEPTH);
    packing.thread_floats = (BF16_COLUMNS + 1) * packing.kernel_stride; /* two parts are as long as one kernel */
    packing.memory = calloc((size_t)thread_pool_size(pool) * packing.thread_floats, sizeof(float));
    if (packing.panels != NULL && packing.memory != NULL)
        thread_pool_run(pool, n_panels, pack_bf16_task, &packing);
    const bool is_packed = packing.panels != NULL && packing.memory != NULL;
    free(packing.memory);
    return is_packed;
}

/* ---- running ---- */

struct bf16_job {
    const struct kernels *kernels;
    const struct conv2d_weights *weights;
    const struct feature_map *in, *out, *residual;
    bool has_relu;
    int n_blocks, n_taps;            /* of channels; of the kernel */
    int n_segments, segment_rows;    /* products of an image, and rows of each */
    int groups, group_rows;          /* that a segment is cut into */
    ptrdiff_t taps[MAX_TAPS];        /* in numbers of a */
    size_t block_stride, part_stride, image_stride; /* in numbers */
    int first_image, n_images;       /* of this chunk */
    uint16_t *a;                     /* [n_images][parts][blocks][pixels + slack][BF16_DEPTH] */
};

/* One row of the bordered map. */
static void convert_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct bf16_job *job = arg;
    const int n_rows = job->in->h + 2, image = task / n_rows, row = task % n_rows, n_pixels = job->in->w + 2;
    uint16_t *high = job->a + (size_t)image * job->image_stride + (size_t)(row * n_pixels) * BF16_DEPTH;
    const struct pixels_bf16 p = {
        .in = map_pixel(job->in, job->first_image + image, row - 1, -1),
        .n_pixels = n_pixels,
        .n_channels = job->in->c,
        .high = high,
        .low = job->weights->bf16_parts == 2 ? high + job->part_stride : NULL,
        .block_stride = job->block_stride,
    };
    job->kernels->pixels_to_bf16(&p);
}

/* Where the rows of a product go: row i of a segment is window i of it, counted across the border. */
static void place_rows(const struct bf16_job *job, int image, int segment, int first_row, int column,
                       struct gemm_block_bf16 *g)
{
    const int pitch = job->in->w + 2;
    for (int i = 0; i < g->n_rows; i++) {
        const int y = segment + (first_row + i) / pitch, x = (first_row + i) % pitch;
        g->out[i] = x < job->out->w ? map_pixel(job->out, image, y, x) + column : NULL;
        if (job->residual != NULL) g->residual[i] = map_pixel(job->residual, image, y, x) + column;
    }
}

/* Tasks that share a panel follow each other; the last of them asks for the next panel. */
static void multiply_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct bf16_job *job = arg;
    const struct conv2d_weights *weights = job->weights;
    const int per_image = job->n_segments * job->groups, per_panel = per_image * job->n_images;
    const int panel = task / per_panel, image = task % per_panel / per_image;
    const int segment = task % per_image / job->groups, first_row = task % job->groups * job->group_rows;
    const int column = panel * BF16_COLUMNS;
    const size_t first_pixel = (size_t)((segment * weights->shape.stride_h + 1 - weights->shape.pad_h) *
                                        (job->in->w + 2) + 1 - weights->shape.pad_w + first_row);
    struct gemm_block_bf16 g = {
        .n_rows = smaller(job->group_rows, job->segment_rows - first_row),
        .a = job->a + (size_t)image * job->image_stride + first_pixel * BF16_DEPTH,
        .block_stride = job->block_stride,
        .part_stride = job->part_stride,
        .taps = job->taps,
        .n_blocks = job->n_blocks,
        .n_taps = job->n_taps,
        .n_parts = weights->bf16_parts,
        .b = weights->bf16 + (size_t)panel * panel_numbers(weights),
        .n_columns = smaller(BF16_COLUMNS, job->out->c - column),
        .bias = weights->bias + column,
        .has_relu = job->has_relu,
    };
    if (task % per_panel == per_panel - 1) g.ahead = g.b + panel_numbers(weights);
    place_rows(job, job->first_image + image, segment, first_row, column, &g);
    job->kernels->gemm_block_bf16(&g);
}

/* Segments and groups of rows, as even as whole tiles allow. */
static void cut_rows(struct bf16_job *job)
{
    const struct conv2d_shape *s = &job->weights->shape;
    job->n_segments = s->stride_h == 1 ? 1 : job->out->h;
    job->segment_rows = s->stride_h == 1 ? (job->out->h - 1) * (job->in->w + 2) + job->out->w : job->out->w;
    job->groups = divide_up(job->segment_rows, BF16_MAX_ROWS);
    job->group_rows = (int)round_up((size_t)divide_up(job->segment_rows, job->groups), BF16_TILE_ROWS);
}

/* A stride of whole lines of the cache that is no multiple of a page: blocks do not push each other out. */
static size_t spread(size_t numbers)
{
    enum { LINE = 32, PAGE = 2048 };
    const size_t lines = round_up(numbers, LINE);
    return lines % PAGE == 0 ? lines + LINE : lines;
}

static void lay_out(struct bf16_job *job)
{
    const struct conv2d_shape *s = &job->weights->shape;
    const int pitch = job->in->w + 2;
    job->n_blocks = divide_up(job->in->c, BF16_DEPTH);
    job->n_taps = s->kh * s->kw;
    for (int t = 0; t < job->n_taps; t++) job->taps[t] = (t / s->kw * pitch + t % s->kw) * BF16_DEPTH;
    /* A last tile's unused rows lie behind the last pixel. */
    job->block_stride = spread((size_t)((job->in->h + 2) * pitch + BF16_TILE_ROWS) * BF16_DEPTH);
    job->part_stride = (size_t)job->n_blocks * job->block_stride;
    job->image_stride = (size_t)job->weights->bf16_parts * job->part_stride;
    cut_rows(job);
}

void bf16_forward(struct layer_run *run, const struct conv2d_weights *weights, const struct feature_map *in,
                  const struct feature_map *out, const struct feature_map *residual, bool has_relu)
{
    struct bf16_job job = {.kernels = run->kernels, .weights = weights, .in = in, .out = out, .residual = residual,
                           .has_relu = has_relu};
    lay_out(&job);
    const int fitting = larger(1, (int)(CHUNK_BYTES / (job.image_stride * sizeof(uint16_t))));
    const int n_chunks = divide_up(in->n, fitting), chunk = divide_up(in->n, n_chunks);
    float *workspace = run_workspace(run, (size_t)chunk * job.image_stride / 2);
    if (run->is_planning) return;
    job.a = (uint16_t *)workspace;
    const int n_panels = divide_up(out->c, BF16_COLUMNS);
    for (job.first_image = 0; job.first_image < in->n; job.first_image += chunk) {
        job.n_images = smaller(chunk, in->n - job.first_image);
        run_tasks(run, job.n_images * (in->h + 2), convert_task, &job);
        run_tasks(run, n_panels * job.n_images * job.n_segments * job.groups, multiply_task, &job);
    }
}
