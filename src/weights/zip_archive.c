/* SPDX-License-Identifier: Apache-2.0 */
/* zip_archive.c - find and unpack the entries of a zip file that may have been made to harm.
 *
 *   end record (searched from the end) --ZIP64 locator--> ZIP64 end record
 *      -> central directory: name, method, sizes, CRC of every entry. It is the authority: PyTorch writes zeros into
 *         the local headers (flag bit 3, data descriptors)
 *      -> local header of each entry: must agree with it, and says where the data begins
 *      -> no two entries may share bytes, no two may share a name
 *
 * Only what the chosen network needs is read, and only its checksums are looked at. Weights are no exception: 200 MB
 * take some 40 ms of processor time (base/crc32_fold.c), the pages it pulls in are the ones the packer needs next, and
 * a flipped bit in a weight would otherwise show only as strange text.
 */
#include "weights/zip_archive.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cpu.h"
#include "base/crc32_fold.h"
#include "base/thread_pool.h"

enum {
    END_RECORD_BYTES = 22, END_COMMENT_LIMIT = 65535, LOCATOR_BYTES = 20,
    CENTRAL_HEADER_BYTES = 46, LOCAL_HEADER_BYTES = 30,
    METHOD_STORED = 0, METHOD_DEFLATED = 8,
    FLAG_ENCRYPTED = 1, FLAG_DATA_DESCRIPTOR = 8,
    EXTRA_ZIP64 = 1
};
static const uint32_t signature_end = 0x06054B50, signature_locator = 0x07064B50, signature_end64 = 0x06064B50,
                      signature_central = 0x02014B50, signature_local = 0x04034B50;

/* One for each storage: TPS-ResNet-BiLSTM-Attn has 258, with the state of Adam 906. */
enum { ENTRIES_LIMIT = 100000 };
/* Real weights hardly deflate at all (1.1 : 1). Small entries may be all zeros and shrink a thousandfold. */
enum { RATIO_LIMIT = 100, RATIO_FREE_BYTES = 1024 * 1024 };
/* Fewer bytes are checked sooner than a thread starts; more threads than that wait for memory. */
enum { CHECK_ALONE_BYTES = 4 * 1024 * 1024, CHECK_THREADS = 8, CHECK_TASKS = 64 };
/* Five times the largest file of the family. */
static const size_t inflated_limit = (size_t)1 << 30;

struct zip_directory {
    uint64_t offset, n_bytes, n_entries;
    size_t end; /* where the records behind the directory begin */
};

/* What the central directory says of an entry, beside struct zip_entry. */
struct central_entry {
    const uint8_t *name;
    size_t name_bytes;
    unsigned flags, method, disk;
    uint32_t crc;
    uint64_t packed_bytes, n_bytes, header_offset;
};

struct span {
    size_t begin, end;
};

static struct byte_reader reader_at(const void *bytes, size_t n_bytes, size_t position)
{
    struct byte_reader reader = byte_reader_new(bytes, n_bytes);
    bytes_take(&reader, position);
    return reader;
}

/* The position of the last end record whose comment fits into the file, or SIZE_MAX. */
static size_t find_end_record(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes < END_RECORD_BYTES) return SIZE_MAX;
    const size_t last = n_bytes - END_RECORD_BYTES;
    const size_t first = last > END_COMMENT_LIMIT ? last - END_COMMENT_LIMIT : 0;
    for (size_t at = last + 1; at-- > first;) {
        if (load_u32le(bytes + at) == signature_end && load_u16le(bytes + at + 20) <= last - at) return at;
    }
    return SIZE_MAX;
}

bool zip_has_end_record(const void *bytes, size_t n_bytes) { return find_end_record(bytes, n_bytes) != SIZE_MAX; }

/* Reads the ZIP64 end record that the locator before the end record points to. Fields of the old record that are not
 * saturated must say the same. */
