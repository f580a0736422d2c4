/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors.c - the simplest form: a length, a JSON header, the data.
 *
 *   u64 n | n bytes {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {...}} | data
 *
 * Its specification asks that the tensors fill the data from begin to end, without gaps and without sharing a byte:
 * checked here, as everything else.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/utf8.h"
#include "weights/table_builder.h"
#include "weights/tensor_view.h"

/* A network's header has about 30 KB. JSON is parsed into many small allocations, so more is refused early. */
enum { HEADER_LIMIT_BYTES = 8 * 1024 * 1024 };

struct data_span {
    size_t begin, end;
};

struct safetensors {
    const uint8_t *data;
    size_t data_bytes;
    json_t *header;
    struct named_tensor *named; /* malloc; value: the json_t of the tensor */
    struct data_span *spans;    /* malloc; of the same tensors */
    size_t n;
};

static trba_status parse_header(struct safetensors *st, const void *bytes, size_t n_bytes, trba_error *err)
{
    struct byte_reader r = byte_reader_new(bytes, n_bytes);
    const uint64_t length = bytes_u64le(&r);
    if (length > HEADER_LIMIT_BYTES)
        return error_set(err, TRBA_ERROR_LIMIT,
                         "damaged safetensors file: its header would have %llu bytes; the limit is %d",
                         (unsigned long long)length, HEADER_LIMIT_BYTES);
    const char *text = (const char *)bytes_take(&r, (size_t)length);
    if (text == NULL)
        return error_set(err, TRBA_ERROR_FORMAT,
                         "damaged safetensors file: it ends inside its header, so the download is incomplete");
    json_error_t problem;
    st->header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(st->header))
        return error_set(err, TRBA_ERROR_FORMAT, "damaged safetensors file: its header is not a JSON object (%.100s)",
                         st->header == NULL ? problem.text : "it is another kind of value");
    st->data = r.data + r.position;
    st->data_bytes = bytes_left(&r);
    return TRBA_OK;
}

static bool read_size(const json_t *value, size_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *out = (size_t)json_integer_value(value);
    return true;
}

static bool read_span(const json_t *entry, struct data_span *out)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    return json_array_size(offsets) == 2 && read_size(json_array_get(offsets, 0), &out->begin) &&
           read_size(json_array_get(offsets, 1), &out->end) && out->begin <= out->end;
}

static bool add_metadata_texts(struct table_builder *builder, json_t *texts)
{
    const char *key;
    json_t *value;
    json_object_foreach(texts, key, value) {
        if (json_is_string(value) &&
            !table_builder_add_metadata(builder, key, json_string_value(value), json_string_length(value)))
            return false;
    }
    return true;
}

/* Lists the tensors and their spans, and takes the metadata. */
static trba_status list_tensors(struct safetensors *st, struct table_builder *builder, trba_error *err)
{
    const size_t n = json_object_size(st->header);
    if (n > TENSORS_LIMIT) return error_set(err, TRBA_ERROR_LIMIT, "there are more than %d tensors", TENSORS_LIMIT);
    st->named = calloc(n + 1, sizeof *st->named);
    st->spans = calloc(n + 1, sizeof *st->spans);
    if (st->named == NULL || st->spans == NULL)
        return error_set(err, TRBA_ERROR_MEMORY, "no memory for the names of tensors");
    const char *name;
    json_t *entry;
    json_object_foreach(st->header, name, entry) {
        if (strcmp(name, "__metadata__") == 0) {
            if (!add_metadata_texts(builder, entry))
                return error_set(err, TRBA_ERROR_MEMORY, "no memory for the metadata");
            continue;
        }
        if (strlen(name) >= NAME_LIMIT_BYTES)
            return error_set(err, TRBA_ERROR_LIMIT, "a tensor's name is longer than %d bytes", NAME_LIMIT_BYTES);
        if (!read_span(entry, &st->spans[st->n]))
            return error_set(err, TRBA_ERROR_FORMAT, "damaged safetensors file: tensor %.200s has no data_offsets",
                             name);
        st->named[st->n++] = (struct named_tensor){.name = name, .value = entry};
    }
    return st->n > 0 ? TRBA_OK : error_set(err, TRBA_ERROR_FORMAT, "this safetensors file holds no tensors");
}

