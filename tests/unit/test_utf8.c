/* SPDX-License-Identifier: Apache-2.0 */
/* test_utf8.c - strict UTF-8: every code point there and back, and what RFC 3629 forbids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/utf8.h"

/* The definition (RFC 3629, section 3). Returns the length. */
static size_t encode(uint32_t code_point, char out[4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    const size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, code_point >>= 6) out[i] = (char)(0x80 | (code_point & 0x3F));
    out[0] = (char)((0xF00 >> length & 0xFF) | code_point);
    return length;
}

static void every_code_point_is_decoded_and_surrogates_are_not(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point <= 0x110FFF; code_point++) {
        char text[4];
        uint32_t got = 0xFFFFFFFF;
        const size_t length = encode(code_point, text);
        const int is_valid = code_point <= 0x10FFFF && !(code_point >= 0xD800 && code_point <= 0xDFFF);
        const size_t decoded = utf8_decode(text, length, &got);
        if (decoded != (is_valid ? length : 0)) fail_msg("U+%04X: length %zu", (unsigned)code_point, decoded);
        if (is_valid && got != code_point) fail_msg("U+%04X is read as U+%04X", (unsigned)code_point, (unsigned)got);
        for (size_t n = 0; n < length; n++) assert_int_equal(utf8_decode(text, n, NULL), 0); /* cut short */
    }
}

static void malformed_sequences_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF", "\xFE", "\xC3(", "\xE2\x82(",
        "\xE2(\xA1", "\xF0\x9F\x98(", "\xED\xA0\x80", "\xED\xBF\xBF",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), NULL), 0);
        assert_true(utf8_count(bad[i], strlen(bad[i])) == SIZE_MAX);
    }
}

static void code_points_are_counted(void **state)
{
    (void)state;
    assert_int_equal(utf8_count("", 0), 0);
    assert_int_equal(utf8_count("abc", 3), 3);
    assert_int_equal(utf8_count("a\0b", 3), 3);
    assert_int_equal(utf8_count("\xE2\x82\xAC\xC3\xA9\xF0\x9F\x98\x80!", 10), 4);
    assert_true(utf8_count("ab\xE2\x82", 4) == SIZE_MAX);
    assert_int_equal(utf8_count("ab\xE2\x82", 2), 2);
}

static void words_are_ascii_of_any_case(void **state)
{
    (void)state;
    assert_true(utf8_is_word("BILSTM, CTC", 6, "BiLSTM"));
    assert_true(utf8_is_word("", 0, ""));
    assert_false(utf8_is_word("BILSTM", 5, "BiLSTM"));
    assert_false(utf8_is_word("BiLSTM2", 7, "BiLSTM"));
    assert_false(utf8_is_word("[@", 2, "{`")); /* a bit apart, as the cases of letters are */
    assert_false(utf8_is_word("B\xC4\xB1LSTM", 7, "BiLSTM"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_decoded_and_surrogates_are_not),
        cmocka_unit_test(malformed_sequences_are_refused),
        cmocka_unit_test(code_points_are_counted),
        cmocka_unit_test(words_are_ascii_of_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
