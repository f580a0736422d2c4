/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_tiles.c - convolution as a product of matrices in tiles, for AMX: of bfloat16 or of integers in two parts.
 *
 *   map [h + 2][w + 2][c] -> a [parts][blocks of channels][(h + 2) * (w + 2) pixels][TILE_BYTES]
 *   per panel of 16 columns, per group of rows: gemm_tiles
 *
 * Pixels of a block lie one after the other across the border as well, so a tap is one distance for all of them, and 16
 * pixels are one tile. With stride 1 the rows of the product are all pixels from the first window to the last: those
 * that a window would have between two map rows, two or three of them, are computed and thrown away, which costs less
 * than tiles that end with every map row. With a vertical stride each map row is a product of its own.
 *
 * Many images: a task is a chunk of one or two images; its thread makes their a, which fits the second-level cache if
 * they are not wide, and multiplies it by one panel after the other. Few images: all threads make a, then share out the
 * panels.
 */
#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/integers.h"
#include "layers/conv2d.h"

enum {
    MAX_TAPS = 9,
    GROUP_ROWS = 128, /* of a product, at most, where threads share the products of an image */
    /* Images of a chunk, if their a is no larger: it stays in the second-level cache for all panels. Few: a thread that
     * has a busy neighbour on its core takes fewer of the chunks, and holds up the others for less. */
    MAX_CHUNK = 2,
    CHUNK_BYTES = 1024 * 1024,
    LINE_BYTES = 64, /* of the cache */
    STEP = TILE_ROWS * TILE_BYTES,
    TILE_FLOATS = TILE_BYTES / sizeof(float) /* of a row of a tile, if it were floats */
};

bool tiles_suit(enum tile_numbers numbers, const struct conv2d_shape *shape)
{
    if (numbers == TILES_NONE || shape->stride_w != 1 || shape->kh * shape->kw > MAX_TAPS) return false;
    return numbers != TILES_INT8X2 || shape->c * shape->kh * shape->kw <= INT8X2_MAX_DEPTH;
}

static int parts_of(const struct conv2d_weights *weights) { return weights->tiles == TILES_INT8X2 ? 2 : 1; }
static int depth_of(const struct conv2d_weights *weights)
{
    return weights->tiles == TILES_INT8X2 ? INT8X2_DEPTH : BF16_DEPTH;
}

/* ---- packing ---- */

static size_t panel_bytes(const struct conv2d_weights *weights)
{
    const struct conv2d_shape *s = &weights->shape;
    return (size_t)(divide_up(s->c, depth_of(weights)) * s->kh * s->kw * parts_of(weights)) * STEP;
}

/* One task per panel, in the thread's own memory: its kernels [c][kh][kw] are read, the taps of each become pixels
 * [kh * kw][c], these rows of tiles, as a map's do, and sixteen rows, one of each kernel, are transposed to a tile of
 * the panel, four bytes at a time. */
struct tiles_packing {
    const struct kernels *kernels;
    const struct conv2d_source *source;
    const struct conv2d_weights *weights;
    uint8_t *panels;
    float *scales;         /* of columns */
    int n_channels;        /* of a pixel, padded */
    size_t kernel_floats;  /* of a kernel as it is read */
    int n_tiles;           /* of a part of a panel: rows of tiles of a part of a kernel */
    size_t row_bytes;      /* of all rows of tiles of a kernel */
    size_t thread_floats;  /* a kernel as it is read; as pixels, whose padding is zero; the rows of sixteen */
    float *memory;         /* [threads][thread_floats], zeros */
};

/* A scale that makes `largest` the largest integer; NaN when it is. *factor: what numbers are multiplied by; 0: all of
 * them are zero, or are NaN by their scale. */
static float choose_scale(float largest, float *factor)
{
    *factor = largest >= INT16_NEGLIGIBLE && isfinite(largest) ? (float)INT8X2_LARGEST / largest : 0.0f;
    if (!isfinite(largest)) return NAN;
    return *factor == 0.0f ? 0.0f : largest / (float)INT8X2_LARGEST;
}

