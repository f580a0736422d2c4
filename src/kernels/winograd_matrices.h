/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_matrices.h - the transforms of Winograd's minimal filtering for a kernel of three taps, along one axis.
 *
 *   outputs = output . ((weight . kernel) * (input . patch))
 *
 * F(2,3) on the points 0, 1, -1, infinity and F(4,3) on 0, 1, -1, 2, -2, infinity (Lavin and Gray, "Fast Algorithms for
 * Convolutional Neural Networks", 2015, sections 4.1 and 4.3). Two dimensions: one axis after the other. F(4,3)'s
 * larger constants cost accuracy: about 4e-6 of the largest output instead of 6e-7, both far below the 1e-4 that the
 * network's logits are held to.
 */
#ifndef TRBA_KERNELS_WINOGRAD_MATRICES_H
#define TRBA_KERNELS_WINOGRAD_MATRICES_H

struct winograd_axis {
    int outputs, points;  /* points = outputs + 2 */
    const double *weight; /* [points][3] */
    const float *input;   /* [points][points] */
    const float *output;  /* [outputs][points] */
};

/* clang-format off */
static const double winograd_weight_2[4 * 3] = {
    1.0,  0.0, 0.0,
    0.5,  0.5, 0.5,
    0.5, -0.5, 0.5,
    0.0,  0.0, 1.0,
};
static const float winograd_input_matrix_2[4 * 4] = {
    1,  0, -1,  0,
    0,  1,  1,  0,
    0, -1,  1,  0,
    0,  1,  0, -1,
};
static const float winograd_output_matrix_2[2 * 4] = {
    1, 1,  1,  0,
    0, 1, -1, -1,
};

static const double winograd_weight_4[6 * 3] = {
     1.0 / 4,   0.0,       0.0,
    -1.0 / 6,  -1.0 / 6,  -1.0 / 6,
    -1.0 / 6,   1.0 / 6,  -1.0 / 6,
     1.0 / 24,  1.0 / 12,  1.0 / 6,
     1.0 / 24, -1.0 / 12,  1.0 / 6,
     0.0,       0.0,       1.0,
};
static const float winograd_input_matrix_4[6 * 6] = {
    4,  0, -5,  0, 1, 0,
    0, -4, -4,  1, 1, 0,
    0,  4, -4, -1, 1, 0,
    0, -2, -1,  2, 1, 0,
    0,  2, -1, -2, 1, 0,
    0,  4,  0, -5, 0, 1,
};
static const float winograd_output_matrix_4[4 * 6] = {
    1, 1,  1, 1,  1, 0,
    0, 1, -1, 2, -2, 0,
    0, 1,  1, 4,  4, 0,
    0, 1, -1, 8, -8, 1,
};
/* clang-format on */

static const struct winograd_axis winograd_axis_2 = {2, 4, winograd_weight_2, winograd_input_matrix_2,
                                                     winograd_output_matrix_2};
static const struct winograd_axis winograd_axis_4 = {4, 6, winograd_weight_4, winograd_input_matrix_4,
                                                     winograd_output_matrix_4};

#endif
