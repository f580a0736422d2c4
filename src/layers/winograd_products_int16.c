/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_products_int16.c - the products of a Winograd convolution in integers, row of points by row of points: with
 * many tiles the points of a panel go to the second-level cache, with few they stay in registers. */
#include "base/integers.h"
#include "layers/winograd_job.h"

/* The products at point x of a row of points. Meanwhile what lies at `ahead` is asked for, bit by bit; returns how far
 * it came. */
static const int16_t *multiply_point(const struct winograd_job *job, const struct winograd_block *block,
                                     const struct winograd_taps_int16 *taps, int row_of_points, int x,
                                     const int16_t *ahead)
{
    const size_t c = (size_t)job->in->c;
    const int point = x * WINOGRAD_AXIS_POINTS + row_of_points;
    struct gemm_block_int16 g = {.depth = job->in->c, .n_columns = block->width};
    g.b = (const int16_t *)block->u + (size_t)x * winograd_u_stride_int16(job, block->width);
    g.column_scales = taps->scales + x * block->width;
    for (int row = 0; row < block->n_rows; row += g.n_rows) {
        const size_t first = (size_t)(block->first_row + row);
        const int left = block->n_rows - row, n_tiles = divide_up(left, job->kernels->gemm_rows);
        g.n_rows = divide_up(left, n_tiles);
        for (int i = 0; i < g.n_rows; i++) {
            g.a[i] = job->v_int16 + (size_t)point * job->v_stride + (first + (size_t)i) * c;
            g.row_scales[i] = job->v_scales[(size_t)(point * job->n_tiles + i) + first];
            g.out[i] = block->m + (size_t)point * winograd_m_stride(block) + (size_t)((row + i) * block->width);
        }
        g.ahead = ahead < taps->taps + 2 * WINOGRAD_TAPS * c * (size_t)block->width ? ahead : NULL;
        job->kernels->gemm_block_int16(&g);
        ahead += c * CHANNEL_ALIGN;
    }
    return ahead;
}

/* The products at one row of points, of few tiles. */
static void multiply_few(const struct winograd_job *job, const struct winograd_block *block,
                         const struct winograd_taps_int16 *taps, int row_of_points)
{
    const size_t c = (size_t)job->in->c, n_tiles = (size_t)job->n_tiles, first_row = (size_t)block->first_row;
    const size_t first_point = (size_t)row_of_points, to_next = WINOGRAD_AXIS_POINTS;
    const struct winograd_product_int16 product = {
        .taps = taps->taps, .shifts = taps->shifts, .column_scales = taps->scales,
        .n_channels = job->in->c, .width = block->width, .n_tiles = block->n_rows,
        .a = job->v_int16 + first_point * job->v_stride + first_row * c, .a_stride = to_next * job->v_stride,
        .row_scales = job->v_scales + first_point * n_tiles + first_row, .scale_stride = to_next * n_tiles,
        .out = block->m + first_point * winograd_m_stride(block), .out_stride = to_next * winograd_m_stride(block),
        .ahead = taps->taps + c * (size_t)block->width * WINOGRAD_TAPS,
    };
    job->kernels->winograd_product_int16(&product);
}

/* The products at one row of points. Meanwhile the next row's taps are asked for. */
static void multiply_row(const struct winograd_job *job, const struct winograd_block *block, int row)
{
    const struct winograd_taps_int16 taps = winograd_panel_taps(job->weights, block->first_column, block->width, row);
    if (block->n_rows <= WINOGRAD_FEW_TILES) {
        multiply_few(job, block, &taps, row);
        return;
    }
    const struct winograd_points_int16 points = {.taps = taps.taps, .shifts = taps.shifts,
                                                 .n_channels = taps.n_channels, .width = block->width,
                                                 .points = (int16_t *)block->u,
                                                 .point_stride = winograd_u_stride_int16(job, block->width)};
    const int16_t *ahead = taps.taps + (size_t)(taps.n_channels * block->width) * WINOGRAD_TAPS;
    job->kernels->winograd_points_int16(&points);
    for (int x = 0; x < WINOGRAD_AXIS_POINTS; x++)
        ahead = multiply_point(job, block, &taps, row, x, ahead);
}

void winograd_multiply_int16(const struct winograd_job *job, const struct winograd_block *block)
{
    for (int row = 0; row < WINOGRAD_AXIS_POINTS; row++) multiply_row(job, block, row);
}
