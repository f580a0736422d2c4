/* SPDX-License-Identifier: Apache-2.0 */
/* winograd.c - 3x3 convolutions with fewer multiplications (Lavin and Gray, 2015).
 *
 *   chunk of tiles:  input transform   patch of every tile -> v [groups][points][tiles][channels of a group]
 *                    per panel of columns, per block of tiles, on one thread, per few channels, per column of points:
 *                        weights       kernels -> u [rows of points][channels][width]
 *                        product       for each point: v [tiles][channels] . u [channels][width], added to m
 *                    then
 *                        output        m [points][tiles][width] -> pixels, with bias, residual and ReLU
 *
 * Tiles are 4 pixels high and 5 or 6 wide, so that they fit maps of any width: F(4x5) does 42 products for 20 outputs
 * instead of 180, F(4x6) 48 for 24 instead of 216. Transformed weights are more than five times the kernels, too much
 * to fetch from memory for one image; so they are transformed where they are needed: as many channels at a time, and
 * one column of points, as the first-level cache holds together with their kernels. With many tiles a whole group of
 * channels, those that are summed together, is transformed at a time, into the second-level cache: then m is read
 * and written less often. With very few, those of one image whose map is low, winograd_product does it all, on some
 * processors without u.
 *
 * In integers tiles are 4x4, and the weights are transformed from top to bottom when the model is opened, and from left
 * to right where they are needed: all channels of a row of points at once, into the second-level cache, or with few
 * tiles in registers, where they are multiplied at once. v is made integers tile by tile.
 */
#include <stdint.h>
#include <string.h>

#include "base/checked.h"
#include "base/integers.h"
#include "kernels/winograd_two_steps.h"
#include "layers/winograd_job.h"

enum {
    TASKS_PER_THREAD = 3,            /* at least, if there is enough to do */
    MOST_INPUT_TILES = 8,            /* of a task of the input transform */
    CHUNK_BYTES = 16 * 1024 * 1024,  /* of v: stays in the last-level cache */
    MOST_BLOCK_SUMS = 36 * 224 * 32, /* of a task: m is 1 MB */
    LEAST_BLOCK_ROWS = 12,           /* with fewer, transforming weights costs more than another thread saves */
    FEW_ROWS = 17,                   /* below, so much of the weights is transformed at a time: u and its kernels are */
    FEW_ROWS_BYTES = 31 * 1024       /* in the first-level cache */
};

/* Tiles of five and six columns, as few as go. In integers of four: the larger, the more rounding is made larger. */
static struct winograd_tiling cut_into_tiles(const struct feature_map *out, bool is_int16)
{
    struct winograd_tiling tiling = {.outputs = WINOGRAD_OUTPUTS, .n_rows = divide_up(out->h, WINOGRAD_OUTPUTS)};
    if (is_int16) {
        tiling.n_full = divide_up(out->w, WINOGRAD_OUTPUTS);
        return tiling;
    }
    const int n_tiles = divide_up(out->w, WINOGRAD_WIDE_OUTPUTS), narrow = WINOGRAD_WIDE_OUTPUTS - 1;
    const bool all_fit_narrow = narrow * n_tiles >= out->w;
    tiling.outputs = all_fit_narrow ? narrow : WINOGRAD_WIDE_OUTPUTS;
    tiling.n_full = all_fit_narrow ? n_tiles : out->w - narrow * n_tiles;
    tiling.n_narrow = n_tiles - tiling.n_full;
    return tiling;
}

struct tile {
    int image, y, x, outputs;
};

