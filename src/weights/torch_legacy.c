/* SPDX-License-Identifier: Apache-2.0 */
/* torch_legacy.c - the form of torch.save before 1.6, in which clovaai's weights were published.
 *
 *   pickle  0x1950a86a20f9469cfc6c               in binary; in decimal with pickle_protocol=1
 *   pickle  1001                                 the version of this form
 *   pickle  {protocol_version, little_endian, type_sizes}    little_endian: of the machine; the file always is
 *   pickle  the object; its persistent ids name storages by key, class and number of elements
 *   pickle  [key, key, ...]
 *   for each key, in that order: int64 number of elements, then the elements
 */
#include <stdlib.h>
#include <string.h>

#include "weights/find_weights.h"
#include "weights/pickle_machine.h"
#include "weights/sniff.h"

struct legacy_storage {
    struct torch_storage storage;
    const uint8_t *bytes; /* [storage.n_bytes] once found in the file */
};

struct torch_legacy {
    struct byte_reader in;
    struct pickle_heap heap;
    struct legacy_storage *storages; /* malloc; sorted by key, no two alike */
    size_t n_storages;
};

/* The pickles stand before the weights. */
static trba_status read_pickle(struct torch_legacy *legacy, struct pickle_value **out, trba_error *err)
{
    const trba_status status = pickle_read(&legacy->in, &legacy->heap, out, err);
    if (status == TRBA_OK || !legacy->in.failed) return status;
    return error_set(err, TRBA_ERROR_FORMAT,
                     "damaged checkpoint: the file ends before its weights, so the download is incomplete");
}

/* Skips the magic number in decimal, which is too long for the machine, if it is there. */
static bool skip_decimal_magic(struct byte_reader *in)
{
    const size_t n = sizeof SNIFF_DECIMAL_MAGIC - 1;
    const bool is_there = bytes_left(in) >= n && memcmp(in->data + in->position, SNIFF_DECIMAL_MAGIC, n) == 0;
    if (is_there) bytes_take(in, n);
    return is_there;
}

static trba_status check_magic(struct torch_legacy *legacy, trba_error *err)
{
    if (skip_decimal_magic(&legacy->in)) return TRBA_OK;
    static const char magic[] = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    struct pickle_value *value = NULL;
    trba_status status = read_pickle(legacy, &value, err);
    if (status != TRBA_OK) return status;
    if (value->kind == PICKLE_LONG && pickle_text_equals(value->as.text, magic)) return TRBA_OK;
    return error_set(err, TRBA_ERROR_UNSUPPORTED,
                     "this is a Python pickle (of %s), not a PyTorch checkpoint: save a state_dict with torch.save()",
                     pickle_kind_name(value->kind));
}

/* What the third pickle says of the machine changes nothing, for PyTorch either. */
static trba_status check_version(struct torch_legacy *legacy, trba_error *err)
{
    struct pickle_value *version = NULL, *system = NULL;
    trba_status status = read_pickle(legacy, &version, err);
    if (status == TRBA_OK) status = read_pickle(legacy, &system, err);
    if (status != TRBA_OK) return status;
    if (version->kind != PICKLE_INT || version->as.integer != 1001)
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "this legacy checkpoint is of a version that is not 1001");
    return TRBA_OK;
}

