/* SPDX-License-Identifier: Apache-2.0 */
/* test_arena.c - many small things with one lifetime: aligned, zeroed, apart, within the limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/huge_pages.h"

static void memory_is_aligned_and_zero_and_apart(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 63, 64, 65, 0, 1000, 64 * 1024, 64 * 1024 + 1, 300 * 1024, 7};
    enum { N = sizeof sizes / sizeof sizes[0] };
    uint8_t *at[N];
    struct arena a;
    arena_init(&a, SIZE_MAX);
    for (size_t i = 0; i < N; i++) {
        at[i] = arena_alloc(&a, sizes[i]);
        assert_non_null(at[i]);
        assert_int_equal((uintptr_t)at[i] % 64, 0);
        for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(at[i][k], 0);
        memset(at[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(at[i][k], i + 1);
    arena_free(&a);
}

static void empty_things_have_an_address_of_their_own(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1000);
    const void *first = arena_alloc(&a, 0), *second = arena_alloc(&a, 0);
    assert_non_null(first);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    arena_free(&a);
}

static void the_limit_counts_what_is_handed_out(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 200);
    assert_null(arena_alloc(&a, 201));
    assert_int_equal(a.used_bytes, 0);
    assert_non_null(arena_alloc(&a, 100)); /* 128 with its alignment */
    assert_int_equal(a.used_bytes, 128);
    assert_null(arena_alloc(&a, 73));
    assert_non_null(arena_alloc(&a, 72));
    assert_int_equal(a.used_bytes, 200); /* never above the limit */
    assert_null(arena_alloc(&a, 1));
    arena_free(&a);
}

static void what_is_charged_counts_until_it_is_refunded(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 200);
    assert_true(arena_charge(&a, 150));
    assert_false(a.is_full);
    assert_null(arena_alloc(&a, 51));
    assert_true(a.is_full);
    assert_false(arena_charge(&a, 51));
    assert_non_null(arena_alloc(&a, 50));
    arena_refund(&a, 150);
    assert_int_equal(a.used_bytes, 50);
    assert_true(arena_charge(&a, 150));
    assert_false(arena_charge(&a, 1));
    assert_false(a.has_failed);
    arena_free(&a);
}

static void nothing_is_handed_out_beyond_a_limit_of_zero(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0);
    assert_null(arena_alloc(&a, 1));
    arena_free(&a);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, SIZE_MAX);
    assert_null(arena_alloc_array(&a, SIZE_MAX / 2, 3));
    assert_null(arena_alloc_array(&a, (size_t)1 << 63, 2)); /* the product is zero when cut to 64 bits */
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 63));
    assert_null(arena_alloc(&a, SIZE_MAX - 64));
    assert_null(arena_copy_text(&a, "", SIZE_MAX));
    assert_int_equal(a.used_bytes, 0);
    assert_non_null(arena_alloc_array(&a, 7, 3));
    arena_free(&a);
}

static void a_copied_text_is_terminated(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1000);
    assert_string_equal(arena_copy_text(&a, "word and more", 4), "word");
    assert_string_equal(arena_copy_text(&a, NULL, 0), "");
    const char *with_zero = arena_copy_text(&a, "a\0b", 3);
    assert_memory_equal(with_zero, "a\0b", 4);
    arena_free(&a);
}

static void a_freed_arena_starts_anew(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 100);
    assert_non_null(arena_alloc(&a, 100));
    arena_free(&a);
    arena_free(&a);
    assert_non_null(arena_alloc(&a, 100));
    arena_free(&a);
}

static void what_is_reserved_is_handed_out_next_in_one_piece(void **state)
{
    (void)state;
    enum { N = 8 * 1024 * 1024 };
    struct arena a;
    arena_init(&a, SIZE_MAX);
    assert_non_null(arena_alloc(&a, 1)); /* there is a block already */
    const uint8_t *reserved = arena_reserve(&a, N);
    assert_non_null(reserved);
    assert_int_equal(a.used_bytes, 64);
    assert_ptr_equal(arena_alloc(&a, N / 2), reserved);
    assert_ptr_equal(arena_alloc(&a, N / 2), reserved + N / 2);
    arena_free(&a);
}

static void nothing_is_reserved_that_is_small_or_over_the_limit(void **state)
{
    (void)state;
    enum { N = 8 * 1024 * 1024 };
    struct arena a;
    arena_init(&a, N);
    assert_null(arena_reserve(&a, 1024));
    assert_null(arena_reserve(&a, N + 1));
    assert_null(arena_reserve(&a, SIZE_MAX));
    assert_non_null(arena_alloc(&a, N));
    assert_null(arena_reserve(&a, N));
    assert_false(a.is_full);
    assert_false(a.has_failed);
    arena_free(&a);
}

enum { MOST_PAGES = 1024 };

static size_t page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* How many of the pages are in memory. */
static size_t count_resident(uint8_t *memory, size_t n_pages)
{
    unsigned char is_resident[MOST_PAGES];
    assert_true(n_pages <= MOST_PAGES);
    assert_int_equal(mincore(memory, n_pages * page_bytes(), is_resident), 0);
    size_t n = 0;
    for (size_t i = 0; i < n_pages; i++) n += is_resident[i] & 1;
    return n;
}

/* Older systems, and emulators, which take advice and do nothing, cannot. */
static bool can_touch(uint8_t *page)
{
#ifdef MADV_POPULATE_WRITE
    return madvise(page, page_bytes(), MADV_POPULATE_WRITE) == 0 && count_resident(page, 1) == 1;
#else
    (void)page;
    return false;
#endif
}

static void touched_pages_are_there_and_zero(void **state)
{
    (void)state;
    const size_t n_bytes = MOST_PAGES * page_bytes();
    uint8_t *memory = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    const bool is_known = count_resident(memory, MOST_PAGES) == 0 && can_touch(memory);
    huge_pages_touch(memory + 100, n_bytes / 2 - 100); /* it need not begin with a page */
    if (is_known) assert_int_equal(count_resident(memory, MOST_PAGES / 2), MOST_PAGES / 2);
    for (size_t i = 0; i < n_bytes; i++) assert_int_equal(memory[i], 0);
    huge_pages_touch(memory, 0);
    munmap(memory, n_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_and_zero_and_apart),
        cmocka_unit_test(empty_things_have_an_address_of_their_own),
        cmocka_unit_test(the_limit_counts_what_is_handed_out),
        cmocka_unit_test(what_is_charged_counts_until_it_is_refunded),
        cmocka_unit_test(nothing_is_handed_out_beyond_a_limit_of_zero),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(a_copied_text_is_terminated),
        cmocka_unit_test(a_freed_arena_starts_anew),
        cmocka_unit_test(what_is_reserved_is_handed_out_next_in_one_piece),
        cmocka_unit_test(nothing_is_reserved_that_is_small_or_over_the_limit),
        cmocka_unit_test(touched_pages_are_there_and_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
