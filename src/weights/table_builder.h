/* SPDX-License-Identifier: Apache-2.0 */
/* table_builder.h - a tensor table being made. Inside this folder only. */
#ifndef TRBA_WEIGHTS_TABLE_BUILDER_H
#define TRBA_WEIGHTS_TABLE_BUILDER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/status.h"
#include "weights/tensor_table.h"

/* TPS-ResNet-BiLSTM-Attn has 252 tensors, whose names have 15 KB. */
enum { TENSORS_LIMIT = 16384, NAME_LIMIT_BYTES = 1024, NAMES_LIMIT_BYTES = 4 * 1024 * 1024 };

struct table_builder {
    struct tensor_table table;            /* first: tensor_table_free() gets a pointer to it */
    struct arena arena;                   /* names, metadata, tensors, and what was unpacked */
    tensor_name_recogniser recogniser;
    const struct file_map *map;           /* the file's, or NULL */
    size_t n_names, name_bytes;           /* of all tensors of the file so far, and those of their names */
    size_t metadata_bytes;
    size_t stored_bytes;                  /* of the file, and what has been unpacked from it */
};

/* A tensor of the file under its name there; `value` belongs to the reader. */
struct named_tensor {
    const char *name;
    const void *value;
};

/* Adds to the metadata; beyond its limits nothing happens. False only when out of memory. */
bool table_builder_add_metadata(struct table_builder *builder, const char *key, const char *value, size_t value_bytes);

bool table_builder_metadata_is_full(const struct table_builder *builder);

/* Counts one more tensor and its name against the limits. */
trba_status table_builder_count_name(struct table_builder *builder, const char *name, trba_error *err);

/* Is "ema", in capitals or not, in the first n bytes of a path? Then it is probably a copy of averaged weights. */
bool path_has_ema(const char *path, size_t n);

/* Takes prefixes off the names (see name_groups.c), keeps the names that remain and allocates table.tensors, in order,
 * with `name` set and everything else for the reader to fill. kept[n] receives the index into `named` of each. */
trba_status table_builder_take_names(struct table_builder *builder, const struct named_tensor *named, size_t n,
                                     size_t *kept, trba_error *err);

/* Puts "tensor NAME: " before the message. */
void table_builder_name_tensor(const char *name, trba_error *err);

/* The readers. Each fills builder->table or fails. */
trba_status torch_zip_read(struct table_builder *builder, const void *bytes, size_t n_bytes, trba_error *err);
trba_status torch_legacy_read(struct table_builder *builder, const void *bytes, size_t n_bytes, trba_error *err);
trba_status safetensors_read(struct table_builder *builder, const void *bytes, size_t n_bytes, trba_error *err);

#endif
