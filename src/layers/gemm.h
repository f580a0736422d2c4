/* SPDX-License-Identifier: Apache-2.0 */
/* gemm.h - products of many rows with packed weights: the one place where work is blocked for the caches and shared
 * between threads, or given to OpenBLAS (blas.h). */
#ifndef TRBA_LAYERS_GEMM_H
#define TRBA_LAYERS_GEMM_H

#include "base/arena.h"
#include "layers/layer_run.h"

/* Rows of one block: A's block (at 512 channels 192 KB) shares the second-level cache with one panel of weights. */
enum { GEMM_BLOCK_ROWS = 96, GEMM_MAX_TAPS = 4 };

/* Weights as the kernels of one tier want them. Owned by the arena they were packed in. */
struct gemm_weights {
    const float *packed; /* panels of [n_taps * depth][gemm_columns]; with BLAS [n_taps * depth][n_columns] */
    const int16_t *packed_int16; /* instead of `packed`: panels of [n_taps * depth / 2][gemm_columns][2] */
    const float *scales;         /* [n_columns], with packed_int16 */
    const float *bias;   /* [n_columns], or NULL */
    int n_taps, depth;   /* depth: floats per tap, padded */
    int n_columns;       /* padded to CHANNEL_ALIGN */
};

/* Where weights come from: read() puts rows first .. first + n - 1 of a matrix into out, one every `stride` floats.
 * Called from all threads of the pool at once. */
struct weight_rows {
    void (*read)(const void *arg, int first, int n, float *out, size_t stride);
    const void *arg;
};

/* n floats for each thread of the pool, to pack in: undefined, for free(). NULL: there is not enough memory. */
float *weights_scratch(const struct thread_pool *pool, size_t n);

/* A row has the weights of one column of the product, row[segment * segment_stride + element * element_stride], for
 * segments (taps, or the two directions of an LSTM) of segment_length elements. Both sides may be padded: each segment
 * to segment_padded, and the columns, group by group (the four gates of an LSTM), to group_padded. */
struct gemm_source {
    struct weight_rows rows;
    size_t row_floats;
    int n_segments, segment_length, segment_padded;
    size_t segment_stride, element_stride;
    int n_groups, group_length, group_padded;
    const float *bias; /* [n_groups * group_length], or NULL */
    bool is_logits;    /* columns that are padding give -infinity, not 0 */
};

/* Packs into the arena, on the threads of the pool. n_taps says in how many pieces the kernel will find its input:
 * n_segments * segment_padded is cut into n_taps equal parts. False when out of memory. */
bool gemm_pack(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
               const struct gemm_source *source, int n_taps, struct gemm_weights *out);
/* The same in 16-bit integers. */
bool gemm_pack_int16(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
                     const struct gemm_source *source, int n_taps, struct gemm_weights *out);
/* Are products over that many terms done in integers? With few terms, turning a row into integers costs too much. */
bool gemm_suits_int16(const struct kernels *kernels, int n_terms);
/* Packs as they are done; stays_float: in floats in any case. */
bool gemm_pack_suitably(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
                        const struct gemm_source *source, int n_taps, bool stays_float, struct gemm_weights *out);

/* The rows of one block: what to read, add and write. */
struct gemm_rows {
    int n_rows; /* at most GEMM_BLOCK_ROWS */
    const float *a[GEMM_BLOCK_ROWS];
    const float *residual[GEMM_BLOCK_ROWS]; /* residual[0] NULL: none */
    float *out[GEMM_BLOCK_ROWS];
    const ptrdiff_t *taps; /* [n_taps] */
    bool has_relu;
};

/* Floats of workspace one thread needs for gemm_run_rows(); 0 unless the table uses BLAS, or the weights are
 * integers. */
size_t gemm_workspace(const struct kernels *kernels, const struct gemm_weights *weights);

/* Computes columns [first_column, first_column + n_columns) (multiples of gemm_columns, or to the end) of one block, on
 * the calling thread. */
void gemm_run_rows(const struct kernels *kernels, const struct gemm_weights *weights, const struct gemm_rows *rows,
                   int first_column, int n_columns, float *workspace);

/* Many rows, in parallel. `fill` sets a, residual and out of rows [first, first + rows->n_rows). Rows of one image lie
 * together; with BLAS no block straddles two images, because BLAS may sum a row differently beside other rows. */
struct gemm_job {
    const struct gemm_weights *weights;
    int n_images, rows_per_image;
    void (*fill)(const void *arg, int first_row, struct gemm_rows *rows);
    const void *arg;
    const ptrdiff_t *taps;
    bool has_relu;
};
void gemm_forward(struct layer_run *run, const struct gemm_job *job);

#endif
