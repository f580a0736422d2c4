/* SPDX-License-Identifier: Apache-2.0 */
/* table_save.h - a tensor table as a new checkpoint. */
#ifndef TRBA_WEIGHTS_TABLE_SAVE_H
#define TRBA_WEIGHTS_TABLE_SAVE_H

#include "base/file_write.h"
#include "weights/tensor_cast.h"
#include "weights/tensor_table.h"

/* What becomes of one tensor. */
struct save_item {
    const char *name; /* with the prefix */
    const struct tensor *tensor;
    enum tensor_dtype dtype; /* its new one */
    size_t n_bytes;          /* of its elements then */
};

struct save_list {
    struct save_item *items; /* [n] */
    size_t n;
    const struct tensor_metadata *metadata; /* [n_metadata] */
    size_t n_metadata;
};

/* Writes the table to `path`, which then holds all of it, read back and compared, or is what it was. Tensors with a
 * float dtype become `dtype`, or stay as they are if `changes_dtype` is false; names get `prefix`. */
trba_status table_save(const struct tensor_table *table, const char *path, trba_save_format format,
                       bool changes_dtype, enum tensor_dtype dtype, const char *prefix, trba_error *err);

/* The two forms, for table_save.c. `cast` is scratch. */
trba_status safetensors_write(const struct save_list *list, struct cast_buffer *cast, struct file_writer *out,
                              trba_error *err);
trba_status torch_zip_write(const struct save_list *list, struct cast_buffer *cast, struct file_writer *out,
                            trba_error *err);

/* tensor_cast() of an item; an error names the tensor. */
trba_status save_item_cast(const struct save_item *item, struct cast_buffer *cast, trba_error *err);

#endif
