/* SPDX-License-Identifier: Apache-2.0 */
/* winograd.c - 3x3 convolutions with fewer multiplications (Lavin and Gray, 2015).
 *
 *   chunk of tiles:  input transform   patch of every tile -> v [points][tiles][c]
 *                    per panel of columns, per block of tiles, on one thread, per few channels, per column of points:
 *                        weights       kernels -> u [rows of points][channels][width]
 *                        product       for each point: v [tiles][channels] . u [channels][width], added to m
 *                    then
 *                        output        m [points][tiles][width] -> pixels, with bias, residual and ReLU
 *
 * Tiles are 4 pixels high and 5 or 6 wide, so that they fit maps of any width: F(4x5) does 42 products for 20 outputs
 * instead of 180, F(4x6) 48 for 24 instead of 216. Transformed weights are up to five times the kernels, too much to
 * fetch from memory for one image; so they are transformed where they are needed: as many channels at a time, and one
 * column of points, as the first-level cache holds together with their kernels. With many tiles all channels are
 * transformed at once, into the second-level cache: then m is written only once.
 *
 * In integers tiles are 4x4, and the weights are transformed from top to bottom when the model is opened, and from left
 * to right where they are needed: all channels of a row of points at once, into the second-level cache, or with few
 * tiles in registers, where they are multiplied at once. v is made integers tile by tile.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/integers.h"
#include "layers/conv2d.h"

/* Numbers between the matrices of two points, and between two kernels: matrices whose sizes are multiples of a page
 * would push each other out of the cache. With few tiles v fits anyway. */
enum { PADDING = 2 * 16 };

/* Columns of a panel. */
static int panel_columns(const struct kernels *kernels, bool is_int16)
{
    return is_int16 ? kernels->gemm_columns : kernels->winograd_panel;
}

/* ---- packing ---- */

/* One task per panel of columns: its kernels are read into the thread's own memory and interleaved into place. For
 * integers they are interleaved in the thread's memory, too, and made integers from there. */
struct winograd_packing {
    const struct kernels *kernels;
    const struct conv2d_source *source;
    const struct conv2d_weights *weights;
    float *panels;          /* of all columns, [depth][9][columns] each; NULL: integers */
    int columns;            /* of a panel */
    size_t depth;           /* channels, padded */
    size_t kernel_stride;   /* floats from one kernel [c][3][3] to the next in memory */
    size_t thread_floats;   /* [columns][kernel_stride]; with integers also a panel */
    float *memory;          /* [threads][thread_floats], zeros */
};

/* out[k][j] = kernels[j][k]: sixteen k at a time, a line of the cache of each kernel. */
static void interleave_kernels(const float *kernels, size_t kernel_stride, int n_columns, int n, int width, float *out)
{
    enum { LINE_FLOATS = 16 };
    for (int first = 0; first < n; first += LINE_FLOATS) {
        const int end = smaller(first + LINE_FLOATS, n);
        for (int j = 0; j < n_columns; j++)
            for (int k = first; k < end; k++) out[k * width + j] = kernels[(size_t)j * kernel_stride + (size_t)k];
    }
}

/* What winograd_taps_int16() makes of one panel, from a row of points on. */
static struct winograd_taps_int16 panel_taps(const struct conv2d_weights *weights, int first_column, int width, int row)
{
    const size_t rows = WINOGRAD_AXIS_POINTS, depth = round_up((size_t)weights->shape.c, CHANNEL_ALIGN);
    const size_t column = (size_t)first_column * rows + (size_t)(row * width); /* of all before it */
    return (struct winograd_taps_int16){.n_channels = (int)depth, .width = width,
                                        .taps = weights->taps + column * depth * WINOGRAD_TAPS,
                                        .shifts = weights->shifts + column * WINOGRAD_SHIFTS * 2,
                                        .scales = weights->point_scales + column * WINOGRAD_AXIS_POINTS};
}

