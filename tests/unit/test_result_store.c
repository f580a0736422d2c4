/* SPDX-License-Identifier: Apache-2.0 */
/* test_result_store.c - results built one after the other in memory that moves, with pointers set at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "model/result_store.h"

enum { MAX_TEXT = 64, MAX_CHARACTERS = 9 };

/* Text "i:xxx..." of i % 7 letters, and as many characters. */
static void make_reading(struct result_store *store, size_t i, struct reading *reading)
{
    assert_int_equal(result_store_reserve(store, MAX_TEXT, MAX_CHARACTERS, reading, NULL), TRBA_OK);
    const int n = snprintf(reading->text, MAX_TEXT, "%zu:%.*s", i, (int)(i % 7), "xxxxxxx");
    reading->text_bytes = (size_t)n;
    reading->n_characters = i % 7;
    reading->confidence = (float)i;
    reading->score = (float)i / 2.0f;
    reading->is_truncated = i % 2 == 1;
    for (size_t k = 0; k < reading->n_characters; k++)
        reading->characters[k] = (trba_character){.text = "x", .step = (int)(i * 10 + k)};
}

static void assert_reading(const trba_result *result, size_t i)
{
    char text[MAX_TEXT];
    snprintf(text, sizeof text, "%zu:%.*s", i, (int)(i % 7), "xxxxxxx");
    assert_int_equal(result->status, TRBA_OK);
    assert_string_equal(result->text, text);
    assert_string_equal(result->message, "");
    assert_true(result->confidence == (float)i);
    assert_true(result->score == (float)i / 2.0f);
    assert_int_equal(result->truncated, i % 2 == 1);
    assert_int_equal(result->n_characters, i % 7);
    if (i % 7 == 0) assert_null(result->characters);
    for (size_t k = 0; k < i % 7; k++) assert_int_equal(result->characters[k].step, i * 10 + k);
}

static void results_keep_what_was_read_while_the_store_grows(void **state)
{
    (void)state;
    struct result_store store = {.n = 0};
    static const size_t counts[] = {1, 500, 3, 0, 40};
    for (size_t round = 0; round < sizeof counts / sizeof counts[0]; round++) {
        const size_t n = counts[round];
        assert_int_equal(result_store_begin(&store, n, NULL), TRBA_OK);
        for (size_t i = 0; i < n; i++) {
            struct reading reading = {.text = NULL};
            make_reading(&store, i, &reading);
            result_store_keep(&store, i, &reading);
        }
        const trba_result *results = result_store_finish(&store);
        for (size_t i = 0; i < n; i++) assert_reading(&results[i], i);
    }
    assert_true(result_store_memory(&store) >= 500 * (sizeof(trba_result) + 2 * sizeof(trba_character)));
    result_store_free(&store);
}

static void a_result_that_nobody_made_is_empty(void **state)
{
    (void)state;
    struct result_store store = {.n = 0};
    assert_int_equal(result_store_begin(&store, 2, NULL), TRBA_OK);
    const trba_result *results = result_store_finish(&store);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(results[i].status, TRBA_OK);
        assert_string_equal(results[i].text, "");
        assert_string_equal(results[i].message, "");
        assert_int_equal(results[i].n_characters, 0);
        assert_null(results[i].characters);
    }
    result_store_free(&store);
}

static void a_failure_has_its_message_and_no_text(void **state)
{
    (void)state;
    struct result_store store = {.n = 0};
    assert_int_equal(result_store_begin(&store, 3, NULL), TRBA_OK);
    struct reading reading = {.text = NULL};
    make_reading(&store, 0, &reading);
    result_store_keep(&store, 0, &reading);
    trba_error why = {.status = TRBA_ERROR_FORMAT, .message = ""};
    memset(why.message, 'm', sizeof why.message - 1); /* the longest there is */
    assert_int_equal(result_store_fail(&store, 1, &why, NULL), TRBA_OK);
    make_reading(&store, 2, &reading);
    result_store_keep(&store, 2, &reading);
    const trba_result *results = result_store_finish(&store);
    assert_reading(&results[0], 0);
    assert_int_equal(results[1].status, TRBA_ERROR_FORMAT);
    assert_string_equal(results[1].text, "");
    assert_string_equal(results[1].message, why.message);
    assert_int_equal(results[1].n_characters, 0);
    assert_reading(&results[2], 2);
    result_store_free(&store);
}

/* A second reading of an image takes the first's place. */
static void what_a_result_had_before_is_forgotten(void **state)
{
    (void)state;
    struct result_store store = {.n = 0};
    assert_int_equal(result_store_begin(&store, 2, NULL), TRBA_OK);
    struct reading reading = {.text = NULL};
    make_reading(&store, 6, &reading);
    result_store_keep(&store, 0, &reading);
    make_reading(&store, 1, &reading);
    result_store_keep(&store, 1, &reading);
    make_reading(&store, 0, &reading);
    result_store_keep(&store, 0, &reading);
    const trba_result *results = result_store_finish(&store);
    assert_reading(&results[0], 0);
    assert_reading(&results[1], 1);
    result_store_free(&store);
}

/* Room that is reserved and not kept costs nothing: the next reading takes its place. */
static void reserved_room_is_reused(void **state)
{
    (void)state;
    struct result_store store = {.n = 0};
    assert_int_equal(result_store_begin(&store, 1, NULL), TRBA_OK);
    struct reading reading = {.text = NULL};
    for (size_t i = 0; i < 1000; i++) make_reading(&store, i, &reading);
    assert_true(result_store_memory(&store) < 4096);
    result_store_keep(&store, 0, &reading);
    assert_reading(result_store_finish(&store), 999);
    result_store_free(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_keep_what_was_read_while_the_store_grows),
        cmocka_unit_test(a_result_that_nobody_made_is_empty),
        cmocka_unit_test(a_failure_has_its_message_and_no_text),
        cmocka_unit_test(what_a_result_had_before_is_forgotten),
        cmocka_unit_test(reserved_room_is_reused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
