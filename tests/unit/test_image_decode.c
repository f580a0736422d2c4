/* SPDX-License-Identifier: Apache-2.0 */
/* test_image_decode.c - raw pixels in every format, and what is said about bytes that are no image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

#include "image/image.h"

/* ---- raw pixels ------------------------------------------------------------------------------------------------- */

/* Two rows of two pixels (red and white, then black and (10, 20, 30)), `step` bytes a pixel, rows 11 bytes apart. */
static void fill_pixels(uint8_t pixels[22], int r, int g, int b, int step)
{
    static const uint8_t colours[4][3] = {{255, 0, 0}, {255, 255, 255}, {0, 0, 0}, {10, 20, 30}};
    memset(pixels, 0x5A, 22);
    for (int i = 0; i < 4; i++) {
        uint8_t *pixel = pixels + i / 2 * 11 + i % 2 * step;
        pixel[r] = colours[i][0];
        pixel[g] = colours[i][1];
        pixel[b] = colours[i][2];
    }
}

static const struct image_rules grey_rules = {.channels = 1}, rgb_rules = {.channels = 3};

static void check_view(const struct image_view *view, int channels, const uint8_t *expected)
{
    assert_int_equal(view->width, 2);
    assert_int_equal(view->height, 2);
    assert_int_equal(view->channels, channels);
    for (int y = 0; y < 2; y++)
        assert_memory_equal(view->pixels + (size_t)y * view->stride_bytes, expected + y * 2 * channels,
                            (size_t)(2 * channels));
}

static void every_colour_format_becomes_grey_and_rgb(void **state)
{
    (void)state;
    static const struct {
        trba_pixel_format format;
        int r, g, b, step;
    } formats[] = {{TRBA_PIXELS_RGB, 0, 1, 2, 3}, {TRBA_PIXELS_BGR, 2, 1, 0, 3}, {TRBA_PIXELS_RGBA, 0, 1, 2, 4},
                   {TRBA_PIXELS_BGRA, 2, 1, 0, 4}};
    static const uint8_t grey[] = {76, 255, 0, 18}, rgb[] = {255, 0, 0, 255, 255, 255, 0, 0, 0, 10, 20, 30};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        uint8_t pixels[22];
        fill_pixels(pixels, formats[i].r, formats[i].g, formats[i].b, formats[i].step);
        const trba_image image = trba_image_pixels(pixels, 2, 2, 11, formats[i].format);
        struct image_buffer buffer = {0};
        struct image_view view;
        assert_int_equal(image_from_pixels(&image, &grey_rules, &buffer, &view, NULL), TRBA_OK);
        check_view(&view, 1, grey);
        assert_int_equal(image_from_pixels(&image, &rgb_rules, &buffer, &view, NULL), TRBA_OK);
        check_view(&view, 3, rgb);
        image_buffer_free(&buffer);
    }
}

static void pixels_that_fit_are_not_copied(void **state)
{
    (void)state;
    const uint8_t grey[] = {1, 2, 99, 3, 4, 99}, packed[] = {1, 2, 3, 4}, rgb[] = {1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4};
    const trba_image image = trba_image_pixels(grey, 2, 2, 3, TRBA_PIXELS_GREY);
    struct image_buffer buffer = {0};
    struct image_view view;
    assert_int_equal(image_from_pixels(&image, &grey_rules, &buffer, &view, NULL), TRBA_OK);
    assert_ptr_equal(view.pixels, grey);
    assert_null(buffer.bytes);
    check_view(&view, 1, packed);
    assert_int_equal(image_from_pixels(&image, &rgb_rules, &buffer, &view, NULL), TRBA_OK);
    check_view(&view, 3, rgb);
    image_buffer_free(&buffer);
}

/* Fails with this status and a sentence that contains `words`, and touches no output. */
static void check_refused(const trba_image *image, trba_status status, const char *words)
{
    struct image_buffer buffer = {0};
    struct image_view view = {.width = -7};
    trba_error err = {0};
    assert_int_equal(image_from_pixels(image, &grey_rules, &buffer, &view, &err), status);
    assert_int_equal(err.status, status);
    assert_non_null(strstr(err.message, words));
    assert_int_equal(view.width, -7);
    assert_null(buffer.bytes);
}

static void impossible_pixels_are_refused(void **state)
{
    (void)state;
    const uint8_t byte = 0;
    const trba_image no_pixels = trba_image_pixels(NULL, 2, 2, 6, TRBA_PIXELS_RGB);
    const trba_image no_width = trba_image_pixels(&byte, 0, 2, 6, TRBA_PIXELS_RGB);
    const trba_image negative = trba_image_pixels(&byte, 2, -2, 6, TRBA_PIXELS_RGB);
    const trba_image short_stride = trba_image_pixels(&byte, 2, 2, 5, TRBA_PIXELS_RGB);
    const trba_image no_format = trba_image_pixels(&byte, 2, 2, 6, (trba_pixel_format)9);
    const trba_image too_wide = trba_image_pixels(&byte, IMAGE_MAX_SIDE + 1, 1, 1 << 20, TRBA_PIXELS_GREY);
    const trba_image too_large = trba_image_pixels(&byte, 20000, 20000, 20000, TRBA_PIXELS_GREY);
    check_refused(&no_pixels, TRBA_ERROR_ARGUMENT, "NULL");
    check_refused(&no_width, TRBA_ERROR_ARGUMENT, "0 x 2");
    check_refused(&negative, TRBA_ERROR_ARGUMENT, "2 x -2");
    check_refused(&short_stride, TRBA_ERROR_ARGUMENT, "stride of 5 bytes, but a row of 2 pixels has 6");
    check_refused(&no_format, TRBA_ERROR_ARGUMENT, "format 9");
    check_refused(&too_wide, TRBA_ERROR_LIMIT, "65501");
    check_refused(&too_large, TRBA_ERROR_LIMIT, "20000 x 20000");
}

