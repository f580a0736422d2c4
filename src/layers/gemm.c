/* SPDX-License-Identifier: Apache-2.0 */
/* gemm.c - packing, blocking, threads; or OpenBLAS.
 *
 *   for each panel of columns          the panel (AVX2: 512 x 16 floats, 32 KB; AVX-512: four times that) stays near
 *     for each tile of 6 rows          the block's rows (96 x 512 floats: 192 KB) come from the second-level cache
 *       gemm_block                     registers
 *
 * K is never split and a row never depends on its neighbours, so batch and thread count change no bit.
 */
#include "layers/gemm.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/integers.h"
#include "layers/blas.h"

/* ---- packing ---- */

float *weights_scratch(const struct thread_pool *pool, size_t n)
{
    size_t n_bytes;
    const bool fits = checked_mul(n, (size_t)thread_pool_size(pool), &n_bytes) &&
                      checked_mul(n_bytes, sizeof(float), &n_bytes);
    return fits ? malloc(n_bytes) : NULL;
}

static int source_depth(const struct gemm_source *source) { return source->n_segments * source->segment_padded; }

static float *pack_bias(struct arena *arena, const struct gemm_source *source, int n_columns)
{
    float *bias = arena_alloc_array(arena, (size_t)n_columns, sizeof(float));
    if (bias == NULL) return NULL;
    for (int j = 0; j < n_columns; j++) bias[j] = source->is_logits ? -INFINITY : 0.0f;
    for (int group = 0; group < source->n_groups; group++)
        for (int i = 0; i < source->group_length; i++)
            bias[group * source->group_padded + i] =
                source->bias != NULL ? source->bias[group * source->group_length + i] : 0.0f;
    return bias;
}

static int source_columns(const struct gemm_source *source) { return source->n_groups * source->group_padded; }

/* Everything but the weights themselves. False when out of memory. */
static bool prepare_weights(struct arena *arena, const struct gemm_source *source, int n_taps,
                            struct gemm_weights *out)
{
    const int depth = source_depth(source), n_columns = source_columns(source);
    assert(n_columns % CHANNEL_ALIGN == 0 && depth % n_taps == 0 && n_taps <= GEMM_MAX_TAPS);
    *out = (struct gemm_weights){.n_taps = n_taps, .depth = depth / n_taps, .n_columns = n_columns};
    if (source->bias == NULL && !source->is_logits) return true;
    out->bias = pack_bias(arena, source, n_columns);
    return out->bias != NULL;
}

/* One task per panel of columns: its rows are read into the thread's own memory and transposed into place. For
 * integers they are transposed in the thread's memory, too, and made integers from there. */
struct gemm_packing {
    const struct kernels *kernels;
    const struct gemm_source *source;
    int n_columns;
    float *packed;        /* zeros; NULL: integers */
    int16_t *integers;    /* zeros */
    float *scales;        /* of integers */
    size_t rows_floats;   /* a panel's rows */
    size_t panel_at;      /* behind them, and behind as much again if elements do not lie side by side */
    size_t thread_floats; /* all that, and with integers a panel */
    float *memory;        /* [threads][thread_floats] */
};

/* Where a column's weights are in the source; -1: it is padding. */
static int source_row(const struct gemm_source *source, int column)
{
    const int in_group = column % source->group_padded;
    return in_group < source->group_length ? column / source->group_padded * source->group_length + in_group : -1;
}

/* The rows of n columns to a panel whose rows are `stride` floats apart, where elements lie side by side. */
static void place_dense(const struct gemm_packing *packing, const float *rows, int n, float *panel, size_t stride)
{
    const struct gemm_source *source = packing->source;
    for (int s = 0; s < source->n_segments; s++)
        packing->kernels->transpose(rows + (size_t)s * source->segment_stride, source->row_floats, n,
                                    source->segment_length,
                                    panel + (size_t)(s * source->segment_padded) * stride, stride);
}

/* The same where they do not: as they lie to `scratch`, then each element's columns to their place. */
static void place_spread(const struct gemm_packing *packing, const float *rows, int n, float *scratch, float *panel,
                         size_t stride)
{
    const struct gemm_source *source = packing->source;
    packing->kernels->transpose(rows, source->row_floats, n, (int)source->row_floats, scratch, (size_t)n);
    for (int s = 0; s < source->n_segments; s++)
        for (int e = 0; e < source->segment_length; e++) {
            const size_t from = (size_t)s * source->segment_stride + (size_t)e * source->element_stride;
            memcpy(panel + (size_t)(s * source->segment_padded + e) * stride, scratch + from * (size_t)n,
                   (size_t)n * sizeof(float));
        }
}

