/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_two_steps.h - what winograd_product means, by winograd_weights and gemm_panel: column of points by column of
 * points. For tiers that have nothing faster, and for many tiles. */
#ifndef TRBA_KERNELS_WINOGRAD_TWO_STEPS_H
#define TRBA_KERNELS_WINOGRAD_TWO_STEPS_H

#include "kernels/kernels.h"

/* n_rows and width: as many as gemm_panel takes. point_padding: floats between two points in scratch, which is larger
 * by WINOGRAD_AXIS_POINTS times as much. */
static inline void winograd_two_steps(const struct winograd_product *p, int width, size_t point_padding,
                                      void (*weights)(const struct winograd_panel *p),
                                      void (*multiply)(const struct gemm_panel *g))
{
    const size_t n = (size_t)(p->n_channels * width);
    struct winograd_panel panel = {.kernels = p->kernels, .n_channels = p->n_channels, .width = width,
                                   .points = p->scratch, .point_stride = n + point_padding};
    const float *ahead = p->ahead, *ahead_end = ahead != NULL ? ahead + n * 9 : NULL;
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
            .ahead = ahead < ahead_end ? ahead : NULL,
        };
        if (g.n_rows == 0) continue;
        weights(&panel);
        multiply(&g);
        if (ahead != NULL) ahead += n * WINOGRAD_AXIS_POINTS / 4; /* what gemm_panel asks for */
    }
}

#endif
