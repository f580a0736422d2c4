/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_factors.h - the factors that bring transformed kernels to the bounds of fixed-point products. */
#ifndef TRBA_KERNELS_WINOGRAD_FACTORS_H
#define TRBA_KERNELS_WINOGRAD_FACTORS_H

#include <math.h>

#include "kernels/kernels.h"

/* A point is at most so far from the sum it stands for: half of one for each of three products, and the taps' own
 * halves, of which a point takes at most 1 + 3/4 + 9/16 (its factors are at most one). */
enum { WINOGRAD_POINT_ERROR = 3 };

/* The largest multiple of `step` / 2^15, at most `most` / 2^15, under which columns of integers with these sums of
 * squares and largest magnitudes keep the bounds. */
static inline int choose_factor(float squares, float largest, int n_channels, int step, int most)
{
    const float aimed = (float)INT16_NORM_AIMED - WINOGRAD_POINT_ERROR * sqrtf((float)n_channels);
    const float by_norm = squares > 0.0f ? aimed / sqrtf(squares) : 1.0f;
    const float by_largest = largest > 0.0f ? (float)(INT16_LARGEST - WINOGRAD_POINT_ERROR) / largest : 1.0f;
    const float factor = fminf(fminf(by_norm, by_largest) * 32768.0f, (float)most);
    return (int)factor / step * step;
}

/* One column's factors and scales. Its taps are integers times tap_scale; point p of them has the sum of squares
 * squares[p * stride] and the largest magnitude largest[p * stride], before any factor. */
static inline void choose_factors(const struct winograd_taps_int16 *w, int column, float tap_scale,
                                  const float *squares, const float *largest, int stride)
{
    /* The factors of 1, p and p^2: exactly in proportion. 3/4: 16, 12, 9 parts of 16; 3/2: 4, 6, 9 parts of 4. */
    enum { STEP_A = 16, STEP_B = 4, ONE = 32767 };
    const int n = w->n_channels;
    const int zero = choose_factor(squares[0], largest[0], n, 1, ONE);
    const int a = choose_factor(fmaxf(squares[stride], squares[2 * stride]),
                                fmaxf(largest[stride], largest[2 * stride]), n, STEP_A, ONE);
    const int b = choose_factor(fmaxf(squares[3 * stride], squares[4 * stride]),
                                fmaxf(largest[3 * stride], largest[4 * stride]), n, STEP_B, ONE * 4 / 9);
    const int infinity = choose_factor(squares[5 * stride], largest[5 * stride], n, 1, ONE);
    const int factors[WINOGRAD_FACTORS] = {zero, a, a / 4 * 3, a / 16 * 9, b, b / 2 * 3, b / 4 * 9, infinity};
    const int of_points[WINOGRAD_AXIS_POINTS] = {zero, a, a, b, b, infinity};
    for (int i = 0; i < WINOGRAD_FACTORS; i++)
        w->factors[2 * (i * w->width + column)] = w->factors[2 * (i * w->width + column) + 1] = (int16_t)factors[i];
    for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++)
        w->scales[p * w->width + column] = tap_scale * 32768.0f / (float)of_points[p];
}

#endif