/* How many columns from `column` on, `most` at most, have their rows one after the other. */
static int columns_together(const struct gemm_source *source, int column, int most)
{
    int n = 1;
    while (n < most && source_row(source, column + n) == source_row(source, column) + n) n++;
    return n;
}

/* Columns first .. first + width - 1, read and placed. Padding is left as it is. */
static void fill_panel(const struct gemm_packing *packing, int first, int width, float *memory, float *panel,
                       size_t stride)
{
    const struct gemm_source *source = packing->source;
    int j = 0;
    while (j < width) {
        const int row = source_row(source, first + j);
        const int n = row >= 0 ? columns_together(source, first + j, width - j) : 1;
        if (row >= 0) {
            source->rows.read(source->rows.arg, row, n, memory, source->row_floats);
            if (source->element_stride == 1) place_dense(packing, memory, n, panel + j, stride);
            else place_spread(packing, memory, n, memory + packing->rows_floats, panel + j, stride);
        }
        j += n;
    }
}

static void pack_panel_task(void *arg, int task, int thread)
{
    const struct gemm_packing *packing = arg;
    const int first = task * packing->kernels->gemm_columns, depth = source_depth(packing->source);
    const int width = smaller(packing->kernels->gemm_columns, packing->n_columns - first);
    const size_t at = (size_t)first * (size_t)depth;
    float *memory = packing->memory + (size_t)thread * packing->thread_floats;
    if (packing->packed != NULL && packing->kernels->uses_blas) {
        fill_panel(packing, first, width, memory, packing->packed + first, (size_t)packing->n_columns);
    } else if (packing->packed != NULL) {
        fill_panel(packing, first, width, memory, packing->packed + at, (size_t)width);
    } else {
        float *panel = memory + packing->panel_at;
        memset(panel, 0, (size_t)(depth * width) * sizeof(float)); /* padding may hold another panel's weights */
        fill_panel(packing, first, width, memory, panel, (size_t)width);
        packing->kernels->quantize_panel(panel, depth, width, packing->integers + at, packing->scales + first);
    }
}

static bool pack_panels(struct gemm_packing *packing, struct thread_pool *pool)
{
    const struct gemm_source *source = packing->source;
    packing->n_columns = source_columns(source);
    const size_t width = (size_t)smaller(packing->kernels->gemm_columns, packing->n_columns);
    packing->rows_floats = width * source->row_floats;
    packing->panel_at = packing->rows_floats * (source->element_stride == 1 ? 1 : 2);
    packing->thread_floats = packing->panel_at;
    if (packing->packed == NULL) packing->thread_floats += width * (size_t)source_depth(source);
    packing->memory = weights_scratch(pool, packing->thread_floats);
    if (packing->memory == NULL) return false;
    thread_pool_run(pool, divide_up(packing->n_columns, packing->kernels->gemm_columns), pack_panel_task, packing);
    free(packing->memory);
    return true;
}

bool gemm_pack(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
               const struct gemm_source *source, int n_taps, struct gemm_weights *out)
{
    struct gemm_packing packing = {.kernels = kernels, .source = source};
    if (!prepare_weights(arena, source, n_taps, out)) return false;
    packing.packed = arena_alloc_array(arena, (size_t)source_depth(source) * (size_t)out->n_columns, sizeof(float));
    out->packed = packing.packed;
    return packing.packed != NULL && pack_panels(&packing, pool);
}

bool gemm_suits_int16(const struct kernels *kernels, int n_terms)
{
    enum { LEAST_TERMS = 64 };
    return kernels->uses_int16 && n_terms >= LEAST_TERMS && n_terms <= INT16_MAX_DEPTH;
}

