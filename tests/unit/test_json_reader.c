/* SPDX-License-Identifier: Apache-2.0 */
/* test_json_reader.c - JSON by RFC 8259: what is taken, what is refused, and what a text's bytes become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "weights/json_reader.h"

static struct json_reader reader_of(const char *text) { return json_reader_new(text, strlen(text)); }

static void values_of_every_kind_are_passed_over(void **state)
{
    (void)state;
    static const char *const good[] = {
        "0", "-0", "10", "-12.5e+3", "1E9", "true", "false", "null", "\"\"", "\"a\\n\\u00e9\\ud83d\\ude00\"", "[]",
        "[1, [2], {}]", "{}", "{\"a\": {\"b\": [null]}, \"a\": 1}", " \t\r\n[ 1 , 2 ]\n"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct json_reader r = reader_of(good[i]);
        if (!json_skip_value(&r) || !json_finish(&r)) fail_msg("%s: %s", good[i], r.problem);
    }
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", " ", "01", "-", "+1", "1.", ".5", "1e", "0x1", "tru", "nul", "'a'", "\"a", "\"\\x\"", "\"\\u12\"",
        "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\u0000\"", "\"\t\"", "\"\xff\"", "\"\xc0\x80\"", "[1,]",
        "[,]", "[1 2]", "[1", "[1}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:2}", "1 2", "[]]", "NaN"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct json_reader r = reader_of(bad[i]);
        if (json_skip_value(&r) && json_finish(&r)) fail_msg("%s was taken", bad[i]);
        assert_non_null(r.problem);
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    static const char text[] = "{\"a\\u00e9\": [1, -2.5, {\"b\": \"c\"}, null]}";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        struct json_reader r = json_reader_new(text, n);
        assert_false(json_skip_value(&r) && json_finish(&r));
    }
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    char text[200];
    for (size_t depth = 64; depth <= 65; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct json_reader r = json_reader_new(text, 2 * depth);
        assert_int_equal(json_skip_value(&r), depth == 64);
    }
}

static void escapes_become_utf8(void **state)
{
    (void)state;
    char bytes[64];
    struct json_text text = {.bytes = bytes, .capacity = sizeof bytes};
    struct json_reader r = reader_of("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\ude00\xc3\xa9\"");
    assert_true(json_read_text(&r, &text) && json_finish(&r));
    assert_string_equal(bytes, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9");
    assert_int_equal(text.n, strlen(bytes));
    assert_false(text.is_cut);
}

static void a_text_never_leaves_its_buffer(void **state)
{
    (void)state;
    char bytes[8] = "1234567";
    struct json_text text = {.bytes = bytes, .capacity = 4};
    struct json_reader r = reader_of("\"abcd\" \"abc\"");
    assert_true(json_read_text(&r, &text));
    assert_true(text.is_cut && text.n == 4);
    assert_string_equal(bytes, "abc");
    assert_true(json_read_text(&r, &text));
    assert_false(text.is_cut);
    assert_memory_equal(bytes, "abc\0" "567", 8);
}

static void integers_are_exact_or_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
        bool is_integer;
    } cases[] = {{"0", 0, true}, {"-7", -7, true}, {"9000000000000000000", 9000000000000000000, true},
                 {"9223372036854775808", 0, false}, {"1000000000000000000000", 0, false}, {"2.0", 0, false},
                 {"2e3", 0, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_reader r = reader_of(cases[i].text);
        int64_t value = 1;
        bool is_integer = !cases[i].is_integer;
        assert_true(json_read_integer(&r, &value, &is_integer) && json_finish(&r));
        assert_true(value == cases[i].value);
        assert_int_equal(is_integer, cases[i].is_integer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_kind_are_passed_over), cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(every_cut_is_refused),                 cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(escapes_become_utf8),                  cmocka_unit_test(a_text_never_leaves_its_buffer),
        cmocka_unit_test(integers_are_exact_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
