/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_product_int16.h - taps to points in registers, and there multiplied with the tiles. Include a vector_*.h
 * first, and define GEMM_VECTORS and CHANNEL_VECTORS.
 *
 * One vector of columns at a time, and one point or a pair p, -p, which share their even and odd parts. For a pair of
 * channels: three loads, three products and three sums for two vectors of points; then a dot product for every tile.
 * AVX-512: 2 x 7 tiles of sums, of 32 registers; AVX2: 2 x 3, of 16.
 */
#ifndef TRBA_KERNELS_SIMD_WINOGRAD_PRODUCT_INT16_H
#define TRBA_KERNELS_SIMD_WINOGRAD_PRODUCT_INT16_H

#include "base/integers.h"
#include "kernels/simd/panel.h"

/* Integers from the taps of a pair of channels to those of the next, of a block of columns. */
enum { TAP_PAIR = 2 * CHANNEL_ALIGN, TAP_PAIRS = WINOGRAD_TAPS * TAP_PAIR };
enum { PRODUCT_MAX_TILES = LANES == 16 ? 7 : 3 };

/* Where the taps of a vector of columns begin. */
ALWAYS_INLINE size_t taps_of_column(int column, int n_channels)
{
    const size_t block = (size_t)(column / CHANNEL_ALIGN) * (size_t)(n_channels / 2) * TAP_PAIRS;
    return block + (size_t)(2 * (column % CHANNEL_ALIGN));
}

/* i * stride, such that an address needs no register of its own. */
ALWAYS_INLINE size_t tile_offset(const int i, size_t stride, size_t three, size_t five)
{
    switch (i) {
    case 0: return 0;
    case 1: return stride;
    case 2: return 2 * stride;
    case 3: return three;
    case 4: return 4 * stride;
    case 5: return five;
    default: return 2 * three;
    }
}

/* The factors of t0, t1 and t2 of a point, or of a pair. */
struct point_factors {
    ivec of_t0, of_t1, of_t2;
};

/* Of a vector of columns, of a panel's factors. */
ALWAYS_INLINE struct point_factors load_factors(const int16_t *factors, int width, int column, const int point)
{
    const size_t row = 2 * (size_t)width;
    factors += 2 * column;
    switch (point) {
    case 0: return (struct point_factors){ivec_load(factors), ivec_zero(), ivec_zero()};
    case 1:
        return (struct point_factors){ivec_load(factors + row), ivec_load(factors + 2 * row),
                                      ivec_load(factors + 3 * row)};
    case 3:
        return (struct point_factors){ivec_load(factors + 4 * row), ivec_load(factors + 5 * row),
                                      ivec_load(factors + 6 * row)};
    default: return (struct point_factors){ivec_zero(), ivec_zero(), ivec_load(factors + 7 * row)};
    }
}

/* The taps of a pair of channels to point 0 or 5, or to the pair that begins with 1 or 3. */
ALWAYS_INLINE void make_points(ivec *points, const int16_t *taps, const struct point_factors *f, const int point)
{
    if (point == 0) {
        points[0] = ivec_mul_int16(ivec_load(taps), f->of_t0);
    } else if (point == WINOGRAD_AXIS_POINTS - 1) {
        points[0] = ivec_mul_int16(ivec_load(taps + 2 * TAP_PAIR), f->of_t2);
    } else {
        const ivec even = ivec_add_int16(ivec_mul_int16(ivec_load(taps), f->of_t0),
                                         ivec_mul_int16(ivec_load(taps + 2 * TAP_PAIR), f->of_t2));
        const ivec odd = ivec_mul_int16(ivec_load(taps + TAP_PAIR), f->of_t1);
        points[0] = ivec_add_int16(even, odd);
        points[1] = ivec_sub_int16(even, odd);
    }
}