/* The kernel of one column to its rows of tiles: [parts][blocks][taps][TILE_BYTES]. */
static void pack_column(const struct tiles_packing *packing, int column, float *kernel, float *pixels, uint8_t *rows)
{
    const struct conv2d_weights *weights = packing->weights;
    const int n_taps = weights->shape.kh * weights->shape.kw;
    struct tile_pixels p = {.in = pixels, .n_pixels = n_taps, .n_channels = packing->n_channels, .high = rows,
                            .block_stride = (size_t)(n_taps * TILE_BYTES)};
    packing->source->rows.read(packing->source->rows.arg, column, 1, kernel, packing->kernel_floats);
    packing->kernels->transpose(kernel, (size_t)n_taps, weights->shape.c, n_taps, pixels,
                                (size_t)packing->n_channels);
    if (weights->tiles == TILES_INT8X2) {
        const float largest = packing->kernels->largest_magnitude(pixels, (size_t)(n_taps * packing->n_channels));
        packing->scales[column] = choose_scale(largest, &p.factor);
        p.low = rows + (size_t)(packing->n_tiles * TILE_BYTES);
        packing->kernels->pixels_to_int8x2(&p);
    } else {
        packing->kernels->pixels_to_bf16(&p);
    }
}

static void pack_tiles_task(void *arg, int task, int thread)
{
    const struct tiles_packing *packing = arg;
    const struct conv2d_weights *weights = packing->weights;
    const int first = task * TILE_COLUMNS, n = smaller(TILE_COLUMNS, weights->shape.oc - first);
    const int n_parts = parts_of(weights), n_tiles = packing->n_tiles;
    float *kernel = packing->memory + (size_t)thread * packing->thread_floats;
    float *pixels = kernel + packing->kernel_floats;
    float *rows = pixels + (size_t)(weights->shape.kh * weights->shape.kw * packing->n_channels);
    for (int j = 0; j < n; j++)
        pack_column(packing, first + j, kernel, pixels, (uint8_t *)rows + (size_t)j * packing->row_bytes);
    float *panel = (float *)(packing->panels + (size_t)task * panel_bytes(weights));
    for (int part = 0; part < n_parts; part++)
        for (int tile = 0; tile < n_tiles; tile++) /* four bytes are moved as a float */
            packing->kernels->transpose(rows + (size_t)(part * n_tiles + tile) * TILE_FLOATS,
                                        packing->row_bytes / sizeof(float), n, TILE_FLOATS,
                                        panel + (size_t)(tile * n_parts + part) * (STEP / sizeof(float)), TILE_FLOATS);
}

bool tiles_pack(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
                const struct conv2d_source *source, struct conv2d_weights *weights)
{
    const struct conv2d_shape *s = &weights->shape;
    struct tiles_packing packing = {.kernels = kernels, .source = source, .weights = weights};
    const int n_panels = divide_up(s->oc, TILE_COLUMNS), n_taps = s->kh * s->kw;
    weights->tiles = kernels->tiles;
    packing.panels = arena_alloc_array(arena, (size_t)n_panels, panel_bytes(weights));
    packing.scales = arena_alloc_array(arena, (size_t)(n_panels * TILE_COLUMNS), sizeof(float));
    weights->panels = packing.panels;
    weights->column_scales = packing.scales;
    packing.n_channels = (int)round_up((size_t)s->c, CHANNEL_ALIGN);
    packing.kernel_floats = round_up((size_t)(s->c * n_taps), CHANNEL_ALIGN);
    packing.n_tiles = divide_up(s->c, depth_of(weights)) * n_taps;
    packing.row_bytes = (size_t)(packing.n_tiles * parts_of(weights) * TILE_BYTES);
    packing.thread_floats = packing.kernel_floats + (size_t)(n_taps * packing.n_channels) +
                            panel_bytes(weights) / sizeof(float);
    packing.memory = calloc((size_t)thread_pool_size(pool) * packing.thread_floats, sizeof(float));
    const bool has_memory = packing.panels != NULL && packing.scales != NULL && packing.memory != NULL;
    if (has_memory) thread_pool_run(pool, n_panels, pack_tiles_task, &packing);
    free(packing.memory);
    return has_memory;
}