static trba_status read_zip64_end(const void *bytes, size_t n_bytes, size_t locator, struct zip_directory *directory,
                                  trba_error *err)
{
    const uint64_t record = load_u64le((const uint8_t *)bytes + locator + 8);
    if (record > locator)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: its ZIP64 record lies outside it");
    struct byte_reader r = reader_at(bytes, n_bytes, (size_t)record);
    const bool is_record = bytes_u32le(&r) == signature_end64;
    bytes_take(&r, 8 + 2 + 2);
    const bool is_one_disk = bytes_u32le(&r) == 0 && bytes_u32le(&r) == 0;
    const uint64_t on_disk = bytes_u64le(&r);
    struct zip_directory wide = {.end = (size_t)record};
    wide.n_entries = bytes_u64le(&r);
    wide.n_bytes = bytes_u64le(&r);
    wide.offset = bytes_u64le(&r);
    if (r.failed || !is_record || !is_one_disk || on_disk != wide.n_entries)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: its ZIP64 record is broken");
    if ((directory->n_entries != UINT16_MAX && directory->n_entries != wide.n_entries) ||
        (directory->n_bytes != UINT32_MAX && directory->n_bytes != wide.n_bytes) ||
        (directory->offset != UINT32_MAX && directory->offset != wide.offset))
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: its two end records contradict each other");
    *directory = wide;
    return TRBA_OK;
}

static trba_status find_directory(const uint8_t *bytes, size_t n_bytes, struct zip_directory *out, trba_error *err)
{
    const size_t end = find_end_record(bytes, n_bytes);
    if (end == SIZE_MAX)
        return error_set(err, TRBA_ERROR_FORMAT,
                         "damaged zip file: it has no end record, so the download is incomplete");
    if (load_u16le(bytes + end + 4) != 0 || load_u16le(bytes + end + 6) != 0)
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "this zip file is one of several parts: join them first");
    *out = (struct zip_directory){.n_entries = load_u16le(bytes + end + 10), .n_bytes = load_u32le(bytes + end + 12),
                                  .offset = load_u32le(bytes + end + 16), .end = end};
    if (end >= LOCATOR_BYTES && load_u32le(bytes + end - LOCATOR_BYTES) == signature_locator) {
        const trba_status status = read_zip64_end(bytes, n_bytes, end - LOCATOR_BYTES, out, err);
        if (status != TRBA_OK) return status;
    }
    if (!range_is_inside(out->offset, out->n_bytes, out->end))
        return error_set(err, TRBA_ERROR_FORMAT,
                         "damaged zip file: its directory lies outside it, so the file is cut off or was changed");
    if (out->n_entries > ENTRIES_LIMIT)
        return error_set(err, TRBA_ERROR_LIMIT, "this zip file says it has %llu entries; the limit is %d",
                         (unsigned long long)out->n_entries, ENTRIES_LIMIT);
    if (out->n_entries > out->n_bytes / CENTRAL_HEADER_BYTES)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: its directory is too short for its entries");
    return TRBA_OK;
}

/* Replaces saturated 32-bit fields by those of the ZIP64 extra field, which holds just these, in this order.
 * header_offset may be NULL (local headers have none). Returns false if the extra field is missing or too short. */
static bool read_zip64_extra(const uint8_t *extra, size_t n_bytes, uint64_t *size, uint64_t *packed, uint64_t *offset)
{
    uint64_t *const fields[3] = {size, packed, offset};
    bool is_missing = false;
    for (int i = 0; i < 3; i++) is_missing = is_missing || (fields[i] != NULL && *fields[i] == UINT32_MAX);
    if (!is_missing) return true;
    struct byte_reader r = byte_reader_new(extra, n_bytes);
    while (bytes_left(&r) >= 4) {
        const unsigned id = bytes_u16le(&r);
        const size_t length = bytes_u16le(&r);
        const uint8_t *content = bytes_take(&r, length);
        if (id != EXTRA_ZIP64 || content == NULL) continue;
        struct byte_reader field = byte_reader_new(content, length);
        for (int i = 0; i < 3; i++)
            if (fields[i] != NULL && *fields[i] == UINT32_MAX) *fields[i] = bytes_u64le(&field);
        return !field.failed;
    }
    return false;
}

