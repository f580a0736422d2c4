/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_job.h - what the files of Winograd's convolutions share: winograd.c, winograd_pack.c and
 * winograd_products_int16.c. */
#ifndef TRBA_LAYERS_WINOGRAD_JOB_H
#define TRBA_LAYERS_WINOGRAD_JOB_H

#include "base/checked.h"
#include "layers/conv2d.h"

/* Numbers between the matrices of two points, and between two kernels: matrices whose sizes are multiples of a page
 * would push each other out of the cache. */
enum { WINOGRAD_PADDING = 2 * 16 };

/* Channels, in float32, that are summed before their sum is added to the others': what a sum of n terms loses to
 * rounding grows with the longest chain of additions (Higham, "The Accuracy of Floating Point Summation", 1993). Bits
 * depend on it, so it is the same for any number of tiles. */
enum { WINOGRAD_GROUP = 128 };

/* How a map is cut into tiles: a row of tiles has n_full of `outputs` columns each, then n_narrow of one less. All full
 * tiles come before all narrow ones, whatever their image: so the last column of points, which narrow tiles lack, is
 * that of the first tiles. */
struct winograd_tiling {
    int outputs;
    int n_rows;   /* of tiles, in an image */
    int n_full, n_narrow;
};

/* One convolution. */
struct winograd_job {
    const struct kernels *kernels;
    const struct conv2d_weights *weights;
    const struct feature_map *in, *out, *residual;
    bool has_relu, is_int16;
    struct winograd_tiling tiling;
    int n_all, n_all_full;    /* tiles of all images */
    int point_columns;        /* of a full tile */
    int columns;              /* of a panel */
    int chunk_tiles;          /* at a time, at most */
    int block_rows;           /* tiles of a task */
    int group_channels;       /* of v; in integers all channels are one group */
    int step_channels;        /* transformed at a time, in float32 */
    bool has_partial_groups;  /* a step ends within a group: its sums have to wait for the rest */
    float *v;                 /* [groups][point_columns][WINOGRAD_AXIS_POINTS][v_stride], of which
                               * [n_tiles][group_channels] */
    int16_t *v_int16;         /* the same memory, in integers */
    size_t v_stride, v_group_stride, v_floats;
    float *v_scales;          /* [WINOGRAD_POINTS][n_tiles], of the integers */
    float *scratch;           /* [threads][scratch_floats]: an input tile, or u, m and group */
    size_t scratch_floats, u_floats, m_floats;
    /* Of the chunk: */
    int first_tile, n_tiles;
    int n_blocks;             /* tasks per panel */
    bool keeps_blocks;        /* tasks in the order of blocks, else of panels */
    int input_tiles;          /* of a task of the input transform */
};

/* What one thread multiplies at a time: some tiles with the columns of one panel. */
struct winograd_block {
    int first_row, n_rows; /* tiles of the chunk */
    int first_column, width;
    float *u;
    float *m, *group;      /* [points][winograd_m_stride()] each, of which [n_rows][width]; group: of the
                            * channels of one group after the first */
};

/* From one point of m to the next. */
static inline size_t winograd_m_stride(const struct winograd_block *block)
{
    return (size_t)(block->n_rows * block->width) + WINOGRAD_PADDING;
}

/* From one point of u to the next, in integers. */
static inline size_t winograd_u_stride_int16(const struct winograd_job *job, int width)
{
    return (size_t)(job->in->c * width) + 2 * WINOGRAD_PADDING;
}

static inline int winograd_panel_columns(const struct kernels *kernels, bool is_int16)
{
    return is_int16 ? kernels->gemm_columns : kernels->winograd_panel;
}

/* What winograd_taps_int16() makes of one panel, from a row of points on. */
static inline struct winograd_taps_int16 winograd_panel_taps(const struct conv2d_weights *weights, int first_column,
                                                             int width, int row)
{
    const size_t rows = WINOGRAD_AXIS_POINTS, depth = round_up((size_t)weights->shape.c, CHANNEL_ALIGN);
    const size_t column = (size_t)first_column * rows + (size_t)(row * width); /* of all before it */
    return (struct winograd_taps_int16){.n_channels = (int)depth, .width = width,
                                        .taps = weights->taps + column * depth * WINOGRAD_TAPS,
                                        .shifts = weights->shifts + column * WINOGRAD_SHIFTS * 2,
                                        .scales = weights->point_scales + column * WINOGRAD_AXIS_POINTS};
}

/* m = the products of the block, in integers. */
void winograd_multiply_int16(const struct winograd_job *job, const struct winograd_block *block);

#endif
