/* SPDX-License-Identifier: Apache-2.0 */
/* test_exif.c - orientations found in TIFF blocks, refused when damaged, and applied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the first four. */
#include <cmocka.h>

#include "image/exif.h"

/* One directory at 8 with two entries: 0x110 (the camera), then the orientation, 6. */
static const uint8_t little[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 2, 0, 0x10, 1, 2, 0, 1, 0, 0, 0, 'x', 0, 0, 0,
                                 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0};
static const uint8_t big[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0};

static void orientation_is_found_in_both_byte_orders(void **state)
{
    (void)state;
    assert_int_equal(exif_orientation_in_tiff(little, sizeof little), 6);
    assert_int_equal(exif_orientation_in_tiff(big, sizeof big), 8);
    uint8_t app1[6 + sizeof big] = "Exif\0";
    memcpy(app1 + 6, big, sizeof big);
    assert_int_equal(exif_orientation_in_app1(app1, sizeof app1), 8);
    app1[0] = 'e';
    assert_int_equal(exif_orientation_in_app1(app1, sizeof app1), 0);
}

/* Each cut is in memory of its own, so that a sanitizer sees a byte read too many. */
static void cut_blocks_say_nothing(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof little; n++) {
        uint8_t *cut = malloc(n + 1);
        assert_non_null(cut);
        memcpy(cut, little, n);
        assert_int_equal(exif_orientation_in_tiff(n == 0 ? NULL : cut, n), 0);
        free(cut);
    }
}

static void damaged_blocks_say_nothing(void **state)
{
    (void)state;
    uint8_t damaged[sizeof big];
    memcpy(damaged, big, sizeof big);
    memset(damaged + 4, 0xFF, 4); /* the directory's offset */
    assert_int_equal(exif_orientation_in_tiff(damaged, sizeof damaged), 0);
    memcpy(damaged, big, sizeof big);
    damaged[19] = 9; /* no such orientation */
    assert_int_equal(exif_orientation_in_tiff(damaged, sizeof damaged), 0);
    memcpy(damaged, big, sizeof big);
    damaged[3] = 43;
    assert_int_equal(exif_orientation_in_tiff(damaged, sizeof damaged), 0);
}

/* The picture 1 2 3 / 4 5 6 as each orientation shows it. */
static void every_orientation_is_applied(void **state)
{
    (void)state;
    static const uint8_t pixels[] = {1, 2, 3, 4, 5, 6};
    const struct image_view in = {pixels, 3, 2, 1, 3};
    static const uint8_t expected[8][6] = {
        {1, 2, 3, 4, 5, 6}, {3, 2, 1, 6, 5, 4}, {6, 5, 4, 3, 2, 1}, {4, 5, 6, 1, 2, 3},
        {1, 4, 2, 5, 3, 6}, {4, 1, 5, 2, 6, 3}, {6, 3, 5, 2, 4, 1}, {3, 6, 2, 5, 1, 4},
    };
    for (int orientation = 1; orientation <= 8; orientation++) {
        uint8_t out[7];
        memset(out, 0xAB, sizeof out);
        const struct image_view turned = exif_apply_orientation(orientation, &in, out);
        assert_memory_equal(out, expected[orientation - 1], 6);
        assert_ptr_equal(turned.pixels, out);
        assert_int_equal(turned.width, orientation < 5 ? 3 : 2);
        assert_int_equal(turned.height, orientation < 5 ? 2 : 3);
        assert_int_equal(turned.channels, 1);
        assert_int_equal(turned.stride_bytes, turned.width);
        assert_int_equal(out[6], 0xAB);
    }
}

static void colours_stay_together(void **state)
{
    (void)state;
    static const uint8_t pixels[] = {1, 2, 3, 4, 5, 6}, mirrored[] = {4, 5, 6, 1, 2, 3};
    const struct image_view in = {pixels, 2, 1, 3, sizeof pixels};
    uint8_t out[6];
    exif_apply_orientation(2, &in, out);
    assert_memory_equal(out, mirrored, sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orientation_is_found_in_both_byte_orders), cmocka_unit_test(cut_blocks_say_nothing),
        cmocka_unit_test(damaged_blocks_say_nothing),               cmocka_unit_test(every_orientation_is_applied),
        cmocka_unit_test(colours_stay_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
