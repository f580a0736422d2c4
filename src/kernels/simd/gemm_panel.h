/* SPDX-License-Identifier: Apache-2.0 */
/* gemm_panel.h - the products of evenly spaced rows with one panel for each of some points, added to what is there, or
 * at last to a total.
 * Include a vector_*.h first, and define WINOGRAD_VECTORS, vectors per panel row, and WINOGRAD_ROWS, rows per tile.
 *
 * The panel is narrow and the tile high, so that the tiles of one image are one pass: AVX2 6 x 2 vectors, AVX-512
 * 12 x 2. Rows lie evenly spaced, so a pointer to every third and the distance are enough to address them.
 */
#ifndef TRBA_KERNELS_SIMD_GEMM_PANEL_H
#define TRBA_KERNELS_SIMD_GEMM_PANEL_H

#include "kernels/simd/panel.h"

enum { PANEL_MAX_ROWS = 12, ROWS_PER_POINTER = 3 };

/* Asks for the line of the cache with term k of some of the rows, `stride` apart: others each time, so that all have
 * been asked for when the terms of a line are through. */
ALWAYS_INLINE void prefetch_rows(const float *first_row, size_t stride, int k, const int pace, const int rows)
{
    enum { LINE_FLOATS = 16 };
    const int steps = LINE_FLOATS / pace;
    const float *row = first_row + (size_t)(k % LINE_FLOATS / pace) * stride + k;
#pragma GCC unroll 2
    for (int i = 0; i < rows; i += steps) vec_prefetch(row + (size_t)i * stride);
}

/* `rows` rows from `row` on, at one point. What `ahead` points to is asked for at an even pace, a line of the cache for
 * each 64 bytes of the panel; so are the rows of the next tile. At once the first line of each row of the total is:
 * asking for the second, too, gains nothing. */
ALWAYS_INLINE void panel_tile(const struct gemm_panel *g, int point, int row, const int rows, const int vectors)
{
    enum { MAX_POINTERS = PANEL_MAX_ROWS / ROWS_PER_POINTER };
    vec acc[PANEL_MAX_ROWS][WINOGRAD_VECTORS];
    const float *a[MAX_POINTERS];
    const size_t stride = g->a_stride, at = (size_t)point * g->out_point_stride + (size_t)(row * g->width);
    const float *first_row = g->a + (size_t)point * g->a_point_stride + (size_t)row * stride;
#pragma GCC unroll 4
    for (int i = 0; i < rows; i += ROWS_PER_POINTER) a[i / ROWS_PER_POINTER] = first_row + (size_t)i * stride;
    const float *sums = g->out + at;
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int j = 0; j < vectors; j++)
            acc[i][j] = g->continues ? vec_load(sums + (i * vectors + j) * LANES) : vec_zero();
    const float *total = g->total == NULL ? NULL : g->total + at;
    if (total != NULL) {
#pragma GCC unroll 12
        for (int i = 0; i < rows; i++) vec_prefetch_near(total + i * vectors * LANES);
    }
    const float *b = g->b + (size_t)point * g->b_point_stride;
    const size_t of_points_before = (size_t)(point * g->depth * g->width) / 4;
    uintptr_t ahead = (uintptr_t)(row == 0 && g->ahead != NULL ? g->ahead + of_points_before : b);
    const float *next_row = row + rows < g->n_rows ? first_row + (size_t)rows * stride : first_row;
    const int pace = 64 / (vectors * LANES);
    for (int k = 0; k < g->depth; k += pace, ahead += 64) {
        vec_prefetch_near(ahead);
        prefetch_rows(next_row, stride, k, pace, rows);
#pragma GCC unroll 4
        for (int step = 0; step < pace; step++, b += vectors * LANES) {
            vec panel_row[WINOGRAD_VECTORS];
#pragma GCC unroll 2
            for (int j = 0; j < vectors; j++) panel_row[j] = vec_load(b + j * LANES);
#pragma GCC unroll 12
            for (int i = 0; i < rows; i++) {
                const vec x = vec_set(a[i / ROWS_PER_POINTER][(size_t)(i % ROWS_PER_POINTER) * stride + (size_t)step]);
#pragma GCC unroll 2
                for (int j = 0; j < vectors; j++) acc[i][j] = vec_fma(x, panel_row[j], acc[i][j]);
            }
        }
#pragma GCC unroll 4
        for (int i = 0; i < rows; i += ROWS_PER_POINTER) a[i / ROWS_PER_POINTER] += pace;
    }
    float *out = (total != NULL ? g->total : g->out) + at;
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int j = 0; j < vectors; j++) {
            if (total != NULL) acc[i][j] = vec_add(vec_load(total + (i * vectors + j) * LANES), acc[i][j]);
            vec_store(out + (i * vectors + j) * LANES, acc[i][j]);
        }
}

/* The same rows at points first .. end - 1. */
ALWAYS_INLINE void panel_points(const struct gemm_panel *g, int first, int end, int row, const int rows,
                                const int vectors)
{
    for (int point = first; point < end; point++) panel_tile(g, point, row, rows, vectors);
}

/* Tiles are as even as they go. */
ALWAYS_INLINE void panel_tiles(const struct gemm_panel *g, int first, int end, const int vectors)
{
    const int n_tiles = (g->n_rows + WINOGRAD_ROWS - 1) / WINOGRAD_ROWS;
    for (int tile = 0, row = 0; tile < n_tiles; tile++) {
        const int n = (g->n_rows - row + n_tiles - tile - 1) / (n_tiles - tile);
        switch (n) {
        case 1: panel_points(g, first, end, row, 1, vectors); break;
        case 2: panel_points(g, first, end, row, 2, vectors); break;
        case 3: panel_points(g, first, end, row, 3, vectors); break;
        case 4: panel_points(g, first, end, row, 4, vectors); break;
        case 5: panel_points(g, first, end, row, 5, vectors); break;
        case 6: panel_points(g, first, end, row, 6, vectors); break;
#if WINOGRAD_ROWS > 6
        case 7: panel_points(g, first, end, row, 7, vectors); break;
        case 8: panel_points(g, first, end, row, 8, vectors); break;
        case 9: panel_points(g, first, end, row, 9, vectors); break;
        case 10: panel_points(g, first, end, row, 10, vectors); break;
        case 11: panel_points(g, first, end, row, 11, vectors); break;
        default: panel_points(g, first, end, row, 12, vectors); break;
#endif
        }
        row += n;
    }
}

/* Point by point, so that a panel stays in the cache while all rows go by; if they are few, without choosing the tile
 * anew for each point. */
static void TIER(gemm_panel)(const struct gemm_panel *g)
{
    const int step = g->n_rows <= WINOGRAD_ROWS ? g->n_points : 1;
    for (int point = 0; point < g->n_points; point += step) {
        if (g->width == CHANNEL_ALIGN) panel_tiles(g, point, point + step, CHANNEL_VECTORS);
        else panel_tiles(g, point, point + step, WINOGRAD_VECTORS);
    }
}

#endif
