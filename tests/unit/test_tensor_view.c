/* SPDX-License-Identifier: Apache-2.0 */
/* test_tensor_view.c - which tensors fit their storage, and what is read out of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "weights/tensor_view.h"

static trba_error err;

/* A float32 view of 24 floats 0, 1, 2, ..., as a file has them. */
static struct tensor_view view_of_24(int64_t offset)
{
    static uint8_t storage[24 * sizeof(float)];
    for (int i = 0; i < 24; i++) store_f32le(storage + 4 * i, (float)i);
    return (struct tensor_view){.dtype = TENSOR_FLOAT32, .offset = offset, .storage = storage,
                                .storage_bytes = sizeof storage};
}

static struct tensor_view view_2d(int64_t offset, int64_t h, int64_t w, int64_t stride_h, int64_t stride_w)
{
    struct tensor_view view = view_of_24(offset);
    view.n_dimensions = 2;
    view.shape[0] = h;
    view.shape[1] = w;
    view.strides[0] = stride_h;
    view.strides[1] = stride_w;
    return view;
}

static trba_status check_2d(int64_t offset, int64_t h, int64_t w, int64_t stride_h, int64_t stride_w)
{
    const struct tensor_view view = view_2d(offset, h, w, stride_h, stride_w);
    struct tensor tensor;
    return tensor_view_check(&view, &tensor, &err);
}

static void the_last_element_may_be_the_storages_last(void **state)
{
    (void)state;
    assert_int_equal(check_2d(0, 4, 6, 6, 1), TRBA_OK);
    assert_int_equal(check_2d(1, 4, 6, 6, 1), TRBA_ERROR_FORMAT);
    assert_int_equal(check_2d(23, 1, 1, 6, 1), TRBA_OK);
    assert_int_equal(check_2d(24, 1, 1, 6, 1), TRBA_ERROR_FORMAT);
    assert_int_equal(check_2d(0, 2, 2, 22, 1), TRBA_OK);
    assert_int_equal(check_2d(0, 2, 2, 23, 1), TRBA_ERROR_FORMAT);
}

static void an_empty_tensor_fits_anywhere(void **state)
{
    (void)state;
    assert_int_equal(check_2d(99, 0, INT64_MAX, 5, 5), TRBA_OK);
    assert_int_equal(check_2d(99, INT64_MAX, 0, 5, 5), TRBA_OK);
}

static void an_empty_tensor_repeats_nothing(void **state)
{
    (void)state;
    const struct tensor_view view = view_2d(0, INT64_MAX, 0, INT64_MAX, 5);
    struct tensor tensor;
    assert_int_equal(tensor_view_check(&view, &tensor, &err), TRBA_OK);
    assert_int_equal(tensor_count_repeated(&tensor), 0);
}

static void negative_numbers_are_refused(void **state)
{
    (void)state;
    assert_int_equal(check_2d(-1, 1, 1, 1, 1), TRBA_ERROR_FORMAT);
    assert_int_equal(check_2d(5, -1, 1, 1, 1), TRBA_ERROR_FORMAT);
    assert_int_equal(check_2d(5, 1, 1, -1, 1), TRBA_ERROR_FORMAT);
    assert_int_equal(check_2d(5, 0, INT64_MIN, 1, 1), TRBA_ERROR_FORMAT);
}

static void overflows_are_refused(void **state)
{
    (void)state;
    assert_int_equal(check_2d(0, INT64_MAX, INT64_MAX, 0, 0), TRBA_ERROR_FORMAT);
    assert_int_equal(check_2d(0, 3, 3, INT64_MAX, INT64_MAX), TRBA_ERROR_FORMAT);
    assert_int_equal(check_2d(INT64_MAX, 1, 1, 1, 1), TRBA_ERROR_FORMAT);
}

static void a_stride_of_a_size_one_dimension_is_ignored(void **state)
{
    (void)state;
    assert_int_equal(check_2d(0, 1, 24, INT64_MAX, 1), TRBA_OK);
}

static void a_broadcast_is_read_but_not_without_end(void **state)
{
    (void)state;
    assert_int_equal(check_2d(0, 100, 100, 0, 0), TRBA_OK);
    assert_int_equal(check_2d(0, 1 << 20, 1 << 20, 0, 0), TRBA_ERROR_LIMIT);
}

