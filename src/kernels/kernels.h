/* SPDX-License-Identifier: Apache-2.0 */
/* kernels.h - the inner loops of the network, one table of them per instruction-set tier.
 *
 * Every entry has its plain meaning in ref/kernels_ref.c, which is the documentation, the fallback and the judge. A
 * tier starts from the table below it and overrides what it does better (kernels_select.c). The block sizes stand in
 * the table beside the functions, and the packers read them there, so weights and kernels cannot disagree.
 *
 * Layout: activations are [.., channels], channels padded to a multiple of CHANNEL_ALIGN with zeros, so that no kernel
 * has a tail in the channel direction. Pointers need no alignment beyond a float's.
 */
#ifndef TRBA_KERNELS_KERNELS_H
#define TRBA_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trba.h"

enum {
    CHANNEL_ALIGN = 16,        /* channels of every activation are padded to this: one AVX-512 vector, two of AVX2 */
    GEMM_MAX_ROWS = 6,         /* rows a gemm_block call may have in any tier */
    WINOGRAD_OUTPUTS = 4,      /* of a tile, from top to bottom; in integers from left to right, too */
    WINOGRAD_AXIS_POINTS = 6,  /* that so many outputs take */
    WINOGRAD_WIDE_OUTPUTS = 6, /* of a tile in floats, from left to right, at most */
    WINOGRAD_WIDE_POINTS = 8,  /* that so many outputs take */
    WINOGRAD_POINTS = WINOGRAD_AXIS_POINTS * WINOGRAD_AXIS_POINTS,      /* of a tile in integers */
    WINOGRAD_MOST_POINTS = WINOGRAD_AXIS_POINTS * WINOGRAD_WIDE_POINTS, /* of a tile in floats */
    WINOGRAD_MAX_WIDTH = 64    /* columns of a panel in any tier */
};

/* How a kernel may differ from its reference: the harness checks each class with its own bound. */
enum kernel_class {
    KERNEL_EXACT,         /* the same bits, or those of the tier's own kernels whose work it does */
    KERNEL_SUMMED,        /* another order of summation: an error bound from the number of terms */
    KERNEL_TRANSCENDENTAL /* exp and tanh by polynomial: absolute error bound on values of order one */
};

/* Rows times packed panels, accumulated over taps: the core of convolutions, linear layers and LSTM steps.
 *
 *   out[i][j] = act(bias[j] + sum over t, k of a[i][taps[t] + k] * b(t * depth + k, j)  + residual[i][j])
 *
 * Each element is summed in the order of t, then k, from bias (or 0), by fused multiply-adds except in the reference,
 * whatever n_rows and n_columns are: a row's result does not depend on its neighbours. Panel p holds columns
 * [p * gemm_columns, ...) as [n_taps * depth][width], width = gemm_columns, the last panel only as wide as n_columns
 * leaves (a multiple of CHANNEL_ALIGN). */
struct gemm_block {
    int n_rows;                           /* 1 .. gemm_rows of the table */
    const float *a[GEMM_MAX_ROWS];
    const ptrdiff_t *taps;                /* [n_taps], in floats */
    int n_taps, depth;
    const float *b;                       /* the first panel */
    int n_columns;                        /* over all panels; a multiple of CHANNEL_ALIGN */
    const float *bias;                    /* [n_columns], or NULL */
    const float *residual[GEMM_MAX_ROWS]; /* [n_columns] each; residual[0] NULL: none */
    float *out[GEMM_MAX_ROWS];            /* [n_columns] each */
    bool has_relu;
    /* Of the panel behind those that are read at once, which the caller will read soon, the rows whose number divided
     * by ahead_parts leaves ahead_part are asked for from memory; ahead_parts 0: none. */
    int ahead_part, ahead_parts;
};

