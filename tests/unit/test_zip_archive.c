/* SPDX-License-Identifier: Apache-2.0 */
/* test_zip_archive.c - zip files worked out by hand, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <zlib.h>

#include "base/cpu.h"
#include "weights/zip_archive.h"

#define ZERO4 "\0\0\0\0"
/* "hello": CRC-32 3610A686; stored. */
#define HELLO_CRC "\x86\xA6\x10\x36"
#define LOCAL(flags, method, crc, packed, size, name_length) \
    "PK\3\4\x14\0" flags method ZERO4 crc packed size name_length "\0\0"
#define CENTRAL(flags, method, crc, packed, size, name_length, extra_length, offset) \
    "PK\1\2\x14\0\x14\0" flags method ZERO4 crc packed size name_length extra_length "\0\0\0\0\0\0" ZERO4 offset
#define END(count, size, offset) "PK\5\6\0\0\0\0" count count size offset "\0\0"

#define N5 "\5\0\0\0"
#define STORED "\0\0"
#define DEFLATED "\10\0"
#define NO_FLAGS "\0\0"
#define DESCRIPTOR "\10\0"

struct fixture {
    struct arena arena;
    struct zip_archive archive;
    trba_error err;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof fixture);
    arena_init(&fixture.arena, 1 << 20);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_free(&f->arena);
    return 0;
}

static trba_status open_bytes(struct fixture *f, const void *bytes, size_t n)
{
    return zip_archive_open(bytes, n, &f->arena, &f->archive, &f->err);
}
#define OPEN(f, bytes) open_bytes(f, bytes, sizeof bytes - 1)

static void assert_entry_is(struct fixture *f, const char *name, const char *expected)
{
    struct zip_entry *entry = zip_find_entry(&f->archive, name);
    assert_non_null(entry);
    assert_int_equal(zip_read_entry(&f->archive, entry, &f->arena, &f->err), TRBA_OK);
    assert_int_equal(entry->n_bytes, strlen(expected));
    assert_memory_equal(entry->data, expected, strlen(expected));
}

/* 30 + 3 + 5 = 38 bytes of entry, 46 + 3 = 49 of directory. */
static const char stored[] = LOCAL(NO_FLAGS, STORED, HELLO_CRC, N5, N5, "\3\0") "a/b" "hello"
    CENTRAL(NO_FLAGS, STORED, HELLO_CRC, N5, N5, "\3\0", "\0\0", ZERO4) "a/b"
    END("\1\0", "\x31\0\0\0", "\x26\0\0\0");

static void a_stored_entry_is_found_in_place(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(OPEN(f, stored), TRBA_OK);
    assert_int_equal(f->archive.n_entries, 1);
    assert_entry_is(f, "a/b", "hello");
    assert_ptr_equal(zip_find_entry(&f->archive, "a/b")->data, stored + 33); /* not copied */
    assert_null(zip_find_entry(&f->archive, "a"));
    assert_null(zip_find_entry(&f->archive, "a/b/c"));
}

static void a_comment_behind_the_end_record_is_skipped(void **state)
{
    char bytes[sizeof stored + 3];
    memcpy(bytes, stored, sizeof stored - 1);
    memcpy(bytes + sizeof stored - 1, "note", 4);
    bytes[sizeof stored - 3] = 4; /* the length of the comment */
    assert_int_equal(open_bytes(*state, bytes, sizeof bytes), TRBA_OK);
}

static void every_cut_is_refused(void **state)
{
    struct fixture *f = *state;
    for (size_t n = 0; n < sizeof stored - 1; n++) {
        assert_int_equal(open_bytes(f, stored, n), TRBA_ERROR_FORMAT);
        assert_true(strlen(f->err.message) > 0);
    }
}

/* "hello" as one fixed-Huffman block: cb 48 cd c9 c9 07 00. */
static const char deflated[] =
    LOCAL(NO_FLAGS, DEFLATED, HELLO_CRC, "\7\0\0\0", N5, "\1\0") "h" "\xcb\x48\xcd\xc9\xc9\x07\0"
    CENTRAL(NO_FLAGS, DEFLATED, HELLO_CRC, "\7\0\0\0", N5, "\1\0", "\0\0", ZERO4) "h"
    END("\1\0", "\x2f\0\0\0", "\x26\0\0\0");

static void a_deflated_entry_is_unpacked(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(OPEN(f, deflated), TRBA_OK);
    assert_entry_is(f, "h", "hello");
    assert_int_equal(f->archive.inflated_bytes, 5);
    assert_entry_is(f, "h", "hello");
    assert_int_equal(f->archive.inflated_bytes, 5); /* once is enough */
}