static trba_status read_central_entry(struct byte_reader *r, struct central_entry *out, trba_error *err)
{
    const bool is_header = bytes_u32le(r) == signature_central;
    bytes_take(r, 2 + 2); /* versions */
    out->flags = bytes_u16le(r);
    out->method = bytes_u16le(r);
    bytes_take(r, 4); /* time, date */
    out->crc = bytes_u32le(r);
    out->packed_bytes = bytes_u32le(r);
    out->n_bytes = bytes_u32le(r);
    out->name_bytes = bytes_u16le(r);
    const size_t extra_bytes = bytes_u16le(r), comment_bytes = bytes_u16le(r);
    out->disk = bytes_u16le(r);
    bytes_take(r, 2 + 4); /* attributes */
    out->header_offset = bytes_u32le(r);
    out->name = bytes_take(r, out->name_bytes);
    const uint8_t *extra = bytes_take(r, extra_bytes);
    bytes_take(r, comment_bytes);
    if (r->failed || !is_header) return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: its directory is broken");
    if (!read_zip64_extra(extra, extra_bytes, &out->n_bytes, &out->packed_bytes, &out->header_offset))
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: a ZIP64 size is missing from its directory");
    return TRBA_OK;
}

static trba_status check_central_entry(const struct central_entry *central, trba_error *err)
{
    if (central->name_bytes == 0 || memchr(central->name, 0, central->name_bytes) != NULL)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: an entry has an impossible name");
    if (central->disk != 0) /* nor may ZIP64 say it elsewhere: the end record knows of one part only */
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: an entry lies in part %u of a file of one part",
                         central->disk + 1);
    if (central->flags & FLAG_ENCRYPTED)
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "this zip file is encrypted: unpack it with its password first");
    if (central->method == METHOD_STORED && central->packed_bytes != central->n_bytes)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: a stored entry has two different sizes");
    return TRBA_OK;
}

/* The local header repeats name, method and (without a data descriptor) the sizes: a file in which they differ shows
 * different contents to different programs. Fills *span with all bytes of the entry, *data with where its data is. */
static trba_status check_local_header(const uint8_t *bytes, const struct zip_directory *directory,
                                      const struct central_entry *central, struct span *span, size_t *data,
                                      trba_error *err)
{
    if (!range_is_inside(central->header_offset, LOCAL_HEADER_BYTES, directory->offset))
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: an entry lies outside it");
    struct byte_reader r = reader_at(bytes, (size_t)directory->offset, (size_t)central->header_offset);
    const bool is_header = bytes_u32le(&r) == signature_local;
    bytes_take(&r, 2);
    const unsigned flags = bytes_u16le(&r), method = bytes_u16le(&r);
    bytes_take(&r, 4 + 4); /* time, date, CRC */
    uint64_t packed = bytes_u32le(&r), size = bytes_u32le(&r);
    const size_t name_bytes = bytes_u16le(&r), extra_bytes = bytes_u16le(&r);
    const uint8_t *name = bytes_take(&r, name_bytes), *extra = bytes_take(&r, extra_bytes);
    *span = (struct span){.begin = (size_t)central->header_offset};
    *data = r.position;
    if (r.failed || !is_header || bytes_take(&r, central->packed_bytes) == NULL)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: an entry lies outside it");
    span->end = r.position;
    if (name_bytes != central->name_bytes || memcmp(name, central->name, name_bytes) != 0 ||
        method != central->method || (flags & FLAG_ENCRYPTED))
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: its directory and an entry contradict each other");
    if (flags & FLAG_DATA_DESCRIPTOR) return TRBA_OK;
    if (!read_zip64_extra(extra, extra_bytes, &size, &packed, NULL) || size != central->n_bytes ||
        packed != central->packed_bytes)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: its directory and an entry give different sizes");
    return TRBA_OK;
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static trba_status check_overlaps(struct span *spans, size_t n, trba_error *err)
{
    if (n > 0) qsort(spans, n, sizeof *spans, compare_spans);
    for (size_t i = 1; i < n; i++)
        if (spans[i].begin < spans[i - 1].end)
            return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: two of its entries share the same bytes");
    return TRBA_OK;
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct zip_entry *)a)->name, ((const struct zip_entry *)b)->name);
}

static trba_status sort_entries(struct zip_archive *archive, trba_error *err)
{
    if (archive->n_entries > 0)
        qsort(archive->entries, archive->n_entries, sizeof *archive->entries, compare_entries);
    for (size_t i = 1; i < archive->n_entries; i++)
        if (compare_entries(&archive->entries[i - 1], &archive->entries[i]) == 0)
            return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: it has two entries named %.200s",
                             archive->entries[i].name);
    return TRBA_OK;
}

