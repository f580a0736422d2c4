/* SPDX-License-Identifier: Apache-2.0 */
/* test_charset.c - alphabets: presets, texts, files, and what is said when one does not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "model/charset.h"

static char folder[] = "/tmp/trba_charset_XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    snprintf(path, sizeof path, "%s/alphabet.txt", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_bytes(const char *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static struct charset *must_make(const struct charset_request *request, int num_class, trba_prediction prediction)
{
    struct charset *charset = NULL;
    trba_error err = {.message = ""};
    if (charset_new(request, num_class, prediction, &charset, &err) != TRBA_OK) fail_msg("%s", err.message);
    return charset;
}

/* Fails unless the alphabet is refused with all of the fragments in the message, ended by NULL. */
static void must_refuse(const struct charset_request *request, int num_class, trba_prediction prediction,
                        trba_status expected, const char *const *fragments)
{
    struct charset *charset = NULL;
    trba_error err = {.message = ""};
    const trba_status status = charset_new(request, num_class, prediction, &charset, &err);
    if (status != expected) fail_msg("status %d, expected %d: %s", status, expected, err.message);
    assert_null(charset);
    assert_int_equal(err.status, expected);
    assert_true(utf8_count(err.message, strlen(err.message)) != SIZE_MAX);
    for (; *fragments != NULL; fragments++)
        if (strstr(err.message, *fragments) == NULL) fail_msg("no \"%s\" in: %s", *fragments, err.message);
    assert_int_equal(charset_new(request, num_class, prediction, &charset, NULL), expected);
}

#define FRAGMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void assert_texts(const struct charset *charset, const char *const *texts)
{
    int n = 0;
    for (; texts[n] != NULL; n++) {
        assert_true(n < charset->n_characters);
        assert_string_equal(charset->text[n], texts[n]);
    }
    assert_int_equal(charset->n_characters, n);
}

static void presets_have_the_size_they_say(void **state)
{
    (void)state;
    const trba_charset_preset *preset;
    size_t n = 0;
    for (; (preset = trba_charset_preset_at(n)) != NULL; n++) {
        assert_non_null(preset->name);
        assert_non_null(preset->description);
        assert_true(preset->n_characters > 0);
        if (preset->text == NULL) continue;
        assert_int_equal(utf8_count(preset->text, strlen(preset->text)), preset->n_characters);
    }
    assert_true(n >= 20);
    assert_null(trba_charset_preset_at(n));
    assert_null(trba_charset_preset_at(SIZE_MAX));
}

static void english_g2_has_the_space_as_class_43_and_the_euro_as_44(void **state)
{
    (void)state;
    const struct charset_request request = {.preset = "english_g2"};
    struct charset *charset = must_make(&request, 97, TRBA_PREDICTION_CTC);
    assert_string_equal(charset->name, "english_g2");
    assert_int_equal(charset->n_characters, 96);
    assert_string_equal(charset->text[0], "0");
    assert_string_equal(charset->text[43 - 1], " "); /* class 0 is the blank */
    assert_string_equal(charset->text[44 - 1], "\xE2\x82\xAC");
    assert_string_equal(charset->text[96 - 1], "z");
    charset_free(charset);
}

static void printable94_is_digits_lower_upper_punctuation(void **state)
{
    (void)state;
    const struct charset_request request = {.preset = "printable94"};
    struct charset *charset = must_make(&request, 96, TRBA_PREDICTION_ATTN);
    assert_string_equal(charset->text[0], "0");
    assert_string_equal(charset->text[10], "a");
    assert_string_equal(charset->text[36], "A");
    assert_string_equal(charset->text[62], "!");
    assert_string_equal(charset->text[93], "~");
    assert_int_equal(charset->longest_bytes, 1);
    charset_free(charset);
}

static void class_count_alone_is_enough_where_it_leaves_no_doubt(void **state)
{
    (void)state;
    static const struct { int num_class; trba_prediction prediction; const char *name; } cases[] = {
        {37, TRBA_PREDICTION_CTC, "alnum36"},      {38, TRBA_PREDICTION_ATTN, "alnum36"},
        {95, TRBA_PREDICTION_CTC, "printable94"},  {96, TRBA_PREDICTION_ATTN, "printable94"},
        {11, TRBA_PREDICTION_CTC, "digits10"},     {12, TRBA_PREDICTION_ATTN, "digits10"},
    };
    const struct charset_request nothing = {.preset = NULL};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct charset *charset = must_make(&nothing, cases[i].num_class, cases[i].prediction);
        assert_string_equal(charset->name, cases[i].name);
        charset_free(charset);
    }
    const struct charset_request english = {.is_english_g2 = true};
    struct charset *charset = must_make(&english, 97, TRBA_PREDICTION_CTC);
    assert_string_equal(charset->name, "english_g2");
    charset_free(charset);
}

