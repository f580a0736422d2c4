/* SPDX-License-Identifier: Apache-2.0 */
/* tensor_table.h - what every checkpoint reader ends in: a table of named tensors over the file's own bytes.
 *
 *   bytes -> sniff (zip? legacy pickle? safetensors? something else: say what) -> reader -> object graph
 *         -> every dict that holds tensors is a candidate -> the one with most names of a known network wins
 *         -> prefixes (module., model., _orig_mod., ...) are taken off its names -> tensor_table
 */
#ifndef TRBA_WEIGHTS_TENSOR_TABLE_H
#define TRBA_WEIGHTS_TENSOR_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file_map.h"
#include "base/status.h"

enum tensor_dtype {
    TENSOR_FLOAT32, TENSOR_FLOAT64, TENSOR_FLOAT16, TENSOR_BFLOAT16,
    TENSOR_INT64, TENSOR_INT32, TENSOR_INT16, TENSOR_INT8, TENSOR_UINT8, TENSOR_BOOL
};

const char *tensor_dtype_name(enum tensor_dtype dtype); /* "float32", ... */
size_t tensor_dtype_bytes(enum tensor_dtype dtype);

/* A view of a storage. Checked when it was made: every element that shape and strides can reach lies inside the
 * storage, so reading it cannot leave the file. */
struct tensor {
    const char *name;                      /* canonical if the recogniser knew it, else as in the file */
    enum tensor_dtype dtype;
    int n_dimensions;                      /* 0: a scalar */
    int64_t shape[TRBA_MAX_DIMENSIONS];
    int64_t strides[TRBA_MAX_DIMENSIONS];  /* in elements; never negative */
    const uint8_t *data;                   /* the element at index 0, 0, ...; little-endian, maybe unaligned */
    size_t n_elements;
};

/* A scalar or text found beside the weights (hyper_parameters, opt, args, ...), as text. */
struct tensor_metadata {
    const char *key;   /* path with dots, e.g. "hyper_parameters.charset_train" */
    const char *value;
};

struct tensor_table {
    const char *format;  /* "PyTorch zip", "PyTorch legacy", "TorchScript", "safetensors" */
    const char *root;    /* path with dots of the dict that was taken; "" for the top level */
    const char *prefix;  /* what was taken off the names; "" for nothing */
    struct tensor *tensors; /* in the file's order */
    size_t n_tensors;
    struct tensor_metadata *metadata;
    size_t n_metadata;
    const struct tensor **by_name; /* [n_tensors], sorted: there may be 16,384, and hundreds are looked for */
    bool has_quantised; /* somewhere in the file there are quantised tensors, which are not read */
};

/* Returns where in `name` the name of a known network begins ("module.FeatureExtraction.x" -> "FeatureExtraction.x"),
 * or NULL if it knows none. The readers know nothing of networks; this is how they are told. */
typedef const char *(*tensor_name_recogniser)(const char *name);

/* `bytes` must outlive the table. map: whose they are, so that pages that have been checked can be let go of; or NULL.
 * On failure says what the file is instead, and what to do. */
trba_status tensor_table_open(const void *bytes, size_t n_bytes, const struct file_map *map,
                              tensor_name_recogniser recogniser, struct tensor_table **out, trba_error *err);
void tensor_table_free(struct tensor_table *table);

/* Fills by_name, for which there must be room, once all tensors have their names. */
void tensor_table_sort(struct tensor_table *table);
/* The tensor of that name, or NULL. */
const struct tensor *tensor_table_find(const struct tensor_table *table, const char *name);
/* The metadata value of that key, or NULL. */
const char *tensor_table_find_metadata(const struct tensor_table *table, const char *key);

/* The part with the first index `row`: tensor[row], with one dimension of size 1 in its place. */
struct tensor tensor_row(const struct tensor *tensor, int64_t row);
/* Gathers the elements in row-major order, converted to float, into out[n_elements]. Every dtype can be read. */
void tensor_read_float(const struct tensor *tensor, float *out);
/* The same without conversion: n_elements * tensor_dtype_bytes() bytes, each element as it is in the file. */
void tensor_read_raw(const struct tensor *tensor, void *out);

#endif
