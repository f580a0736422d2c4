/* SPDX-License-Identifier: Apache-2.0 */
/* tensor_view.h - the one place where a tensor's shape, strides and offset are held against its storage. */
#ifndef TRBA_WEIGHTS_TENSOR_VIEW_H
#define TRBA_WEIGHTS_TENSOR_VIEW_H

#include "weights/tensor_table.h"

/* More elements than its storage has only a broadcast (stride 0) tensor has; 16 Mi is seven times the largest weight
 * of the family and keeps a few bytes of file from asking for terabytes of memory. */
enum { TENSOR_BROADCAST_LIMIT = 16 * 1024 * 1024 };

/* As the file says it: nothing is checked yet. */
struct tensor_view {
    enum tensor_dtype dtype;
    int n_dimensions; /* at most TRBA_MAX_DIMENSIONS */
    int64_t shape[TRBA_MAX_DIMENSIONS];
    int64_t strides[TRBA_MAX_DIMENSIONS]; /* in elements */
    int64_t offset;                       /* in elements */
    const uint8_t *storage;
    size_t storage_bytes;
};

/* Fills *out (all but its name) when every element that can be reached lies inside the storage. */
trba_status tensor_view_check(const struct tensor_view *view, struct tensor *out, trba_error *err);

/* How many elements of a tensor that has passed are others' again, at least: those beyond what lies between its first
 * and its last. */
size_t tensor_count_repeated(const struct tensor *tensor);

/* Row-major strides of a shape that has passed, or is about to pass, tensor_view_check(). */
void tensor_view_set_row_major(struct tensor_view *view);

#endif