static int compare_spans(const void *a, const void *b)
{
    const struct data_span *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static trba_status check_spans(const struct safetensors *st, trba_error *err)
{
    size_t end = 0;
    struct data_span *sorted = calloc(st->n, sizeof *sorted);
    if (sorted == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory to check the offsets");
    memcpy(sorted, st->spans, st->n * sizeof *sorted);
    qsort(sorted, st->n, sizeof *sorted, compare_spans);
    bool is_gapless = true;
    for (size_t i = 0; i < st->n && is_gapless; i++) {
        is_gapless = sorted[i].begin == end;
        end = sorted[i].end;
    }
    free(sorted);
    if (!is_gapless)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged safetensors file: its data_offsets overlap or leave gaps");
    if (end > st->data_bytes)
        return error_set(err, TRBA_ERROR_FORMAT,
                         "damaged safetensors file: it ends inside its weights, so the download is incomplete");
    if (end < st->data_bytes)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged safetensors file: it is longer than its header says");
    return TRBA_OK;
}

static bool read_dtype(const json_t *value, enum tensor_dtype *out)
{
    static const struct {
        const char *name;
        enum tensor_dtype dtype;
    } dtypes[] = {{"F32", TENSOR_FLOAT32}, {"F64", TENSOR_FLOAT64}, {"F16", TENSOR_FLOAT16}, {"BF16", TENSOR_BFLOAT16},
                  {"I64", TENSOR_INT64},   {"I32", TENSOR_INT32},   {"I16", TENSOR_INT16},   {"I8", TENSOR_INT8},
                  {"U8", TENSOR_UINT8},    {"BOOL", TENSOR_BOOL}};
    const char *name = json_string_value(value);
    for (size_t i = 0; name != NULL && i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(name, dtypes[i].name) != 0) continue;
        *out = dtypes[i].dtype;
        return true;
    }
    return false;
}

static bool read_shape(const json_t *shape, struct tensor_view *view)
{
    const size_t n = json_array_size(shape);
    if (!json_is_array(shape) || n > TRBA_MAX_DIMENSIONS) return false;
    for (size_t i = 0; i < n; i++) {
        const json_t *size = json_array_get(shape, i);
        if (!json_is_integer(size)) return false;
        view->shape[i] = json_integer_value(size);
    }
    view->n_dimensions = (int)n;
    return true;
}

static trba_status read_tensor(const struct safetensors *st, size_t index, struct tensor *out, trba_error *err)
{
    const json_t *entry = st->named[index].value;
    const struct data_span span = st->spans[index];
    struct tensor_view view = {.storage = st->data + span.begin, .storage_bytes = span.end - span.begin};
    if (!read_dtype(json_object_get(entry, "dtype"), &view.dtype))
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "has a dtype that is not read");
    if (!read_shape(json_object_get(entry, "shape"), &view))
        return error_set(err, TRBA_ERROR_FORMAT, "has a shape that is not at most %d integers", TRBA_MAX_DIMENSIONS);
    tensor_view_set_row_major(&view);
    const trba_status status = tensor_view_check(&view, out, err);
    if (status != TRBA_OK) return status;
    if (out->n_elements * tensor_dtype_bytes(view.dtype) != view.storage_bytes)
        return error_set(err, TRBA_ERROR_FORMAT, "has %zu elements in %zu bytes", out->n_elements, view.storage_bytes);
    return TRBA_OK;
}

static trba_status fill_table(struct safetensors *st, struct table_builder *builder, trba_error *err)
{
    struct tensor_table *table = &builder->table;
    size_t *kept = calloc(st->n, sizeof *kept);
    if (kept == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory for the table of tensors");
    trba_status status = table_builder_take_names(builder, st->named, st->n, kept, err);
    for (size_t i = 0; status == TRBA_OK && i < table->n_tensors; i++) {
        const char *name = table->tensors[i].name;
        status = read_tensor(st, kept[i], &table->tensors[i], err);
        table->tensors[i].name = name;
        if (status != TRBA_OK) table_builder_name_tensor(name, err);
    }
    free(kept);
    return status;
}

trba_status safetensors_read(struct table_builder *builder, const void *bytes, size_t n_bytes, trba_error *err)
{
    struct safetensors st = {.header = NULL};
    builder->table.format = "safetensors";
    builder->table.root = "";
    trba_status status = parse_header(&st, bytes, n_bytes, err);
    if (status == TRBA_OK) status = list_tensors(&st, builder, err);
    if (status == TRBA_OK) status = check_spans(&st, err);
    if (status == TRBA_OK) status = fill_table(&st, builder, err);
    free(st.spans);
    free(st.named);
    json_decref(st.header);
    return status;
}
