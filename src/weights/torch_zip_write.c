/* SPDX-License-Identifier: Apache-2.0 */
/* torch_zip_write.c - a state_dict as torch.save() of torch >= 1.6 writes it, readable with weights_only=True.
 *
 *   archive/data.pkl     OrderedDict of names and tensors; a tensor is _rebuild_tensor_v2(storage, 0, shape, strides)
 *   archive/byteorder    "little"
 *   archive/data/I       the elements of tensor I, at a multiple of 64 as PyTorch has it (for mmap)
 *   archive/version      "3"
 *
 * Entries are stored, not deflated: weights do not shrink.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "weights/byte_text.h"
#include "weights/table_builder.h"
#include "weights/table_save.h"
#include "weights/zip_archive.h"

/* ---- the pickle -------------------------------------------------------------------------------------------------- */

static const char *const storage_names[] = {
    [TENSOR_FLOAT32] = "FloatStorage", [TENSOR_FLOAT64] = "DoubleStorage",   [TENSOR_FLOAT16] = "HalfStorage",
    [TENSOR_BFLOAT16] = "BFloat16Storage", [TENSOR_INT64] = "LongStorage",   [TENSOR_INT32] = "IntStorage",
    [TENSOR_INT16] = "ShortStorage",   [TENSOR_INT8] = "CharStorage",        [TENSOR_UINT8] = "ByteStorage",
    [TENSOR_BOOL] = "BoolStorage",
};

/* The opcodes of protocol 2 that are needed. */
enum {
    OP_PROTO = 0x80, OP_MARK = '(', OP_TUPLE = 't', OP_EMPTY_TUPLE = ')', OP_REDUCE = 'R', OP_SETITEMS = 'u',
    OP_STOP = '.', OP_BINPERSID = 'Q', OP_NEWFALSE = 0x89, OP_BINUNICODE = 'X', OP_BININT = 'J', OP_LONG1 = 0x8A
};

static void add_op(struct byte_text *pickle, int op)
{
    byte_text_add_le(pickle, (uint64_t)op, 1);
}

static void add_text(struct byte_text *pickle, const char *text)
{
    const size_t n = strlen(text);
    add_op(pickle, OP_BINUNICODE);
    byte_text_add_le(pickle, n, 4);
    byte_text_add(pickle, text, n);
}

static void add_number(struct byte_text *pickle, int64_t value)
{
    const bool is_short = value <= INT32_MAX;
    add_op(pickle, is_short ? OP_BININT : OP_LONG1);
    if (!is_short) byte_text_add_le(pickle, 8, 1); /* bytes that follow */
    byte_text_add_le(pickle, (uint64_t)value, is_short ? 4 : 8);
}

static void add_empty_dict(struct byte_text *pickle)
{
    byte_text_format(pickle, "ccollections\nOrderedDict\n");
    add_op(pickle, OP_EMPTY_TUPLE);
    add_op(pickle, OP_REDUCE);
}

/* ("storage", torch.FloatStorage, "3", "cpu", 1024) as a persistent id. */
static void add_storage(struct byte_text *pickle, const struct save_item *item, size_t index)
{
    char key[24];
    snprintf(key, sizeof key, "%zu", index);
    add_op(pickle, OP_MARK);
    add_text(pickle, "storage");
    byte_text_format(pickle, "ctorch\n%s\n", storage_names[item->dtype]);
    add_text(pickle, key);
    add_text(pickle, "cpu");
    add_number(pickle, (int64_t)item->tensor->n_elements);
    add_op(pickle, OP_TUPLE);
    add_op(pickle, OP_BINPERSID);
}

static void add_shape(struct byte_text *pickle, const struct tensor *tensor)
{
    add_op(pickle, OP_MARK);
    for (int d = 0; d < tensor->n_dimensions; d++) add_number(pickle, tensor->shape[d]);
    add_op(pickle, OP_TUPLE);
}

/* Row-major; of an empty tensor, whose other sizes may be anything, a dimension of 0 counts as 1, as in PyTorch, and a
 * product that overflows as nothing. */