static void quantize_kernels(const struct winograd_packing *packing, int first_column, int width, const float *panel)
{
    struct winograd_taps_int16 taps = panel_taps(packing->weights, first_column, width, 0);
    taps.kernels = panel;
    packing->kernels->winograd_taps_int16(&taps);
}

static void pack_panel_task(void *arg, int task, int thread)
{
    const struct winograd_packing *packing = arg;
    const struct conv2d_shape *s = &packing->weights->shape;
    const int columns = packing->columns, first = task * columns;
    const int n_columns = smaller(columns, s->oc - first);
    const int width = smaller(columns, (int)round_up((size_t)s->oc, CHANNEL_ALIGN) - first);
    float *memory = packing->memory + (size_t)thread * packing->thread_floats;
    float *scratch = memory + (size_t)columns * packing->kernel_stride;
    packing->source->read(packing->source->arg, first, n_columns, memory, packing->kernel_stride);
    float *panel = packing->panels != NULL ? packing->panels + (size_t)first * packing->depth * 9 : scratch;
    if (packing->panels == NULL) /* what becomes padding may hold another panel's kernels */
        memset(panel, 0, packing->depth * 9 * (size_t)width * sizeof(float));
    interleave_kernels(memory, packing->kernel_stride, n_columns, s->c * 9, width, panel);
    if (packing->panels == NULL) quantize_kernels(packing, first, width, panel);
}

static bool pack_panels(const struct kernels *kernels, struct thread_pool *pool, const struct conv2d_source *source,
                        const struct conv2d_weights *weights, float *panels)
{
    struct winograd_packing packing = {.kernels = kernels, .source = source, .weights = weights, .panels = panels};
    packing.columns = panel_columns(kernels, panels == NULL);
    const size_t columns = (size_t)packing.columns;
    packing.depth = round_up((size_t)weights->shape.c, CHANNEL_ALIGN);
    packing.kernel_stride = (size_t)weights->shape.c * 9 + PADDING;
    packing.thread_floats = columns * packing.kernel_stride;
    if (panels == NULL) packing.thread_floats += 9 * packing.depth * columns;
    packing.memory = calloc((size_t)thread_pool_size(pool) * packing.thread_floats, sizeof(float));
    if (packing.memory == NULL) return false;
    thread_pool_run(pool, divide_up(weights->shape.oc, packing.columns), pack_panel_task, &packing);
    free(packing.memory);
    return true;
}

bool winograd_pack(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
                   const struct conv2d_source *source, struct conv2d_weights *weights)
{
    const struct conv2d_shape *s = &weights->shape;
    const int n_columns = (int)round_up((size_t)s->oc, CHANNEL_ALIGN);
    const int depth = (int)round_up((size_t)s->c, CHANNEL_ALIGN);
    const bool is_int16 = gemm_suits_int16(kernels, depth);
    if (is_int16) {
        const size_t n_all = (size_t)WINOGRAD_AXIS_POINTS * (size_t)n_columns;
        weights->taps = arena_alloc_array(arena, n_all * (size_t)depth, WINOGRAD_TAPS * sizeof(int16_t));
        weights->shifts = arena_alloc_array(arena, n_all, WINOGRAD_SHIFTS * 2 * sizeof(int16_t));
        weights->point_scales = arena_alloc_array(arena, n_all, WINOGRAD_AXIS_POINTS * sizeof(float));
        return weights->taps != NULL && weights->shifts != NULL && weights->point_scales != NULL &&
               pack_panels(kernels, pool, source, weights, NULL);
    }
    float *panels = arena_alloc_array(arena, (size_t)depth * 9 * (size_t)n_columns, sizeof(float));
    weights->kernels = panels;
    return panels != NULL && pack_panels(kernels, pool, source, weights, panels);
}

/* ---- running ---- */