static void unknown_alphabet_is_asked_for(void **state)
{
    (void)state;
    const struct charset_request nothing = {.preset = NULL};
    must_refuse(&nothing, 98, TRBA_PREDICTION_ATTN, TRBA_ERROR_CHARSET,
                FRAGMENTS("98 classes", "96 characters", "--charset", "english_g2"));
    must_refuse(&nothing, 97, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET,
                FRAGMENTS("97 classes", "96 characters", "--charset", "english_g2"));
    must_refuse(&nothing, 352, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS("351 characters", "latin_g2"));
    must_refuse(&nothing, 168, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS("kannada_g2", "latin_g1"));
    must_refuse(&nothing, 63, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS("62 characters", "alnum62"));
    must_refuse(&nothing, 96, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS("95 characters", "printable94"));
    must_refuse(&nothing, 50, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS("no preset has that size"));
    must_refuse(&nothing, 2, TRBA_PREDICTION_ATTN, TRBA_ERROR_CHARSET, FRAGMENTS("2 classes"));
}

static void alphabet_that_the_checkpoint_notes_is_no_other_than_the_guess(void **state)
{
    (void)state;
    const struct charset_request same = {.noted = "0123456789", .noted_as = "opt.character"};
    struct charset *charset = must_make(&same, 11, TRBA_PREDICTION_CTC);
    assert_string_equal(charset->name, "digits10");
    charset_free(charset);
    const struct charset_request other = {.noted = "1234567890", .noted_as = "opt.character"};
    must_refuse(&other, 11, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET,
                FRAGMENTS("characters would be digits10", "notes others as opt.character (1234567890)", "--charset"));
    const struct charset_request asked = {.preset = "digits10", .noted = "1234567890", .noted_as = "opt.character"};
    charset = must_make(&asked, 11, TRBA_PREDICTION_CTC);
    assert_string_equal(charset->text[0], "0");
    charset_free(charset);
    const struct charset_request unknown = {.noted = "abc", .noted_as = "charset"};
    must_refuse(&unknown, 4, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET,
                FRAGMENTS("the checkpoint notes that many as charset"));
}

static void wrong_size_says_both_numbers_and_what_would_fit(void **state)
{
    (void)state;
    const struct charset_request alnum = {.preset = "alnum36", .asked_by = "opt.txt"};
    must_refuse(&alnum, 96, TRBA_PREDICTION_ATTN, TRBA_ERROR_CHARSET,
                FRAGMENTS("by opt.txt", "36 characters", "needs 94", "96 classes", "printable94"));
    must_refuse(&alnum, 95, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET,
                FRAGMENTS("is case-sensitive", "give printable94"));
    const struct charset_request beside = {.preset = "printable94", .asked_by = "x.yaml", .is_sidecar = true};
    must_refuse(&beside, 37, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET,
                FRAGMENTS("by x.yaml", "lower case only: correct that file, or give the alphabet with --charset"));
    const struct charset_request printable = {.preset = "printable94"};
    must_refuse(&printable, 37, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET,
                FRAGMENTS("the options", "94 characters", "needs 36", "lower case only: give alnum36 or no alphabet"));
    const struct charset_request spaced = {.text = "ab c"};
    must_refuse(&spaced, 4, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS("without its space it would fit"));
    const struct charset_request blank = {.text = "-abc"};
    must_refuse(&blank, 4, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS("blank, [GO] or [s]"));
    const struct charset_request special = {.text = "-+abc"};
    must_refuse(&special, 5, TRBA_PREDICTION_ATTN, TRBA_ERROR_CHARSET, FRAGMENTS("blank, [GO] or [s]"));
    const struct charset_request short_by_one = {.text = "abc"};
    must_refuse(&short_by_one, 5, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS("is it the space?"));
    const struct charset_request empty = {.text = ""};
    must_refuse(&empty, 5, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS("0 characters", "needs 4"));
}

static void preset_without_text_or_of_no_known_name_is_refused(void **state)
{
    (void)state;
    const struct charset_request latin = {.preset = "latin_g2"};
    must_refuse(&latin, 352, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET,
                FRAGMENTS("only the size", "351 characters", "--charset FILE"));
    const struct charset_request unknown = {.preset = "alnum\x01\xFF"};
    must_refuse(&unknown, 37, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET,
                FRAGMENTS("\"alnum??\"", "alnum36 (36)", "english_g2 (96)"));
}

static void two_alphabets_at_once_are_refused(void **state)
{
    (void)state;
    const struct charset_request both = {.preset = "alnum36", .text = "abc"};
    must_refuse(&both, 37, TRBA_PREDICTION_CTC, TRBA_ERROR_ARGUMENT, FRAGMENTS("more than once"));
}

