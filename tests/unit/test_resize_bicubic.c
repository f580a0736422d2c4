/* SPDX-License-Identifier: Apache-2.0 */
/* test_resize_bicubic.c - Pillow's bicubic on images small enough to work out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

#include "image/resize_bicubic.h"

enum { MAX_PIXELS = 64 };

struct buffers {
    struct image_buffer between, resized, coefficients;
};

static void free_buffers(struct buffers *buffers)
{
    image_buffer_free(&buffers->between);
    image_buffer_free(&buffers->resized);
    image_buffer_free(&buffers->coefficients);
}

/* Resizes in[h][w][channels] and compares with expected[out_h][out_w][channels]. */
static void check_resize(const uint8_t *in, int w, int h, int channels, int out_w, int out_h, const uint8_t *expected)
{
    const struct image_view view = {in, w, h, channels, (size_t)w * (size_t)channels};
    struct buffers buffers = {0};
    struct image_view out = {0};
    trba_error err;
    assert_int_equal(resize_bicubic(&view, out_w, out_h, &buffers.between, &buffers.resized, &buffers.coefficients,
                                    &out, &err), TRBA_OK);
    assert_int_equal(out.width, out_w);
    assert_int_equal(out.height, out_h);
    for (int y = 0; y < out_h; y++)
        assert_memory_equal(out.pixels + (size_t)y * out.stride_bytes, expected + y * out_w * channels,
                            (size_t)(out_w * channels));
    free_buffers(&buffers);
}

static void one_pixel_fills_any_size(void **state)
{
    (void)state;
    const uint8_t in[] = {201};
    uint8_t expected[MAX_PIXELS];
    memset(expected, 201, sizeof expected);
    check_resize(in, 1, 1, 1, 8, 8, expected);
    check_resize(in, 1, 1, 1, 1, 5, expected);
    check_resize(in, 1, 1, 1, 5, 1, expected);
    check_resize(in, 1, 1, 1, 1, 1, expected);
}

static void a_flat_image_stays_flat(void **state)
{
    (void)state;
    uint8_t flat[MAX_PIXELS];
    memset(flat, 255, sizeof flat);
    check_resize(flat, 8, 8, 1, 3, 5, flat);
    check_resize(flat, 3, 7, 3, 4, 2, flat);
}

static void the_same_size_is_the_same_image(void **state)
{
    (void)state;
    const uint8_t in[] = {1, 2, 3, 4, 5, 6};
    const struct image_view view = {in, 3, 2, 1, 3};
    struct buffers buffers = {0};
    struct image_view out = {0};
    assert_int_equal(
        resize_bicubic(&view, 3, 2, &buffers.between, &buffers.resized, &buffers.coefficients, &out, NULL), TRBA_OK);
    assert_ptr_equal(out.pixels, in);
    assert_null(buffers.resized.bytes);
}

/* The kernel is .8671875 at .25, .2265625 at .75 and -.0703125 at 1.25. Two pixels, 0 and 255, centres .5 and 1.5, to
 * four. The first output's centre is .25, distances .25 and 1.25: 255 * -.0703125 / (.8671875 - .0703125) = -22.5,
 * clipped. The second's is .75, distances .25 and .75: 255 * .2265625 / (.8671875 + .2265625) = 52.8. */
static void doubling_two_pixels_overshoots_and_is_clipped(void **state)
{
    (void)state;
    const uint8_t in[] = {0, 255}, expected[] = {0, 53, 202, 255};
    check_resize(in, 2, 1, 1, 4, 1, expected);
    check_resize(in, 1, 2, 1, 1, 4, expected);
}

/* Four pixels to two stretches the kernel by 2. The first output's centre is 1: the pixels are at stretched distances
 * .25, .25, .75, 1.25, and the last weighs -.0703125 / 1.890625: clipped to 0. Seen from the other centre it is the
 * nearest: 255 * .8671875 / 1.890625 = 116.96. */
static void halving_is_antialiased(void **state)
{
    (void)state;
    const uint8_t in[] = {0, 0, 0, 255}, expected[] = {0, 117};
    check_resize(in, 4, 1, 1, 2, 1, expected);
    check_resize(in, 1, 4, 1, 1, 2, expected);
}

static void the_stride_is_respected(void **state)
{
    (void)state;
    const uint8_t padded[] = {0, 255, 99, 99, 0, 255, 99, 99};
    const uint8_t expected[] = {0, 53, 202, 255, 0, 53, 202, 255};
    const struct image_view view = {padded, 2, 2, 1, 4};
    struct buffers buffers = {0};
    struct image_view out = {0};
    assert_int_equal(
        resize_bicubic(&view, 4, 2, &buffers.between, &buffers.resized, &buffers.coefficients, &out, NULL), TRBA_OK);
    assert_memory_equal(out.pixels, expected, sizeof expected);
    free_buffers(&buffers);
}

static void buffers_are_used_again(void **state)
{
    (void)state;
    const uint8_t in[MAX_PIXELS] = {7};
    const struct image_view view = {in, 8, 8, 1, 8};
    struct buffers buffers = {0};
    struct image_view out = {0};
    assert_int_equal(
        resize_bicubic(&view, 20, 6, &buffers.between, &buffers.resized, &buffers.coefficients, &out, NULL), TRBA_OK);
    const struct buffers before = buffers;
    assert_int_equal(
        resize_bicubic(&view, 10, 5, &buffers.between, &buffers.resized, &buffers.coefficients, &out, NULL), TRBA_OK);
    assert_memory_equal(&before, &buffers, sizeof buffers);
    free_buffers(&buffers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_pixel_fills_any_size),
        cmocka_unit_test(a_flat_image_stays_flat),
        cmocka_unit_test(the_same_size_is_the_same_image),
        cmocka_unit_test(doubling_two_pixels_overshoots_and_is_clipped),
        cmocka_unit_test(halving_is_antialiased),
        cmocka_unit_test(the_stride_is_respected),
        cmocka_unit_test(buffers_are_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