/* As PyTorch writes it: flag bit 3, zeros in the local header, sizes behind the data and in the directory. */
static const char described[] =
    LOCAL(DESCRIPTOR, STORED, ZERO4, ZERO4, ZERO4, "\1\0") "h" "hello" "PK\7\10" HELLO_CRC N5 N5
    CENTRAL(DESCRIPTOR, STORED, HELLO_CRC, N5, N5, "\1\0", "\0\0", ZERO4) "h"
    END("\1\0", "\x2f\0\0\0", "\x34\0\0\0");

static void sizes_of_a_data_descriptor_come_from_the_directory(void **state)
{
    assert_int_equal(OPEN(*state, described), TRBA_OK);
    assert_entry_is(*state, "h", "hello");
}

/* All three numbers saturated in the directory, and the end record as well. */
#define SATURATED "\xff\xff\xff\xff"
#define WIDE(number) number "\0\0\0\0"
static const char zip64[] =
    LOCAL(DESCRIPTOR, STORED, ZERO4, ZERO4, ZERO4, "\1\0") "h" "hello"
    CENTRAL(DESCRIPTOR, STORED, HELLO_CRC, SATURATED, SATURATED, "\1\0", "\x1c\0", SATURATED) "h"
    "\1\0\x18\0" WIDE(N5) WIDE(N5) WIDE(ZERO4)
    "PK\6\6" WIDE("\x2c\0\0\0") "\x2d\0\x2d\0" ZERO4 ZERO4 WIDE("\1\0\0\0") WIDE("\1\0\0\0") WIDE("\x4b\0\0\0")
    WIDE("\x24\0\0\0")
    "PK\6\7" ZERO4 WIDE("\x6f\0\0\0") "\1\0\0\0"
    END("\xff\xff", SATURATED, SATURATED);

static void zip64_numbers_are_read(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(OPEN(f, zip64), TRBA_OK);
    assert_entry_is(f, "h", "hello");
}

static void a_wrong_checksum_is_an_error_and_an_absent_one_is_not(void **state)
{
    struct fixture *f = *state;
    char bytes[sizeof stored];
    memcpy(bytes, stored, sizeof stored);
    bytes[38 + 16] ^= 1; /* the directory's CRC */
    assert_int_equal(open_bytes(f, bytes, sizeof stored - 1), TRBA_OK);
    struct zip_entry *entry = zip_find_entry(&f->archive, "a/b");
    assert_int_equal(zip_read_entry(&f->archive, entry, &f->arena, &f->err), TRBA_ERROR_FORMAT);
    assert_null(entry->data);
    memset(bytes + 38 + 16, 0, 4);
    assert_int_equal(open_bytes(f, bytes, sizeof stored - 1), TRBA_OK);
    assert_entry_is(f, "a/b", "hello");
}

/* Against zlib, at every length around the blocks of 64 that are folded, at any address. */
static void checksums_are_those_of_zlib(void **state)
{
    enum { LONGEST = 400, ADDRESSES = 17 };
    uint8_t bytes[LONGEST + ADDRESSES];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 151 + i * i / 7);
    if (!cpu_has_clmul()) print_message("this processor cannot fold: only the plain checksum is run\n");
    for (size_t at = 0; at < ADDRESSES; at++) {
        for (size_t n = 0; n <= LONGEST; n++) {
            const uint32_t expected = (uint32_t)crc32(0, bytes + at, (uInt)n);
            assert_int_equal(zip_checksum(bytes + at, n, false), expected);
            if (cpu_has_clmul()) assert_int_equal(zip_checksum(bytes + at, n, true), expected);
        }
    }
    assert_int_equal(zip_checksum(NULL, 0, cpu_has_clmul()), 0); /* a tensor without elements has no bytes */
}

/* No single wrong byte may crash it, whatever it then says. */
static void any_changed_byte_is_survived(void **state)
{
    struct fixture *f = *state;
    char bytes[sizeof zip64];
    for (size_t i = 0; i < sizeof zip64 - 1; i++) {
        for (int change = 1; change < 256; change += 36) {
            memcpy(bytes, zip64, sizeof zip64);
            bytes[i] = (char)(bytes[i] ^ change);
            arena_free(&f->arena);
            if (open_bytes(f, bytes, sizeof zip64 - 1) != TRBA_OK) continue;
            for (size_t e = 0; e < f->archive.n_entries; e++)
                (void)zip_read_entry(&f->archive, &f->archive.entries[e], &f->arena, &f->err);
        }
    }
}

static void an_empty_archive_has_no_entries(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(OPEN(f, END("\0\0", ZERO4, ZERO4)), TRBA_OK);
    assert_null(zip_find_entry(&f->archive, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stored_entry_is_found_in_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_comment_behind_the_end_record_is_skipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_cut_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_deflated_entry_is_unpacked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sizes_of_a_data_descriptor_come_from_the_directory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(zip64_numbers_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_checksum_is_an_error_and_an_absent_one_is_not, set_up, tear_down),
        cmocka_unit_test(checksums_are_those_of_zlib),
        cmocka_unit_test_setup_teardown(any_changed_byte_is_survived, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_archive_has_no_entries, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