enum {
    TASKS_PER_THREAD = 3,           /* at least, if there is enough to do */
    MOST_INPUT_TILES = 8,           /* of a task of the input transform */
    CHUNK_BYTES = 16 * 1024 * 1024, /* of v: stays in the last-level cache */
    MOST_BLOCK_ROWS = 160,          /* tiles of a task; 36 x 224 x 32 sums are 1 MB */
    LEAST_BLOCK_ROWS = 12,          /* with fewer, transforming weights costs more than another thread saves */
    FEW_ROWS = 17,                  /* below, weights are transformed so much at a time: u and its kernels are in */
    FEW_ROWS_BYTES = 31 * 1024,     /* the first-level cache */
    MORE_ROWS_BYTES = 124 * 1024,   /* from there on so much: m is read and written less often */
    MANY_ROWS = 34                  /* from here on all channels at once: u is in the second-level cache */
};

/* How a map is cut into tiles. A row of tiles has n_wide of `outputs` columns each, then n_narrow of one less. All wide
 * tiles come before all narrow ones, whatever their image: so the last column of points, which only they have, is that
 * of the first tiles. */
struct tiling {
    int tiles_y;
    int outputs;
    int n_wide, n_narrow;
};

struct winograd_job {
    const struct kernels *kernels;
    const struct conv2d_weights *weights;
    const struct feature_map *in, *out, *residual;
    bool has_relu;
    int columns;              /* of a panel */
    struct tiling tiling;
    int point_columns;        /* of a wide tile */
    int first_tile, n_tiles;  /* of this chunk */
    int n_wide;               /* of them, the first */
    int block_rows, n_blocks; /* tiles of a task; tasks per panel */
    bool keeps_blocks;        /* tasks in the order of blocks, else of panels */
    int step_channels;        /* transformed at a time */
    int input_tiles;          /* of a task of the input transform */
    float *v;                 /* [point_columns][WINOGRAD_AXIS_POINTS][v_stride], of which [n_tiles][c] */
    int16_t *v_int16;         /* instead of v: the same in integers */
    size_t v_stride;
    float *v_scales;          /* [WINOGRAD_POINTS][n_tiles], with v_int16 */
    float *scratch;           /* [threads][scratch_floats]: an input tile, or u and m */
    size_t scratch_floats, u_floats;
};

/* Tiles of five and six columns, as few as go. In integers four: the larger a tile, the larger its points beside its
 * outputs. */
static struct tiling cut_into_tiles(const struct feature_map *out, bool is_int16)
{
    struct tiling tiling = {.tiles_y = divide_up(out->h, WINOGRAD_OUTPUTS), .outputs = WINOGRAD_OUTPUTS};
    if (is_int16) {
        tiling.n_wide = divide_up(out->w, WINOGRAD_OUTPUTS);
        return tiling;
    }
    const int n_tiles = divide_up(out->w, WINOGRAD_WIDE_OUTPUTS), narrow = WINOGRAD_WIDE_OUTPUTS - 1;
    const bool is_even = narrow * n_tiles >= out->w;
    tiling.outputs = is_even ? narrow : WINOGRAD_WIDE_OUTPUTS;
    tiling.n_wide = is_even ? n_tiles : out->w - narrow * n_tiles;
    tiling.n_narrow = n_tiles - tiling.n_wide;
    return tiling;
}

struct tile {
    int image, y, x, outputs;
};

static struct tile find_tile(const struct winograd_job *job, int number)
{
    const struct tiling *tiling = &job->tiling;
    const int all = job->first_tile + number, all_wide = job->out->n * tiling->tiles_y * tiling->n_wide;
    const bool is_wide = all < all_wide;
    const int per_row = is_wide ? tiling->n_wide : tiling->n_narrow, at = is_wide ? all : all - all_wide;
    struct tile tile = {.outputs = tiling->outputs - (is_wide ? 0 : 1)};
    tile.x = (is_wide ? 0 : tiling->n_wide * tiling->outputs) + at % per_row * tile.outputs;
    tile.y = at / per_row % tiling->tiles_y * WINOGRAD_OUTPUTS;
    tile.image = at / per_row / tiling->tiles_y;
    return tile;
}

