/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_int16.h - kernels in 16-bit integers to the Winograd domain: one axis when the model is opened, the other
 * when they are used (kernels.h says how). Include a vector_*.h first, and winograd.h. */
#ifndef TRBA_KERNELS_SIMD_WINOGRAD_INT16_H
#define TRBA_KERNELS_SIMD_WINOGRAD_INT16_H

#include "kernels/simd/panel.h"
#include "kernels/simd/winograd_product_int16.h"
#include "kernels/winograd_shifts.h"

/* ---- when the model is opened ---- */

/* T0, T1 and T2 of LANES columns, transformed along the other axis, times `factor`. */
ALWAYS_INLINE void load_taps(const float *kernels, int width, vec factor, vec taps[WINOGRAD_TAPS], const int row)
{
    static const float at[WINOGRAD_AXIS_POINTS] = {0.0f, point_a, -point_a, point_b, -point_b, 0.0f};
    const vec factors[WINOGRAD_TAPS] = {factor, vec_mul(vec_set(point_a), factor), vec_mul(vec_set(square_a), factor)};
#pragma GCC unroll 3
    for (int t = 0; t < WINOGRAD_TAPS; t++)
        taps[t] = vec_mul(weights_point(kernels + t * width, 3 * width, row, at[row]), factors[t]);
}

/* What the largest magnitude of the kernels of each of LANES columns becomes INT16_LARGEST with; 0 if negligible. */
ALWAYS_INLINE vec find_unit(const float *kernels, int n, int width)
{
    vec largest = vec_zero();
    for (int i = 0; i < n; i++) largest = vec_max(largest, vec_magnitude(vec_load(kernels + i * width)));
    return vec_choose_less(largest, vec_set(INT16_NEGLIGIBLE), vec_zero(),
                           vec_div(vec_set((float)INT16_LARGEST), largest));
}

/* Of each point's column: what the factor and the shifts are chosen by. */
struct point_sizes {
    vec squares[WINOGRAD_AXIS_POINTS], largest[WINOGRAD_AXIS_POINTS];
};

/* One channel's taps to its points; these are added. */
ALWAYS_INLINE void add_point_sizes(struct point_sizes *sizes, const vec t[WINOGRAD_TAPS])
{
    const vec even_a = vec_add(t[0], t[2]), even_b = vec_fma(vec_set(4.0f), t[2], t[0]), odd_b = vec_add(t[1], t[1]);
    const vec points[WINOGRAD_AXIS_POINTS] = {t[0], vec_add(even_a, t[1]), vec_sub(even_a, t[1]),
                                              vec_add(even_b, odd_b), vec_sub(even_b, odd_b), t[2]};
#pragma GCC unroll 6
    for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) {
        sizes->squares[p] = vec_fma(points[p], points[p], sizes->squares[p]);
        sizes->largest[p] = vec_max(sizes->largest[p], vec_magnitude(points[p]));
    }
}

/* The factors of LANES columns of a row of points, theirs and the shifts stored. */
ALWAYS_INLINE vec choose_factors(const struct winograd_taps_int16 *w, int column, vec unit,
                                 const struct point_sizes *sizes, const int row)
{
    float squares[WINOGRAD_AXIS_POINTS * LANES], largest[WINOGRAD_AXIS_POINTS * LANES], factors[LANES];
    for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) {
        vec_store(squares + p * LANES, sizes->squares[p]);
        vec_store(largest + p * LANES, sizes->largest[p]);
    }
    vec_store(factors, unit);
    for (int j = 0; j < LANES; j++) {
        const struct winograd_column_sizes of_column = {squares + j, largest + j, LANES};
        int shifts[WINOGRAD_SHIFTS];
        factors[j] *= choose_factor(&of_column, w->n_channels, shifts);
        store_column(w, row, column + j, factors[j], shifts);
    }
    return vec_load(factors);
}

/* One row of points of LANES columns from `column` on. */
ALWAYS_INLINE void quantize_taps(const struct winograd_taps_int16 *w, int column, vec unit, const int row)
{
    const float *kernels = w->kernels + column;
    const int step = 9 * w->width;
    struct point_sizes sizes;
#pragma GCC unroll 6
    for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) sizes.squares[p] = sizes.largest[p] = vec_zero();
    for (int k = 0; k < w->n_channels; k++) {
        vec taps[WINOGRAD_TAPS];
        load_taps(kernels + k * step, w->width, unit, taps, row);
        add_point_sizes(&sizes, taps);
    }
    const vec factor = choose_factors(w, column, unit, &sizes, row);
    int16_t *out = w->taps + (size_t)row * (size_t)(w->n_channels * w->width) * WINOGRAD_TAPS +
                   taps_of_column(column, w->n_channels);
    for (int k = 0; k < w->n_channels; k += 2, out += TAP_PAIRS) {
        vec first[WINOGRAD_TAPS], second[WINOGRAD_TAPS];
        load_taps(kernels + k * step, w->width, factor, first, row);
        load_taps(kernels + (k + 1) * step, w->width, factor, second, row);
#pragma GCC unroll 3
        for (int t = 0; t < WINOGRAD_TAPS; t++) ivec_store(out + TAP_PAIR * t, ivec_from_pairs(first[t], second[t]));
    }
}

static void TIER(winograd_taps_int16)(const struct winograd_taps_int16 *w)
{
    for (int column = 0; column < w->width; column += LANES) {
        const vec unit = find_unit(w->kernels + column, 9 * w->n_channels, w->width);
        quantize_taps(w, column, unit, 0);
        quantize_taps(w, column, unit, 1);
        quantize_taps(w, column, unit, 2);
        quantize_taps(w, column, unit, 3);
        quantize_taps(w, column, unit, 4);
        quantize_taps(w, column, unit, 5);
    }
}

/* ---- when they are used ---- */

enum { PAIRS_AHEAD = 32 }; /* 6 KB: taps come from memory */

static void TIER(winograd_points_int16)(const struct winograd_points_int16 *w)
{
    static const int places[WINOGRAD_AXIS_POINTS] = {0, 5, 1, 2, 3, 4}; /* of what is made, pair by pair */
    const int width = w->width, n_channels = w->n_channels;
    const size_t point_stride = w->point_stride;
    for (int column = 0; column < width; column += LANES) {
        const int16_t *taps = w->taps + taps_of_column(column, n_channels);
        int16_t *points = w->points + 2 * column;
        const struct halving a = halving_load(w->shifts + 2 * column);
        const struct halving b = halving_load(w->shifts + 2 * (width + column));
        for (int k = 0; k < n_channels; k += 2, taps += TAP_PAIRS, points += 2 * width) {
            ivec made[WINOGRAD_AXIS_POINTS];
            for (int i = 0; i < WINOGRAD_TAPS; i++) vec_prefetch_near(taps + PAIRS_AHEAD * TAP_PAIRS + i * TAP_PAIR);
            make_points(made, taps, NULL, 0);
            make_points(made + 2, taps, &a, 1);
            make_points(made + 4, taps, &b, 3);
#pragma GCC unroll 6
            for (int i = 0; i < WINOGRAD_AXIS_POINTS; i++)
                ivec_store(points + (size_t)places[i] * point_stride, made[i]);
        }
    }
}

#endif
