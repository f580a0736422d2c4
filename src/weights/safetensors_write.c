/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors_write.c - the form that safetensors.c reads.
 *
 *   u64 n | n bytes of JSON, filled up with blanks so that the data begins at a multiple of 8 | the tensors, one after
 *   the other
 *
 * Wider elements first, so that every tensor is aligned, as the safetensors package does it.
 */
#include <string.h>

#include "base/utf8.h"
#include "weights/byte_text.h"
#include "weights/table_save.h"

enum { ALIGNMENT = 8, WIDEST = 8 };

static const char *const dtype_names[] = {
    [TENSOR_FLOAT32] = "F32", [TENSOR_FLOAT64] = "F64", [TENSOR_FLOAT16] = "F16", [TENSOR_BFLOAT16] = "BF16",
    [TENSOR_INT64] = "I64",   [TENSOR_INT32] = "I32",   [TENSOR_INT16] = "I16",   [TENSOR_INT8] = "I8",
    [TENSOR_UINT8] = "U8",    [TENSOR_BOOL] = "BOOL",
};

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* `text` is UTF-8; only quotes, backslashes and control characters need another spelling. */
static void add_string(struct byte_text *json, const char *text)
{
    byte_text_add(json, "\"", 1);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') byte_text_add(json, "\\", 1);
        if ((unsigned char)*text < 0x20) byte_text_format(json, "\\u%04x", (unsigned)(unsigned char)*text);
        else byte_text_add(json, text, 1);
    }
    byte_text_add(json, "\"", 1);
}

static bool is_known_before(const struct save_list *list, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(list->metadata[k].key, list->metadata[i].key) == 0) return true;
    return false;
}

/* Metadata keys out of a pickle may be anything: those that JSON cannot hold, or holds already, are left out. */
static void add_metadata(struct byte_text *json, const struct save_list *list)
{
    bool is_first = true;
    for (size_t i = 0; i < list->n_metadata; i++) {
        const struct tensor_metadata *entry = &list->metadata[i];
        if (utf8_count(entry->key, strlen(entry->key)) == SIZE_MAX || is_known_before(list, i)) continue;
        byte_text_format(json, "%s", is_first ? "\"__metadata__\":{" : ",");
        add_string(json, entry->key);
        byte_text_add(json, ":", 1);
        add_string(json, entry->value);
        is_first = false;
    }
    if (!is_first) byte_text_format(json, "},");
}

static void add_tensor(struct byte_text *json, const struct save_item *item, uint64_t begin)
{
    add_string(json, item->name);
    byte_text_format(json, ":{\"dtype\":\"%s\",\"shape\":[", dtype_names[item->dtype]);
    for (int d = 0; d < item->tensor->n_dimensions; d++)
        byte_text_format(json, "%s%lld", d > 0 ? "," : "", (long long)item->tensor->shape[d]);
    byte_text_format(json, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)begin,
                     (unsigned long long)(begin + item->n_bytes));
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

/* Calls `visit` for every item, those with the widest elements first. */
typedef trba_status (*item_visitor)(void *user, const struct save_item *item, trba_error *err);
static trba_status for_each_item(const struct save_list *list, item_visitor visit, void *user, trba_error *err)
{
    for (size_t width = WIDEST; width > 0; width /= 2)
        for (size_t i = 0; i < list->n; i++) {
            if (tensor_dtype_bytes(list->items[i].dtype) != width) continue;
            const trba_status status = visit(user, &list->items[i], err);
            if (status != TRBA_OK) return status;
        }
    return TRBA_OK;
}

struct header {
    struct byte_text json;
    uint64_t data_bytes;
    bool has_tensor;
};

static trba_status describe_item(void *user, const struct save_item *item, trba_error *err)
{
    struct header *header = user;
    (void)err;
    if (header->has_tensor) byte_text_add(&header->json, ",", 1);
    header->has_tensor = true;
    add_tensor(&header->json, item, header->data_bytes);
    header->data_bytes += item->n_bytes;
    return TRBA_OK;
}

static trba_status write_header(const struct save_list *list, struct file_writer *out, trba_error *err)
{
    struct header header = {.data_bytes = 0};
    struct byte_text length = {.bytes = NULL};
    byte_text_add(&header.json, "{", 1);
    add_metadata(&header.json, list);
    for_each_item(list, describe_item, &header, NULL);
    byte_text_add(&header.json, "}", 1);
    while (!header.json.failed && header.json.n % ALIGNMENT != 0) byte_text_add(&header.json, " ", 1);
    byte_text_add_le(&length, header.json.n, 8);
    trba_status status = TRBA_OK;
    if (header.json.failed || length.failed)
        status = error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for a header");
    if (status == TRBA_OK) status = file_writer_put(out, length.bytes, length.n, err);
    if (status == TRBA_OK) status = file_writer_put(out, header.json.bytes, header.json.n, err);
    byte_text_free(&length);
    byte_text_free(&header.json);
    return status;
}

struct data {
    struct cast_buffer *cast;
    struct file_writer *out;
};

static trba_status write_item(void *user, const struct save_item *item, trba_error *err)
{
    const struct data *data = user;
    const trba_status status = save_item_cast(item, data->cast, err);
    return status != TRBA_OK ? status : file_writer_put(data->out, data->cast->bytes, item->n_bytes, err);
}

trba_status safetensors_write(const struct save_list *list, struct cast_buffer *cast, struct file_writer *out,
                              trba_error *err)
{
    struct data data = {.cast = cast, .out = out};
    const trba_status status = write_header(list, out, err);
    return status != TRBA_OK ? status : for_each_item(list, write_item, &data, err);
}
