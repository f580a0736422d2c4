/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors.c - the simplest form: a length, a JSON header, the data.
 *
 *   u64 n | n bytes {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {...}} | data
 *
 * Its specification asks that no name comes twice and that the tensors fill the data from begin to end, without gaps
 * and without sharing a byte: checked here, as everything else.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "weights/json_reader.h"
#include "weights/table_builder.h"
#include "weights/tensor_view.h"

/* A network's header has about 30 KB. */
enum { HEADER_LIMIT_BYTES = 8 * 1024 * 1024, METADATA_VALUE_BYTES = 64 * 1024 + 1, KEY_BYTES = 16 };

/* A list of numbers in the header; whatever else stands there is not valid, but may be JSON all the same. */
struct integers {
    int64_t values[TRBA_MAX_DIMENSIONS];
    size_t n;
    bool is_there, are_valid;
};

/* What the header says of a tensor. */
struct entry {
    bool has_dtype, has_known_dtype;
    enum tensor_dtype dtype;
    struct integers shape, span;
};

struct safetensors {
    const uint8_t *data;
    size_t data_bytes;
    struct json_reader header;
    bool has_metadata;
    struct named_tensor *named; /* malloc; [n]; value unused: the entry has the same index */
    struct entry *entries;      /* malloc; [n] */
    size_t n, capacity;
};

/* ---- the header -------------------------------------------------------------------------------------------------- */

static trba_status fail_header(const char *problem, trba_error *err)
{
    return error_set(err, TRBA_ERROR_FORMAT, "damaged safetensors file: its header is not a JSON object (%s)", problem);
}

static trba_status find_header(struct safetensors *st, const void *bytes, size_t n_bytes, trba_error *err)
{
    struct byte_reader r = byte_reader_new(bytes, n_bytes);
    const uint64_t length = bytes_u64le(&r);
    if (length > HEADER_LIMIT_BYTES)
        return error_set(err, TRBA_ERROR_LIMIT,
                         "damaged safetensors file: its header would have %llu bytes; the limit is %d",
                         (unsigned long long)length, HEADER_LIMIT_BYTES);
    const uint8_t *text = bytes_take(&r, (size_t)length);
    if (text == NULL)
        return error_set(err, TRBA_ERROR_FORMAT,
                         "damaged safetensors file: it ends inside its header, so the download is incomplete");
    st->header = json_reader_new(text, (size_t)length);
    st->data = r.data + r.position;
    st->data_bytes = bytes_left(&r);
    return TRBA_OK;
}

static bool read_integers(struct json_reader *r, struct integers *out)
{
    if (out->is_there) return json_fail(r, "duplicate key");
    *out = (struct integers){.is_there = true, .are_valid = json_peek(r) == '['};
    if (!out->are_valid) return json_skip_value(r);
    json_open(r, '[');
    while (json_next_item(r, ']', &out->n)) {
        int64_t value = 0;
        bool is_integer = false;
        const char first = json_peek(r);
        const bool is_number = first == '-' || (first >= '0' && first <= '9');
        if (!(is_number ? json_read_integer(r, &value, &is_integer) : json_skip_value(r))) return false;
        out->are_valid = out->are_valid && is_integer && out->n <= TRBA_MAX_DIMENSIONS;
        if (out->are_valid) out->values[out->n - 1] = value;
    }
    return r->problem == NULL;
}

static bool find_dtype(const char *name, enum tensor_dtype *out)
{
    static const struct {
        const char *name;
        enum tensor_dtype dtype;
    } dtypes[] = {{"F32", TENSOR_FLOAT32}, {"F64", TENSOR_FLOAT64}, {"F16", TENSOR_FLOAT16}, {"BF16", TENSOR_BFLOAT16},
                  {"I64", TENSOR_INT64},   {"I32", TENSOR_INT32},   {"I16", TENSOR_INT16},   {"I8", TENSOR_INT8},
                  {"U8", TENSOR_UINT8},    {"BOOL", TENSOR_BOOL}};
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(name, dtypes[i].name) != 0) continue;
        *out = dtypes[i].dtype;
        return true;
    }
    return false;
}

static bool read_dtype(struct json_reader *r, struct entry *out)
{
    char bytes[KEY_BYTES];
    struct json_text name = {.bytes = bytes, .capacity = sizeof bytes};
    if (out->has_dtype) return json_fail(r, "duplicate key");
    out->has_dtype = true;
    if (json_peek(r) != '"') return json_skip_value(r);
    if (!json_read_text(r, &name)) return false;
    out->has_known_dtype = !name.is_cut && find_dtype(name.bytes, &out->dtype);
    return true;
}

