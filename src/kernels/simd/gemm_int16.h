/* SPDX-License-Identifier: Apache-2.0 */
/* gemm_int16.h - the product of gemm_block.h in 16-bit integers. Include a vector_*.h first, and
 * define GEMM_VECTORS.
 *
 * A tile of ROWS x VECTORS sums stays in registers; each step takes two k at once: a load per vector of the panel, a
 * pair of each row to all lanes, and one dot product of pairs per sum (vpdpwssd; without VNNI vpmaddwd and vpaddd).
 */
#ifndef TRBA_KERNELS_SIMD_GEMM_INT16_H
#define TRBA_KERNELS_SIMD_GEMM_INT16_H

#include "kernels/simd/panel.h"

enum { PAIRS = LANES * 2, LINE_INT16 = 32 }; /* integers of a vector; of a line of the cache */

/* The scaled sums of one row, with bias, residual and ReLU. */
ALWAYS_INLINE void finish_int16_row(const ivec *sums, const struct gemm_block_int16 *g, int row, int column,
                                    const int vectors)
{
    const vec row_scale = vec_set(g->row_scales[row]);
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) {
        const int at = column + j * LANES;
        const vec scale = vec_mul(row_scale, vec_load(g->column_scales + at));
        vec value = vec_mul(scale, ivec_to_float(sums[j]));
        if (g->bias != NULL) value = vec_add(value, vec_load(g->bias + at));
        if (g->residual[0] != NULL) value = vec_add(value, vec_load(g->residual[row] + at));
        if (g->has_relu) value = vec_max(value, vec_zero());
        vec_store(g->out[row] + at, value);
    }
}

ALWAYS_INLINE void tile_int16(const struct gemm_block_int16 *g, const int16_t *b, int column, const int rows,
                              const int vectors)
{
    ivec sums[GEMM_MAX_ROWS][GEMM_VECTORS];
    const int16_t *ahead = g->ahead != NULL ? g->ahead : b;
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++) sums[i][j] = ivec_zero();
    for (int k = 0; k < g->depth; k += 2, b += vectors * PAIRS, ahead += LINE_INT16) {
        vec_prefetch_near(ahead);
        ivec panel_row[GEMM_VECTORS];
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++) panel_row[j] = ivec_load(b + j * PAIRS);
#pragma GCC unroll 6
        for (int i = 0; i < rows; i++) {
            const ivec pair = ivec_set_pair(g->a[i] + k);
#pragma GCC unroll 4
            for (int j = 0; j < vectors; j++) sums[i][j] = ivec_dot(sums[i][j], pair, panel_row[j]);
        }
    }
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++) finish_int16_row(sums[i], g, i, column, vectors);
}

ALWAYS_INLINE void tile_int16_of_rows(const struct gemm_block_int16 *g, const int16_t *b, int column,
                                      const int vectors)
{
    switch (g->n_rows) {
    case 1: tile_int16(g, b, column, 1, vectors); return;
    case 2: tile_int16(g, b, column, 2, vectors); return;
    case 3: tile_int16(g, b, column, 3, vectors); return;
    case 4: tile_int16(g, b, column, 4, vectors); return;
    case 5: tile_int16(g, b, column, 5, vectors); return;
    default: tile_int16(g, b, column, 6, vectors); return;
    }
}

static void TIER(gemm_block_int16)(const struct gemm_block_int16 *g)
{
    int column = 0;
    for (; g->n_columns - column >= PANEL; column += PANEL)
        tile_int16_of_rows(g, g->b + (size_t)g->depth * (size_t)column, column, GEMM_VECTORS);
#if GEMM_VECTORS > CHANNEL_VECTORS
    /* The last panel is narrower: a multiple of CHANNEL_ALIGN. */
    const int16_t *last = g->b + (size_t)g->depth * (size_t)column;
    switch ((g->n_columns - column) / CHANNEL_ALIGN) {
    case 1: tile_int16_of_rows(g, last, column, 1); break;
    case 2: tile_int16_of_rows(g, last, column, 2); break;
    case 3: tile_int16_of_rows(g, last, column, 3); break;
    default: break;
    }
#endif
}

#endif