static struct tile find_tile(const struct winograd_job *job, int number)
{
    const struct winograd_tiling *tiling = &job->tiling;
    const int in_all = job->first_tile + number;
    const bool is_full = in_all < job->n_all_full;
    const int per_row = is_full ? tiling->n_full : tiling->n_narrow, at = is_full ? in_all : in_all - job->n_all_full;
    struct tile tile = {.outputs = tiling->outputs - (is_full ? 0 : 1)};
    tile.x = (is_full ? 0 : tiling->n_full * tiling->outputs) + at % per_row * tile.outputs;
    tile.y = at / per_row % tiling->n_rows * WINOGRAD_OUTPUTS;
    tile.image = at / per_row / tiling->n_rows;
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

/* The points of one tile, as floats, to their places in v. */
static void transform_groups(const struct winograd_job *job, int number, struct winograd_input *call)
{
    const int c = job->in->c;
    call->points = job->v + number * job->group_channels;
    call->point_stride = job->v_stride;
    for (int first = 0; first < c; first += job->group_channels) {
        call->channels = smaller(job->group_channels, c - first);
        job->kernels->winograd_input(call);
        call->patch += job->group_channels;
        call->points += job->v_group_stride;
    }
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
    if (!job->is_int16) {
        transform_groups(job, number, &call);
        return;
    }
    call.points = points;
    call.point_stride = c;
    job->kernels->winograd_input(&call);
    quantize_tile(job, number, points);
}

static void input_task(void *arg, int task, int thread)
{
    const struct winograd_job *job = arg;
    const int first = task * job->input_tiles, end = smaller(first + job->input_tiles, job->n_tiles);
    for (int tile = first; tile < end; tile++) transform_input_tile(job, tile, thread);
}

/* Few tiles without the points of the kernels going through memory, if the tier has that; but not where steps are too
 * large for the first-level cache. */
static bool suits_product(const struct winograd_job *job, const struct winograd_block *block)
{
    return block->n_rows <= job->kernels->winograd_few_rows && block->width == job->kernels->winograd_panel &&
           job->block_rows < FEW_ROWS;
}

/* Adds the products over channels first .. first + n - 1, all of one group. */
static void add_products(const struct winograd_job *job, const struct winograd_block *block, int first, int n)
{
    const int c = job->in->c, width = block->width;
    const int group = first / job->group_channels, in_group = first % job->group_channels;
    const bool is_added = group > 0 && (in_group + n == job->group_channels || first + n == c);
    const int n_full = larger(0, smaller(job->n_all_full - job->first_tile - block->first_row, block->n_rows));
    struct winograd_product product = {
        .n_channels = n,
        .point_columns = n_full > 0 ? job->point_columns : job->point_columns - 1,
        .n_rows = block->n_rows,
        .n_last_rows = n_full > 0 ? n_full : block->n_rows,
        .a_point_stride = job->v_stride,
        .a_stride = (size_t)job->group_channels,
        .out = group == 0 ? block->m : block->group,
        .total = is_added ? block->m : NULL,
        .out_point_stride = winograd_m_stride(block),
        .continues = in_group > 0,
        .scratch = block->u,
    };
    product.kernels = job->weights->kernels + ((size_t)block->first_column * (size_t)c + (size_t)(first * width)) * 9;
    product.ahead = product.kernels + (size_t)(n * width) * 9;
    product.a = job->v + (size_t)group * job->v_group_stride +
                (size_t)(block->first_row * job->group_channels + in_group);
    if (suits_product(job, block)) job->kernels->winograd_product(&product);
    else winograd_two_steps(&product, width, WINOGRAD_PADDING, job->kernels->winograd_weights,
                            job->kernels->gemm_panel);
}

static void transform_output(const struct winograd_job *job, const struct winograd_block *block)
{
    const struct feature_map *out = job->out;
    for (int row = 0; row < block->n_rows; row++) {
        const struct tile tile = find_tile(job, block->first_row + row);
        const struct winograd_output o = {
            .products = block->m + (size_t)(row * block->width),
            .point_stride = winograd_m_stride(block),
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
    block.group = block.m + job->m_floats;
    if (job->is_int16)
        winograd_multiply_int16(job, &block);
    else
        for (int first = 0; first < job->in->c; first += job->step_channels)
            add_products(job, &block, first, smaller(job->step_channels, job->in->c - first));
    transform_output(job, &block);
}

/* Blocks of tiles such that every thread has a few tasks, if that leaves enough tiles for each. */
static int choose_block_rows(const struct winograd_job *job, int n_threads)
{
    const int n_tiles = job->chunk_tiles, n_panels = divide_up(job->out->c, job->columns);
    const int wanted = n_threads == 1 ? 1 : divide_up(TASKS_PER_THREAD * n_threads, n_panels);
    const int most = larger(1, n_tiles / LEAST_BLOCK_ROWS);
    const int most_rows = MOST_BLOCK_SUMS / (job->point_columns * WINOGRAD_AXIS_POINTS * job->columns);
    const int n_blocks = larger(divide_up(n_tiles, most_rows), smaller(wanted, most));
    return (int)round_up((size_t)divide_up(n_tiles, n_blocks), GEMM_MAX_ROWS);
}

/* Channels whose weights are transformed at a time: steps do not cross the bounds of groups. */
static int choose_step(const struct winograd_job *job)
{
    const int channel_bytes = (9 + WINOGRAD_AXIS_POINTS) * job->columns * (int)sizeof(float);
    int step = WINOGRAD_GROUP;
    while (job->block_rows < FEW_ROWS && step > CHANNEL_ALIGN && step * channel_bytes > FEW_ROWS_BYTES) step /= 2;
    return smaller(step, job->group_channels);
}

/* How the work is cut up, and what memory it takes. Chunks are as even as they go. */
static void plan_job(struct winograd_job *job, int n_threads)
{
    const struct winograd_tiling *tiling = &job->tiling;
    const size_t n_points = (size_t)(job->point_columns * WINOGRAD_AXIS_POINTS);
    job->group_channels = job->is_int16 ? job->in->c : smaller(job->in->c, WINOGRAD_GROUP);
    const int n_groups = divide_up(job->in->c, job->group_channels);
    const size_t tile_floats = n_points * (size_t)(n_groups * job->group_channels);
    job->n_all_full = job->out->n * tiling->n_rows * tiling->n_full;
    job->n_all = job->n_all_full + job->out->n * tiling->n_rows * tiling->n_narrow;
    const int fitting = larger(1, (int)(CHUNK_BYTES / (tile_floats * sizeof(float))));
    job->chunk_tiles = divide_up(job->n_all, divide_up(job->n_all, fitting));
    job->block_rows = choose_block_rows(job, n_threads);
    job->step_channels = choose_step(job);
    job->has_partial_groups = n_groups > 1 && job->step_channels < job->group_channels;

    /* With few tiles v fits the caches without padding. */
    job->v_stride = (size_t)(job->chunk_tiles * job->group_channels) +
                    (job->chunk_tiles < FEW_ROWS ? 0 : WINOGRAD_PADDING);
    job->v_group_stride = n_points * job->v_stride;
    job->v_floats = job->is_int16 ? n_points * (job->v_stride / 2 + (size_t)job->chunk_tiles)
                                  : (size_t)n_groups * job->v_group_stride;
    job->u_floats = job->is_int16
                        ? WINOGRAD_AXIS_POINTS * winograd_u_stride_int16(job, job->columns) / 2
                        : WINOGRAD_AXIS_POINTS * (size_t)(job->step_channels * job->columns + WINOGRAD_PADDING);
    const size_t input_floats = tile_floats * (job->is_int16 ? 2 : 1); /* an edge; points that become integers */
    job->m_floats = n_points * (size_t)(job->block_rows * job->columns + WINOGRAD_PADDING);
    const size_t product_floats = job->u_floats + job->m_floats * (job->has_partial_groups ? 2 : 1);
    job->scratch_floats = round_up(larger_size(input_floats, product_floats), CHANNEL_ALIGN);
}

static void run_chunk(struct layer_run *run, struct winograd_job *job, int first_tile)
{
    const int n_threads = thread_pool_size(run->pool);
    job->first_tile = first_tile;
    job->n_tiles = smaller(job->chunk_tiles, job->n_all - first_tile);
    job->n_blocks = divide_up(job->n_tiles, job->block_rows);
    job->keeps_blocks = job->n_blocks >= n_threads;
    job->input_tiles = smaller(MOST_INPUT_TILES, divide_up(job->n_tiles, TASKS_PER_THREAD * n_threads));
    run_tasks(run, divide_up(job->n_tiles, job->input_tiles), input_task, job);
    run_tasks(run, divide_up(job->out->c, job->columns) * job->n_blocks, product_task, job);
}

void winograd_forward(struct layer_run *run, const struct conv2d_weights *weights, const struct feature_map *in,
                      const struct feature_map *out, const struct feature_map *residual, bool has_relu)
{
    struct winograd_job job = {.kernels = run->kernels, .weights = weights, .in = in, .out = out, .residual = residual,
                               .has_relu = has_relu, .is_int16 = weights->kernels == NULL};
    const size_t n_threads = (size_t)thread_pool_size(run->pool);
    job.columns = winograd_panel_columns(run->kernels, job.is_int16);
    job.tiling = cut_into_tiles(out, job.is_int16);
    job.point_columns = job.tiling.outputs + 2;
    plan_job(&job, (int)n_threads);
    float *workspace = run_workspace(run, job.v_floats + n_threads * job.scratch_floats);
    if (run->is_planning) return;

    job.scratch = workspace;
    job.v = workspace + n_threads * job.scratch_floats;
    job.v_int16 = (int16_t *)job.v;
    job.v_scales = job.v + WINOGRAD_POINTS * job.v_stride / 2;
    for (int first = 0; first < job.n_all; first += job.chunk_tiles) run_chunk(run, &job, first);
}