/* ---- running ---- */

struct tiles_job {
    const struct kernels *kernels;
    const struct conv2d_weights *weights;
    const struct feature_map *in, *out, *residual;
    bool has_relu;
    int n_blocks, n_taps;            /* of channels; of the kernel */
    int n_segments, segment_rows;    /* products of an image, and rows of each */
    int groups, group_rows;          /* that a segment is cut into */
    ptrdiff_t taps[MAX_TAPS];        /* bytes */
    ptrdiff_t *row_at;               /* [segment_rows], where a segment's rows go; negative: between two map rows */
    size_t block_stride, part_stride, image_stride; /* bytes */
    int n_chunks;                    /* 0: all threads make a */
    int chunk_images;                /* at most */
    uint8_t *a; /* [threads][chunk_images], or [n], of [parts][blocks][pixels + slack][TILE_BYTES] */
    /* When all threads make a, of integers: */
    float *row_largest;              /* [n][h + 2] */
    float *scales, *factors;         /* [n] */
};

/* Rows of the bordered map to rows of tiles. */
static void convert_rows(const struct tiles_job *job, int image, int first_row, int n_rows, float factor, uint8_t *a)
{
    const int pitch = job->in->w + 2;
    uint8_t *high = a + (size_t)(first_row * pitch) * TILE_BYTES;
    const struct tile_pixels p = {
        .in = map_pixel(job->in, image, first_row - 1, -1),
        .n_pixels = n_rows * pitch,
        .n_channels = job->in->c,
        .factor = factor,
        .high = high,
        .low = parts_of(job->weights) == 2 ? high + job->part_stride : NULL,
        .block_stride = job->block_stride,
    };
    if (job->weights->tiles == TILES_INT8X2) job->kernels->pixels_to_int8x2(&p);
    else job->kernels->pixels_to_bf16(&p);
}

static float largest_of_rows(const struct tiles_job *job, int image, int first_row, int n_rows)
{
    return job->kernels->largest_magnitude(map_pixel(job->in, image, first_row - 1, -1),
                                           (size_t)n_rows * map_row_stride(job->in));
}

/* Product number `part` of n_parts that use a panel asks for its share of the next one. Behind the last there is what
 * the next layer begins with, or nothing. */
static void ask_for_share(struct gemm_tiles *g, size_t bytes, int part, int n_parts)
{
    const size_t share = (size_t)divide_up((int)(bytes / LINE_BYTES), n_parts) * LINE_BYTES;
    const size_t from = (size_t)part * share;
    g->ahead = (const uint8_t *)((uintptr_t)g->b + bytes + from); /* may leave the panels */
    g->ahead_bytes = from < bytes ? share : 0;
}

/* One panel and one group of rows of an image, whose numbers are at a; part: of the products with this panel. */
static void multiply_group(const struct tiles_job *job, int image, int panel, int group, const uint8_t *a, float scale,
                           int part, int n_parts)
{
    const struct conv2d_weights *weights = job->weights;
    const struct conv2d_shape *s = &weights->shape;
    const int segment = group / job->groups, first_row = group % job->groups * job->group_rows;
    const int column = panel * TILE_COLUMNS;
    const size_t bytes = panel_bytes(weights);
    const size_t first_pixel = (size_t)((segment * s->stride_h + 1 - s->pad_h) * (job->in->w + 2) + 1 - s->pad_w +
                                        first_row);
    struct gemm_tiles g;
    g.n_rows = smaller(job->group_rows, job->segment_rows - first_row);
    g.a = a + first_pixel * TILE_BYTES;
    g.block_stride = job->block_stride;
    g.part_stride = job->part_stride;
    g.taps = job->taps;
    g.n_blocks = job->n_blocks;
    g.n_taps = job->n_taps;
    g.b = weights->panels + (size_t)panel * bytes;
    g.scale = scale;
    g.column_scales = weights->column_scales + column;
    g.bias = weights->bias + column;
    g.row_at = job->row_at + first_row;
    g.out = map_pixel(job->out, image, segment, 0) + column;
    g.residual = job->residual != NULL ? map_pixel(job->residual, image, segment, 0) + column : NULL;
    g.has_relu = job->has_relu;
    ask_for_share(&g, bytes, part, n_parts);
    if (weights->tiles == TILES_INT8X2) job->kernels->gemm_tiles_int8x2(&g);
    else job->kernels->gemm_tiles_bf16(&g);
}