/* Copies the part of the patch inside the bordered map, zero around it. */
static void gather_edge(const struct winograd_job *job, const struct tile *tile, float *edge)
{
    const size_t c = (size_t)job->in->c, row_floats = (size_t)(tile->outputs + 2) * c;
    memset(edge, 0, WINOGRAD_AXIS_POINTS * row_floats * sizeof(float));
    const int n_columns = smaller(tile->outputs + 2, job->in->w + 2 - tile->x);
    for (int i = 0; i < WINOGRAD_AXIS_POINTS && tile->y + i < job->in->h + 2; i++)
        memcpy(edge + (size_t)i * row_floats, map_pixel(job->in, tile->image, tile->y + i - 1, tile->x - 1),
               (size_t)n_columns * c * sizeof(float));
}

/* [WINOGRAD_POINTS][c] floats of one tile to its places among the integers. */
static void quantize_tile(const struct winograd_job *job, int tile, const float *points)
{
    static const ptrdiff_t no_offset[1] = {0};
    const size_t c = (size_t)job->in->c, n_tiles = (size_t)job->n_tiles, at = (size_t)tile;
    for (size_t p = 0; p < WINOGRAD_POINTS; p++)
        job->v_scales[p * n_tiles + at] = job->kernels->quantize_row(points + p * c, no_offset, 1, job->in->c,
                                                                     job->v_int16 + p * job->v_stride + at * c);
}

static void transform_input_tile(const struct winograd_job *job, int number, int thread)
{
    const struct feature_map *in = job->in;
    const size_t c = (size_t)in->c;
    float *edge = job->scratch + (size_t)thread * job->scratch_floats, *points = edge + WINOGRAD_POINTS * c;
    const struct tile tile = find_tile(job, number);
    struct winograd_input call = {.patch = map_pixel(in, tile.image, tile.y - 1, tile.x - 1),
                                  .row_stride = map_row_stride(in), .pixel_stride = c, .channels = in->c,
                                  .point_columns = tile.outputs + 2};
    if (tile.y + WINOGRAD_AXIS_POINTS > in->h + 2 || tile.x + call.point_columns > in->w + 2) {
        gather_edge(job, &tile, edge);
        call.patch = edge;
        call.row_stride = (size_t)call.point_columns * c;
    }
    call.points = job->v != NULL ? job->v + (size_t)number * c : points;
    call.point_stride = job->v != NULL ? job->v_stride : c;
    job->kernels->winograd_input(&call);
    if (job->v == NULL) quantize_tile(job, number, points);
}

static void input_task(void *arg, int task, int thread)
{
    const struct winograd_job *job = arg;
    const int first = task * job->input_tiles, end = smaller(first + job->input_tiles, job->n_tiles);
    for (int tile = first; tile < end; tile++) transform_input_tile(job, tile, thread);
}

/* The part of a task: some tiles, the columns of one panel. */
struct winograd_block {
    int first_row, n_rows;
    int first_column, width;
    float *u, *m; /* m [points][m_stride], of which [n_rows][width] */
};

/* From one point of m to the next. */
static size_t m_stride(const struct winograd_block *block)
{
    return (size_t)(block->n_rows * block->width) + PADDING;
}

