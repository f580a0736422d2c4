/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_shifts.h - the scale and the shifts that keep kernels in integers within the bounds of fixed-point products.
 */
#ifndef TRBA_KERNELS_WINOGRAD_SHIFTS_H
#define TRBA_KERNELS_WINOGRAD_SHIFTS_H

#include <math.h>

#include "kernels/kernels.h"

enum {
    /* A point is less than so far from what it stands for: half of one for each tap of which it takes 1, 2 and 4, and
     * half of one for the shift. */
    WINOGRAD_POINT_ERROR = 4,
    /* More than any shift takes: sqrt(INT16_MAX_DEPTH) * INT16_LARGEST is less than 2^8 times the norm that is aimed
     * at, also less its errors. */
    WINOGRAD_LARGEST_SHIFT = 8,
    /* The largest sum, before errors and what halve() adds. */
    WINOGRAD_LARGEST_SUM = INT16_LARGEST - WINOGRAD_POINT_ERROR - (1 << (WINOGRAD_LARGEST_SHIFT - 1))
};
/* A row of points none of which is as large becomes zeros, where the column's largest kernel is INT16_LARGEST: beside
 * its other rows it is nothing. The squares of what is left over are floats with all their bits, or of points that
 * become zero. */
#define WINOGRAD_NEGLIGIBLE 0x1p-30f

/* Of a column of a row of points, before shifts: its points' sums of squares and largest magnitudes, each `stride`
 * after the other. */
struct winograd_column_sizes {
    const float *squares, *largest;
    int stride;
};

/* How often a pair of points has to be halved. */
static inline int choose_shift(const struct winograd_column_sizes *sizes, int point, float factor, float aimed)
{
    const float squares = fmaxf(sizes->squares[point * sizes->stride], sizes->squares[(point + 1) * sizes->stride]);
    int shift = 0;
    while (sqrtf(squares) * factor > aimed * (float)(1 << shift) && shift < WINOGRAD_LARGEST_SHIFT) shift++;
    return shift;
}

/* What to multiply the taps with before they are rounded, and the shifts. 0: they become zeros. */
static inline float choose_factor(const struct winograd_column_sizes *sizes, int n_channels,
                                  int shifts[WINOGRAD_SHIFTS])
{
    const float aimed = (float)INT16_NORM_AIMED - WINOGRAD_POINT_ERROR * sqrtf((float)n_channels);
    const int last = (WINOGRAD_AXIS_POINTS - 1) * sizes->stride;
    float largest = 0.0f;
    for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) largest = fmaxf(largest, sizes->largest[p * sizes->stride]);
    shifts[0] = shifts[1] = 0;
    if (largest < WINOGRAD_NEGLIGIBLE) return 0.0f;
    const float norm = sqrtf(fmaxf(sizes->squares[0], sizes->squares[last])); /* of the points that have no shift */
    const float factor = fminf((float)WINOGRAD_LARGEST_SUM / largest, aimed / norm); /* norm 0: the first */
    shifts[0] = choose_shift(sizes, 1, factor, aimed);
    shifts[1] = choose_shift(sizes, 3, factor, aimed);
    return factor;
}

/* What the integers of a row of points and column j stand for: the taps were multiplied with `factor`. */
static inline void store_column(const struct winograd_taps_int16 *w, int row, int j, float factor,
                                const int shifts[WINOGRAD_SHIFTS])
{
    int16_t *to_shifts = w->shifts + row * WINOGRAD_SHIFTS * w->width * 2;
    float *to_scales = w->scales + row * WINOGRAD_AXIS_POINTS * w->width;
    const float scale = factor > 0.0f ? 1.0f / factor : 0.0f;
    const float of_points[WINOGRAD_AXIS_POINTS] = {
        scale, ldexpf(scale, shifts[0]), ldexpf(scale, shifts[0]), ldexpf(scale, shifts[1]), ldexpf(scale, shifts[1]),
        scale * (16.0f / 9.0f)};
    for (int i = 0; i < WINOGRAD_SHIFTS; i++)
        to_shifts[(i * w->width + j) * 2] = to_shifts[(i * w->width + j) * 2 + 1] = (int16_t)shifts[i];
    for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) to_scales[p * w->width + j] = of_points[p];
}

#endif