static int groups_of_image(const struct tiles_job *job) { return job->n_segments * job->groups; }
static int n_panels(const struct tiles_job *job) { return job->out->c / TILE_COLUMNS; }

/* Of a chunk. No chunk is empty, and none is larger than another by more than one image. */
static int first_image(const struct tiles_job *job, int chunk)
{
    return (int)((int64_t)job->in->n * chunk / job->n_chunks);
}

/* A chunk of images, from the map to the map. */
static void chunk_task(void *arg, int task, int thread)
{
    const struct tiles_job *job = arg;
    const int first = first_image(job, task), n = first_image(job, task + 1) - first, n_rows = job->in->h + 2;
    uint8_t *a = job->a + (size_t)(thread * job->chunk_images) * job->image_stride;
    float scales[MAX_CHUNK];
    for (int i = 0; i < n; i++) {
        const bool has_scale = job->weights->tiles == TILES_INT8X2;
        float factor;
        scales[i] = choose_scale(has_scale ? largest_of_rows(job, first + i, 0, n_rows) : 0.0f, &factor);
        convert_rows(job, first + i, 0, n_rows, factor, a + (size_t)i * job->image_stride);
    }
    for (int panel = 0; panel < n_panels(job); panel++) {
        for (int i = 0; i < n; i++) {
            for (int group = 0; group < groups_of_image(job); group++)
                multiply_group(job, first + i, panel, group, a + (size_t)i * job->image_stride, scales[i],
                               i * groups_of_image(job) + group, n * groups_of_image(job));
        }
    }
}

static void measure_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct tiles_job *job = arg;
    const int n_rows = job->in->h + 2;
    job->row_largest[task] = largest_of_rows(job, task / n_rows, task % n_rows, 1);
}

/* From what measure_task() has found; NaN if any is. */
static void choose_scales(const struct tiles_job *job)
{
    const int n_rows = job->weights->tiles == TILES_INT8X2 ? job->in->h + 2 : 0;
    for (int image = 0; image < job->in->n; image++) {
        float largest = 0.0f; /* of bfloat16, which has no scale: of no rows */
        for (int row = 0; row < n_rows && !isnan(largest); row++) {
            const float of_row = job->row_largest[image * n_rows + row];
            if (!(of_row <= largest)) largest = of_row;
        }
        job->scales[image] = choose_scale(largest, &job->factors[image]);
    }
}

/* One row of the bordered map. */
static void convert_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct tiles_job *job = arg;
    const int n_rows = job->in->h + 2, image = task / n_rows;
    convert_rows(job, image, task % n_rows, 1, job->factors[image], job->a + (size_t)image * job->image_stride);
}

/* Tasks that share a panel follow each other. */
static void multiply_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct tiles_job *job = arg;
    const int per_image = groups_of_image(job), per_panel = per_image * job->in->n;
    const int image = task % per_panel / per_image;
    multiply_group(job, image, task / per_panel, task % per_image, job->a + (size_t)image * job->image_stride,
                   job->scales[image], task % per_panel, per_panel);
}

/* Segments, and, if they are to be shared, groups of rows, as even as whole tiles allow. */
static void cut_rows(struct tiles_job *job)
{
    const struct conv2d_shape *s = &job->weights->shape;
    job->n_segments = s->stride_h == 1 ? 1 : job->out->h;
    job->segment_rows = s->stride_h == 1 ? (job->out->h - 1) * (job->in->w + 2) + job->out->w : job->out->w;
    job->groups = job->n_chunks > 0 ? 1 : divide_up(job->segment_rows, GROUP_ROWS);
    job->group_rows = (int)round_up((size_t)divide_up(job->segment_rows, job->groups), TILE_ROWS);
}