/* Adds the products over channels first .. first + n - 1, column of points by column of points. */
static void add_products(const struct winograd_job *job, const struct winograd_block *block, int first, int n)
{
    const int c = job->in->c, width = block->width;
    const float *kernels = job->weights->kernels + ((size_t)block->first_column * (size_t)c +
                                                    (size_t)(first * width)) * 9;
    struct winograd_panel panel = {.kernels = kernels, .n_channels = n, .width = width, .points = block->u,
                                   .point_stride = (size_t)(n * width) + PADDING};
    const float *ahead = kernels + (size_t)(n * width) * 9, *ahead_end = ahead + (size_t)(n * width) * 9;
    const int n_wide = larger(0, smaller(job->n_wide - block->first_row, block->n_rows));
    const int point_columns = n_wide > 0 ? job->point_columns : job->point_columns - 1;
    for (; panel.column < point_columns; panel.column++) {
        const size_t first_point = (size_t)(panel.column * WINOGRAD_AXIS_POINTS);
        const struct gemm_panel g = {
            .n_points = WINOGRAD_AXIS_POINTS,
            .n_rows = panel.column == job->point_columns - 1 ? n_wide : block->n_rows,
            .a = job->v + first_point * job->v_stride + (size_t)block->first_row * (size_t)c + first,
            .a_point_stride = job->v_stride,
            .a_stride = (size_t)c,
            .depth = n,
            .b = panel.points,
            .b_point_stride = panel.point_stride,
            .width = width,
            .out = block->m + first_point * m_stride(block),
            .out_point_stride = m_stride(block),
            .continues = first > 0,
            .ahead = ahead < ahead_end ? ahead : NULL,
        };
        job->kernels->winograd_weights(&panel);
        job->kernels->gemm_panel(&g);
        ahead += n * width * WINOGRAD_AXIS_POINTS / 4;
    }
}

/* From one point of u in integers to the next. */
static size_t integers_stride(const struct winograd_job *job, int width)
{
    return (size_t)(job->in->c * width) + 2 * PADDING;
}

/* The products at point x of a row of points. Meanwhile what lies at `ahead` is asked for, bit by bit; returns how far
 * it came. */
static const int16_t *multiply_int16(const struct winograd_job *job, const struct winograd_block *block,
                                     const struct winograd_taps_int16 *taps, int row_of_points, int x,
                                     const int16_t *ahead)
{
    const size_t c = (size_t)job->in->c;
    const int point = x * WINOGRAD_AXIS_POINTS + row_of_points;
    struct gemm_block_int16 g = {.depth = job->in->c, .n_columns = block->width};
    g.b = (const int16_t *)block->u + (size_t)x * integers_stride(job, block->width);
    g.column_scales = taps->scales + x * block->width;
    for (int row = 0; row < block->n_rows; row += g.n_rows) {
        const size_t first = (size_t)(block->first_row + row);
        const int left = block->n_rows - row, n_tiles = divide_up(left, job->kernels->gemm_rows);
        g.n_rows = divide_up(left, n_tiles);
        for (int i = 0; i < g.n_rows; i++) {
            g.a[i] = job->v_int16 + (size_t)point * job->v_stride + (first + (size_t)i) * c;
            g.row_scales[i] = job->v_scales[(size_t)(point * job->n_tiles + i) + first];
            g.out[i] = block->m + (size_t)point * m_stride(block) + (size_t)((row + i) * block->width);
        }
        g.ahead = ahead < taps->taps + 2 * WINOGRAD_TAPS * c * (size_t)block->width ? ahead : NULL;
        job->kernels->gemm_block_int16(&g);
        ahead += c * CHANNEL_ALIGN;
    }
    return ahead;
}

/* The products at one row of points, of few tiles. */
static void multiply_few_int16(const struct winograd_job *job, const struct winograd_block *block,
                               const struct winograd_taps_int16 *taps, int row_of_points)
{
    const size_t c = (size_t)job->in->c, n_tiles = (size_t)job->n_tiles, first_row = (size_t)block->first_row;
    const size_t first_point = (size_t)row_of_points, to_next = WINOGRAD_AXIS_POINTS;
    const struct winograd_product_int16 product = {
        .taps = taps->taps, .shifts = taps->shifts, .column_scales = taps->scales,
        .n_channels = job->in->c, .width = block->width, .n_tiles = block->n_rows,
        .a = job->v_int16 + first_point * job->v_stride + first_row * c, .a_stride = to_next * job->v_stride,
        .row_scales = job->v_scales + first_point * n_tiles + first_row, .scale_stride = to_next * n_tiles,
        .out = block->m + first_point * m_stride(block), .out_stride = to_next * m_stride(block),
        .ahead = taps->taps + c * (size_t)block->width * WINOGRAD_TAPS,
    };
    job->kernels->winograd_product_int16(&product);
}

