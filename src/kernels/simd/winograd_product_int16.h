/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_product_int16.h - taps to points in registers, and there multiplied with the tiles. Include a vector_*.h
 * first, and define GEMM_VECTORS and CHANNEL_VECTORS.
 *
 * Points are made in pairs: p and -p, which share their even and odd parts, or 0 and infinity. For a pair of channels
 * and PRODUCT_COLUMNS vectors of columns: three loads each to two vectors of points, then for every tile two pairs of
 * channels to all lanes, and four dot products. AVX-512: 2 x 2 x 5 sums and 4 points, of 32 registers; AVX2: 2 x 3
 * sums, of 16. So few tiles at a time read the taps several times: CHUNK_CHANNELS of them, which stay in the
 * first-level cache, while the sums of all tiles wait in memory.
 */
#ifndef TRBA_KERNELS_SIMD_WINOGRAD_PRODUCT_INT16_H
#define TRBA_KERNELS_SIMD_WINOGRAD_PRODUCT_INT16_H

#include "base/integers.h"
#include "kernels/simd/panel.h"

/* Integers from the taps of a pair of channels to those of the next, of a block of columns. */
enum { TAP_PAIR = 2 * CHANNEL_ALIGN, TAP_PAIRS = WINOGRAD_TAPS * TAP_PAIR };
enum {
    PRODUCT_COLUMNS = LANES == 16 ? 2 : 1, /* vectors */
    PRODUCT_TILES = LANES == 16 ? 5 : 3,
    CHUNK_CHANNELS = 128 /* their taps: 24 KB */
};

/* Where the taps of a vector of columns begin. */
ALWAYS_INLINE size_t taps_of_column(int column, int n_channels)
{
    const size_t block = (size_t)(column / CHANNEL_ALIGN) * (size_t)(n_channels / 2) * TAP_PAIRS;
    return block + (size_t)(2 * (column % CHANNEL_ALIGN));
}

/* The taps of a pair of channels to a pair of points. h: of points 1 and 3. */
ALWAYS_INLINE void make_points(ivec points[2], const int16_t *taps, const struct halving *h, const int point)
{
    const ivec t0 = ivec_load(taps), t2 = ivec_load(taps + 2 * TAP_PAIR);
    if (point == 0) {
        points[0] = t0;
        points[1] = t2;
        return;
    }
    const ivec t1 = ivec_load(taps + TAP_PAIR);
    if (point == 1) ivec_halve_pair(points, ivec_add_int16(t0, t2), t1, h);
    else ivec_halve_pair(points, ivec_add_int16(t0, ivec_times_4_int16(t2)), ivec_add_int16(t1, t1), h);
}

/* i * stride, such that an address needs no register of its own. */
ALWAYS_INLINE size_t tile_offset(const int i, size_t stride, size_t three)
{
    return i == 0 ? 0 : i == 1 ? stride : i == 2 ? 2 * stride : i == 3 ? three : 4 * stride;
}

/* The sums of one tile, of a pair of points. */
typedef ivec tile_sums[2][PRODUCT_COLUMNS];

/* Where the product stands: `columns` vectors of columns from `column` on, n channels from `channel` on. */
struct product_step {
    int column, channel, n;
};

/* Between registers and memory. */
ALWAYS_INLINE void copy_sums(tile_sums *to, const tile_sums *from, const int tiles, const int columns)
{
#pragma GCC unroll 5
    for (int i = 0; i < tiles; i++)
#pragma GCC unroll 2
        for (int j = 0; j < columns; j++)
#pragma GCC unroll 2
            for (int q = 0; q < 2; q++) to[i][q][j] = from[i][q][j];
}

/* Adds the products of a pair of points of `tiles` tiles. Meanwhile a line is asked for with every pair of channels. */
ALWAYS_INLINE void add_products(const struct winograd_product_int16 *w, const struct product_step *at, int first,
                                tile_sums *kept, const int16_t *ahead, const int point, const int tiles,
                                const int columns)
{
    struct halving halvings[PRODUCT_COLUMNS];
    tile_sums sums[PRODUCT_TILES];
#pragma GCC unroll 2
    for (int j = 0; j < columns; j++)
        halvings[j] = halving_load(w->shifts + 2 * ((point == 3 ? w->width : 0) + at->column + j * LANES));
    copy_sums(sums, kept, tiles, columns);
    const int16_t *taps = w->taps + taps_of_column(at->column, w->n_channels) + at->channel / 2 * TAP_PAIRS;
    const size_t next = (size_t)(w->n_channels / 2) * TAP_PAIRS; /* vector of columns, if there are two */
    const size_t stride = (size_t)w->n_channels, three = 3 * stride, offset = (size_t)first * stride;
    const int16_t *a = w->a + (size_t)point * w->a_stride + offset + at->channel;
    const int16_t *b = w->a + (size_t)winograd_paired_point(point) * w->a_stride + offset + at->channel;
    for (const int16_t *end = a + at->n; a < end; a += 2, b += 2, taps += TAP_PAIRS, ahead += TAP_PAIR) {
        ivec points[PRODUCT_COLUMNS][2];
        vec_prefetch_near(ahead);
#pragma GCC unroll 2
        for (int j = 0; j < columns; j++) make_points(points[j], taps + (size_t)j * next, &halvings[j], point);
#pragma GCC unroll 5
        for (int i = 0; i < tiles; i++) {
            const size_t tile = tile_offset(i, stride, three);
            const ivec of_a = ivec_set_pair(a + tile), of_b = ivec_set_pair(b + tile);
#pragma GCC unroll 2
            for (int j = 0; j < columns; j++) {
                sums[i][0][j] = ivec_dot(sums[i][0][j], of_a, points[j][0]);
                sums[i][1][j] = ivec_dot(sums[i][1][j], of_b, points[j][1]);
            }
        }
    }
    copy_sums(kept, sums, tiles, columns);
}

