/* SPDX-License-Identifier: Apache-2.0 */
/* torch_zip.c - the zip form of torch.save (torch >= 1.6), and TorchScript archives.
 *
 *   TOP/data.pkl      the pickle; its persistent ids name storages        TOP is any folder, or none
 *   TOP/data/KEY      the bytes of storage KEY
 *   TOP/byteorder     "little" (absent before torch 2.1)
 *   TOP/code/...      only in TorchScript archives, whose data.pkl is a tree of __torch__ objects
 */
#include <stdio.h>
#include <string.h>

#include "weights/find_weights.h"
#include "weights/pickle_machine.h"
#include "weights/zip_archive.h"

/* That of TPS-ResNet-BiLSTM-Attn has 41 KB, with the state of Adam 90 KB; the rest is room for long texts. */
static const size_t pickle_limit_bytes = (size_t)64 << 20;

struct torch_zip {
    struct zip_archive archive;
    struct table_builder *builder;
    char top[NAME_LIMIT_BYTES]; /* "archive/" or "" */
};

/* TOP/name, or NULL if the archive has no such entry. */
static struct zip_entry *find_in_top(struct torch_zip *zip, const char *folder, struct pickle_text name)
{
    char path[NAME_LIMIT_BYTES + 256];
    if (name.n > 128 || memchr(name.bytes, '\0', name.n) != NULL) return NULL;
    snprintf(path, sizeof path, "%s%s%.*s", zip->top, folder, (int)name.n, name.bytes);
    return zip_find_entry(&zip->archive, path);
}

