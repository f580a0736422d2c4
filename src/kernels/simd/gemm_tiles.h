/* SPDX-License-Identifier: Apache-2.0 */
/* gemm_tiles.h - products in tiles, and pixels to rows of tiles. Include a vector_*.h and panel.h first.
 *
 * Without AMX the products are not made for speed (Winograd's are faster): they have the meaning of the AMX tier's on
 * any machine, for the tests, at a speed that lets them read thousands of pictures.
 */
#ifndef TRBA_KERNELS_SIMD_GEMM_TILES_H
#define TRBA_KERNELS_SIMD_GEMM_TILES_H

#include "kernels/simd/panel.h"

enum {
    TILE_VECTORS = TILE_COLUMNS / LANES,
    REGISTER_ROWS = 6,
    TILE_STEP = TILE_ROWS * TILE_BYTES /* bytes of one block, tap and part of a panel */
};

/* Pairs k, k + 1 of a row; two of the numbers of each column. */
ALWAYS_INLINE ivec load_pair(const uint8_t *p) { return ivec_set_pair((const int16_t *)(const void *)p); }
ALWAYS_INLINE ivec load_columns(const uint8_t *p) { return ivec_load((const int16_t *)(const void *)p); }

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

/* Adds the products of one block and tap of the rows and of the panel. */
ALWAYS_INLINE void step_bf16(vec sums[REGISTER_ROWS][TILE_VECTORS], const uint8_t *a, const uint8_t *b, const int rows)
{
    for (int k = 0; k < TILE_BYTES; k += 4, b += TILE_BYTES) {
#pragma GCC unroll 4
        for (int j = 0; j < TILE_VECTORS; j++) {
            const ivec pairs = load_columns(b + j * 4 * LANES);
            const vec first = first_bf16(pairs), second = second_bf16(pairs);
#pragma GCC unroll 6
            for (int i = 0; i < rows; i++) {
                const ivec pair = load_pair(a + i * TILE_BYTES + k);
                sums[i][j] = vec_fma(first_bf16(pair), first, sums[i][j]);
                sums[i][j] = vec_fma(second_bf16(pair), second, sums[i][j]);
            }
        }
    }
}

ALWAYS_INLINE void finish_tile_row(const vec *sums, const struct gemm_tiles *g, int row)
{
    const ptrdiff_t at = g->row_at[row];
    if (at < 0) return;
    for (int j = 0; j < TILE_VECTORS; j++) {
        vec value = vec_add(sums[j], vec_load(g->bias + j * LANES));
        if (g->residual != NULL) value = vec_add(value, vec_load(g->residual + at + j * LANES));
        if (g->has_relu) value = vec_max(value, vec_zero());
        vec_store(g->out + at + j * LANES, value);
    }
}

ALWAYS_INLINE void rows_bf16(const struct gemm_tiles *g, int row, const int rows)
{
    vec sums[REGISTER_ROWS][TILE_VECTORS];
    const uint8_t *a = g->a + (size_t)row * TILE_BYTES, *b = g->b;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < TILE_VECTORS; j++) sums[i][j] = vec_zero();
    for (int block = 0; block < g->n_blocks; block++) {
        for (int t = 0; t < g->n_taps; t++, b += TILE_STEP)
            step_bf16(sums, a + (size_t)block * g->block_stride + g->taps[t], b, rows);
    }
    for (int i = 0; i < rows; i++) finish_tile_row(sums[i], g, row + i);
}

static void TIER(gemm_tiles_bf16)(const struct gemm_tiles *g)
{
    int row = 0;
    for (; row + REGISTER_ROWS <= g->n_rows; row += REGISTER_ROWS) rows_bf16(g, row, REGISTER_ROWS);
    for (; row < g->n_rows; row++) rows_bf16(g, row, 1);
}

/* Adds the products of one part of a row and one part of the panel, four channels at a time. */
ALWAYS_INLINE void step_int8(ivec sums[TILE_VECTORS], const uint8_t *a, const uint8_t *b)
{
    for (int k = 0; k < TILE_BYTES; k += 4, b += TILE_BYTES) {
        const ivec four = load_pair(a + k), even = ivec_even_bytes(four), odd = ivec_odd_bytes(four);
        for (int j = 0; j < TILE_VECTORS; j++) {
            const ivec columns = load_columns(b + j * 4 * LANES);
            sums[j] = ivec_dot(sums[j], even, ivec_even_bytes(columns));
            sums[j] = ivec_dot(sums[j], odd, ivec_odd_bytes(columns));
        }
    }
}

