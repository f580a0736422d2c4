/* SPDX-License-Identifier: Apache-2.0 */
/* test_preprocess.c - widths, normalisation, padding, linear resize and contrast, worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the first four. */
#include <cmocka.h>

#include "image/contrast.h"
#include "image/image.h"
#include "image/resize_linear.h"

static const struct preprocess clovaai = {.preset = TRBA_PRESET_CLOVAAI, .channels = 1, .img_h = 2, .img_w = 6};
static const struct preprocess easyocr = {.preset = TRBA_PRESET_EASYOCR, .channels = 1, .img_h = 64};

static int width_of(const struct preprocess *p, int width, int height)
{
    int out = -1;
    assert_int_equal(preprocess_width(p, width, height, &out, NULL), TRBA_OK);
    return out;
}

static void widths_are_as_each_preset_says(void **state)
{
    (void)state;
    assert_int_equal(width_of(&clovaai, 1000, 1), 6);
    assert_int_equal(width_of(&easyocr, 10, 10), 64);
    assert_int_equal(width_of(&easyocr, 11, 10), 128);
    assert_int_equal(width_of(&easyocr, 10, 11), 128);
    assert_int_equal(width_of(&easyocr, 640, 10), 64 * 64);
    int out = -1;
    trba_error err = {0};
    assert_int_equal(preprocess_width(&easyocr, 641, 10, &out, &err), TRBA_ERROR_LIMIT);
    assert_int_equal(out, -1);
    assert_non_null(strstr(err.message, "641 x 10"));
}

/* 0, 255 and 51 become -1, 1 and (0.2 - 0.5) / 0.5 in float. */
static void values_are_normalised_and_the_last_column_repeated(void **state)
{
    (void)state;
    const uint8_t pixels[] = {0, 255, 51, 255, 0, 51};
    const struct image_view view = {pixels, 3, 2, 1, 3};
    struct preprocess padded = clovaai;
    padded.pad = 1;
    struct preprocess_scratch scratch = {0};
    const float low = (51.0f / 255.0f - 0.5f) / 0.5f, sentinel = 77.0f;
    const float expected[] = {-1, 1, low, low, low, low, 1, -1, low, low, low, low, sentinel};
    float out[13];
    out[12] = sentinel;
    assert_int_equal(preprocess_image(&padded, &view, &scratch, out, NULL), TRBA_OK);
    assert_memory_equal(out, expected, sizeof out);
    preprocess_scratch_free(&scratch);
}

static void check_linear(const uint8_t *in, int w, int h, int out_w, int out_h, const uint8_t *expected)
{
    const struct image_view view = {in, w, h, 1, (size_t)w};
    struct image_buffer scratch = {0}, resized = {0};
    struct image_view out = {0};
    assert_int_equal(resize_linear(&view, out_w, out_h, &scratch, &resized, &out, NULL), TRBA_OK);
    assert_memory_equal(out.pixels, expected, (size_t)(out_w * out_h));
    image_buffer_free(&scratch);
    image_buffer_free(&resized);
}

static void linear_resize_of_small_images(void **state)
{
    (void)state;
    const uint8_t two[] = {0, 200}, doubled[] = {0, 50, 150, 200};
    check_linear(two, 2, 1, 4, 1, doubled);
    check_linear(two, 1, 2, 1, 4, doubled);
    /* Shrinking by 3 looks at the middle pixel only: no antialiasing. */
    const uint8_t six[] = {9, 100, 9, 9, 30, 9}, thirds[] = {100, 30};
    check_linear(six, 6, 1, 2, 1, thirds);
    /* Exact halves are means, rounded half up: (1 + 2 + 3 + 4) / 4 = 2.5. */
    const uint8_t four[] = {1, 2, 3, 4}, mean[] = {3};
    check_linear(four, 2, 2, 1, 1, mean);
}

/* Ten pixels 100, 101, ..., 109: percentiles 100.9 and 108.1, contrast 7.2 / 209; stretched by 200 / 10:
 * (100 - 100.9 + 25) * 20 = 482, clipped. */
static void low_contrast_is_stretched(void **state)
{
    (void)state;
    uint8_t pixels[10];
    for (int i = 0; i < 10; i++)
        pixels[i] = (uint8_t)(100 + i);
    const struct image_view view = {pixels, 5, 2, 1, 5};
    struct image_buffer buffer = {0};
    struct image_view out = {0};
    assert_int_equal(contrast_adjust(&view, &buffer, &out, NULL), TRBA_OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(out.pixels[i], 255);
    image_buffer_free(&buffer);
}

/* Percentiles 60 and 140, contrast 80 / 200: stretched by 200 / 80. (60 - 60 + 25) * 2.5 = 62.5, truncated. */
static void stretching_truncates(void **state)
{
    (void)state;
    const uint8_t pixels[] = {60, 60, 140, 140}, expected[] = {62, 62, 255, 255};
    const struct image_view view = {pixels, 4, 1, 1, 4};
    struct image_buffer buffer = {0};
    struct image_view out = {0};
    assert_int_equal(contrast_adjust(&view, &buffer, &out, NULL), TRBA_OK);
    assert_memory_equal(out.pixels, expected, sizeof expected);
    image_buffer_free(&buffer);
}

static void good_contrast_is_left_alone(void **state)
{
    (void)state;
    const uint8_t pixels[] = {0, 0, 255, 255};
    const struct image_view view = {pixels, 2, 2, 1, 2};
    struct image_buffer buffer = {0};
    struct image_view out = {0};
    assert_int_equal(contrast_adjust(&view, &buffer, &out, NULL), TRBA_OK);
    assert_ptr_equal(out.pixels, pixels);
    assert_null(buffer.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_are_as_each_preset_says),
        cmocka_unit_test(values_are_normalised_and_the_last_column_repeated),
        cmocka_unit_test(linear_resize_of_small_images),
        cmocka_unit_test(low_contrast_is_stretched),
        cmocka_unit_test(stretching_truncates),
        cmocka_unit_test(good_contrast_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
