/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_zip.c - a whole file through the zip reader: directory, every entry's data, looking entries up by name. */
#include <string.h>

#include "base/cpu.h"
#include "fuzz.h"
#include "weights/zip_archive.h"

/* The table's own limit. */
static const size_t arena_limit_bytes = ((size_t)1 << 30) + ((size_t)128 << 20);

static void check_entry(struct zip_archive *archive, struct zip_entry *entry, struct arena *arena)
{
    trba_error err = {.message = ""};
    fuzz_require(zip_find_entry(archive, entry->name) == entry, "an entry is not found by its name");
    if (!fuzz_check_status(zip_read_entry(archive, entry, arena, &err), &err)) return;
    /* Every byte is there to be read; and a checksum that the file gives is that of its bytes. */
    const uint32_t crc = zip_checksum(entry->data, entry->n_bytes, false);
    fuzz_require(zip_checksum(entry->data, entry->n_bytes, cpu_has_clmul()) == crc, "two ways give two checksums");
    fuzz_require(entry->crc == 0 || entry->crc == crc, "an entry with a wrong checksum was read");
    const uint8_t *data = entry->data;
    fuzz_require(zip_read_entry(archive, entry, arena, &err) == TRBA_OK && entry->data == data,
                 "an entry is not the same when it is read again");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct zip_archive archive = {.entries = NULL};
    struct arena arena;
    trba_error err = {.message = ""};
    arena_init(&arena, arena_limit_bytes);
    if (fuzz_check_status(zip_archive_open(bytes, n_bytes, &arena, &archive, &err), &err)) {
        fuzz_require(zip_has_end_record(bytes, n_bytes), "a zip file without an end record was opened");
        for (size_t i = 1; i < archive.n_entries; i++)
            fuzz_require(strcmp(archive.entries[i - 1].name, archive.entries[i].name) < 0, "entries are not sorted");
        for (size_t i = 0; i < archive.n_entries; i++) check_entry(&archive, &archive.entries[i], &arena);
    }
    arena_free(&arena);
    return 0;
}