static void assert_reads(const struct tensor_view *view, const float *expected, size_t n)
{
    struct tensor tensor;
    float out[32];
    assert_int_equal(tensor_view_check(view, &tensor, &err), TRBA_OK);
    assert_int_equal(tensor.n_elements, n);
    for (size_t i = 0; i < 32; i++) out[i] = -99;
    tensor_read_float(&tensor, out);
    assert_memory_equal(out, expected, n * sizeof *out);
    for (size_t i = n; i < 32; i++) assert_true(out[i] == -99); /* untouched beyond the end */
}

static void strides_are_gathered_in_row_major_order(void **state)
{
    (void)state;
    const struct tensor_view transposed = view_2d(2, 3, 2, 1, 6), plain = view_2d(2, 2, 3, 3, 1);
    assert_reads(&transposed, (const float[]){2, 8, 3, 9, 4, 10}, 6);
    assert_reads(&plain, (const float[]){2, 3, 4, 5, 6, 7}, 6);
    struct tensor_view cube = view_of_24(1);
    cube.n_dimensions = 3;
    memcpy(cube.shape, (const int64_t[]){2, 2, 2}, 3 * sizeof(int64_t));
    memcpy(cube.strides, (const int64_t[]){2, 12, 5}, 3 * sizeof(int64_t));
    assert_reads(&cube, (const float[]){1, 6, 13, 18, 3, 8, 15, 20}, 8);
    const struct tensor_view scalar = view_of_24(7);
    assert_reads(&scalar, (const float[]){7}, 1);
}

static void assert_dtype_reads(enum tensor_dtype dtype, const void *bytes, size_t n_bytes, const float *expected)
{
    struct tensor_view view = {.dtype = dtype, .n_dimensions = 1, .storage = bytes, .storage_bytes = n_bytes};
    view.shape[0] = (int64_t)(n_bytes / tensor_dtype_bytes(dtype));
    tensor_view_set_row_major(&view);
    assert_reads(&view, expected, (size_t)view.shape[0]);
}

static void every_dtype_is_converted(void **state)
{
    (void)state;
    assert_dtype_reads(TENSOR_INT8, "\xff\x7f", 2, (const float[]){-1, 127});
    assert_dtype_reads(TENSOR_UINT8, "\xff\x7f", 2, (const float[]){255, 127});
    assert_dtype_reads(TENSOR_BOOL, "\0\1\2", 3, (const float[]){0, 1, 1});
    assert_dtype_reads(TENSOR_INT16, "\xfe\xff", 2, (const float[]){-2});
    assert_dtype_reads(TENSOR_INT32, "\0\0\0\x80", 4, (const float[]){-2147483648.0f});
    assert_dtype_reads(TENSOR_INT64, "\0\0\0\0\1\0\0\0", 8, (const float[]){4294967296.0f});
    assert_dtype_reads(TENSOR_FLOAT64, "\0\0\0\0\0\0\xf8\xbf", 8, (const float[]){-1.5f});
    assert_dtype_reads(TENSOR_BFLOAT16, "\xc0\x3f", 2, (const float[]){1.5f});
}

/* 1.0, -2.0, largest, smallest normal, largest and smallest subnormal, -0.0, infinity, -infinity */
static void halves_are_converted_exactly(void **state)
{
    (void)state;
    assert_dtype_reads(TENSOR_FLOAT16, "\x00\x3c\x00\xc0\xff\x7b\x00\x04\xff\x03\x01\x00\x00\x80\x00\x7c\x00\xfc", 18,
                       (const float[]){1, -2, 65504, 0x1p-14f, 0x3FFp-24f, 0x1p-24f, -0.0f, INFINITY, -INFINITY});
    struct tensor tensor = {.dtype = TENSOR_FLOAT16, .data = (const uint8_t *)"\x01\x7e", .n_elements = 1};
    float out = 0;
    tensor_read_float(&tensor, &out);
    assert_true(isnan(out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_element_may_be_the_storages_last),
        cmocka_unit_test(an_empty_tensor_fits_anywhere),
        cmocka_unit_test(an_empty_tensor_repeats_nothing),
        cmocka_unit_test(negative_numbers_are_refused),
        cmocka_unit_test(overflows_are_refused),
        cmocka_unit_test(a_stride_of_a_size_one_dimension_is_ignored),
        cmocka_unit_test(a_broadcast_is_read_but_not_without_end),
        cmocka_unit_test(strides_are_gathered_in_row_major_order),
        cmocka_unit_test(every_dtype_is_converted),
        cmocka_unit_test(halves_are_converted_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
