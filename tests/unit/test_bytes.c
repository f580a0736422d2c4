/* SPDX-License-Identifier: Apache-2.0 */
/* test_bytes.c - the cursor that cannot run past the end, and the checked arithmetic beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/checked.h"

static void integers_are_little_endian(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xFE, 0x02, 0x81, 0x04, 0x83, 0x84, 0xF5, 1, 2, 3, 4, 5, 6, 7, 0x88};
    struct byte_reader r = byte_reader_new(bytes, sizeof bytes);
    assert_int_equal(bytes_left(&r), 15);
    assert_int_equal(bytes_u8(&r), 0xFE);
    assert_int_equal(bytes_u16le(&r), 0x8102);
    assert_int_equal(bytes_u32le(&r), 0xF5848304u);
    assert_true(bytes_u64le(&r) == 0x8807060504030201u);
    assert_int_equal(bytes_left(&r), 0);
    assert_false(r.failed);
}

/* -1.5 has a sign, the exponent of 1 and the uppermost bit of the fraction; 2^-149 is the least subnormal. */
static void fractions_are_little_endian_both_ways(void **state)
{
    (void)state;
    uint8_t out[5] = {9, 9, 9, 9, 9};
    assert_true(load_f32le((const uint8_t *)"\0\0\xc0\xbf") == -1.5f);
    assert_true(load_f32le((const uint8_t *)"\1\0\0\0") == 0x1p-149f);
    assert_true(load_f64le((const uint8_t *)"\0\0\0\0\0\0\xf8\xbf") == -1.5);
    store_f32le(out, -1.5f);
    assert_memory_equal(out, "\0\0\xc0\xbf\x09", 5);
    store_u16le(out, 0x1234);
    assert_memory_equal(out, "\x34\x12\xc0\xbf", 4);
}

static void a_read_that_does_not_fit_fails_and_so_does_every_later_one(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7};
    struct byte_reader r = byte_reader_new(bytes, sizeof bytes);
    assert_true(bytes_u64le(&r) == 0);
    assert_true(r.failed);
    assert_int_equal(bytes_left(&r), 0);
    assert_int_equal(bytes_u8(&r), 0); /* would fit */
    assert_null(bytes_take(&r, 0));
}

static void nothing_fits_into_nothing(void **state)
{
    (void)state;
    struct byte_reader r = byte_reader_new("", 0);
    assert_non_null(bytes_take(&r, 0));
    assert_false(r.failed);
    assert_int_equal(bytes_u16le(&r), 0);
    assert_true(r.failed);
}

static void a_length_near_the_largest_does_not_wrap_round(void **state)
{
    (void)state;
    struct byte_reader r = byte_reader_new("abcd", 4);
    assert_ptr_equal(bytes_take(&r, 3), r.data);
    assert_null(bytes_take(&r, SIZE_MAX));
    assert_int_equal(r.position, 3);
}

static void everything_up_to_the_end_can_be_taken(void **state)
{
    (void)state;
    struct byte_reader r = byte_reader_new("abcd", 4);
    assert_memory_equal(bytes_take(&r, 4), "abcd", 4);
    assert_ptr_equal(bytes_take(&r, 0), r.data + 4);
    assert_false(r.failed);
    assert_null(bytes_take(&r, 1));
}

static void sums_and_products_that_do_not_fit_are_noticed(void **state)
{
    (void)state;
    size_t out;
    assert_true(checked_add(SIZE_MAX - 1, 1, &out));
    assert_true(out == SIZE_MAX);
    assert_false(checked_add(SIZE_MAX, 1, &out));
    assert_true(checked_mul(SIZE_MAX / 3, 3, &out));
    assert_false(checked_mul(SIZE_MAX / 3 + 1, 3, &out));
    assert_true(checked_mul(SIZE_MAX, 0, &out));
    assert_int_equal(out, 0);
}

static void ranges_are_held_against_the_size_without_wrapping(void **state)
{
    (void)state;
    assert_true(range_is_inside(0, 10, 10));
    assert_true(range_is_inside(10, 0, 10));
    assert_false(range_is_inside(11, 0, 10));
    assert_false(range_is_inside(1, 10, 10));
    assert_false(range_is_inside(UINT64_MAX, 2, 10));
    assert_false(range_is_inside(2, UINT64_MAX, 10));
}

static void rounding_up_stays_at_multiples(void **state)
{
    (void)state;
    assert_int_equal(round_up(0, 16), 0);
    assert_int_equal(round_up(1, 16), 16);
    assert_int_equal(round_up(16, 16), 16);
    assert_int_equal(round_up(17, 16), 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_little_endian),
        cmocka_unit_test(fractions_are_little_endian_both_ways),
        cmocka_unit_test(a_read_that_does_not_fit_fails_and_so_does_every_later_one),
        cmocka_unit_test(nothing_fits_into_nothing),
        cmocka_unit_test(a_length_near_the_largest_does_not_wrap_round),
        cmocka_unit_test(everything_up_to_the_end_can_be_taken),
        cmocka_unit_test(sums_and_products_that_do_not_fit_are_noticed),
        cmocka_unit_test(ranges_are_held_against_the_size_without_wrapping),
        cmocka_unit_test(rounding_up_stays_at_multiples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