/* The products at one row of points. Meanwhile the next row's taps are asked for. */
static void multiply_row_int16(const struct winograd_job *job, const struct winograd_block *block, int row)
{
    const struct winograd_taps_int16 taps = panel_taps(job->weights, block->first_column, block->width, row);
    if (block->n_rows <= WINOGRAD_FEW_TILES) {
        multiply_few_int16(job, block, &taps, row);
        return;
    }
    const struct winograd_points_int16 points = {.taps = taps.taps, .shifts = taps.shifts,
                                                 .n_channels = taps.n_channels, .width = block->width,
                                                 .points = (int16_t *)block->u,
                                                 .point_stride = integers_stride(job, block->width)};
    const int16_t *ahead = taps.taps + (size_t)(taps.n_channels * block->width) * WINOGRAD_TAPS;
    job->kernels->winograd_points_int16(&points);
    for (int x = 0; x < WINOGRAD_AXIS_POINTS; x++)
        ahead = multiply_int16(job, block, &taps, row, x, ahead);
}

static void transform_output(const struct winograd_job *job, const struct winograd_block *block)
{
    const struct feature_map *out = job->out;
    for (int row = 0; row < block->n_rows; row++) {
        const struct tile tile = find_tile(job, block->first_row + row);
        const struct winograd_output o = {
            .products = block->m + (size_t)(row * block->width),
            .point_stride = m_stride(block),
            .point_columns = tile.outputs + 2,
            .channels = block->width,
            .bias = job->weights->bias + block->first_column,
            .residual = job->residual != NULL
                            ? map_pixel(job->residual, tile.image, tile.y, tile.x) + block->first_column : NULL,
            .out = map_pixel(out, tile.image, tile.y, tile.x) + block->first_column,
            .row_stride = map_row_stride(out),
            .pixel_stride = (size_t)out->c,
            .n_rows = smaller(WINOGRAD_OUTPUTS, out->h - tile.y),
            .n_columns = smaller(tile.outputs, out->w - tile.x),
            .has_relu = job->has_relu,
        };
        job->kernels->winograd_output(&o);
    }
}

static void product_task(void *arg, int task, int thread)
{
    const struct winograd_job *job = arg;
    const int columns = job->columns;
    /* With many blocks each thread keeps to its images; with few, tasks that share a panel follow each other. */
    const int n_panels = divide_up(job->out->c, columns), n_blocks = job->n_blocks;
    const int block_number = job->keeps_blocks ? task / n_panels : task % n_blocks;
    const int panel = job->keeps_blocks ? task % n_panels : task / n_blocks;
    struct winograd_block block = {.first_row = block_number * job->block_rows, .first_column = panel * columns};
    block.n_rows = smaller(job->block_rows, job->n_tiles - block.first_row);
    block.width = smaller(columns, job->out->c - block.first_column);
    block.u = job->scratch + (size_t)thread * job->scratch_floats;
    block.m = block.u + job->u_floats;
    if (job->v != NULL)
        for (int first = 0; first < job->in->c; first += job->step_channels)
            add_products(job, &block, first, smaller(job->step_channels, job->in->c - first));
    else
        for (int row = 0; row < WINOGRAD_AXIS_POINTS; row++) multiply_row_int16(job, &block, row);
    transform_output(job, &block);
}

/* Blocks of tiles such that every thread has a few tasks, if that leaves enough tiles for each. */
static void choose_blocks(struct winograd_job *job, int n_tiles, int n_threads)
{
    const int n_panels = divide_up(job->out->c, job->columns);
    const int wanted = n_threads == 1 ? 1 : divide_up(TASKS_PER_THREAD * n_threads, n_panels);
    const int most = larger(1, n_tiles / LEAST_BLOCK_ROWS);
    const int n_blocks = larger(divide_up(n_tiles, MOST_BLOCK_ROWS), smaller(wanted, most));
    job->block_rows = (int)round_up((size_t)divide_up(n_tiles, n_blocks), GEMM_MAX_ROWS);
}

