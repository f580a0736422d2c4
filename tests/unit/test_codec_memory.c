/* SPDX-License-Identifier: Apache-2.0 */
/* test_codec_memory.c - pieces that do not overlap, and a second round that takes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "image/codec_memory.h"

static void take_and_fill(struct codec_memory *memory, const size_t *sizes, size_t n)
{
    uint8_t *pieces[8];
    for (size_t i = 0; i < n; i++) {
        pieces[i] = codec_memory_take(memory, sizes[i]);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 64, 0);
        memset(pieces[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(pieces[i][k], i + 1);
}

static void what_was_in_blocks_becomes_one(void **state)
{
    (void)state;
    struct codec_memory memory = {0};
    const size_t sizes[] = {1, 64, 200000, 65, 0, 131072, 3};
    take_and_fill(&memory, sizes, 7);
    codec_memory_reset(&memory);
    const size_t held = codec_memory_size(&memory);
    assert_true(held >= 200000 + 131072);
    for (int round = 0; round < 3; round++) {
        take_and_fill(&memory, sizes, 7);
        assert_int_equal(codec_memory_size(&memory), held);
        codec_memory_reset(&memory);
    }
    codec_memory_free(&memory);
    assert_int_equal(codec_memory_size(&memory), 0);
}

static void very_much_is_given_back(void **state)
{
    (void)state;
    struct codec_memory memory = {0};
    assert_non_null(codec_memory_take(&memory, (size_t)65 << 20));
    codec_memory_reset(&memory);
    assert_int_equal(codec_memory_size(&memory), 0);
    assert_null(codec_memory_take(&memory, SIZE_MAX));
    assert_null(codec_memory_take(&memory, SIZE_MAX - 200));
    codec_memory_reset(&memory);
    codec_memory_free(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_in_blocks_becomes_one),
                                       cmocka_unit_test(very_much_is_given_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
