/* SPDX-License-Identifier: Apache-2.0 */
/* test_status.c - error sentences: cut to fit, prefixed, put together part by part, fit to be shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/message.h"
#include "base/utf8.h"

enum { CAPACITY = sizeof ((trba_error *)0)->message };

static void a_check_can_return_what_error_set_returns(void **state)
{
    (void)state;
    trba_error err = {.message = ""};
    assert_int_equal(error_set(&err, TRBA_ERROR_FORMAT, "%d bytes of %s", 7, "x"), TRBA_ERROR_FORMAT);
    assert_int_equal(err.status, TRBA_ERROR_FORMAT);
    assert_string_equal(err.message, "7 bytes of x");
    assert_int_equal(error_set(NULL, TRBA_ERROR_IO, "nobody listens"), TRBA_ERROR_IO);
    error_prefix(NULL, "nobody");
}

static void long_sentences_are_cut_and_terminated(void **state)
{
    (void)state;
    char longest[2 * CAPACITY];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    trba_error err;
    memset(&err, 0x55, sizeof err);
    error_set(&err, TRBA_ERROR_IO, "%s", longest);
    assert_int_equal(strlen(err.message), CAPACITY - 1);
    error_prefix(&err, "name");
    assert_int_equal(strlen(err.message), CAPACITY - 1);
    assert_memory_equal(err.message, "name: xxx", 9);
}

static void a_prefix_comes_before_the_message(void **state)
{
    (void)state;
    trba_error err = {.message = ""};
    error_set(&err, TRBA_ERROR_IO, "it is gone");
    error_prefix(&err, "a.png");
    assert_string_equal(err.message, "a.png: it is gone");
    assert_int_equal(err.status, TRBA_ERROR_IO);
}

static void a_prefix_that_leaves_no_room_is_left_out(void **state)
{
    (void)state;
    char prefix[CAPACITY];
    memset(prefix, 'p', sizeof prefix - 1);
    prefix[sizeof prefix - 1] = '\0';
    trba_error err = {.message = ""};
    error_set(&err, TRBA_ERROR_IO, "it is gone");
    error_prefix(&err, prefix);
    assert_string_equal(err.message, "it is gone");
    prefix[CAPACITY - 4] = '\0'; /* and ": ", and one character */
    error_prefix(&err, prefix);
    assert_int_equal(strlen(err.message), CAPACITY - 1);
    assert_string_equal(err.message + CAPACITY - 4, ": i");
}

static void a_message_is_never_cut_inside_a_part(void **state)
{
    (void)state;
    struct message m = {.length = 0};
    size_t n = 0;
    while (message_add(&m, "part %04zu, ", n)) n++;
    assert_int_equal(m.length, n * 11);
    assert_int_equal(strlen(m.text), m.length);
    assert_true(CAPACITY - 1 - m.length < 11);
    trba_error err = {.message = ""};
    assert_int_equal(message_set_error(&m, TRBA_ERROR_MISMATCH, &err), TRBA_ERROR_MISMATCH);
    assert_string_equal(err.message, m.text);
}

static void a_shown_text_has_no_bytes_that_harm_a_terminal(void **state)
{
    (void)state;
    assert_string_equal(show_name("caf\xC3\xA9").text, "caf\xC3\xA9");
    assert_string_equal(show_name("a\x1B[31mb\x7F\n").text, "a?[31mb??");
    assert_string_equal(show_name("\xC2\x9B""31m").text, "?31m"); /* a control character of two bytes */
    assert_string_equal(show_name("\xFF\xC3").text, "??");
    assert_string_equal(show_text("a\0b", 3).text, "a?b");
}

static void a_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    char text[301];
    for (int i = 0; i < 100; i++) memcpy(text + 3 * i, "\xE2\x82\xAC", 3);
    text[300] = '\0';
    const struct shown_text shown = show_name(text);
    const size_t n = strlen(shown.text);
    assert_true(n < sizeof shown.text);
    assert_true(utf8_count(shown.text, n) != SIZE_MAX);
    assert_string_equal(shown.text + n - 3, "...");
}

static void every_status_has_a_name(void **state)
{
    (void)state;
    for (int i = TRBA_OK; i <= TRBA_ERROR_MEMORY; i++) {
        assert_string_not_equal(trba_status_name((trba_status)i), "unknown status");
        for (int k = TRBA_OK; k < i; k++)
            assert_string_not_equal(trba_status_name((trba_status)i), trba_status_name((trba_status)k));
    }
    assert_string_equal(trba_status_name((trba_status)99), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_can_return_what_error_set_returns),
        cmocka_unit_test(long_sentences_are_cut_and_terminated),
        cmocka_unit_test(a_prefix_comes_before_the_message),
        cmocka_unit_test(a_prefix_that_leaves_no_room_is_left_out),
        cmocka_unit_test(a_message_is_never_cut_inside_a_part),
        cmocka_unit_test(a_shown_text_has_no_bytes_that_harm_a_terminal),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(every_status_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