/* Channels whose weights are transformed at a time. */
static int choose_step(const struct winograd_job *job)
{
    if (job->weights->kernels == NULL) return job->in->c; /* integers */
    if (job->block_rows >= MANY_ROWS) return job->in->c;
    const int channel_bytes = (9 + WINOGRAD_AXIS_POINTS) * job->columns * (int)sizeof(float);
    const int bytes = job->block_rows < FEW_ROWS ? FEW_ROWS_BYTES : MORE_ROWS_BYTES;
    return smaller(job->in->c, larger(1, bytes / channel_bytes / CHANNEL_ALIGN) * CHANNEL_ALIGN);
}

void winograd_forward(struct layer_run *run, const struct conv2d_weights *weights, const struct feature_map *in,
                      const struct feature_map *out, const struct feature_map *residual, bool has_relu)
{
    struct winograd_job job = {.kernels = run->kernels, .weights = weights, .in = in, .out = out, .residual = residual,
                               .has_relu = has_relu};
    const bool is_int16 = weights->kernels == NULL;
    const int n_threads = thread_pool_size(run->pool), columns = panel_columns(run->kernels, is_int16);
    const int n_panels = divide_up(out->c, columns);
    job.columns = columns;
    job.tiling = cut_into_tiles(out, is_int16);
    job.point_columns = job.tiling.outputs + 2;
    const int tiles_per_image = job.tiling.tiles_y * (job.tiling.n_wide + job.tiling.n_narrow);
    const int n_wide = out->n * job.tiling.tiles_y * job.tiling.n_wide;
    const size_t n_points = (size_t)(job.point_columns * WINOGRAD_AXIS_POINTS);

    /* Chunks as even as they go. */
    const size_t tile_floats = n_points * (size_t)in->c;
    const int fitting = larger(1, (int)(CHUNK_BYTES / (tile_floats * sizeof(float))));
    const int total = out->n * tiles_per_image, n_chunks = divide_up(total, fitting);
    const int chunk = divide_up(total, n_chunks);
    choose_blocks(&job, chunk, n_threads);
    job.step_channels = choose_step(&job);
    job.u_floats = is_int16 ? WINOGRAD_AXIS_POINTS * integers_stride(&job, columns) / 2
                            : WINOGRAD_AXIS_POINTS * (size_t)(job.step_channels * columns + PADDING);
    const size_t m_floats = n_points * (size_t)(job.block_rows * columns + PADDING);
    job.scratch_floats = round_up(larger_size(2 * tile_floats, job.u_floats + m_floats), CHANNEL_ALIGN);
    job.v_stride = (size_t)chunk * (size_t)in->c + (chunk < FEW_ROWS ? 0 : PADDING);
    const size_t v_floats = is_int16 ? WINOGRAD_POINTS * (job.v_stride / 2 + (size_t)chunk)
                                     : n_points * job.v_stride;
    float *workspace = run_workspace(run, v_floats + (size_t)n_threads * job.scratch_floats);
    if (run->is_planning) return;

    job.scratch = workspace;
    float *v = workspace + (size_t)n_threads * job.scratch_floats;
    for (job.first_tile = 0; job.first_tile < total; job.first_tile += chunk) {
        job.n_tiles = smaller(chunk, total - job.first_tile);
        job.n_wide = larger(0, smaller(n_wide - job.first_tile, job.n_tiles));
        job.n_blocks = divide_up(job.n_tiles, job.block_rows);
        job.keeps_blocks = job.n_blocks >= n_threads;
        if (is_int16) {
            job.v_int16 = (int16_t *)v;
            job.v_scales = v + WINOGRAD_POINTS * job.v_stride / 2;
        } else {
            job.v = v;
        }
        job.input_tiles = smaller(MOST_INPUT_TILES, divide_up(job.n_tiles, TASKS_PER_THREAD * n_threads));
        run_tasks(run, divide_up(job.n_tiles, job.input_tiles), input_task, &job);
        run_tasks(run, n_panels * job.n_blocks, product_task, &job);
    }
}