bool gemm_pack_int16(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
                     const struct gemm_source *source, int n_taps, struct gemm_weights *out)
{
    struct gemm_packing packing = {.kernels = kernels, .source = source};
    assert(!kernels->uses_blas); /* its columns are not packed in panels */
    if (!prepare_weights(arena, source, n_taps, out)) return false;
    const size_t n_columns = (size_t)out->n_columns;
    packing.integers = arena_alloc_array(arena, (size_t)source_depth(source) * n_columns, sizeof(int16_t));
    packing.scales = arena_alloc_array(arena, n_columns, sizeof(float));
    out->packed_int16 = packing.integers;
    out->scales = packing.scales;
    return packing.integers != NULL && packing.scales != NULL && pack_panels(&packing, pool);
}

bool gemm_pack_suitably(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
                        const struct gemm_source *source, int n_taps, bool stays_float, struct gemm_weights *out)
{
    const bool is_int16 = !stays_float && gemm_suits_int16(kernels, source_depth(source));
    return is_int16 ? gemm_pack_int16(kernels, arena, pool, source, n_taps, out)
                    : gemm_pack(kernels, arena, pool, source, n_taps, out);
}

/* ---- one block, with our kernels ---- */

/* Up to so many rows wait for the panel, which comes from memory: each tile of them asks for its share of the next.
 * More rows fill the second-level cache, together with a panel: the next one is asked for only by the last of them. */
enum { FEW_ROWS = GEMM_BLOCK_ROWS / 2 };

/* Some rows of a block that is cut into n_tiles of them. */
struct row_tile {
    int number, n_tiles;
    int first_row, n_rows;
};

/* Some columns of a tile. */
static void run_tile(const struct kernels *kernels, const struct gemm_weights *weights, const struct gemm_rows *rows,
                     const struct row_tile *tile, int first_column, int n_columns)
{
    const size_t depth = (size_t)(weights->n_taps * weights->depth);
    const bool is_few = rows->n_rows <= FEW_ROWS, is_last = tile->number == tile->n_tiles - 1;
    struct gemm_block block = {
        .n_rows = tile->n_rows,
        .taps = rows->taps,
        .n_taps = weights->n_taps,
        .depth = weights->depth,
        .b = weights->packed + (size_t)first_column * depth,
        .n_columns = n_columns,
        .bias = weights->bias != NULL ? weights->bias + first_column : NULL,
        .has_relu = rows->has_relu,
        .ahead_part = is_few ? tile->number : 0,
        .ahead_parts = is_few ? tile->n_tiles : is_last ? 1 : 0,
    };
    for (int i = 0; i < tile->n_rows; i++) {
        block.a[i] = rows->a[tile->first_row + i];
        block.out[i] = rows->out[tile->first_row + i] + first_column;
        block.residual[i] = rows->residual[0] != NULL ? rows->residual[tile->first_row + i] + first_column : NULL;
    }
    kernels->gemm_block(&block);
}

/* Tiles are as even as they go: 26 = 6 + 5 + 5 + 5 + 5. */
static int rows_of_tile(int rows_left, int tiles_left) { return (rows_left + tiles_left - 1) / tiles_left; }

static void run_rows_packed(const struct kernels *kernels, const struct gemm_weights *weights,
                            const struct gemm_rows *rows, int first_column, int n_columns)
{
    if (rows->n_rows <= 2) { /* the kernel takes several panels side by side */
        const struct row_tile all = {.n_tiles = 1, .n_rows = rows->n_rows};
        run_tile(kernels, weights, rows, &all, first_column, n_columns);
        return;
    }
    const int n_tiles = (rows->n_rows + kernels->gemm_rows - 1) / kernels->gemm_rows;
    for (int column = 0; column < n_columns; column += kernels->gemm_columns) {
        const int width = smaller(kernels->gemm_columns, n_columns - column);
        struct row_tile tile = {.n_tiles = n_tiles};
        for (; tile.number < n_tiles; tile.number++) {
            tile.n_rows = rows_of_tile(rows->n_rows - tile.first_row, n_tiles - tile.number);
            run_tile(kernels, weights, rows, &tile, first_column + column, width);
            tile.first_row += tile.n_rows;
        }
    }
}

/* ---- one block, in integers ---- */

/* Workspace: the block's rows as integers, then their scales. */
static size_t int16_row_floats(const struct gemm_weights *weights)
{
    return (size_t)(weights->n_taps * weights->depth) / (sizeof(float) / sizeof(int16_t));
}

static size_t int16_workspace(const struct gemm_weights *weights)
{
    return (size_t)GEMM_BLOCK_ROWS * (int16_row_floats(weights) + 1);
}