/* The same of all tiles, a few at a time. */
ALWAYS_INLINE const int16_t *add_products_of_tiles(const struct winograd_product_int16 *w,
                                                   const struct product_step *at, tile_sums *kept,
                                                   const int16_t *ahead, const int point, const int columns)
{
    for (int first = 0; first < w->n_tiles;) {
        const int left = w->n_tiles - first, tiles = divide_up(left, divide_up(left, PRODUCT_TILES));
        switch (tiles) {
        case 1: add_products(w, at, first, kept + first, ahead, point, 1, columns); break;
        case 2: add_products(w, at, first, kept + first, ahead, point, 2, columns); break;
        case 3: add_products(w, at, first, kept + first, ahead, point, 3, columns); break;
#if CHANNEL_VECTORS == 1 /* sixteen lanes */
        case 4: add_products(w, at, first, kept + first, ahead, point, 4, columns); break;
        default: add_products(w, at, first, kept + first, ahead, point, 5, columns); break;
#endif
        }
        first += tiles;
        ahead += (at->n / 2) * TAP_PAIR;
    }
    return ahead;
}

/* The sums of one point of all tiles, scaled, to their places. */
ALWAYS_INLINE void store_products(const struct winograd_product_int16 *w, int column, const tile_sums *sums,
                                  const int point, const int q, const int columns)
{
    const float *column_scales = w->column_scales + point * w->width + column;
    const float *row_scales = w->row_scales + (size_t)point * w->scale_stride;
    float *out = w->out + (size_t)point * w->out_stride + column;
    for (int i = 0; i < w->n_tiles; i++, out += w->width) {
#pragma GCC unroll 2
        for (int j = 0; j < columns; j++) {
            const vec scale = vec_mul(vec_set(row_scales[i]), vec_load(column_scales + j * LANES));
            vec_store(out + j * LANES, vec_mul(scale, ivec_to_float(sums[i][q][j])));
        }
    }
}

/* All points of all tiles, of `columns` vectors of columns. */
ALWAYS_INLINE const int16_t *multiply_columns(const struct winograd_product_int16 *w, int column,
                                              const int16_t *ahead, const int columns)
{
    tile_sums sums[3][WINOGRAD_FEW_TILES]; /* of the pairs of points */
    for (int pair = 0; pair < 3; pair++)
        for (int i = 0; i < w->n_tiles; i++)
            for (int j = 0; j < columns; j++) sums[pair][i][0][j] = sums[pair][i][1][j] = ivec_zero();
    struct product_step at = {.column = column};
    for (; at.channel < w->n_channels; at.channel += at.n) {
        at.n = smaller(CHUNK_CHANNELS, w->n_channels - at.channel);
        ahead = add_products_of_tiles(w, &at, sums[0], ahead, 0, columns);
        ahead = add_products_of_tiles(w, &at, sums[1], ahead, 1, columns);
        ahead = add_products_of_tiles(w, &at, sums[2], ahead, 3, columns);
    }
    store_products(w, column, sums[0], 0, 0, columns);
    store_products(w, column, sums[0], 5, 1, columns);
    store_products(w, column, sums[1], 1, 0, columns);
    store_products(w, column, sums[1], 2, 1, columns);
    store_products(w, column, sums[2], 3, 0, columns);
    store_products(w, column, sums[2], 4, 1, columns);
    return ahead;
}

static void TIER(winograd_product_int16)(const struct winograd_product_int16 *w)
{
    const int16_t *ahead = w->ahead != NULL ? w->ahead : w->taps;
    int column = 0;
    for (; column + PRODUCT_COLUMNS * LANES <= w->width; column += PRODUCT_COLUMNS * LANES)
        ahead = multiply_columns(w, column, ahead, PRODUCT_COLUMNS);
    if (PRODUCT_COLUMNS > 1 && column < w->width) multiply_columns(w, column, ahead, 1);
}

#endif
