/* SPDX-License-Identifier: Apache-2.0 */
/* gemm_block.h - the register-tiled product of a few rows with packed panels. Include a vector_*.h first, and define
 * GEMM_VECTORS: vectors per panel row.
 *
 * A tile of ROWS x VECTORS accumulators stays in registers while k runs over taps and channels: each step loads VECTORS
 * vectors of the panel (contiguous: the panel is packed in exactly this order) and broadcasts one float of each row.
 * AVX2: 6 x 2 vectors = 12 accumulators + 2 + 1 of 16 registers. AVX-512: 6 x 4 = 24 + 4 + 1 of 32.
 * With one or two rows (an LSTM or decoder step of one image) a single panel has too few accumulators to hide the
 * multiply-add's latency, so several panels run side by side. Each element still sums its terms in the one order that
 * kernels.h promises.
 */
#ifndef TRBA_KERNELS_SIMD_GEMM_BLOCK_H
#define TRBA_KERNELS_SIMD_GEMM_BLOCK_H

#include "kernels/simd/panel.h"

enum { MAX_TILE_VECTORS = 32 / (LANES / 4) }; /* of one row of a tile: 16 with AVX2, 8 with AVX-512 */

/* Asks for the same row of the next panel, so that weights stream in from memory while this panel computes. Past the
 * last panel it asks for whatever is there: a prefetch cannot fault. */
ALWAYS_INLINE void prefetch_ahead(const float *b, size_t distance, const int n_floats)
{
    enum { LINE_FLOATS = 16 };
#pragma GCC unroll 8
    for (int i = 0; i < n_floats; i += LINE_FLOATS)
        vec_prefetch((uintptr_t)b + (distance + (size_t)i) * sizeof(float));
}

/* Adds one panel row's products to the tile: b points to n_panels rows, panel_stride apart. */
ALWAYS_INLINE void tile_step(vec acc[GEMM_MAX_ROWS][MAX_TILE_VECTORS], const float *const *a, int k, const float *b,
                             size_t panel_stride, const int rows, const int vectors, const int panels)
{
    vec panel_row[MAX_TILE_VECTORS];
#pragma GCC unroll 8
    for (int p = 0; p < panels; p++)
#pragma GCC unroll 8
        for (int j = 0; j < vectors; j++)
            panel_row[p * vectors + j] = vec_load(b + (size_t)p * panel_stride + (size_t)(j * LANES));
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) {
        const vec x = vec_set(a[i][k]);
#pragma GCC unroll 16
        for (int j = 0; j < panels * vectors; j++) acc[i][j] = vec_fma(x, panel_row[j], acc[i][j]);
    }
}

/* Writes the finished tile: residual, ReLU. */
ALWAYS_INLINE void tile_finish(vec acc[GEMM_MAX_ROWS][MAX_TILE_VECTORS], const struct gemm_block *g, int column,
                               const int rows, const int vectors)
{
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) {
        float *out = g->out[i] + column;
#pragma GCC unroll 16
        for (int j = 0; j < vectors; j++) {
            vec sum = acc[i][j];
            if (g->residual[0] != NULL) sum = vec_add(sum, vec_load(g->residual[i] + column + j * LANES));
            if (g->has_relu) sum = vec_max(sum, vec_zero());
            vec_store(out + j * LANES, sum);
        }
    }
}

/* rows x (panels * vectors) of the result, from `column` on; b is the first of the panels. */
ALWAYS_INLINE void tile(const struct gemm_block *g, const float *b, int column, const int rows, const int vectors,
                        const int panels)
{
    vec acc[GEMM_MAX_ROWS][MAX_TILE_VECTORS];
    const size_t panel_stride = (size_t)(g->n_taps * g->depth) * (size_t)(vectors * LANES);
    const size_t distance = (size_t)panels * panel_stride;
    int until_ahead = g->ahead_parts > 0 ? g->ahead_part : -1;
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 16
        for (int j = 0; j < panels * vectors; j++)
            acc[i][j] = g->bias != NULL ? vec_load(g->bias + column + j * LANES) : vec_zero();
    for (int t = 0; t < g->n_taps; t++) {
        const float *a[GEMM_MAX_ROWS];
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) a[i] = g->a[i] + g->taps[t];
        for (int k = 0; k < g->depth; k++, b += vectors * LANES) {
            if (until_ahead-- == 0) {
                prefetch_ahead(b, distance, vectors * LANES);
                until_ahead = g->ahead_parts - 1;
            }
            tile_step(acc, a, k, b, panel_stride, rows, vectors, panels);
        }
    }
    tile_finish(acc, g, column, rows, panels * vectors);
}

/* One panel for however many rows the call has. */
ALWAYS_INLINE void tile_of_rows(const struct gemm_block *g, const float *b, int column, const int vectors)
{
    switch (g->n_rows) {
    case 1: tile(g, b, column, 1, vectors, 1); return;
    case 2: tile(g, b, column, 2, vectors, 1); return;
    case 3: tile(g, b, column, 3, vectors, 1); return;
    case 4: tile(g, b, column, 4, vectors, 1); return;
    case 5: tile(g, b, column, 5, vectors, 1); return;
    default: tile(g, b, column, 6, vectors, 1); return;
    }
}

/* `panels` of them side by side for one row or two, as long as there are so many; returns the first column left. */
ALWAYS_INLINE int tiles_side_by_side(const struct gemm_block *g, const int rows, const int panels)
{
    const size_t depth = (size_t)(g->n_taps * g->depth);
    int column = 0;
    for (; g->n_columns - column >= panels * PANEL; column += panels * PANEL)
        tile(g, g->b + depth * (size_t)column, column, rows, GEMM_VECTORS, panels);
    return column;
}

static void TIER(gemm_block)(const struct gemm_block *g)
{
    /* Eight accumulators hide a latency of four at two per cycle. Two rows of eight, and their panels, take the
     * registers of AVX-512; AVX2 has sixteen. */
    enum { BESIDE_ONE = 8 / GEMM_VECTORS, BESIDE_TWO = LANES == 16 ? BESIDE_ONE : BESIDE_ONE / 2 };
    const size_t depth = (size_t)(g->n_taps * g->depth);
    const float *b = g->b;
    int column = 0;
    if (g->n_rows == 1) column = tiles_side_by_side(g, 1, BESIDE_ONE);
    if (g->n_rows == 2) column = tiles_side_by_side(g, 2, BESIDE_TWO);
    for (; g->n_columns - column >= PANEL; column += PANEL)
        tile_of_rows(g, b + depth * (size_t)column, column, GEMM_VECTORS);
#if GEMM_VECTORS > CHANNEL_VECTORS
    /* The last panel is narrower: a multiple of CHANNEL_ALIGN. */
    const float *last = b + depth * (size_t)column;
    switch ((g->n_columns - column) / CHANNEL_ALIGN) {
    case 1: tile_of_rows(g, last, column, 1); break;
    case 2: tile_of_rows(g, last, column, 2); break;
    case 3: tile_of_rows(g, last, column, 3); break;
    default: break;
    }
#endif
}

#endif