/* An entry that is no object has nothing of what it needs; keys that mean nothing here are passed over. */
static bool read_entry(struct json_reader *r, struct entry *out)
{
    char bytes[KEY_BYTES];
    struct json_text key = {.bytes = bytes, .capacity = sizeof bytes};
    size_t n = 0;
    *out = (struct entry){.has_dtype = false};
    if (json_peek(r) != '{') return json_skip_value(r);
    json_open(r, '{');
    while (json_next_key(r, &n, &key)) {
        const bool is_read = strcmp(key.bytes, "dtype") == 0          ? read_dtype(r, out)
                             : strcmp(key.bytes, "shape") == 0        ? read_integers(r, &out->shape)
                             : strcmp(key.bytes, "data_offsets") == 0 ? read_integers(r, &out->span)
                                                                      : json_skip_value(r);
        if (!is_read) return false;
    }
    return r->problem == NULL;
}

static bool has_span(const struct entry *entry)
{
    const int64_t *span = entry->span.values;
    return entry->span.are_valid && entry->span.n == 2 && span[0] >= 0 && span[0] <= span[1];
}

/* ---- metadata ---------------------------------------------------------------------------------------------------- */

static trba_status fail_metadata_memory(trba_error *err)
{
    return error_set(err, TRBA_ERROR_MEMORY, "no memory for the metadata");
}

/* Texts under short names; whatever else, and what is too much, is passed over. */
static trba_status read_metadata_pair(struct json_reader *r, struct table_builder *builder,
                                      const struct json_text *key, struct json_text *value, trba_error *err)
{
    if (json_peek(r) != '"' || key->is_cut || table_builder_metadata_is_full(builder)) {
        json_skip_value(r);
        return TRBA_OK;
    }
    if (tensor_table_find_metadata(&builder->table, key->bytes) != NULL) json_fail(r, "duplicate key");
    if (!json_read_text(r, value) || value->is_cut) return TRBA_OK;
    const bool is_added = table_builder_add_metadata(builder, key->bytes, value->bytes, value->n);
    return is_added ? TRBA_OK : fail_metadata_memory(err);
}

static trba_status read_metadata(struct safetensors *st, struct table_builder *builder, trba_error *err)
{
    struct json_reader *r = &st->header;
    char key_bytes[NAME_LIMIT_BYTES];
    struct json_text key = {.bytes = key_bytes, .capacity = sizeof key_bytes};
    if (st->has_metadata) json_fail(r, "duplicate key");
    st->has_metadata = true;
    if (json_peek(r) != '{') {
        json_skip_value(r);
        return TRBA_OK;
    }
    struct json_text value = {.bytes = malloc(METADATA_VALUE_BYTES), .capacity = METADATA_VALUE_BYTES};
    if (value.bytes == NULL) return fail_metadata_memory(err);
    json_open(r, '{');
    trba_status status = TRBA_OK;
    for (size_t n = 0; status == TRBA_OK && json_next_key(r, &n, &key);)
        status = read_metadata_pair(r, builder, &key, &value, err);
    free(value.bytes);
    return status;
}

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

/* Room for one more tensor. */
static bool grow(struct safetensors *st)
{
    if (st->n < st->capacity) return true;
    const size_t capacity = st->capacity == 0 ? 512 : 2 * st->capacity;
    struct named_tensor *named = realloc(st->named, capacity * sizeof *named);
    if (named != NULL) st->named = named;
    struct entry *entries = realloc(st->entries, capacity * sizeof *entries);
    if (entries != NULL) st->entries = entries;
    if (named == NULL || entries == NULL) return false;
    st->capacity = capacity;
    return true;
}

static trba_status add_tensor(struct safetensors *st, const struct json_text *name, struct table_builder *builder,
                              trba_error *err)
{
    if (name->is_cut)
        return error_set(err, TRBA_ERROR_LIMIT, "a tensor's name is longer than %d bytes", NAME_LIMIT_BYTES);
    const trba_status status = table_builder_count_name(builder, name->bytes, err);
    if (status != TRBA_OK) return status;
    const char *copy = arena_copy_text(&builder->arena, name->bytes, name->n);
    if (copy == NULL || !grow(st))
        return error_set(err, TRBA_ERROR_MEMORY, "no memory for the names of tensors");
    struct entry *entry = &st->entries[st->n];
    if (!read_entry(&st->header, entry)) return TRBA_OK; /* what is wrong is said at the end of the header */
    if (!has_span(entry))
        return error_set(err, TRBA_ERROR_FORMAT, "damaged safetensors file: tensor %.200s has no data_offsets", copy);
    st->named[st->n++] = (struct named_tensor){.name = copy, .value = NULL};
    return TRBA_OK;
}

