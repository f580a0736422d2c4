/* SPDX-License-Identifier: Apache-2.0 */
/* gemm_bf16.h - products in bfloat16, and pixels to bfloat16. Include a vector_*.h and panel.h first.
 *
 * Without AMX the product is not made for speed (Winograd's in float32 is faster): it has the meaning of the AMX tier's
 * on any machine, for the tests, at a speed that lets them read thousands of pictures.
 */
#ifndef TRBA_KERNELS_SIMD_GEMM_BF16_H
#define TRBA_KERNELS_SIMD_GEMM_BF16_H

#include "kernels/simd/panel.h"

enum {
    BF16_VECTORS = BF16_COLUMNS / LANES,
    BF16_ROWS = 12 / BF16_VECTORS, /* rows of a register tile */
    BF16_STEP = BF16_DEPTH * BF16_COLUMNS /* numbers of one block, tap and part of a panel */
};

/* bfloat16 in pairs: the first numbers, the second numbers, as floats. */
ALWAYS_INLINE vec first_bf16(ivec pairs) { return ivec_as_float(ivec_left_16(pairs)); }
ALWAYS_INLINE vec second_bf16(ivec pairs) { return ivec_as_float(ivec_and(pairs, ivec_set((int)0xFFFF0000))); }

/* Where v is finite, `yes`; else `no`. */
ALWAYS_INLINE vec choose_finite(vec v, vec yes, vec no)
{
    return vec_choose_less(vec_sub(v, v), vec_set(1.0f), yes, no); /* infinity - infinity is NaN */
}

/* To the nearest bfloat16, ties to even; infinity and NaN stay what they are. */
ALWAYS_INLINE vec round_bf16(vec v)
{
    const ivec bits = ivec_of_bits(v), odd = ivec_and(ivec_right_16(bits), ivec_set(1));
    const vec nearest = ivec_as_float(ivec_add(bits, ivec_add(ivec_set(0x7FFF), odd)));
    return second_bf16(ivec_of_bits(choose_finite(v, nearest, vec_add(v, v)))); /* the sum is a quiet NaN */
}

/* Adds the products of one part of the rows and one part of the panel. */
ALWAYS_INLINE void step_bf16(vec sums[BF16_ROWS][BF16_VECTORS], const uint16_t *a, const uint16_t *b, const int rows)
{
    for (int k = 0; k < BF16_DEPTH; k += 2, b += 2 * BF16_COLUMNS) {
#pragma GCC unroll 4
        for (int j = 0; j < BF16_VECTORS; j++) {
            const ivec pairs = ivec_load((const int16_t *)b + j * 2 * LANES);
            const vec first = first_bf16(pairs), second = second_bf16(pairs);
#pragma GCC unroll 6
            for (int i = 0; i < rows; i++) {
                const ivec pair = ivec_set_pair((const int16_t *)a + i * BF16_DEPTH + k);
                sums[i][j] = vec_fma(first_bf16(pair), first, sums[i][j]);
                sums[i][j] = vec_fma(second_bf16(pair), second, sums[i][j]);
            }
        }
    }
}

ALWAYS_INLINE void finish_bf16_row(const vec *sums, const struct gemm_block_bf16 *g, int row)
{
    float *out = g->out[row];
    if (out == NULL) return;
    for (int j = 0; j * LANES < g->n_columns; j++) {
        vec value = vec_add(sums[j], vec_load(g->bias + j * LANES));
        if (g->residual[0] != NULL) value = vec_add(value, vec_load(g->residual[row] + j * LANES));
        if (g->has_relu) value = vec_max(value, vec_zero());
        vec_store(out + j * LANES, value);
    }
}

ALWAYS_INLINE void tile_bf16(const struct gemm_block_bf16 *g, int row, const int rows)
{
    vec sums[BF16_ROWS][BF16_VECTORS];
    const uint16_t *b = g->b;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < BF16_VECTORS; j++) sums[i][j] = vec_zero();
    for (int block = 0; block < g->n_blocks; block++) {
        for (int t = 0; t < g->n_taps; t++, b += g->n_parts * BF16_STEP) {
            const uint16_t *a = g->a + (size_t)block * g->block_stride + g->taps[t] + row * BF16_DEPTH;
            step_bf16(sums, a, b, rows);
            if (g->n_parts == 1) continue;
            step_bf16(sums, a, b + BF16_STEP, rows);
            step_bf16(sums, a + g->part_stride, b, rows);
        }
    }
    for (int i = 0; i < rows; i++) finish_bf16_row(sums[i], g, row + i);
}

static void TIER(gemm_block_bf16)(const struct gemm_block_bf16 *g)
{
    int row = 0;
    for (; row + BF16_ROWS <= g->n_rows; row += BF16_ROWS) tile_bf16(g, row, BF16_ROWS);
    for (; row < g->n_rows; row++) tile_bf16(g, row, 1);
}

/* One pixel's channels from `first` on: a block, or half of one and zeros. */
ALWAYS_INLINE void block_to_bf16(const float *in, int n, uint16_t *high, uint16_t *low)
{
    for (int k = 0; k < BF16_DEPTH; k += LANES) {
        const vec value = k < n ? vec_load(in + k) : vec_zero(), rounded = round_bf16(value);
        vec_store_bf16(high + k, rounded);
        if (low == NULL) continue;
        vec_store_bf16(low + k, choose_finite(rounded, round_bf16(vec_sub(value, rounded)), vec_zero()));
    }
}

static void TIER(pixels_to_bf16)(const struct pixels_bf16 *p)
{
    const float *in = p->in;
    for (int pixel = 0; pixel < p->n_pixels; pixel++, in += p->n_channels) {
        for (int c = 0, block = 0; c < p->n_channels; c += BF16_DEPTH, block++) {
            const size_t at = (size_t)block * p->block_stride + (size_t)(pixel * BF16_DEPTH);
            block_to_bf16(in + c, p->n_channels - c, p->high + at, p->low != NULL ? p->low + at : NULL);
        }
    }
}

#endif