/* The sums of one point, scaled, to their places. */
ALWAYS_INLINE void store_products(const struct winograd_product_int16 *w, int column, int first, int point,
                                  const ivec *sums, const int tiles)
{
    const vec column_scale = vec_load(w->column_scales + point * w->width + column);
    const float *row_scales = w->row_scales + (size_t)point * w->scale_stride + first;
    float *out = w->out + (size_t)point * w->out_stride + (size_t)(first * w->width + column);
#pragma GCC unroll 7
    for (int i = 0; i < tiles; i++)
        vec_store(out + (size_t)(i * w->width),
                  vec_mul(vec_mul(vec_set(row_scales[i]), column_scale), ivec_to_float(sums[i])));
}

/* Point 0 or 5, or the pair that begins with 1 or 3, of tiles first .. first + tiles - 1. */
ALWAYS_INLINE void product_of_points(const struct winograd_product_int16 *w, int column, int first, const int point,
                                     const int tiles, const int16_t *ahead)
{
    const int n_points = point == 1 || point == 3 ? 2 : 1;
    const struct point_factors factors = load_factors(w->factors, w->width, column, point);
    ivec sums[2][PRODUCT_MAX_TILES];
#pragma GCC unroll 2
    for (int q = 0; q < n_points; q++)
#pragma GCC unroll 7
        for (int i = 0; i < tiles; i++) sums[q][i] = ivec_zero();
    const int16_t *taps = w->taps + taps_of_column(column, w->n_channels);
    const size_t stride = (size_t)w->n_channels, three = 3 * stride, five = 5 * stride;
    const int16_t *a = w->a + (size_t)point * w->a_stride + (size_t)first * stride, *b = a + w->a_stride;
    for (const int16_t *end = a + stride; a < end; a += 2, b += 2, taps += TAP_PAIRS, ahead += TAP_PAIR) {
        ivec points[2];
        vec_prefetch_near(ahead);
        make_points(points, taps, &factors, point);
#pragma GCC unroll 7
        for (int i = 0; i < tiles; i++) {
            const size_t at = tile_offset(i, stride, three, five);
            sums[0][i] = ivec_dot(sums[0][i], ivec_set_pair(a + at), points[0]);
            if (n_points == 2) sums[1][i] = ivec_dot(sums[1][i], ivec_set_pair(b + at), points[1]);
        }
    }
#pragma GCC unroll 2
    for (int q = 0; q < n_points; q++) store_products(w, column, first, point + q, sums[q], tiles);
}

/* All points of some tiles, column by column. */
ALWAYS_INLINE void product_of_tiles(const struct winograd_product_int16 *w, int first, const int tiles,
                                    const int16_t *ahead)
{
    const size_t lines = (size_t)(w->n_channels / 2) * TAP_PAIR; /* integers that one call asks for */
    for (int column = 0; column < w->width; column += LANES) {
        product_of_points(w, column, first, 0, tiles, ahead);
        product_of_points(w, column, first, 1, tiles, ahead + lines);
        product_of_points(w, column, first, 3, tiles, ahead + 2 * lines);
        product_of_points(w, column, first, 5, tiles, ahead);
        ahead += WINOGRAD_TAPS * lines;
    }
}

static void TIER(winograd_product_int16)(const struct winograd_product_int16 *w)
{
    const int16_t *ahead = w->ahead != NULL ? w->ahead : w->taps;
    for (int first = 0; first < w->n_tiles;) {
        const int left = w->n_tiles - first, tiles = divide_up(left, divide_up(left, PRODUCT_MAX_TILES));
        switch (tiles) {
        case 1: product_of_tiles(w, first, 1, ahead); break;
        case 2: product_of_tiles(w, first, 2, ahead); break;
        case 3: product_of_tiles(w, first, 3, ahead); break;
#if CHANNEL_VECTORS == 1 /* sixteen lanes */
        case 4: product_of_tiles(w, first, 4, ahead); break;
        case 5: product_of_tiles(w, first, 5, ahead); break;
        case 6: product_of_tiles(w, first, 6, ahead); break;
        default: product_of_tiles(w, first, 7, ahead); break;
#endif
        }
        first += tiles;
        ahead = w->taps;
    }
}

#endif