/* Fixed-point products. A row of activations and a column of weights each become 16-bit integers and a scale,
 * value = integer * scale, the integers as large as two bounds allow: no element above 32767, and a Euclidean norm of
 * at most 46340 = floor(sqrt(2^31 - 1)). So, by Cauchy and Schwarz, no sum of products of a row and a column, and no
 * part of one, leaves 32 bits. The scale is aimed at a little less: the sum of n squares in floats may lose n * 2^-24
 * of itself, and rounding to integers adds up to sqrt(n) / 2, together 46336 with n = INT16_MAX_DEPTH. */
enum { INT16_LARGEST = 32767, INT16_NORM = 46340, INT16_NORM_AIMED = 46200, INT16_MAX_DEPTH = 32768 };
/* Numbers whose largest magnitude is under INT16_NEGLIGIBLE become zeros. */
#define INT16_NEGLIGIBLE 1e-30f

/* Rows times packed panels in 16-bit integers, summed exactly in 32 bits:
 *
 *   out[i][j] = act(bias[j] + row_scales[i] * column_scales[j] * sum over k of a[i][k] * b(k, j)  + residual[i][j])
 *
 * Panels as in gemm_block, in pairs of k: [depth / 2][width][2]. */
struct gemm_block_int16 {
    int n_rows;                           /* 1 .. gemm_rows of the table */
    const int16_t *a[GEMM_MAX_ROWS];      /* [depth] each */
    float row_scales[GEMM_MAX_ROWS];
    int depth;                            /* even */
    const int16_t *b;                     /* the first panel */
    const float *column_scales;           /* [n_columns] */
    int n_columns;                        /* over all panels; a multiple of CHANNEL_ALIGN */
    const float *bias;                    /* [n_columns], or NULL */
    const float *residual[GEMM_MAX_ROWS]; /* [n_columns] each; residual[0] NULL: none */
    float *out[GEMM_MAX_ROWS];            /* [n_columns] each */
    bool has_relu;
    const int16_t *ahead;                 /* [depth / 2][CHANNEL_ALIGN * 2], what the caller will read soon: asked for
                                           * from memory. NULL: nothing */
};

/* Products for AMX, whose registers are tiles of 16 rows of 64 bytes. A row of A is a pixel's numbers of one block of
 * channels, a tile of B the weights of a block for 16 columns.
 *
 * bfloat16: the upper half of a float (1 sign, 8 exponent, 7 fraction bits), rounded.
 *
 * 16-bit integers in two parts of 8 bits, 256 * high + low, both signed, of which the products high * high, high * low
 * and low * high are taken, in 32-bit integers. A picture's map and a column of weights each have a scale, value =
 * integer * scale, such that the largest number is INT8X2_LARGEST. No sum leaves 32 bits: of INT8X2_MAX_DEPTH terms
 * each is 2 * 127 * 128 at most. (The same with bfloat16: Henry, Tang and Heinecke, "Leveraging the bfloat16 Artificial
 * Intelligence Datatype For Higher-Precision Computations", 2019.) */
enum { TILE_BYTES = 64, TILE_ROWS = 16, TILE_COLUMNS = 16, BF16_DEPTH = TILE_BYTES / 2,
       INT8X2_DEPTH = TILE_BYTES, INT8X2_LARGEST = 127 * 256 + 127, INT8X2_MAX_DEPTH = 65536 };

/* Rows times 16 columns, each sum over blocks of channels, taps of the kernel, and what a row of a tile holds:
 *
 *   out[row_at[i] + j] = act(bias[j] + scale * column_scales[j] * sum over blocks b, taps t, k of
 *                            a(b, t, i, k) * b(b, t, k, j) + residual[row_at[i] + j])
 *   row i of a tile is at a + b * block_stride + taps[t] + i * TILE_BYTES, of integers its low part part_stride on;
 *   of bfloat16 there is no scale
 *
 * A row's result does not depend on its neighbours. Rows up to the next multiple of TILE_ROWS are read, too. */