/* What a tile of rows asks for of the panel that follows: one after the other a share of it, until all is asked for.
 * NULL: nothing. */
static const int16_t *share_of_next_panel(const struct kernels *kernels, const struct gemm_weights *weights,
                                          int tile, int first_column)
{
    const size_t depth = (size_t)(weights->n_taps * weights->depth);
    const int next = first_column + kernels->gemm_columns, share = tile * CHANNEL_ALIGN;
    if (share >= smaller(kernels->gemm_columns, weights->n_columns - next)) return NULL;
    return weights->packed_int16 + (size_t)(next + share) * depth;
}

/* Rows first_row .. of one panel. */
static void run_tile_int16(const struct kernels *kernels, const struct gemm_weights *weights,
                           const struct gemm_rows *rows, int first_row, int n_rows, int first_column,
                           const int16_t *integers, const float *scales, const int16_t *ahead)
{
    const size_t depth = (size_t)(weights->n_taps * weights->depth);
    struct gemm_block_int16 block = {
        .n_rows = n_rows,
        .depth = (int)depth,
        .b = weights->packed_int16 + (size_t)first_column * depth,
        .column_scales = weights->scales + first_column,
        .n_columns = smaller(kernels->gemm_columns, weights->n_columns - first_column),
        .bias = weights->bias != NULL ? weights->bias + first_column : NULL,
        .has_relu = rows->has_relu,
        .ahead = ahead,
    };
    for (int i = 0; i < n_rows; i++) {
        block.a[i] = integers + (size_t)(first_row + i) * depth;
        block.row_scales[i] = scales[first_row + i];
        block.out[i] = rows->out[first_row + i] + first_column;
        block.residual[i] = rows->residual[0] != NULL ? rows->residual[first_row + i] + first_column : NULL;
    }
    kernels->gemm_block_int16(&block);
}

static void run_rows_int16(const struct kernels *kernels, const struct gemm_weights *weights,
                           const struct gemm_rows *rows, int first_column, int n_columns, float *workspace)
{
    int16_t *integers = (int16_t *)workspace;
    float *scales = workspace + (size_t)GEMM_BLOCK_ROWS * int16_row_floats(weights);
    for (int i = 0; i < rows->n_rows; i++)
        scales[i] = kernels->quantize_row(rows->a[i], rows->taps, weights->n_taps, weights->depth,
                                          integers + (size_t)i * (size_t)(weights->n_taps * weights->depth));
    const int n_tiles = (rows->n_rows + kernels->gemm_rows - 1) / kernels->gemm_rows;
    for (int column = first_column; column < first_column + n_columns; column += kernels->gemm_columns) {
        for (int tile = 0, row = 0; tile < n_tiles; tile++) {
            const int n = rows_of_tile(rows->n_rows - row, n_tiles - tile);
            run_tile_int16(kernels, weights, rows, row, n, column, integers, scales,
                           share_of_next_panel(kernels, weights, tile, column));
            row += n;
        }
    }
}

/* ---- one block, with OpenBLAS ---- */

size_t gemm_workspace(const struct kernels *kernels, const struct gemm_weights *weights)
{
    if (weights->packed_int16 != NULL) return int16_workspace(weights);
    if (!kernels->uses_blas) return 0;
    return (size_t)GEMM_BLOCK_ROWS * (size_t)(weights->n_taps * weights->depth + weights->n_columns);
}

static void gather_rows(const struct gemm_weights *weights, const struct gemm_rows *rows, float *a)
{
    const size_t n = (size_t)weights->depth;
    for (int i = 0; i < rows->n_rows; i++)
        for (int t = 0; t < weights->n_taps; t++, a += n) memcpy(a, rows->a[i] + rows->taps[t], n * sizeof(float));
}

static void finish_row(const struct gemm_weights *weights, const struct gemm_rows *rows, int row, int first_column,
                       int n_columns, const float *sums)
{
    float *out = rows->out[row] + first_column;
    for (int j = 0; j < n_columns; j++) {
        float sum = sums[j];
        if (weights->bias != NULL) sum += weights->bias[first_column + j];
        if (rows->residual[0] != NULL) sum += rows->residual[row][first_column + j];
        out[j] = rows->has_relu && !(sum > 0.0f) ? 0.0f : sum;
    }
}

