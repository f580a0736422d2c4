/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_int16.h - kernels in 16-bit integers to the Winograd domain: one axis when the model is opened, the other
 * when they are used (kernels.h says how). Include a vector_*.h first, and winograd.h. */
#ifndef TRBA_KERNELS_SIMD_WINOGRAD_INT16_H
#define TRBA_KERNELS_SIMD_WINOGRAD_INT16_H

#include "kernels/simd/panel.h"
#include "kernels/simd/winograd_product_int16.h"
#include "kernels/winograd_factors.h"

/* ---- when the model is opened ---- */

/* The three taps of LANES columns, transformed along the other axis. */
ALWAYS_INLINE void load_taps(const float *kernels, int width, vec taps[WINOGRAD_AXIS_POINTS], const int row)
{
#pragma GCC unroll 3
    for (int t = 0; t < WINOGRAD_TAPS; t++) taps[t] = weights_point(kernels + t * width, 3 * width, row);
}

/* The largest magnitude of the taps of each of LANES columns. */
ALWAYS_INLINE vec largest_tap(const struct winograd_taps_int16 *w, const float *kernels, const int row)
{
    vec taps[WINOGRAD_AXIS_POINTS], largest = vec_zero();
    for (int k = 0; k < w->n_channels; k++) {
        load_taps(kernels + k * 9 * w->width, w->width, taps, row);
#pragma GCC unroll 3
        for (int t = 0; t < WINOGRAD_TAPS; t++) largest = vec_max(largest, vec_magnitude(taps[t]));
    }
    return largest;
}

/* Of each point's column: what the factors are chosen by. */
struct point_sizes {
    vec squares[WINOGRAD_AXIS_POINTS], largest[WINOGRAD_AXIS_POINTS];
};

/* One channel's taps to its points; these are added. */
ALWAYS_INLINE void add_point_sizes(struct point_sizes *sizes, vec d[WINOGRAD_AXIS_POINTS])
{
    weights_axis(d);
#pragma GCC unroll 6
    for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) {
        sizes->squares[p] = vec_fma(d[p], d[p], sizes->squares[p]);
        sizes->largest[p] = vec_max(sizes->largest[p], vec_magnitude(d[p]));
    }
}

ALWAYS_INLINE void finish_columns(const struct winograd_taps_int16 *w, int column, vec tap_scale,
                                  const struct point_sizes *sizes)
{
    float scales[LANES], squares[WINOGRAD_AXIS_POINTS * LANES], largest[WINOGRAD_AXIS_POINTS * LANES];
    vec_store(scales, tap_scale);
    for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) {
        vec_store(squares + p * LANES, sizes->squares[p]);
        vec_store(largest + p * LANES, sizes->largest[p]);
    }
    for (int j = 0; j < LANES; j++) choose_factors(w, column + j, scales[j], squares + j, largest + j, LANES);
}

/* LANES columns from `column` on. */
ALWAYS_INLINE void quantize_taps(const struct winograd_taps_int16 *w, int column, const int row)
{
    const float *kernels = w->kernels + column;
    const vec largest = largest_tap(w, kernels, row), negligible = vec_set(INT16_NEGLIGIBLE);
    const vec factor = vec_choose_less(largest, negligible, vec_zero(),
                                       vec_div(vec_set((float)INT16_LARGEST), largest));
    struct point_sizes sizes;
#pragma GCC unroll 6
    for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) sizes.squares[p] = sizes.largest[p] = vec_zero();
    int16_t *out = w->taps + taps_of_column(column, w->n_channels);
    for (int k = 0; k < w->n_channels; k += 2, out += TAP_PAIRS) {
        vec pair[2][WINOGRAD_AXIS_POINTS];
#pragma GCC unroll 2
        for (int i = 0; i < 2; i++) {
            load_taps(kernels + (k + i) * 9 * w->width, w->width, pair[i], row);
#pragma GCC unroll 3
            for (int t = 0; t < WINOGRAD_TAPS; t++) pair[i][t] = vec_mul(pair[i][t], factor);
        }
#pragma GCC unroll 3
        for (int t = 0; t < WINOGRAD_TAPS; t++)
            ivec_store(out + TAP_PAIR * t, ivec_from_pairs(pair[0][t], pair[1][t]));
        add_point_sizes(&sizes, pair[0]);
        add_point_sizes(&sizes, pair[1]);
    }
    const vec scale = vec_choose_less(largest, negligible, vec_zero(), vec_div(vec_set(1.0f), factor));
    finish_columns(w, column, scale, &sizes);
}

static void TIER(winograd_taps_int16)(const struct winograd_taps_int16 *w)
{
    for (int column = 0; column < w->width; column += LANES) {
        switch (w->row) {
        case 0: quantize_taps(w, column, 0); break;
        case 1: quantize_taps(w, column, 1); break;
        case 2: quantize_taps(w, column, 2); break;
        case 3: quantize_taps(w, column, 3); break;
        case 4: quantize_taps(w, column, 4); break;
        default: quantize_taps(w, column, 5); break;
        }
    }
}

/* ---- when they are used ---- */

enum { PAIRS_AHEAD = 32 }; /* 6 KB: taps come from memory */

static void TIER(winograd_points_int16)(const struct winograd_points_int16 *w)
{
    const int width = w->width, n_channels = w->n_channels;
    const size_t point_stride = w->point_stride;
    for (int column = 0; column < width; column += LANES) {
        const int16_t *taps = w->taps + taps_of_column(column, n_channels);
        int16_t *points = w->points + 2 * column;
        const struct point_factors zero = load_factors(w->factors, width, column, 0);
        const struct point_factors a = load_factors(w->factors, width, column, 1);
        const struct point_factors b = load_factors(w->factors, width, column, 3);
        const struct point_factors infinity = load_factors(w->factors, width, column, 5);
        for (int k = 0; k < n_channels; k += 2, taps += TAP_PAIRS, points += 2 * width) {
            ivec made[WINOGRAD_AXIS_POINTS];
            for (int i = 0; i < WINOGRAD_TAPS; i++) vec_prefetch_near(taps + PAIRS_AHEAD * TAP_PAIRS + i * TAP_PAIR);
            make_points(made, taps, &zero, 0);
            make_points(made + 1, taps, &a, 1);
            make_points(made + 3, taps, &b, 3);
            make_points(made + 5, taps, &infinity, 5);
#pragma GCC unroll 6
            for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) ivec_store(points + (size_t)p * point_stride, made[p]);
        }
    }
}

#endif