struct gemm_tiles {
    int n_rows;                       /* 1 or more */
    const uint8_t *a;
    size_t block_stride, part_stride; /* bytes */
    const ptrdiff_t *taps;            /* [n_taps], bytes */
    int n_blocks, n_taps;
    /* bfloat16 [n_blocks][n_taps][16][TILE_COLUMNS][2], integers [n_blocks][n_taps][high, low][16][TILE_COLUMNS][4] */
    const uint8_t *b;
    float scale;
    const float *column_scales;       /* [TILE_COLUMNS] */
    const float *bias;                /* [TILE_COLUMNS] */
    const ptrdiff_t *row_at;          /* [n_rows], floats; negative: nobody wants the row, and it is not written */
    float *out;
    const float *residual;            /* as out, or NULL */
    bool has_relu;
    const uint8_t *ahead;             /* what the caller will use soon: asked for from memory, never read */
    size_t ahead_bytes;               /* of whole lines; 0: nothing */
};

/* Pixels to rows of tiles, block by block; what a last block has too many becomes zeros. With `at` standing for
 * b * block_stride + p * TILE_BYTES in bytes, x for in[p * n_channels + b * depth + k]:
 *   bfloat16  high[at][k] = round(x), to nearest, ties to even, a NaN stays one; denormals may become zeros
 *   integers  256 * high[at][k] + low[at][k] = round(x * factor), at most INT8X2_LARGEST; factor 0: zeros */
struct tile_pixels {
    const float *in;          /* [n_pixels][n_channels] */
    int n_pixels, n_channels; /* n_channels: a multiple of CHANNEL_ALIGN */
    float factor;             /* of integers */
    uint8_t *high, *low;      /* low: of integers */
    size_t block_stride;      /* bytes */
};

/* Evenly spaced rows times one panel, for each of some points, the sums kept for more or added to others:
 *   sum[p][i][j] = (continues ? out[p][i][j] : 0) + sum over k of a[p][i][k] * b[p](k, j)
 *   total == NULL: out[p][i][j] = sum[p][i][j]; else total[p][i][j] += sum[p][i][j], and out is not written
 * Each element is summed in the order of k, by fused multiply-adds except in the reference: a product may be cut into
 * several calls. */
struct gemm_panel {
    int n_points;
    int n_rows;
    const float *a;          /* [n_points][a_point_stride], of which [n_rows][a_stride] */
    size_t a_point_stride, a_stride;
    int depth;               /* a multiple of CHANNEL_ALIGN */
    const float *b;          /* [n_points][b_point_stride], of which [depth][width] */
    size_t b_point_stride;
    int width;               /* a multiple of CHANNEL_ALIGN, at most winograd_panel of the table */
    float *out, *total;      /* [n_points][out_point_stride] each, of which [n_rows][width] */
    size_t out_point_stride;
    bool continues;
    const float *ahead;      /* [n_points][depth][width / 4], what the caller will read soon: asked for from memory.
                              * NULL: nothing */
};

/* One panel of 3x3 kernels to one column of points of the Winograd domain: F(4,3) from top to bottom, F(6,3), of which
 * F(5,3) has the first seven points, from left to right (winograd_matrices.h). With kernel(c, j)[t] =
 * kernels[(c * 9 + t) * width + j],
 *   points[y * point_stride + c * width + j] = element (y, column) of G4 . kernel(c, j) . G6^T. */
struct winograd_panel {
    const float *kernels; /* [n_channels][9][width] */
    int n_channels;
    int width;            /* a multiple of CHANNEL_ALIGN, at most WINOGRAD_MAX_WIDTH */
    int column;           /* 0 .. WINOGRAD_WIDE_POINTS - 1 */
    float *points;        /* [WINOGRAD_AXIS_POINTS][point_stride] */
    size_t point_stride;  /* at least n_channels * width */
};

/* The points of F(4,3) come in pairs: p and -p, which share an even and an odd part, or 0 and infinity. The other point
 * of the pair that begins with point 0, 1 or 3. */
static inline __attribute__((always_inline)) int winograd_paired_point(const int point)
{
    return point == 0 ? WINOGRAD_AXIS_POINTS - 1 : point + 1;
}

/* What winograd_weights() and gemm_panel() make of all columns of points, to the bit; where it pays without the points
 * going through memory. width: winograd_panel of the table. */