static void run_rows_blas(const struct kernels *kernels, const struct gemm_weights *weights,
                          const struct gemm_rows *rows, int first_column, int n_columns, float *workspace)
{
    const int depth = weights->n_taps * weights->depth;
    float *a = workspace, *c = workspace + (size_t)GEMM_BLOCK_ROWS * (size_t)depth;
    gather_rows(weights, rows, a);
    blas_multiply(kernels, rows->n_rows, n_columns, depth, a, weights->packed + first_column, weights->n_columns, c);
    for (int i = 0; i < rows->n_rows; i++)
        finish_row(weights, rows, i, first_column, n_columns, c + (size_t)i * (size_t)n_columns);
}

void gemm_run_rows(const struct kernels *kernels, const struct gemm_weights *weights, const struct gemm_rows *rows,
                   int first_column, int n_columns, float *workspace)
{
    if (weights->packed_int16 != NULL) run_rows_int16(kernels, weights, rows, first_column, n_columns, workspace);
    else if (kernels->uses_blas) run_rows_blas(kernels, weights, rows, first_column, n_columns, workspace);
    else run_rows_packed(kernels, weights, rows, first_column, n_columns);
}

/* ---- many rows ---- */

/* How a job is cut: blocks of rows, and groups of columns when there are fewer blocks than it takes to keep every
 * thread busy. Consecutive tasks share a group, so its weights stay in the cache. */
struct gemm_cut {
    const struct kernels *kernels;
    const struct gemm_job *job;
    int rows_per_image, blocks_per_image, n_blocks;
    int group_columns;
    float *workspace;
    size_t workspace_per_thread;
};

static void run_gemm_task(void *arg, int task, int thread)
{
    const struct gemm_cut *cut = arg;
    const struct gemm_job *job = cut->job;
    const int group = task / cut->n_blocks, block = task % cut->n_blocks;
    const int image = block / cut->blocks_per_image;
    const int row = block % cut->blocks_per_image * GEMM_BLOCK_ROWS;
    struct gemm_rows rows = {.n_rows = smaller(GEMM_BLOCK_ROWS, cut->rows_per_image - row),
                             .taps = job->taps,
                             .has_relu = job->has_relu};
    job->fill(job->arg, image * cut->rows_per_image + row, &rows);
    const int first_column = group * cut->group_columns;
    gemm_run_rows(cut->kernels, job->weights, &rows, first_column,
                  smaller(cut->group_columns, job->weights->n_columns - first_column),
                  cut->workspace + cut->workspace_per_thread * (size_t)thread);
}

/* Columns per group such that there are at least three tasks per thread; whole panels. With BLAS one group: it may sum
 * differently for another width. */
static int choose_group_columns(const struct kernels *kernels, int n_columns, int n_blocks, int n_threads)
{
    enum { TASKS_PER_THREAD = 3 };
    if (kernels->uses_blas || n_threads == 1) return n_columns;
    const int n_panels = (n_columns + kernels->gemm_columns - 1) / kernels->gemm_columns;
    const int n_groups = smaller(n_panels, (TASKS_PER_THREAD * n_threads + n_blocks - 1) / n_blocks);
    return (n_panels + n_groups - 1) / n_groups * kernels->gemm_columns;
}

void gemm_forward(struct layer_run *run, const struct gemm_job *job)
{
    struct gemm_cut cut = {.kernels = run->kernels, .job = job};
    const int n_threads = thread_pool_size(run->pool), n_columns = job->weights->n_columns;
    const bool merge = !run->kernels->uses_blas;
    cut.rows_per_image = merge ? job->n_images * job->rows_per_image : job->rows_per_image;
    cut.blocks_per_image = (cut.rows_per_image + GEMM_BLOCK_ROWS - 1) / GEMM_BLOCK_ROWS;
    cut.n_blocks = cut.blocks_per_image * (merge ? 1 : job->n_images);
    cut.group_columns = choose_group_columns(run->kernels, n_columns, cut.n_blocks, n_threads);
    cut.workspace_per_thread = gemm_workspace(run->kernels, job->weights);
    cut.workspace = run_workspace(run, cut.workspace_per_thread * (size_t)n_threads);
    const int n_groups = (n_columns + cut.group_columns - 1) / cut.group_columns;
    run_tasks(run, cut.n_blocks * n_groups, run_gemm_task, &cut);
}
