/* SPDX-License-Identifier: Apache-2.0 */
/* table_save.c - write a checkpoint, and do not believe that it is there before it has been read.
 *
 *   table -> list of names, tensors and new dtypes
 *         -> safetensors_write.c or torch_zip_write.c, into a temporary file, flushed to the disk
 *         -> read back: the bytes by their checksum, then by the same readers as any checkpoint, every tensor compared
 *            to the bit with what it was made of
 *         -> renamed to its place
 */
#include "weights/table_save.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/file_map.h"
#include "base/utf8.h"
#include "weights/table_builder.h"

/* The zip form without ZIP64 has 32-bit offsets; the largest network of the family has 200 MB. */
static const uint64_t file_limit_bytes = UINT64_C(0xFFFFFFFF) - (1 << 20);

trba_status save_item_cast(const struct save_item *item, struct cast_buffer *cast, trba_error *err)
{
    const trba_status status = tensor_cast(item->tensor, item->dtype, cast, err);
    if (status != TRBA_OK) table_builder_name_tensor(item->name, err);
    return status;
}

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static char *join_name(const char *prefix, const char *name)
{
    const size_t n = strlen(prefix), m = strlen(name);
    char *joined = malloc(n + m + 1);
    if (joined == NULL) return NULL;
    memcpy(joined, prefix, n);
    memcpy(joined + n, name, m + 1);
    return joined;
}

static void list_free(struct save_list *list)
{
    for (size_t i = 0; i < list->n; i++) free((char *)list->items[i].name);
    free(list->items);
}

static trba_status check_name(const char *name, trba_error *err)
{
    if (strlen(name) >= NAME_LIMIT_BYTES)
        return error_set(err, TRBA_ERROR_LIMIT, "with its prefix a tensor's name is longer than %d bytes",
                         NAME_LIMIT_BYTES);
    if (utf8_count(name, strlen(name)) == SIZE_MAX || strcmp(name, "__metadata__") == 0)
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "a tensor's name cannot be written: not UTF-8, or reserved");
    return TRBA_OK;
}

static trba_status fill_list(const struct tensor_table *table, bool changes_dtype, enum tensor_dtype dtype,
                             const char *prefix, struct save_list *list, trba_error *err)
{
    uint64_t total = 0;
    for (size_t i = 0; i < table->n_tensors; i++) {
        const struct tensor *tensor = &table->tensors[i];
        struct save_item *item = &list->items[i];
        *item = (struct save_item){.name = join_name(prefix, tensor->name), .tensor = tensor, .dtype = tensor->dtype};
        if (item->name == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory for the names of tensors");
        list->n++;
        if (changes_dtype && tensor_dtype_is_float(tensor->dtype)) item->dtype = dtype;
        const trba_status status = check_name(item->name, err);
        if (status != TRBA_OK) return status;
        const bool fits = checked_mul(tensor->n_elements, tensor_dtype_bytes(item->dtype), &item->n_bytes) &&
                          item->n_bytes <= file_limit_bytes - total;
        if (!fits) return error_set(err, TRBA_ERROR_LIMIT, "the tensors have more than 4 GiB, which cannot be written");
        total += item->n_bytes;
    }
    return TRBA_OK;
}

/* ---- reading back ------------------------------------------------------------------------------------------------ */

/* Every name is taken as it is, prefix included. */
static const char *recognise_any(const char *name) { return name; }

static bool has_same_shape(const struct tensor *a, const struct tensor *b)
{
    return a->n_dimensions == b->n_dimensions &&
           memcmp(a->shape, b->shape, (size_t)a->n_dimensions * sizeof a->shape[0]) == 0;
}

static trba_status compare_item(const struct tensor_table *written, const struct save_item *item,
                                struct cast_buffer *expected, struct cast_buffer *found, trba_error *err)
{
    const struct tensor *tensor = tensor_table_find(written, item->name);
    trba_status status = save_item_cast(item, expected, err);
    if (status != TRBA_OK) return status;
    if (tensor != NULL && tensor->dtype == item->dtype && has_same_shape(tensor, item->tensor)) {
        status = tensor_cast(tensor, item->dtype, found, err);
        if (status != TRBA_OK) return status;
        if (item->n_bytes == 0 || memcmp(found->bytes, expected->bytes, item->n_bytes) == 0) return TRBA_OK;
    }
    error_set(err, TRBA_ERROR_IO, "is not what was to be written");
    table_builder_name_tensor(item->name, err);
    return TRBA_ERROR_IO;
}

static trba_status compare_table(const struct tensor_table *written, const struct save_list *list,
                                 struct cast_buffer *cast, trba_error *err)
{
    if (written->n_tensors != list->n)
        return error_set(err, TRBA_ERROR_IO, "%zu tensors were written and %zu read back", list->n, written->n_tensors);
    struct cast_buffer found = {.bytes = NULL};
    trba_status status = TRBA_OK;
    for (size_t i = 0; i < list->n && status == TRBA_OK; i++)
        status = compare_item(written, &list->items[i], cast, &found, err);
    cast_buffer_free(&found);
    return status;
}

/* Also what our reader does not look at must be as it was written: another reader may. */
static trba_status compare_bytes(const struct file_map *map, const struct file_writer *out, trba_error *err)
{
    if (map->n_bytes == out->n_bytes && file_checksum(FILE_CHECKSUM_START, map->bytes, map->n_bytes) == out->checksum)
        return TRBA_OK;
    return error_set(err, TRBA_ERROR_IO, "%s reads back otherwise than it was written: is the disk at fault?",
                     out->path);
}

static trba_status read_back(const struct file_writer *out, const struct save_list *list, struct cast_buffer *cast,
                             trba_error *err)
{
    struct file_map map;
    struct tensor_table *written = NULL;
    trba_status status = file_map_open(out->temporary, &map, err);
    if (status != TRBA_OK) return status;
    status = compare_bytes(&map, out, err);
    if (status == TRBA_OK) status = tensor_table_open(map.bytes, map.n_bytes, &map, recognise_any, &written, err);
    if (status == TRBA_OK) status = compare_table(written, list, cast, err);
    tensor_table_free(written);
    file_map_close(&map);
    return status;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static trba_status write_and_check(const struct save_list *list, const char *path, trba_save_format format,
                                   trba_error *err)
{
    struct file_writer out = {.fd = -1};
    struct cast_buffer cast = {.bytes = NULL};
    trba_status status = file_writer_open(path, &out, err);
    if (status == TRBA_OK)
        status = format == TRBA_SAVE_PYTORCH ? torch_zip_write(list, &cast, &out, err)
                                             : safetensors_write(list, &cast, &out, err);
    if (status == TRBA_OK) status = file_writer_flush(&out, err);
    if (status == TRBA_OK) status = read_back(&out, list, &cast, err);
    if (status == TRBA_OK) status = file_writer_commit(&out, err);
    file_writer_discard(&out);
    cast_buffer_free(&cast);
    return status;
}

trba_status table_save(const struct tensor_table *table, const char *path, trba_save_format format,
                       bool changes_dtype, enum tensor_dtype dtype, const char *prefix, trba_error *err)
{
    struct save_list list = {.metadata = table->metadata, .n_metadata = table->n_metadata};
    list.items = calloc(table->n_tensors + 1, sizeof *list.items);
    if (list.items == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory for the list of tensors");
    trba_status status = fill_list(table, changes_dtype, dtype, prefix, &list, err);
    if (status == TRBA_OK) status = write_and_check(&list, path, format, err);
    list_free(&list);
    return status;
}
