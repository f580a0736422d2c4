/* SPDX-License-Identifier: Apache-2.0 */
/* test_jpeg_segments.c - scans counted and orientations found in JPEGs of a few segments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the first four. */
#include <cmocka.h>

#include "image/jpeg_segments.h"

/* As string literals: their last byte, a zero, is not counted. */
#define BEGIN "\xFF\xD8"
#define END "\xFF\xD9"
#define FRAME "\xFF\xC0\0\x04\x08\0"
#define XMP "\xFF\xE1\0\x08http:/"
#define EXIF(orientation) \
    "\xFF\xE1\0\x1E" "Exif\0\0" "MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" orientation "\0\0"
#define EXIF_WITHOUT_ENTRIES "\xFF\xE1\0\x12" "Exif\0\0" "MM\0\x2A\0\0\0\x08\0\0"
#define SCAN "\xFF\xDA\0\x04\x01\x02" "data\xFF\0\xFF\xD0more"

#define ORIENTATION_OF(file) jpeg_find_orientation((const uint8_t *)(file), sizeof(file) - 1)
#define SCANS_OF(file) jpeg_count_scans((const uint8_t *)(file), sizeof(file) - 1)

static void orientation_is_found_wherever_it_stands_before_the_first_scan(void **state)
{
    (void)state;
    assert_int_equal(ORIENTATION_OF(BEGIN EXIF("\x06") FRAME SCAN END), 6);
    assert_int_equal(ORIENTATION_OF(BEGIN XMP EXIF("\x03") FRAME SCAN END), 3);
    assert_int_equal(ORIENTATION_OF(BEGIN FRAME EXIF("\x08") SCAN END), 8);
    assert_int_equal(ORIENTATION_OF(BEGIN "\xFF\xFF\xFF" EXIF("\x05") FRAME SCAN END), 5);
    assert_int_equal(ORIENTATION_OF(BEGIN "junk" EXIF("\x05") FRAME SCAN END), 5);
    assert_int_equal(ORIENTATION_OF(BEGIN FRAME SCAN EXIF("\x06") END), 1);
    assert_int_equal(ORIENTATION_OF(BEGIN FRAME SCAN END), 1);
}

static void first_block_that_has_an_orientation_counts(void **state)
{
    (void)state;
    assert_int_equal(ORIENTATION_OF(BEGIN EXIF_WITHOUT_ENTRIES EXIF("\x07") FRAME SCAN END), 7);
    assert_int_equal(ORIENTATION_OF(BEGIN EXIF("\x09") EXIF("\x02") EXIF("\x04") FRAME SCAN END), 2);
}

static void tables_in_a_stream_of_their_own_are_passed_over(void **state)
{
    (void)state;
    assert_int_equal(ORIENTATION_OF(BEGIN END BEGIN EXIF("\x06") FRAME SCAN END), 6);
}

static void scans_are_counted_to_the_end_of_the_picture(void **state)
{
    (void)state;
    assert_int_equal(SCANS_OF(BEGIN FRAME SCAN SCAN SCAN END), 3);
    assert_int_equal(SCANS_OF(BEGIN FRAME SCAN END SCAN), 1);
    assert_int_equal(SCANS_OF(BEGIN XMP FRAME END), 0);
}

/* Each cut is in memory of its own, so that a sanitizer sees a byte read too many. */
static void cut_files_are_read_to_their_end_and_no_further(void **state)
{
    (void)state;
    static const char whole[] = BEGIN XMP EXIF("\x06") FRAME SCAN END;
    const size_t end_of_exif = sizeof(BEGIN XMP EXIF("\x06")) - 1;
    const size_t begin_of_scan = sizeof(BEGIN XMP EXIF("\x06") FRAME) - 1;
    for (size_t n = 0; n < sizeof whole; n++) {
        uint8_t *cut = malloc(n + 1);
        assert_non_null(cut);
        memcpy(cut, whole, n);
        assert_int_equal(jpeg_find_orientation(cut, n), n < end_of_exif ? 1 : 6);
        assert_int_equal(jpeg_count_scans(cut, n), n < begin_of_scan + 4 ? 0 : 1);
        free(cut);
    }
}

static void lengths_below_two_do_not_stop_the_walk(void **state)
{
    (void)state;
    assert_int_equal(SCANS_OF(BEGIN "\xFF\xE1\0\0" "\xFF\xE1\0\x01" SCAN END), 1);
    assert_int_equal(ORIENTATION_OF(BEGIN "\xFF\xE1\0\0" "\xFF\xE1\0\x01" EXIF("\x06") SCAN END), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orientation_is_found_wherever_it_stands_before_the_first_scan),
        cmocka_unit_test(first_block_that_has_an_orientation_counts),
        cmocka_unit_test(tables_in_a_stream_of_their_own_are_passed_over),
        cmocka_unit_test(scans_are_counted_to_the_end_of_the_picture),
        cmocka_unit_test(cut_files_are_read_to_their_end_and_no_further),
        cmocka_unit_test(lengths_below_two_do_not_stop_the_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