struct winograd_product {
    const float *kernels;             /* [n_channels][9][width] */
    int n_channels;                   /* a multiple of CHANNEL_ALIGN */
    int point_columns;                /* 7 or 8 */
    int n_rows, n_last_rows;          /* tiles, 1 .. WINOGRAD_FEW_ROWS; at the last column 0 .. n_rows */
    const float *a;                   /* [point_columns][WINOGRAD_AXIS_POINTS][a_point_stride], of which
                                       * [n_rows][a_stride] */
    size_t a_point_stride, a_stride;
    float *out, *total;               /* as in gemm_panel; [point_columns][WINOGRAD_AXIS_POINTS][out_point_stride] */
    size_t out_point_stride;
    bool continues;
    const float *ahead;               /* what the caller will read soon, asked for from memory: as much as kernels, and
                                       * up to a third more. NULL: nothing */
    float *scratch;                   /* n_channels * WINOGRAD_AXIS_POINTS * width floats */
};
enum { WINOGRAD_FEW_ROWS = 5 };

/* One input tile of a Winograd convolution: from pixels to points, column by column. It reads as many pixels from left
 * to right as there are columns of points, 6 x 6, 6 x 7 or 6 x 8, for F(4x4), F(4x5) or F(4x6). */
struct winograd_input {
    const float *patch;                 /* pixel (0, 0) */
    size_t row_stride, pixel_stride;    /* in floats */
    int channels;
    int point_columns;                  /* 6, 7 or 8 */
    float *points;                      /* [point_columns][WINOGRAD_AXIS_POINTS][point_stride], channel innermost */
    size_t point_stride;
};

/* Kernels in 16-bit integers on their way to the Winograd domain F(4x4): transformed along one axis when the model is
 * opened (taps), along the other each time they are used (points). An axis has three taps t0, t1, t2 and six points, at
 * 0, 3/4, -3/4, 3/2, -3/2 and infinity (winograd_matrices.h). What is kept of the taps is T0 = t0, T1 = 3/4 t1 and
 * T2 = 9/16 t2, so that points take sums and shifts, and no multiplications:
 *   points 0 and 5   T0 and T2
 *   points 1 and 2   halve(T0 + T2 + and - T1, shifts[0])
 *   points 3 and 4   halve(T0 + 4 T2 + and - 2 T1, shifts[1])
 * halve(x, n) divides by 2^n and rounds to the nearest integer; of two equally near to the upper in even channels, to
 * the lower in odd ones. Always the upper would move all points of a column to one side, and their products with
 * activations, whose mean is seldom zero, by more than all other rounding. No sum leaves 16 bits, not with 2^(n - 1)
 * added, either. */
enum { WINOGRAD_TAPS = 3, WINOGRAD_SHIFTS = 2 };

/* One panel of kernels, when the model is opened: for each row of points and each column integers and shifts that keep
 * the columns of points within the bounds of fixed-point products (INT16_NORM). Of kernels that are not finite nothing
 * is promised. */
struct winograd_taps_int16 {
    const float *kernels; /* [n_channels][9][width], as in winograd_panel */
    int n_channels;       /* even */
    int width;
    int16_t *taps;        /* [WINOGRAD_AXIS_POINTS][width / CHANNEL_ALIGN][n_channels / 2][WINOGRAD_TAPS]
                           * [CHANNEL_ALIGN][2] */
    int16_t *shifts;      /* [WINOGRAD_AXIS_POINTS][WINOGRAD_SHIFTS][width][2], each twice */
    float *scales;        /* [WINOGRAD_AXIS_POINTS][WINOGRAD_AXIS_POINTS][width]: what a point's integer stands for */
};

/* One row of points of a panel, when it is used. */
struct winograd_points_int16 {
    const int16_t *taps, *shifts; /* of the row */
    int n_channels, width;
    int16_t *points;      /* [WINOGRAD_AXIS_POINTS][point_stride], of which [n_channels / 2][width][2] */
    size_t point_stride;  /* at least n_channels * width */
};