static struct zip_entry *find_named(struct torch_zip *zip, const char *name)
{
    return find_in_top(zip, "", (struct pickle_text){.bytes = name, .n = strlen(name)});
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool has_entry_ending(const struct zip_archive *archive, const char *end)
{
    for (size_t i = 0; i < archive->n_entries; i++)
        if (ends_with(archive->entries[i].name, end)) return true;
    return false;
}

/* A zip file, but not of torch.save: say which kind if it is one that is met in practice. */
static trba_status report_other_zip(const struct zip_archive *archive, trba_error *err)
{
    static const char export[] = "a program of torch.export: save the state_dict with torch.save() instead";
    static const struct {
        const char *end, *what;
    } kinds[] = {
        {"[Content_Types].xml", "an Office document"},
        {"model.weights.h5", "a Keras model: export it from PyTorch instead"},
        {"data/weights/weight_0", export}, /* newer and older forms of torch.export.save() */
        {"serialized_exported_program.json", export},
        {".npy", "an .npz file of NumPy arrays: save a state_dict with torch.save() instead"},
        {".pth", "a zip file with a checkpoint inside: unpack it first and give that"},
        {".pt", "a zip file with a checkpoint inside: unpack it first and give that"},
        {".safetensors", "a zip file with a checkpoint inside: unpack it first and give that"},
        {"extern_modules", "a torch.package archive: save its state_dict with torch.save() instead"},
        {"AndroidManifest.xml", "an Android program"},
    };
    if (archive->n_entries == 0) return error_set(err, TRBA_ERROR_UNSUPPORTED, "this is an empty zip file");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (has_entry_ending(archive, kinds[i].end))
            return error_set(err, TRBA_ERROR_UNSUPPORTED, "this is not a PyTorch checkpoint but %s", kinds[i].what);
    return error_set(err, TRBA_ERROR_UNSUPPORTED,
                     "this is a zip file but not a PyTorch checkpoint (it has no data.pkl): a file of torch.save() is "
                     "needed");
}

/* There must be exactly one data.pkl: with two, it would be a guess which one another program reads. */
static trba_status find_pickle(struct torch_zip *zip, struct zip_entry **out, trba_error *err)
{
    static const char name[] = "data.pkl";
    *out = NULL;
    for (size_t i = 0; i < zip->archive.n_entries; i++) {
        struct zip_entry *entry = &zip->archive.entries[i];
        if (strcmp(entry->name, name) != 0 && !ends_with(entry->name, "/data.pkl")) continue;
        if (*out != NULL) return error_set(err, TRBA_ERROR_FORMAT, "damaged checkpoint: it has two entries data.pkl");
        *out = entry;
    }
    if (*out == NULL) return report_other_zip(&zip->archive, err);
    const size_t top_length = strlen((*out)->name) - strlen(name);
    if (top_length >= sizeof zip->top)
        return error_set(err, TRBA_ERROR_LIMIT, "the zip file's folder has too long a name");
    memcpy(zip->top, (*out)->name, top_length);
    if ((*out)->n_bytes > pickle_limit_bytes)
        return error_set(err, TRBA_ERROR_LIMIT, "its data.pkl has %zu MiB; the limit is %zu", (*out)->n_bytes >> 20,
                         pickle_limit_bytes >> 20);
    return zip_read_entry(&zip->archive, *out, &zip->builder->arena, err);
}

static trba_status check_byte_order(struct torch_zip *zip, trba_error *err)
{
    struct zip_entry *entry = find_named(zip, "byteorder");
    if (entry == NULL) return TRBA_OK;
    const trba_status status = zip_read_entry(&zip->archive, entry, &zip->builder->arena, err);
    if (status != TRBA_OK) return status;
    if (entry->n_bytes == 6 && memcmp(entry->data, "little", 6) == 0) return TRBA_OK;
    if (entry->n_bytes == 3 && memcmp(entry->data, "big", 3) == 0)
        return error_set(err, TRBA_ERROR_UNSUPPORTED,
                         "this checkpoint was written on a big-endian machine: load it with torch.load() of PyTorch "
                         "2.1 or newer on a little-endian one, as nearly all are, and save it again");
    return error_set(err, TRBA_ERROR_FORMAT, "damaged checkpoint: its byteorder entry is neither little nor big");
}

static trba_status find_storage(void *reader, const struct torch_storage *storage, const uint8_t **bytes,
                                trba_error *err)
{
    struct torch_zip *zip = reader;
    struct zip_entry *entry = find_in_top(zip, "data/", storage->key);
    if (entry == NULL)
        return error_set(err, TRBA_ERROR_FORMAT, "needs storage %.*s, which the file does not have",
                         pickle_shown_length(storage->key), storage->key.bytes);
    if (entry->n_bytes != storage->n_bytes)
        return error_set(err, TRBA_ERROR_FORMAT, "needs a storage of %zu bytes, and the file has %zu", storage->n_bytes,
                         entry->n_bytes);
    const size_t inflated_before = zip->archive.inflated_bytes;
    const trba_status status = zip_map_entry(&zip->archive, entry, &zip->builder->arena, err);
    if (status != TRBA_OK) return status;
    zip->builder->stored_bytes += zip->archive.inflated_bytes - inflated_before;
    *bytes = entry->data;
    return TRBA_OK;
}

trba_status torch_zip_read(struct table_builder *builder, const void *bytes, size_t n_bytes, trba_error *err)
{
    struct torch_zip zip = {.builder = builder};
    struct pickle_heap heap;
    struct zip_entry *entry = NULL;
    struct pickle_value *root = NULL;
    pickle_heap_init(&heap);
    trba_status status = zip_archive_open(bytes, n_bytes, &builder->arena, &zip.archive, err);
    zip.archive.map = builder->map;
    if (status == TRBA_OK) status = find_pickle(&zip, &entry, err);
    if (status == TRBA_OK) status = check_byte_order(&zip, err);
    if (status == TRBA_OK) {
        struct byte_reader in = byte_reader_new(entry->data, entry->n_bytes);
        builder->table.format = find_named(&zip, "constants.pkl") != NULL ? "TorchScript" : "PyTorch zip";
        status = pickle_read(&in, &heap, &root, err);
    }
    if (status == TRBA_OK) status = find_weights(builder, &heap, root, find_storage, &zip, err);
    if (status == TRBA_OK) status = zip_check_entries(&zip.archive, err);
    pickle_heap_free(&heap);
    return status;
}