static void add_strides(struct byte_text *pickle, const struct tensor *tensor)
{
    add_op(pickle, OP_MARK);
    for (int d = 0; d < tensor->n_dimensions; d++) {
        int64_t stride = 1;
        for (int k = d + 1; k < tensor->n_dimensions; k++)
            if (__builtin_mul_overflow(stride, tensor->shape[k] > 0 ? tensor->shape[k] : 1, &stride)) stride = 0;
        add_number(pickle, stride);
    }
    add_op(pickle, OP_TUPLE);
}

/* _rebuild_tensor_v2(storage, 0, shape, strides, requires_grad=False, backward_hooks=OrderedDict()) */
static void add_tensor(struct byte_text *pickle, const struct save_item *item, size_t index)
{
    byte_text_format(pickle, "ctorch._utils\n_rebuild_tensor_v2\n");
    add_op(pickle, OP_MARK);
    add_storage(pickle, item, index);
    add_number(pickle, 0);
    add_shape(pickle, item->tensor);
    add_strides(pickle, item->tensor);
    add_op(pickle, OP_NEWFALSE);
    add_empty_dict(pickle);
    add_op(pickle, OP_TUPLE);
    add_op(pickle, OP_REDUCE);
}

static void make_pickle(const struct save_list *list, struct byte_text *pickle)
{
    add_op(pickle, OP_PROTO);
    add_op(pickle, 2);
    add_empty_dict(pickle);
    add_op(pickle, OP_MARK);
    for (size_t i = 0; i < list->n; i++) {
        add_text(pickle, list->items[i].name);
        add_tensor(pickle, &list->items[i], i);
    }
    add_op(pickle, OP_SETITEMS);
    add_op(pickle, OP_STOP);
}

/* ---- the zip file ------------------------------------------------------------------------------------------------ */

enum {
    LOCAL_SIGNATURE = 0x04034B50, CENTRAL_SIGNATURE = 0x02014B50, END_SIGNATURE = 0x06054B50,
    VERSION_NEEDED = 20, FLAG_UTF8 = 0x800, METHOD_STORED = 0, DOS_DATE = 0x21 /* 1 January 1980 */,
    LOCAL_HEAD_BYTES = 30, EXTRA_HEAD_BYTES = 4, PADDING_TAG = 0x4246 /* "FB", as PyTorch writes it */,
    DATA_ALIGNMENT = 64, MOST_ENTRIES = 65534
};

struct zip_writer {
    struct file_writer *out;
    struct byte_text directory;
    size_t n_entries;
    bool can_fold; /* see zip_checksum() */
};

/* What local and central header have in common, from "version needed" to the length of the name. */
static void add_common_fields(struct byte_text *head, uint32_t crc, size_t n_bytes, size_t name_bytes)
{
    byte_text_add_le(head, VERSION_NEEDED, 2);
    byte_text_add_le(head, FLAG_UTF8, 2);
    byte_text_add_le(head, METHOD_STORED, 2);
    byte_text_add_le(head, 0, 2); /* time */
    byte_text_add_le(head, DOS_DATE, 2);
    byte_text_add_le(head, crc, 4);
    byte_text_add_le(head, n_bytes, 4); /* packed */
    byte_text_add_le(head, n_bytes, 4);
    byte_text_add_le(head, name_bytes, 2);
}

/* The header, with an extra field that pushes the data to a multiple of 64. */
static void add_local_header(struct byte_text *head, uint64_t offset, const char *name, uint32_t crc, size_t n_bytes)
{
    const size_t name_bytes = strlen(name);
    const uint64_t unpadded = offset + LOCAL_HEAD_BYTES + name_bytes + EXTRA_HEAD_BYTES;
    const size_t padding = (size_t)(DATA_ALIGNMENT - unpadded % DATA_ALIGNMENT) % DATA_ALIGNMENT;
    byte_text_add_le(head, LOCAL_SIGNATURE, 4);
    add_common_fields(head, crc, n_bytes, name_bytes);
    byte_text_add_le(head, EXTRA_HEAD_BYTES + padding, 2);
    byte_text_add(head, name, name_bytes);
    byte_text_add_le(head, PADDING_TAG, 2);
    byte_text_add_le(head, padding, 2);
    for (size_t i = 0; i < padding; i++) byte_text_add(head, "Z", 1);
}

