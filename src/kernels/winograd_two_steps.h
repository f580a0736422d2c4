/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_two_steps.h - what winograd_product means, by a tier's winograd_weights and gemm_panel: for tiers that have
 * nothing faster. */
#ifndef TRBA_KERNELS_WINOGRAD_TWO_STEPS_H
#define TRBA_KERNELS_WINOGRAD_TWO_STEPS_H

#include "kernels/kernels.h"

/* width: winograd_panel of the tier. */
static inline void winograd_two_steps(const struct winograd_product *p, int width,
                                      void (*weights)(const struct winograd_panel *p),
                                      void (*multiply)(const struct gemm_panel *g))
{
    struct winograd_panel panel = {.kernels = p->kernels, .n_channels = p->n_channels, .width = width,
                                   .points = p->scratch, .point_stride = (size_t)(p->n_channels * width)};
    for (; panel.column < p->point_columns; panel.column++) {
        const size_t point = (size_t)(panel.column * WINOGRAD_AXIS_POINTS);
        const struct gemm_panel g = {
            .n_points = WINOGRAD_AXIS_POINTS,
            .n_rows = panel.column == p->point_columns - 1 ? p->n_last_rows : p->n_rows,
            .a = p->a + point * p->a_point_stride,
            .a_point_stride = p->a_point_stride,
            .a_stride = p->a_stride,
            .depth = p->n_channels,
            .b = panel.points,
            .b_point_stride = panel.point_stride,
            .width = width,
            .out = p->out + point * p->out_point_stride,
            .total = p->total != NULL ? p->total + point * p->out_point_stride : NULL,
            .out_point_stride = p->out_point_stride,
            .continues = p->continues,
        };
        if (g.n_rows == 0) continue;
        weights(&panel);
        multiply(&g);
    }
}

#endif