static trba_status read_entries(const uint8_t *bytes, const struct zip_directory *directory, struct arena *arena,
                                struct zip_archive *out, struct span *spans, trba_error *err)
{
    const size_t end = (size_t)(directory->offset + directory->n_bytes);
    struct byte_reader r = reader_at(bytes, end, (size_t)directory->offset);
    for (size_t i = 0; i < out->n_entries; i++) {
        struct central_entry central;
        size_t data = 0;
        trba_status status = read_central_entry(&r, &central, err);
        if (status == TRBA_OK) status = check_central_entry(&central, err);
        if (status == TRBA_OK) status = check_local_header(bytes, directory, &central, &spans[i], &data, err);
        if (status != TRBA_OK) return status;
        const char *name = arena_copy_text(arena, (const char *)central.name, central.name_bytes);
        if (name == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory for the zip file's directory");
        out->entries[i] = (struct zip_entry){.name = name, .method = central.method, .crc = central.crc,
                                             .packed = bytes + data, .packed_bytes = (size_t)central.packed_bytes,
                                             .n_bytes = (size_t)central.n_bytes};
    }
    return TRBA_OK;
}

trba_status zip_archive_open(const void *bytes, size_t n_bytes, struct arena *arena, struct zip_archive *out,
                             trba_error *err)
{
    struct zip_directory directory = {0};
    trba_status status = find_directory(bytes, n_bytes, &directory, err);
    if (status != TRBA_OK) return status;
    const size_t n = (size_t)directory.n_entries;
    *out = (struct zip_archive){.entries = arena_alloc_array(arena, n, sizeof *out->entries), .n_entries = n,
                                .can_fold = cpu_has_clmul()};
    struct span *spans = arena_alloc_array(arena, n, sizeof *spans);
    if (out->entries == NULL || spans == NULL)
        return error_set(err, TRBA_ERROR_MEMORY, "no memory for the zip file's directory");
    status = read_entries(bytes, &directory, arena, out, spans, err);
    if (status == TRBA_OK) status = check_overlaps(spans, n, err);
    if (status == TRBA_OK) status = sort_entries(out, err);
    return status;
}

struct zip_entry *zip_find_entry(const struct zip_archive *archive, const char *name)
{
    if (archive->n_entries == 0) return NULL;
    const struct zip_entry wanted = {.name = name};
    return bsearch(&wanted, archive->entries, archive->n_entries, sizeof wanted, compare_entries);
}

static trba_status check_inflated_size(const struct zip_archive *archive, const struct zip_entry *entry,
                                       trba_error *err)
{
    if (entry->n_bytes > RATIO_FREE_BYTES && entry->n_bytes / RATIO_LIMIT > entry->packed_bytes)
        return error_set(err, TRBA_ERROR_LIMIT, "zip entry %.200s would unpack to more than %d times its size",
                         entry->name, RATIO_LIMIT);
    if (entry->n_bytes > inflated_limit - archive->inflated_bytes || entry->packed_bytes > UINT_MAX)
        return error_set(err, TRBA_ERROR_LIMIT,
                         "this zip file would unpack to more than %zu MiB: save it again without compression",
                         inflated_limit >> 20);
    return TRBA_OK;
}

/* Raw inflate of exactly n_bytes; a stream that wants to give fewer or more is refused. zlib takes its window when it
 * first needs it. */
static trba_status inflate_exactly(const struct zip_entry *entry, uint8_t *out, trba_error *err)
{
    uint8_t beyond; /* zlib wants somewhere to write even for an empty entry */
    z_stream z = {.next_in = (z_const Bytef *)entry->packed, .avail_in = (uInt)entry->packed_bytes,
                  .next_out = entry->n_bytes > 0 ? out : &beyond, .avail_out = (uInt)entry->n_bytes};
    int result = inflateInit2(&z, -MAX_WBITS);
    if (result == Z_OK) {
        result = inflate(&z, Z_FINISH);
        inflateEnd(&z);
    }
    if (result == Z_MEM_ERROR)
        return error_set(err, TRBA_ERROR_MEMORY, "no memory to unpack zip entry %.200s", entry->name);
    if (result != Z_STREAM_END || z.total_out != entry->n_bytes)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged zip file: entry %.200s cannot be unpacked", entry->name);
    return TRBA_OK;
}

static trba_status inflate_entry(struct zip_archive *archive, struct zip_entry *entry, struct arena *arena,
                                 const uint8_t **data, trba_error *err)
{
    trba_status status = check_inflated_size(archive, entry, err);
    if (status != TRBA_OK) return status;
    uint8_t *out = arena_alloc(arena, entry->n_bytes);
    if (out == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory to unpack zip entry %.200s", entry->name);
    archive->inflated_bytes += entry->n_bytes;
    status = inflate_exactly(entry, out, err);
    if (status == TRBA_OK) *data = out;
    return status;
}

uint32_t zip_checksum(const void *bytes, size_t n_bytes, bool can_fold)
{
    uint8_t folded[CRC32_FOLDED_BYTES];
    if (n_bytes == 0) return 0; /* of nothing, wherever it is */
    const size_t n = can_fold ? crc32_fold(bytes, n_bytes, folded) : 0;
    /* zlib inverts the register on the way in and out: begun with ~0 it is 0 inside. */
    const uLong begun = n > 0 ? crc32_z(UINT32_MAX, folded, sizeof folded) : 0;
    return (uint32_t)crc32_z(begun, (const uint8_t *)bytes + n, n_bytes - n);
}

trba_status zip_map_entry(struct zip_archive *archive, struct zip_entry *entry, struct arena *arena, trba_error *err)
{
    if (entry->data != NULL) return TRBA_OK;
    if (entry->method == METHOD_DEFLATED) return inflate_entry(archive, entry, arena, &entry->data, err);
    if (entry->method != METHOD_STORED)
        return error_set(err, TRBA_ERROR_UNSUPPORTED,
                         "zip entry %.200s is compressed in a way that is not read (method %u): zip it again",
                         entry->name, entry->method);
    entry->data = entry->packed;
    return TRBA_OK;
}

static void check_entry(const struct zip_archive *archive, struct zip_entry *entry)
{
    if (entry->data == NULL || entry->is_checked) return;
    entry->is_checked = entry->crc == 0 || zip_checksum(entry->data, entry->n_bytes, archive->can_fold) == entry->crc;
    if (archive->map != NULL && entry->data == entry->packed)
        file_map_forget(archive->map, entry->data, entry->n_bytes);
}

static trba_status report_check(const struct zip_entry *entry, trba_error *err)
{
    if (entry->data == NULL || entry->is_checked) return TRBA_OK;
    return error_set(err, TRBA_ERROR_FORMAT,
                     "damaged zip file: the checksum of entry %.200s is wrong, so download or copy it again",
                     entry->name);
}

static void check_task(void *arg, int task, int thread)
{
    struct zip_archive *archive = arg;
    (void)thread;
    for (size_t i = (size_t)task; i < archive->n_entries; i += CHECK_TASKS) check_entry(archive, &archive->entries[i]);
}

static size_t count_unchecked_bytes(const struct zip_archive *archive)
{
    size_t n_bytes = 0;
    for (size_t i = 0; i < archive->n_entries; i++)
        if (archive->entries[i].data != NULL && !archive->entries[i].is_checked) n_bytes += archive->entries[i].n_bytes;
    return n_bytes;
}

trba_status zip_check_entries(struct zip_archive *archive, trba_error *err)
{
    struct thread_pool *pool = NULL;
    const int most_threads = count_unchecked_bytes(archive) > CHECK_ALONE_BYTES ? CHECK_THREADS : 1;
    trba_status status = thread_pool_new_short(most_threads, &pool, err);
    if (status != TRBA_OK) return status;
    thread_pool_run(pool, CHECK_TASKS, check_task, archive);
    thread_pool_free(pool);
    for (size_t i = 0; i < archive->n_entries && status == TRBA_OK; i++)
        status = report_check(&archive->entries[i], err);
    return status;
}

trba_status zip_read_entry(struct zip_archive *archive, struct zip_entry *entry, struct arena *arena, trba_error *err)
{
    const trba_status status = zip_map_entry(archive, entry, arena, err);
    if (status != TRBA_OK) return status;
    check_entry(archive, entry);
    const trba_status checked = report_check(entry, err);
    if (checked != TRBA_OK) entry->data = NULL;
    return checked;
}
