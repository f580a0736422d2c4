/* SPDX-License-Identifier: Apache-2.0 */
/* zip_archive.h - the entries of a zip file held in memory (PKWARE APPNOTE 6.3: stored, deflated, ZIP64). */
#ifndef TRBA_WEIGHTS_ZIP_ARCHIVE_H
#define TRBA_WEIGHTS_ZIP_ARCHIVE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/file_map.h"
#include "base/status.h"

struct zip_entry {
    const char *name; /* terminated; no zero byte inside */
    unsigned method;  /* 0 stored, 8 deflated */
    uint32_t crc;     /* 0: the writer gave none */
    const uint8_t *packed; /* in the file */
    size_t packed_bytes;
    size_t n_bytes;      /* unpacked */
    const uint8_t *data; /* [n_bytes] once zip_map_entry() has succeeded, else NULL */
    bool is_checked;     /* data has that checksum */
};

struct zip_archive {
    struct zip_entry *entries; /* sorted by name, no two alike */
    size_t n_entries;
    size_t inflated_bytes; /* so far: held against a limit */
    bool can_fold;         /* cpu_has_clmul() */
    /* What the file is in, to be set after opening: pages that have been checked are let go of, or a process would once
     * hold the whole file. NULL: memory of somebody else's. */
    const struct file_map *map;
};

/* Does the file have the record that ends every zip file? A download that was cut off has not. */
bool zip_has_end_record(const void *bytes, size_t n_bytes);

/* Reads and checks the directory; the data is not touched. `bytes` must outlive the archive; names live in `arena`. */
trba_status zip_archive_open(const void *bytes, size_t n_bytes, struct arena *arena, struct zip_archive *out,
                             trba_error *err);
/* The entry of that name, or NULL. */
struct zip_entry *zip_find_entry(const struct zip_archive *archive, const char *name);
/* Makes entry->data valid: a pointer into the file when stored, else unpacked into `arena`. Its checksum has not been
 * looked at. */
trba_status zip_map_entry(struct zip_archive *archive, struct zip_entry *entry, struct arena *arena, trba_error *err);
/* Holds all that has been mapped against its checksums, on several threads when it is much. */
trba_status zip_check_entries(struct zip_archive *archive, trba_error *err);
/* Maps one entry and checks it. */
trba_status zip_read_entry(struct zip_archive *archive, struct zip_entry *entry, struct arena *arena, trba_error *err);

/* The checksum that zip files carry. can_fold: cpu_has_clmul(), asked for once rather than for every entry. */
uint32_t zip_checksum(const void *bytes, size_t n_bytes, bool can_fold);

#endif