/* Rows are windows counted across the border: a line of them is as long as one of the input. */
static void place_rows(const struct tiles_job *job)
{
    const int pitch = job->in->w + 2;
    for (int row = 0; row < job->segment_rows; row++) {
        const int y = row / pitch, x = row % pitch;
        job->row_at[row] = x < job->out->w ? map_pixel(job->out, 0, y, x) - map_pixel(job->out, 0, 0, 0) : -1;
    }
}

/* A stride of whole lines of the cache that is no multiple of a page: blocks do not push each other out. */
static size_t spread(size_t bytes)
{
    enum { PAGE_BYTES = 4096 };
    return bytes % PAGE_BYTES == 0 ? bytes + LINE_BYTES : bytes;
}

static void lay_out(struct tiles_job *job)
{
    const struct conv2d_shape *s = &job->weights->shape;
    const int pitch = job->in->w + 2;
    job->n_blocks = divide_up(job->in->c, depth_of(job->weights));
    job->n_taps = s->kh * s->kw;
    for (int t = 0; t < job->n_taps; t++) job->taps[t] = (t / s->kw * pitch + t % s->kw) * TILE_BYTES;
    /* A last tile's unused rows lie behind the last pixel. */
    job->block_stride = spread((size_t)((job->in->h + 2) * pitch + TILE_ROWS) * TILE_BYTES);
    job->part_stride = (size_t)job->n_blocks * job->block_stride;
    job->image_stride = (size_t)parts_of(job->weights) * job->part_stride;
}

/* Chunks, when there are enough images for each thread to have its own; else 0. */
static int count_chunks(const struct tiles_job *job, int n_threads)
{
    enum { ENOUGH = 4 }; /* images a thread: unequal shares cost little */
    const int n = job->in->n;
    if (n < n_threads || (n % n_threads != 0 && n < ENOUGH * n_threads)) return 0;
    const int most = MAX_CHUNK * job->image_stride <= CHUNK_BYTES ? MAX_CHUNK : 1;
    return smaller(n, n_threads * divide_up(divide_up(n, n_threads), most));
}

void tiles_forward(struct layer_run *run, const struct conv2d_weights *weights, const struct feature_map *in,
                   const struct feature_map *out, const struct feature_map *residual, bool has_relu)
{
    struct tiles_job job = {.kernels = run->kernels, .weights = weights, .in = in, .out = out, .residual = residual,
                            .has_relu = has_relu};
    const int n_threads = thread_pool_size(run->pool);
    lay_out(&job);
    job.n_chunks = count_chunks(&job, n_threads);
    job.chunk_images = job.n_chunks > 0 ? divide_up(in->n, job.n_chunks) : 0;
    cut_rows(&job);
    const size_t n_images = job.n_chunks > 0 ? (size_t)(job.chunk_images * n_threads) : (size_t)in->n;
    const size_t n = round_up((size_t)in->n, CHANNEL_ALIGN), n_rows = n * (size_t)(in->h + 2);
    const size_t places = round_up((size_t)job.segment_rows * sizeof(ptrdiff_t) / sizeof(float), CHANNEL_ALIGN);
    float *workspace = run_workspace(run, places + n_rows + 2 * n + n_images * job.image_stride / sizeof(float));
    if (run->is_planning) return;
    job.row_at = (ptrdiff_t *)workspace;
    place_rows(&job);
    job.row_largest = workspace + places;
    job.scales = job.row_largest + n_rows;
    job.factors = job.scales + n;
    job.a = (uint8_t *)(job.factors + n);
    if (job.n_chunks > 0) {
        run_tasks(run, job.n_chunks, chunk_task, &job);
        return;
    }
    if (weights->tiles == TILES_INT8X2) run_tasks(run, in->n * (in->h + 2), measure_task, &job);
    choose_scales(&job);
    run_tasks(run, in->n * (in->h + 2), convert_task, &job);
    run_tasks(run, n_panels(&job) * in->n * groups_of_image(&job), multiply_task, &job);
}
