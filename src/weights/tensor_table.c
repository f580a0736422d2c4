/* SPDX-License-Identifier: Apache-2.0 */
/* tensor_table.c - open a checkpoint of any kind: sniff, read, hand out. */
#include "weights/tensor_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "weights/sniff.h"
#include "weights/table_builder.h"

/* What was unpacked (at most 1 GiB, see zip_archive.c) and the names. */
static const size_t table_limit_bytes = ((size_t)1 << 30) + ((size_t)128 << 20);
/* The options of a trainer are about 50; the longest value is an alphabet of 10,000 Chinese characters. */
enum { METADATA_LIMIT = 1024, METADATA_VALUE_LIMIT_BYTES = 64 * 1024, METADATA_LIMIT_BYTES = 1024 * 1024 };

bool table_builder_metadata_is_full(const struct table_builder *builder)
{
    return builder->table.n_metadata == METADATA_LIMIT || builder->metadata_bytes > METADATA_LIMIT_BYTES;
}

bool table_builder_add_metadata(struct table_builder *builder, const char *key, const char *value, size_t value_bytes)
{
    struct tensor_table *table = &builder->table;
    if (table_builder_metadata_is_full(builder) || value_bytes > METADATA_VALUE_LIMIT_BYTES) return true;
    if (value_bytes > 0 && (memchr(value, '\0', value_bytes) != NULL || utf8_count(value, value_bytes) == SIZE_MAX))
        return true;
    if (table->metadata == NULL)
        table->metadata = arena_alloc_array(&builder->arena, METADATA_LIMIT, sizeof *table->metadata);
    const char *key_copy = arena_copy_text(&builder->arena, key, strlen(key));
    const char *value_copy = arena_copy_text(&builder->arena, value, value_bytes);
    if (table->metadata == NULL || key_copy == NULL || value_copy == NULL) return false;
    builder->metadata_bytes += strlen(key) + value_bytes;
    table->metadata[table->n_metadata++] = (struct tensor_metadata){.key = key_copy, .value = value_copy};
    return true;
}

trba_status table_builder_count_name(struct table_builder *builder, const char *name, trba_error *err)
{
    builder->name_bytes += strlen(name);
    if (++builder->n_names > TENSORS_LIMIT)
        return error_set(err, TRBA_ERROR_LIMIT, "there are more than %d tensors", TENSORS_LIMIT);
    if (builder->name_bytes > NAMES_LIMIT_BYTES)
        return error_set(err, TRBA_ERROR_LIMIT, "the names of its tensors have more than %d MiB",
                         NAMES_LIMIT_BYTES >> 20);
    return TRBA_OK;
}

void table_builder_name_tensor(const char *name, trba_error *err)
{
    char prefix[256];
    snprintf(prefix, sizeof prefix, "tensor %.200s", name);
    error_prefix(err, prefix);
}

static trba_status read_any(struct table_builder *builder, const void *bytes, size_t n_bytes, trba_error *err)
{
    const char *sentence;
    switch (sniff_file(bytes, n_bytes, &sentence)) {
    case SNIFF_ZIP: return torch_zip_read(builder, bytes, n_bytes, err);
    case SNIFF_PICKLE: return torch_legacy_read(builder, bytes, n_bytes, err);
    case SNIFF_SAFETENSORS: return safetensors_read(builder, bytes, n_bytes, err);
    case SNIFF_DAMAGED: return error_set(err, TRBA_ERROR_FORMAT, "%s", sentence);
    case SNIFF_OTHER: break;
    }
    return error_set(err, TRBA_ERROR_UNSUPPORTED, "%s", sentence);
}

static trba_status make_index(struct table_builder *builder, trba_error *err)
{
    struct tensor_table *table = &builder->table;
    table->by_name = arena_alloc_array(&builder->arena, table->n_tensors, sizeof *table->by_name);
    if (table->by_name == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory for the table of tensors");
    tensor_table_sort(table);
    return TRBA_OK;
}

trba_status tensor_table_open(const void *bytes, size_t n_bytes, const struct file_map *map,
                              tensor_name_recogniser recogniser, struct tensor_table **out, trba_error *err)
{
    struct table_builder *builder = calloc(1, sizeof *builder);
    if (builder == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory for the table of tensors");
    arena_init(&builder->arena, table_limit_bytes);
    builder->recogniser = recogniser;
    builder->stored_bytes = n_bytes;
    builder->map = map;
    trba_status status = read_any(builder, bytes, n_bytes, err);
    if (status == TRBA_OK) status = make_index(builder, err);
    if (status == TRBA_OK)
        *out = &builder->table;
    else
        tensor_table_free(&builder->table);
    return status;
}

void tensor_table_free(struct tensor_table *table)
{
    struct table_builder *builder = (struct table_builder *)table; /* its first member */
    if (builder == NULL) return;
    arena_free(&builder->arena);
    free(builder);
}

static int compare_tensors(const void *a, const void *b)
{
    const struct tensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

void tensor_table_sort(struct tensor_table *table)
{
    for (size_t i = 0; i < table->n_tensors; i++) table->by_name[i] = &table->tensors[i];
    if (table->n_tensors > 0) qsort(table->by_name, table->n_tensors, sizeof *table->by_name, compare_tensors);
}

const struct tensor *tensor_table_find(const struct tensor_table *table, const char *name)
{
    const struct tensor wanted = {.name = name}, *const key = &wanted;
    if (table->n_tensors == 0) return NULL;
    const struct tensor *const *found =
        bsearch(&key, table->by_name, table->n_tensors, sizeof *table->by_name, compare_tensors);
    return found != NULL ? *found : NULL;
}

const char *tensor_table_find_metadata(const struct tensor_table *table, const char *key)
{
    for (size_t i = 0; i < table->n_metadata; i++)
        if (strcmp(table->metadata[i].key, key) == 0) return table->metadata[i].value;
    return NULL;
}