/* Lists the tensors, and takes the metadata. */
static trba_status read_header(struct safetensors *st, struct table_builder *builder, trba_error *err)
{
    struct json_reader *r = &st->header;
    char name_bytes[NAME_LIMIT_BYTES];
    struct json_text name = {.bytes = name_bytes, .capacity = sizeof name_bytes};
    trba_status status = TRBA_OK;
    json_open(r, '{');
    for (size_t n = 0; status == TRBA_OK && json_next_key(r, &n, &name);)
        status = strcmp(name.bytes, "__metadata__") == 0 ? read_metadata(st, builder, err)
                                                         : add_tensor(st, &name, builder, err);
    if (status != TRBA_OK) return status;
    if (!json_finish(r)) return fail_header(r->problem, err);
    return st->n > 0 ? TRBA_OK : error_set(err, TRBA_ERROR_FORMAT, "this safetensors file holds no tensors");
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct named_tensor *)a)->name, ((const struct named_tensor *)b)->name);
}

static trba_status check_names(const struct safetensors *st, trba_error *err)
{
    struct named_tensor *sorted = calloc(st->n, sizeof *sorted);
    if (sorted == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory to check the names");
    memcpy(sorted, st->named, st->n * sizeof *sorted);
    qsort(sorted, st->n, sizeof *sorted, compare_names);
    bool is_twice = false;
    for (size_t i = 1; i < st->n; i++) is_twice = is_twice || compare_names(&sorted[i - 1], &sorted[i]) == 0;
    free(sorted);
    return is_twice ? fail_header("duplicate name", err) : TRBA_OK;
}

static int compare_spans(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    if (x[0] != y[0]) return x[0] < y[0] ? -1 : 1;
    return (x[1] > y[1]) - (x[1] < y[1]);
}

static trba_status check_spans(const struct safetensors *st, trba_error *err)
{
    int64_t end = 0, (*sorted)[2] = calloc(st->n, sizeof *sorted);
    if (sorted == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory to check the offsets");
    for (size_t i = 0; i < st->n; i++) memcpy(sorted[i], st->entries[i].span.values, sizeof sorted[i]);
    qsort(sorted, st->n, sizeof *sorted, compare_spans);
    bool is_gapless = true;
    for (size_t i = 0; i < st->n && is_gapless; i++) {
        is_gapless = sorted[i][0] == end;
        end = sorted[i][1];
    }
    free(sorted);
    if (!is_gapless)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged safetensors file: its data_offsets overlap or leave gaps");
    if ((uint64_t)end > st->data_bytes)
        return error_set(err, TRBA_ERROR_FORMAT,
                         "damaged safetensors file: it ends inside its weights, so the download is incomplete");
    if ((uint64_t)end < st->data_bytes)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged safetensors file: it is longer than its header says");
    return TRBA_OK;
}

static trba_status read_tensor(const struct safetensors *st, size_t index, struct tensor *out, trba_error *err)
{
    const struct entry *entry = &st->entries[index];
    const int64_t begin = entry->span.values[0], end = entry->span.values[1];
    struct tensor_view view = {.dtype = entry->dtype, .storage = st->data + begin,
                               .storage_bytes = (size_t)(end - begin), .n_dimensions = (int)entry->shape.n};
    if (!entry->has_known_dtype)
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "has a dtype that is not read: save it with float()");
    if (!entry->shape.are_valid)
        return error_set(err, TRBA_ERROR_FORMAT, "has a shape that is not at most %d integers", TRBA_MAX_DIMENSIONS);
    memcpy(view.shape, entry->shape.values, sizeof view.shape);
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
    struct safetensors st = {.n = 0};
    builder->table.format = "safetensors";
    builder->table.root = "";
    trba_status status = find_header(&st, bytes, n_bytes, err);
    if (status == TRBA_OK) status = read_header(&st, builder, err);
    if (status == TRBA_OK) status = check_names(&st, err);
    if (status == TRBA_OK) status = check_spans(&st, err);
    if (status == TRBA_OK) status = fill_table(&st, builder, err);
    free(st.entries);
    free(st.named);
    return status;
}