static int compare_texts(struct pickle_text a, struct pickle_text b)
{
    const int order = memcmp(a.bytes, b.bytes, a.n < b.n ? a.n : b.n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_storages(const void *a, const void *b)
{
    const struct legacy_storage *x = a, *y = b;
    return compare_texts(x->storage.key, y->storage.key);
}

static struct legacy_storage *find_by_key(const struct torch_legacy *legacy, struct pickle_text key)
{
    if (legacy->n_storages == 0) return NULL;
    const struct legacy_storage wanted = {.storage = {.key = key}};
    return bsearch(&wanted, legacy->storages, legacy->n_storages, sizeof wanted, compare_storages);
}

/* Every storage is named once for each tensor that uses it: all must agree on its size. */
static trba_status merge_storages(struct torch_legacy *legacy, trba_error *err)
{
    struct legacy_storage *s = legacy->storages;
    size_t kept = 0;
    if (legacy->n_storages > 0) qsort(s, legacy->n_storages, sizeof *s, compare_storages);
    for (size_t i = 0; i < legacy->n_storages; i++) {
        if (kept == 0 || compare_storages(&s[kept - 1], &s[i]) != 0)
            s[kept++] = s[i];
        else if (s[kept - 1].storage.n_bytes != s[i].storage.n_bytes)
            return error_set(err, TRBA_ERROR_FORMAT, "damaged checkpoint: storage %.*s has two different sizes",
                             pickle_shown_length(s[i].storage.key), s[i].storage.key.bytes);
    }
    legacy->n_storages = kept;
    return TRBA_OK;
}

/* All persistent ids but ('module', class, file, source), which stands for a class. */
static trba_status collect_storages(struct torch_legacy *legacy, trba_error *err)
{
    const struct pickle_list *ids = &legacy->heap.persistent;
    if (!arena_charge(&legacy->heap.arena, (ids->n + 1) * sizeof *legacy->storages))
        return pickle_heap_report(&legacy->heap, err);
    legacy->storages = calloc(ids->n + 1, sizeof *legacy->storages);
    if (legacy->storages == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory for the list of storages");
    for (size_t i = 0; i < ids->n; i++) {
        if (pickle_is_text(pickle_item(ids->items[i]->as.id, 0), "module")) continue;
        struct legacy_storage *next = &legacy->storages[legacy->n_storages];
        const trba_status status = torch_read_storage(ids->items[i], &next->storage, err);
        if (status != TRBA_OK) {
            error_prefix(err, "one of its tensors");
            return status;
        }
        legacy->n_storages++;
    }
    return merge_storages(legacy, err);
}

static trba_status locate_storage(struct torch_legacy *legacy, const struct pickle_value *key, trba_error *err)
{
    struct legacy_storage *found = key->kind == PICKLE_TEXT ? find_by_key(legacy, key->as.text) : NULL;
    if (found == NULL || found->bytes != NULL)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged checkpoint: its list of storages does not fit its tensors");
    const size_t element = tensor_dtype_bytes(found->storage.class->dtype), n_bytes = found->storage.n_bytes;
    const uint64_t n_elements = bytes_u64le(&legacy->in);
    if (!legacy->in.failed && n_elements != n_bytes / element)
        return error_set(err, TRBA_ERROR_FORMAT,
                         "damaged checkpoint: storage %.*s has %zu elements in one place and %llu in another",
                         pickle_shown_length(found->storage.key), found->storage.key.bytes, n_bytes / element,
                         (unsigned long long)n_elements);
    if (legacy->in.failed || n_bytes > bytes_left(&legacy->in))
        return error_set(err, TRBA_ERROR_FORMAT,
                         "damaged checkpoint: the file ends inside its weights, so the download is incomplete");
    found->bytes = bytes_take(&legacy->in, n_bytes);
    return TRBA_OK;
}

static trba_status locate_storages(struct torch_legacy *legacy, trba_error *err)
{
    struct pickle_value *keys = NULL;
    trba_status status = read_pickle(legacy, &keys, err);
    if (status == TRBA_OK && keys->kind != PICKLE_LIST)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged checkpoint: it has no list of storages");
    for (size_t i = 0; status == TRBA_OK && i < keys->as.list.n; i++)
        status = locate_storage(legacy, keys->as.list.items[i], err);
    return status;
}

static trba_status find_storage(void *reader, const struct torch_storage *storage, const uint8_t **bytes,
                                trba_error *err)
{
    const struct legacy_storage *found = find_by_key(reader, storage->key);
    if (found == NULL || found->bytes == NULL)
        return error_set(err, TRBA_ERROR_FORMAT, "needs storage %.*s, which the file does not have",
                         pickle_shown_length(storage->key), storage->key.bytes);
    *bytes = found->bytes;
    return TRBA_OK;
}

trba_status torch_legacy_read(struct table_builder *builder, const void *bytes, size_t n_bytes, trba_error *err)
{
    struct torch_legacy legacy = {.in = byte_reader_new(bytes, n_bytes)};
    struct pickle_value *root = NULL;
    builder->table.format = "PyTorch legacy";
    pickle_heap_init(&legacy.heap);
    trba_status status = check_magic(&legacy, err);
    if (status == TRBA_OK) status = check_version(&legacy, err);
    if (status == TRBA_OK) status = read_pickle(&legacy, &root, err);
    if (status == TRBA_OK) status = collect_storages(&legacy, err);
    if (status == TRBA_OK) status = locate_storages(&legacy, err);
    if (status == TRBA_OK) status = find_weights(builder, &legacy.heap, root, find_storage, &legacy, err);
    free(legacy.storages);
    pickle_heap_free(&legacy.heap);
    return status;
}