/* What winograd_points_int16() and gemm_block_int16() make of one row of points, to the bit, without the points going
 * through memory: faster when there are few tiles.
 *   out[x][i][j] = row_scales[x][i] * column_scales[x][j] * sum over k of a[x][i][k] * points(x, k, j) */
struct winograd_product_int16 {
    const int16_t *taps, *shifts;  /* as above */
    const float *column_scales;    /* [WINOGRAD_AXIS_POINTS][width] */
    int n_channels, width;
    int n_tiles;                   /* 1 .. WINOGRAD_FEW_TILES */
    const int16_t *a;              /* [WINOGRAD_AXIS_POINTS][a_stride], of which [n_tiles][n_channels] */
    const float *row_scales;       /* [WINOGRAD_AXIS_POINTS][scale_stride], of which [n_tiles] */
    float *out;                    /* [WINOGRAD_AXIS_POINTS][out_stride], of which [n_tiles][width] */
    size_t a_stride, scale_stride, out_stride;
    const int16_t *ahead;          /* as many integers as taps: what the caller will read soon, asked for from memory.
                                    * NULL: nothing */
};
enum { WINOGRAD_FEW_TILES = 28 };

/* One output tile of a Winograd convolution: from the transformed products to pixels. */
struct winograd_output {
    const float *products;              /* as winograd_input's points */
    size_t point_stride;
    int point_columns;
    int channels;
    const float *bias;                  /* [channels] */
    const float *residual;              /* like out; NULL: none */
    float *out;                         /* pixel (0, 0) of the tile */
    size_t row_stride, pixel_stride;    /* of out and residual, in floats */
    int n_rows, n_columns;              /* pixels inside the map: at most the tile's */
    bool has_relu;
};

/* One step of a gated recurrent convolution layer over n_pixels pixels whose channels lie one after the other (Wang and
 * Hu, "Gated Recurrent Convolution Neural Network for OCR", NIPS 2017), its five BatchNorms folded to scales and
 * shifts:
 *   gate = sigmoid(scale_gate_u * gate_u + scale_gate_x * gate_x + shift_gate)
 *   out  = relu(scale_u * u + shift_u + (scale_x * x + shift_x) * gate) */
struct grcl_unit {
    int n_pixels, channels;
    const float *gate_u, *gate_x, *u, *x;                           /* [n_pixels][channels] */
    const float *scale_gate_u, *scale_gate_x, *shift_gate;          /* [channels] */
    const float *scale_u, *shift_u, *scale_x, *shift_x;             /* [channels] */
    float *out;                                                     /* [n_pixels][channels] */
};

enum tile_numbers { TILES_NONE, TILES_BF16, TILES_INT8X2 };

struct kernels {
    trba_cpu cpu;
    bool uses_blas;      /* gemm through OpenBLAS instead of gemm_block; after blas_load() */
    void (*blas_sgemm)(void); /* cblas_sgemm, whose type layers/blas.c knows */
    bool uses_int16;     /* products over enough terms in integers: gemm_suits_int16() */
    enum tile_numbers tiles; /* what convolutions multiply in tiles; TILES_NONE: not in tiles */
    int gemm_rows;       /* rows of a gemm_block call that make the best use of registers */
    int gemm_columns;    /* columns of a panel */
    int winograd_panel;  /* columns of a panel of kernels, for gemm_panel */
    int winograd_few_rows; /* up to so many tiles winograd_product is faster than the two steps; 0: never */
    bool uses_winograd;  /* for 3x3 convolutions */
#define KERNEL(returns, name, arguments, class) returns(*name) arguments;
#include "kernels/kernels.inc"
#undef KERNEL
};

/* The table for a tier; `cap` TRBA_CPU_AUTO or above what the processor has gives its best. */
void kernels_select(struct kernels *table, trba_cpu cap);

/* What kernels_select() is made of, one per tier. */
void kernels_fill_ref(struct kernels *table);
void kernels_override_avx2(struct kernels *table);
void kernels_override_avx512(struct kernels *table);
void kernels_override_avx512vnni(struct kernels *table);
void kernels_override_avx512amx(struct kernels *table);

#endif
