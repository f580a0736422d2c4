/* SPDX-License-Identifier: Apache-2.0 */
/* test_grey.c - rows of pixels against values worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

#include "image/grey.h"

enum { SENTINEL = 0xAB };

/* Converts n pixels and checks the result, and that nothing behind it was written. */
static void check_row(enum pixel_kind kind, const uint8_t *in, size_t n, int channels, const uint8_t *expected)
{
    uint8_t out[64];
    const size_t n_bytes = n * (size_t)channels;
    memset(out, SENTINEL, sizeof out);
    pixel_row_convert(kind, in, n, channels, out);
    assert_memory_equal(out, expected, n_bytes);
    for (size_t i = n_bytes; i < sizeof out; i++)
        assert_int_equal(out[i], SENTINEL);
}

/* 19595 * 255 + 0x8000 = 5029493 = 76 * 65536 + 48757, and so on; (0, 52, 184) is exactly a half. */
static void rgb_becomes_the_rounded_weighted_mean(void **state)
{
    (void)state;
    static const uint8_t rgb[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 10, 20, 30, 0, 52, 184};
    static const uint8_t grey[] = {76, 150, 29, 255, 0, 18, 52};
    check_row(PIXEL_RGB, rgb, 7, 1, grey);
}

static void channel_orders_and_alpha_do_not_matter(void **state)
{
    (void)state;
    static const uint8_t bgr[] = {0, 0, 255, 30, 20, 10}, rgba[] = {255, 0, 0, 0, 10, 20, 30, 77};
    static const uint8_t bgra[] = {0, 0, 255, 255, 30, 20, 10, 0};
    static const uint8_t grey[] = {76, 18}, rgb[] = {255, 0, 0, 10, 20, 30};
    check_row(PIXEL_BGR, bgr, 2, 1, grey);
    check_row(PIXEL_RGBA, rgba, 2, 1, grey);
    check_row(PIXEL_BGRA, bgra, 2, 1, grey);
    check_row(PIXEL_BGR, bgr, 2, 3, rgb);
    check_row(PIXEL_RGBA, rgba, 2, 3, rgb);
    check_row(PIXEL_BGRA, bgra, 2, 3, rgb);
    check_row(PIXEL_RGB, rgb, 2, 3, rgb);
}

static void grey_is_copied_or_tripled(void **state)
{
    (void)state;
    static const uint8_t grey[] = {1, 2, 250}, rgb[] = {1, 1, 1, 2, 2, 2, 250, 250, 250};
    check_row(PIXEL_GREY, grey, 3, 1, grey);
    check_row(PIXEL_GREY, grey, 3, 3, rgb);
}

static void deep_grey_is_clipped(void **state)
{
    (void)state;
    static const uint8_t deep[] = {0, 0, 0, 255, 1, 0, 255, 255}, grey[] = {0, 255, 255, 255};
    check_row(PIXEL_GREY16, deep, 4, 1, grey);
}

/* Inverted CMYK: 255 is no ink. Light 128 (K = 127), C 100: 128 - round(155 * 128 / 255) = 128 - 78 = 50. */
static void cmyk_multiplies_ink_and_light(void **state)
{
    (void)state;
    static const uint8_t cmyk[] = {255, 255, 255, 255, 255, 255, 255, 0, 0, 255, 255, 255, 100, 255, 0, 128};
    static const uint8_t rgb[] = {255, 255, 255, 0, 0, 0, 0, 255, 255, 50, 128, 0};
    static const uint8_t grey[] = {255, 0, 179, 90};
    check_row(PIXEL_CMYK_INVERTED, cmyk, 4, 3, rgb);
    check_row(PIXEL_CMYK_INVERTED, cmyk, 4, 1, grey);
}

/* OpenCV truncates 155 * 128 / 256 = 77.5 to 77, so red is 51, and 127.5 to 127, so blue is 1;
 * (51 * 4899 + 128 * 9617 + 1 * 1868 + 8192) / 16384 = 90.9. */
static void cmyk_of_opencv_truncates(void **state)
{
    (void)state;
    static const uint8_t cmyk[] = {100, 255, 0, 128}, grey[] = {90};
    check_row(PIXEL_CMYK_OPENCV, cmyk, 1, 1, grey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rgb_becomes_the_rounded_weighted_mean),
        cmocka_unit_test(channel_orders_and_alpha_do_not_matter),
        cmocka_unit_test(grey_is_copied_or_tripled),
        cmocka_unit_test(deep_grey_is_clipped),
        cmocka_unit_test(cmyk_multiplies_ink_and_light),
        cmocka_unit_test(cmyk_of_opencv_truncates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