static void text_has_one_class_per_code_point_and_keeps_duplicates(void **state)
{
    (void)state;
    const struct charset_request request = {.text = "a\xE2\x82\xAC" "a\xCC\x81 \xF0\x9F\x98\x80" "a"};
    struct charset *charset = must_make(&request, 8, TRBA_PREDICTION_CTC);
    assert_texts(charset, FRAGMENTS("a", "\xE2\x82\xAC", "a", "\xCC\x81", " ", "\xF0\x9F\x98\x80", "a"));
    assert_string_equal(charset->name, "custom");
    assert_int_equal(charset->longest_bytes, 4);
    charset_free(charset);
}

static void text_that_is_not_utf8_is_refused_with_its_position(void **state)
{
    (void)state;
    const struct charset_request latin1 = {.text = "\xC3\xA9" "bc\xE9"};
    must_refuse(&latin1, 6, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET,
                FRAGMENTS("not UTF-8", "byte 4", "after 3 characters", "0xE9"));
}

static void one_line_file_has_one_class_per_code_point(void **state)
{
    (void)state;
    static const char *const endings[] = {"", "\n", "\r\n", "\n\n"};
    const struct charset_request request = {.file = path};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char bytes[64];
        const int n = snprintf(bytes, sizeof bytes, "\xEF\xBB\xBF" " b\xE2\x82\xAC %s", endings[i]);
        write_bytes(bytes, (size_t)n);
        struct charset *charset = must_make(&request, 6, TRBA_PREDICTION_ATTN);
        assert_texts(charset, FRAGMENTS(" ", "b", "\xE2\x82\xAC", " "));
        charset_free(charset);
    }
}

static void file_of_lines_has_one_class_per_line(void **state)
{
    (void)state;
    static const char bytes[] = "a\r\n \nch\n\xE0\xA4\x95\xE0\xA5\x8D\na\n";
    const struct charset_request request = {.file = path};
    write_bytes(bytes, sizeof bytes - 1);
    struct charset *charset = must_make(&request, 6, TRBA_PREDICTION_CTC);
    assert_texts(charset, FRAGMENTS("a", " ", "ch", "\xE0\xA4\x95\xE0\xA5\x8D", "a"));
    assert_int_equal(charset->longest_bytes, 6);
    charset_free(charset);
}

static void bad_files_are_refused_by_name(void **state)
{
    (void)state;
    const struct charset_request request = {.file = path};
    write_bytes("a\nb\n\nc\n", 7);
    must_refuse(&request, 5, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS(path, "line 3 is empty"));
    write_bytes("a\0b", 3);
    must_refuse(&request, 4, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS(path, "zero byte at 1"));
    write_bytes("ab\xFF", 3);
    must_refuse(&request, 4, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS(path, "not UTF-8", "byte 2"));
    write_bytes("", 0);
    must_refuse(&request, 4, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS("0 characters"));
    write_bytes("\n", 1);
    must_refuse(&request, 4, TRBA_PREDICTION_CTC, TRBA_ERROR_CHARSET, FRAGMENTS("0 characters"));
    const size_t too_many = (1 << 20) + 1;
    char *large = calloc(too_many, 1);
    assert_non_null(large);
    memset(large, 'a', too_many);
    write_bytes(large, too_many);
    free(large);
    must_refuse(&request, 4, TRBA_PREDICTION_CTC, TRBA_ERROR_LIMIT, FRAGMENTS(path, "1 MiB"));
    const struct charset_request missing = {.file = "/no/such/alphabet.txt"};
    must_refuse(&missing, 4, TRBA_PREDICTION_CTC, TRBA_ERROR_IO, FRAGMENTS("alphabet", "/no/such/alphabet.txt"));
    charset_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_have_the_size_they_say),
        cmocka_unit_test(english_g2_has_the_space_as_class_43_and_the_euro_as_44),
        cmocka_unit_test(printable94_is_digits_lower_upper_punctuation),
        cmocka_unit_test(class_count_alone_is_enough_where_it_leaves_no_doubt),
        cmocka_unit_test(unknown_alphabet_is_asked_for),
        cmocka_unit_test(alphabet_that_the_checkpoint_notes_is_no_other_than_the_guess),
        cmocka_unit_test(wrong_size_says_both_numbers_and_what_would_fit),
        cmocka_unit_test(preset_without_text_or_of_no_known_name_is_refused),
        cmocka_unit_test(two_alphabets_at_once_are_refused),
        cmocka_unit_test(text_has_one_class_per_code_point_and_keeps_duplicates),
        cmocka_unit_test(text_that_is_not_utf8_is_refused_with_its_position),
        cmocka_unit_test(one_line_file_has_one_class_per_code_point),
        cmocka_unit_test(file_of_lines_has_one_class_per_line),
        cmocka_unit_test(bad_files_are_refused_by_name),
    };
    return cmocka_run_group_tests_name("charset", tests, make_folder, remove_folder);
}