static void transparency_is_ignored_or_laid_on_white_or_black(void **state)
{
    (void)state;
    static const uint8_t rgba[] = {200, 100, 0, 255, 200, 100, 0, 0, 200, 100, 0, 51}; /* 51 / 255 = 0.2 */
    static const uint8_t ignored[] = {200, 100, 0, 200, 100, 0, 200, 100, 0};
    static const uint8_t white[] = {200, 100, 0, 255, 255, 255, 244, 224, 204};
    static const uint8_t black[] = {200, 100, 0, 0, 0, 0, 40, 20, 0};
    static const uint8_t *const expected[] = {ignored, white, black};
    const trba_image image = trba_image_pixels(rgba, 3, 1, sizeof rgba, TRBA_PIXELS_RGBA);
    for (int alpha = TRBA_ALPHA_IGNORE; alpha <= TRBA_ALPHA_BLACK; alpha++) {
        const struct image_rules rules = {.alpha = (trba_alpha)alpha}; /* channels 0: as many as there are */
        struct image_buffer buffer = {0};
        struct image_view view;
        assert_int_equal(image_from_pixels(&image, &rules, &buffer, &view, NULL), TRBA_OK);
        assert_int_equal(view.channels, 3);
        assert_memory_equal(view.pixels, expected[alpha], sizeof ignored);
        image_buffer_free(&buffer);
    }
}

/* ---- what is no image ------------------------------------------------------------------------------------------- */

static void check_no_image(const char *bytes, size_t n_bytes, trba_status status, const char *words)
{
    struct image_buffer buffer = {0};
    struct image_codecs codecs = {0};
    struct image_view view = {.width = -7};
    trba_error err = {0};
    assert_int_equal(image_decode(bytes, n_bytes, &grey_rules, &codecs, &buffer, &view, &err), status);
    image_codecs_free(&codecs);
    assert_non_null(strstr(err.message, words));
    assert_int_equal(view.width, -7);
    assert_null(buffer.bytes);
}

#define CHECK_NO_IMAGE(bytes, status, words) check_no_image(bytes, sizeof(bytes) - 1, status, words)

static void other_files_are_called_by_their_names(void **state)
{
    (void)state;
    CHECK_NO_IMAGE("", TRBA_ERROR_FORMAT, "empty");
    check_no_image(NULL, 0, TRBA_ERROR_FORMAT, "empty");
    check_no_image(NULL, 5, TRBA_ERROR_ARGUMENT, "NULL");
    CHECK_NO_IMAGE("GIF89a\1\0\1\0", TRBA_ERROR_UNSUPPORTED, "GIF");
    CHECK_NO_IMAGE("RIFF\0\0\0\0WEBPVP8 ", TRBA_ERROR_UNSUPPORTED, "WebP");
    CHECK_NO_IMAGE("BM\0\0\0\0", TRBA_ERROR_UNSUPPORTED, "BMP");
    CHECK_NO_IMAGE("BMW is a car", TRBA_ERROR_FORMAT, "text");
    CHECK_NO_IMAGE("II*\0\0\0\0\0", TRBA_ERROR_UNSUPPORTED, "TIFF");
    CHECK_NO_IMAGE("\0\0\0 ftypavif", TRBA_ERROR_UNSUPPORTED, "AVIF");
    CHECK_NO_IMAGE("\0\0\0 ftypheic", TRBA_ERROR_UNSUPPORTED, "HEIC");
    CHECK_NO_IMAGE("%PDF-1.7\n%\xe2\xe3\xcf\xd3", TRBA_ERROR_UNSUPPORTED, "PDF");
    CHECK_NO_IMAGE(" \r\n<!DOCTYPE html>", TRBA_ERROR_FORMAT, "HTML");
    CHECK_NO_IMAGE("<HTML>", TRBA_ERROR_FORMAT, "HTML");
    CHECK_NO_IMAGE("version https://git-lfs.github.com/spec/v1\n", TRBA_ERROR_FORMAT, "git-lfs");
    CHECK_NO_IMAGE("\x89PNG\n\x1a\n\0\0\0\rIHDR", TRBA_ERROR_FORMAT, "text mode");
    CHECK_NO_IMAGE("PK\3\4\0\0", TRBA_ERROR_FORMAT, "zip");
    CHECK_NO_IMAGE("\1\2\3\4", TRBA_ERROR_FORMAT, "neither a PNG nor a JPEG");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_colour_format_becomes_grey_and_rgb),
        cmocka_unit_test(transparency_is_ignored_or_laid_on_white_or_black),
        cmocka_unit_test(pixels_that_fit_are_not_copied),
        cmocka_unit_test(impossible_pixels_are_refused),
        cmocka_unit_test(other_files_are_called_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