static void add_central_header(struct byte_text *directory, uint64_t offset, const char *name, uint32_t crc,
                               size_t n_bytes)
{
    const size_t name_bytes = strlen(name);
    byte_text_add_le(directory, CENTRAL_SIGNATURE, 4);
    byte_text_add_le(directory, VERSION_NEEDED, 2); /* made by */
    add_common_fields(directory, crc, n_bytes, name_bytes);
    byte_text_add_le(directory, 0, 2); /* no extra field here */
    byte_text_add_le(directory, 0, 2); /* comment */
    byte_text_add_le(directory, 0, 2); /* disk */
    byte_text_add_le(directory, 0, 2); /* attributes */
    byte_text_add_le(directory, 0, 4);
    byte_text_add_le(directory, offset, 4);
    byte_text_add(directory, name, name_bytes);
}

static trba_status write_entry(struct zip_writer *zip, const char *name, const void *bytes, size_t n_bytes,
                               trba_error *err)
{
    const uint64_t offset = zip->out->n_bytes;
    const uint32_t crc = zip_checksum(bytes, n_bytes, zip->can_fold);
    struct byte_text head = {.bytes = NULL};
    add_local_header(&head, offset, name, crc, n_bytes);
    add_central_header(&zip->directory, offset, name, crc, n_bytes);
    zip->n_entries++;
    trba_status status = TRBA_OK;
    if (head.failed || zip->directory.failed)
        status = error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for a zip directory");
    if (status == TRBA_OK) status = file_writer_put(zip->out, head.bytes, head.n, err);
    if (status == TRBA_OK) status = file_writer_put(zip->out, bytes, n_bytes, err);
    byte_text_free(&head);
    return status;
}

static trba_status write_directory(struct zip_writer *zip, trba_error *err)
{
    struct byte_text *directory = &zip->directory;
    const uint64_t offset = zip->out->n_bytes;
    const size_t n_bytes = directory->n;
    if (offset + n_bytes > UINT32_MAX)
        return error_set(err, TRBA_ERROR_LIMIT, "the file would have more than 4 GiB, which cannot be written");
    byte_text_add_le(directory, END_SIGNATURE, 4);
    byte_text_add_le(directory, 0, 4); /* disks */
    byte_text_add_le(directory, zip->n_entries, 2);
    byte_text_add_le(directory, zip->n_entries, 2);
    byte_text_add_le(directory, n_bytes, 4);
    byte_text_add_le(directory, offset, 4);
    byte_text_add_le(directory, 0, 2); /* comment */
    if (directory->failed) return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for a zip directory");
    return file_writer_put(zip->out, directory->bytes, directory->n, err);
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static trba_status write_pickle(struct zip_writer *zip, const struct save_list *list, trba_error *err)
{
    struct byte_text pickle = {.bytes = NULL};
    make_pickle(list, &pickle);
    const trba_status status = pickle.failed
        ? error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for a pickle")
        : write_entry(zip, "archive/data.pkl", pickle.bytes, pickle.n, err);
    byte_text_free(&pickle);
    return status;
}

static trba_status write_storage(struct zip_writer *zip, const struct save_item *item, size_t index,
                                 struct cast_buffer *cast, trba_error *err)
{
    char name[40];
    snprintf(name, sizeof name, "archive/data/%zu", index);
    const trba_status status = save_item_cast(item, cast, err);
    return status != TRBA_OK ? status : write_entry(zip, name, cast->bytes, item->n_bytes, err);
}

trba_status torch_zip_write(const struct save_list *list, struct cast_buffer *cast, struct file_writer *out,
                            trba_error *err)
{
    struct zip_writer zip = {.out = out, .can_fold = cpu_has_clmul()};
    _Static_assert(TENSORS_LIMIT <= MOST_ENTRIES - 3, "a table has no more tensors than a plain zip file has entries");
    trba_status status = write_pickle(&zip, list, err);
    if (status == TRBA_OK) status = write_entry(&zip, "archive/byteorder", "little", 6, err);
    for (size_t i = 0; i < list->n && status == TRBA_OK; i++)
        status = write_storage(&zip, &list->items[i], i, cast, err);
    if (status == TRBA_OK) status = write_entry(&zip, "archive/version", "3\n", 2, err);
    if (status == TRBA_OK) status = write_directory(&zip, err);
    byte_text_free(&zip.directory);
    return status;
}
