/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_matrices.h - the transforms of Winograd's minimal filtering for a kernel of three taps, along one axis.
 *
 *   outputs = output . ((weight . kernel) * (input . patch))
 *
 * F(n,3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015, section 4.3: n outputs of n + 2
 * products. Two dimensions: one axis after the other; from top to bottom always F(4,3).
 *
 *   F(4,3)  on 0, 3/4, -3/4, 3/2, -3/2, infinity instead of the usual 0, 1, -1, 2, -2, infinity: the same shape, since
 *           the points come in pairs, but the powers stay closer to one
 *   F(5,3)  on 0, 1/2, -1/2, 1, -1, infinity, 2
 *   F(6,3)  on the same, and -2: so both have the same weights, and a row of a map may be cut into tiles of both
 *
 * How points decide accuracy: Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd Convolution for
 * Deep Neural Networks", 2020. Root mean square error over 128 channels of normal numbers after ReLU, relative to
 * the output's: F(4x4) 0.9e-6 (usual points 1.9e-6), F(4x5) 1.6e-6, F(4x6) 1.8e-6; without Winograd 0.4e-6.
 *
 * Rows by Lagrange's formula, M(x) being the product of x - p over all points but infinity:
 *   input   of point p the coefficients of M(x) / (x - p), of infinity those of M(x)
 *   weight  1, p, p^2
 *   output  powers 0 to n - 1 of the points, each point's over N(p), the product of p - q over the others
 * The division by N usually belongs to the weights. Here there are more of them than of outputs, each pass transforms
 * them, and the output's sums of products cost no more with these factors.
 */
#ifndef TRBA_KERNELS_WINOGRAD_MATRICES_H
#define TRBA_KERNELS_WINOGRAD_MATRICES_H

#include "kernels/kernels.h"

struct winograd_axis {
    int n_points;         /* two more than outputs */
    const double *weight; /* [n_points][3] */
    const double *input;  /* [n_points][n_points] */
    const double *output; /* [n_points - 2][n_points] */
};

/* clang-format off */
static const struct winograd_axis winograd_axis_4 = {
    .n_points = 6,
    .weight = (const double[]){
        1.0,  0.0,  0.0,
        1.0,  0.75, 0.5625,
        1.0, -0.75, 0.5625,
        1.0,  1.5,  2.25,
        1.0, -1.5,  2.25,
        0.0,  0.0,  1.0,
    },
    .input = (const double[]){
        1.265625,  0.0,     -2.8125,  0.0,    1.0, 0.0,
        0.0,      -1.6875,  -2.25,    0.75,   1.0, 0.0,
        0.0,       1.6875,  -2.25,   -0.75,   1.0, 0.0,
        0.0,      -0.84375, -0.5625,  1.5,    1.0, 0.0,
        0.0,       0.84375, -0.5625, -1.5,    1.0, 0.0,
        0.0,       1.265625, 0.0,    -2.8125, 0.0, 1.0,
    },
    .output = (const double[]){
        64.0 / 81, -128.0 / 243, -128.0 / 243, 32.0 / 243,  32.0 / 243, 0.0,
        0.0,        -32.0 / 81,    32.0 / 81,  16.0 / 81,  -16.0 / 81,  0.0,
        0.0,         -8.0 / 27,    -8.0 / 27,   8.0 / 27,    8.0 / 27,  0.0,
        0.0,         -2.0 / 9,      2.0 / 9,    4.0 / 9,    -4.0 / 9,   1.0,
    },
};

static const double winograd_wide_weight[WINOGRAD_WIDE_POINTS * 3] = {
    1.0,  0.0, 0.0,
    1.0,  0.5, 0.25,
    1.0, -0.5, 0.25,
    1.0,  1.0, 1.0,
    1.0, -1.0, 1.0,
    0.0,  0.0, 1.0,
    1.0,  2.0, 4.0,
    1.0, -2.0, 4.0,
};

static const struct winograd_axis winograd_axis_5 = {
    .n_points = 7,
    .weight = winograd_wide_weight,
    .input = (const double[]){
        -0.5, 0.25,  2.5, -1.25,  -2.0,  1.0, 0.0,
         0.0,  1.0,  1.5,  -2.0,  -1.5,  1.0, 0.0,
         0.0, -1.0,  2.5,   0.0,  -2.5,  1.0, 0.0,
         0.0,  0.5, 0.25, -2.25,  -1.0,  1.0, 0.0,
         0.0, -0.5, 0.75,  1.75,  -3.0,  1.0, 0.0,
         0.0, -0.5, 0.25,   2.5, -1.25, -2.0, 1.0,
         0.0, 0.25,  0.0, -1.25,   0.0,  1.0, 0.0,
    },
    .output = (const double[]){
        -2.0, 16.0 / 9, 16.0 / 15, -2.0 / 3, -2.0 / 9, 0.0,  2.0 / 45,
         0.0,  8.0 / 9, -8.0 / 15, -2.0 / 3,  2.0 / 9, 0.0,  4.0 / 45,
         0.0,  4.0 / 9,  4.0 / 15, -2.0 / 3, -2.0 / 9, 0.0,  8.0 / 45,
         0.0,  2.0 / 9, -2.0 / 15, -2.0 / 3,  2.0 / 9, 0.0, 16.0 / 45,
         0.0,  1.0 / 9,  1.0 / 15, -2.0 / 3, -2.0 / 9, 1.0, 32.0 / 45,
    },
};

static const struct winograd_axis winograd_axis_6 = {
    .n_points = 8,
    .weight = winograd_wide_weight,
    .input = (const double[]){
        -1.0,  0.0, 5.25,   0.0, -5.25,   0.0, 1.0, 0.0,
         0.0,  2.0,  4.0,  -2.5,  -5.0,   0.5, 1.0, 0.0,
         0.0, -2.0,  4.0,   2.5,  -5.0,  -0.5, 1.0, 0.0,
         0.0,  1.0,  1.0, -4.25, -4.25,   1.0, 1.0, 0.0,
         0.0, -1.0,  1.0,  4.25, -4.25,  -1.0, 1.0, 0.0,
         0.0, -1.0,  0.0,  5.25,   0.0, -5.25, 0.0, 1.0,
         0.0,  0.5, 0.25,  -2.5, -1.25,   2.0, 1.0, 0.0,
         0.0, -0.5, 0.25,   2.5, -1.25,  -2.0, 1.0, 0.0,
    },
    .output = (const double[]){
        -1.0, 32.0 / 45,  32.0 / 45, -2.0 / 9, -2.0 / 9, 0.0,  1.0 / 90,   1.0 / 90,
         0.0, 16.0 / 45, -16.0 / 45, -2.0 / 9,  2.0 / 9, 0.0,  1.0 / 45,  -1.0 / 45,
         0.0,  8.0 / 45,   8.0 / 45, -2.0 / 9, -2.0 / 9, 0.0,  2.0 / 45,   2.0 / 45,
         0.0,  4.0 / 45,  -4.0 / 45, -2.0 / 9,  2.0 / 9, 0.0,  4.0 / 45,  -4.0 / 45,
         0.0,  2.0 / 45,   2.0 / 45, -2.0 / 9, -2.0 / 9, 0.0,  8.0 / 45,   8.0 / 45,
         0.0,  1.0 / 45,  -1.0 / 45, -2.0 / 9,  2.0 / 9, 1.0, 16.0 / 45, -16.0 / 45,
    },
};
/* clang-format on */

/* From left to right, of a tile with so many columns of points. */
static inline const struct winograd_axis *winograd_axis(int point_columns)
{
    return point_columns == winograd_axis_4.n_points ? &winograd_axis_4
           : point_columns == winograd_axis_5.n_points ? &winograd_axis_5
                                                       : &winograd_axis_6;
}

#endif