ALWAYS_INLINE void row_int8x2(const struct gemm_tiles *g, int row)
{
    ivec high[TILE_VECTORS], mixed[TILE_VECTORS];
    vec sums[TILE_VECTORS];
    const uint8_t *a = g->a + (size_t)row * TILE_BYTES, *b = g->b;
    for (int j = 0; j < TILE_VECTORS; j++) high[j] = mixed[j] = ivec_zero();
    for (int block = 0; block < g->n_blocks; block++) {
        for (int t = 0; t < g->n_taps; t++, b += 2 * TILE_STEP) {
            const uint8_t *high_part = a + (size_t)block * g->block_stride + g->taps[t];
            step_int8(high, high_part, b);
            step_int8(mixed, high_part, b + TILE_STEP);
            step_int8(mixed, high_part + g->part_stride, b);
        }
    }
    for (int j = 0; j < TILE_VECTORS; j++) {
        const vec scale = vec_mul(vec_set(g->scale * 256.0f), vec_load(g->column_scales + j * LANES));
        sums[j] = vec_mul(vec_fma(ivec_to_float(high[j]), vec_set(256.0f), ivec_to_float(mixed[j])), scale);
    }
    finish_tile_row(sums, g, row);
}

static void TIER(gemm_tiles_int8x2)(const struct gemm_tiles *g)
{
    for (int row = 0; row < g->n_rows; row++) row_int8x2(g, row);
}

/* One pixel's channels from `first` on: a block, or some of one and zeros. */
ALWAYS_INLINE void block_to_bf16(const float *in, int n, uint8_t *out)
{
    for (int k = 0; k < BF16_DEPTH; k += LANES)
        vec_store_bf16((uint16_t *)(void *)out + k, round_bf16(k < n ? vec_load(in + k) : vec_zero()));
}

static void TIER(pixels_to_bf16)(const struct tile_pixels *p)
{
    const float *in = p->in;
    for (int pixel = 0; pixel < p->n_pixels; pixel++, in += p->n_channels) {
        for (int c = 0, block = 0; c < p->n_channels; c += BF16_DEPTH, block++) {
            const size_t at = (size_t)block * p->block_stride + (size_t)pixel * TILE_BYTES;
            block_to_bf16(in + c, p->n_channels - c, p->high + at);
        }
    }
}

ALWAYS_INLINE void block_to_int8x2(const float *in, int n, vec factor, uint8_t *high, uint8_t *low)
{
#pragma GCC unroll 4
    for (int k = 0; k < INT8X2_DEPTH; k += LANES)
        vec_store_int8x2(high + k, low + k, k < n ? vec_mul(vec_load(in + k), factor) : vec_zero());
}

static void TIER(pixels_to_int8x2)(const struct tile_pixels *p)
{
    const vec factor = vec_set(p->factor);
    const float *in = p->in;
    for (int pixel = 0; pixel < p->n_pixels; pixel++, in += p->n_channels) {
        for (int c = 0, block = 0; c < p->n_channels; c += INT8X2_DEPTH, block++) {
            const size_t at = (size_t)block * p->block_stride + (size_t)pixel * TILE_BYTES;
            /* Numbers that are not finite come with factor 0, and times 0 are not numbers. */
            const int n = p->factor == 0.0f ? 0 : p->n_channels - c;
            block_to_int8x2(in + c, n, factor, p->high + at, p->low + at);
        }
    }
}

/* Numbers that are not finite are NaN times zero; the sum of all of those tells. */
static float TIER(largest_magnitude)(const float *x, size_t n)
{
    vec largest[2] = {vec_zero(), vec_zero()}, nothing = vec_zero();
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        const vec even = vec_load(x + i), odd = vec_load(x + i + LANES);
        largest[0] = vec_max(largest[0], vec_magnitude(even));
        largest[1] = vec_max(largest[1], vec_magnitude(odd));
        nothing = vec_fma(even, vec_zero(), vec_fma(odd, vec_zero(), nothing));
    }
    for (; i < n; i += LANES) {
        const vec value = vec_load(x + i);
        largest[0] = vec_max(largest[0], vec_magnitude(value));
        nothing = vec_fma(value, vec_zero(), nothing);
    }
    return vec_largest(vec_max(largest[0], largest[1])) + vec_sum(nothing);
}

#endif
