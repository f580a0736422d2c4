/* SPDX-License-Identifier: Apache-2.0 */
/* test_read_text.c - greedy readings and their confidences, worked out by hand from the reference programs' rules.
 *
 * Probabilities are powers of two or the like, so that the products are exact. The alphabets: "abc", and for
 * attention's compatible mode one that holds '[', 's' and ']' as the 94 printable characters do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "model/read_text.h"

enum { MAX_STEPS = 8, GO = 0, END = 1, BLANK = 0 };

static const char *const plain_text[] = {"a", "b", "c"};
static const char *const printable_text[] = {"a", "b", "[", "s", "]", "\xC3\xA9", "\xE2\x82\xAC"};
static const struct charset plain = {.name = "custom", .n_characters = 3, .text = plain_text, .longest_bytes = 1};
static const struct charset printable = {.name = "custom", .n_characters = 7, .text = printable_text,
                                         .longest_bytes = 3};
/* Classes of `printable` with attention. */
enum { A = 2, B, OPEN, S, CLOSE, E_ACUTE, EURO };

/* The second of two images, so that a reading of the wrong one shows. */
struct sequence {
    int n;
    int classes[MAX_STEPS];
    float probabilities[MAX_STEPS];
};

struct buffers {
    char text[128];
    trba_character characters[MAX_STEPS];
};

static struct reading read_sequence(const struct text_rules *rules, const struct charset *charset,
                                    const struct sequence *sequence, struct buffers *buffers)
{
    int n_steps[2] = {1, sequence->n}, classes[2 * MAX_STEPS] = {0};
    float probabilities[2 * MAX_STEPS] = {0}, positions[2 * MAX_STEPS] = {0};
    for (int i = 0; i < sequence->n; i++) {
        classes[MAX_STEPS + i] = sequence->classes[i];
        probabilities[MAX_STEPS + i] = sequence->probabilities[i];
        positions[MAX_STEPS + i] = (float)i / 16.0f;
    }
    const struct decoded decoded = {.max_steps = MAX_STEPS, .n_steps = n_steps, .classes = classes,
                                    .probabilities = probabilities, .positions = positions};
    memset(buffers, 0x55, sizeof *buffers);
    struct reading out = {.text = buffers->text, .characters = buffers->characters};
    const size_t bytes = read_text_bytes(charset, MAX_STEPS);
    assert_true(bytes < sizeof buffers->text);
    read_text(rules, charset, &decoded, 1, &out);
    for (size_t i = bytes; i < sizeof buffers->text; i++) assert_int_equal(buffers->text[i], 0x55);
    assert_int_equal(out.text_bytes, strlen(out.text));
    return out;
}

static void assert_near(float got, double expected)
{
    if (!(fabs((double)got - expected) <= 1e-6)) fail_msg("%.9g, expected %.9g", (double)got, expected);
}

static const struct text_rules ctc = {.prediction = TRBA_PREDICTION_CTC, .preset = TRBA_PRESET_CLOVAAI};
static const struct text_rules easyocr = {.prediction = TRBA_PREDICTION_CTC, .preset = TRBA_PRESET_EASYOCR};
static const struct text_rules attention = {.prediction = TRBA_PREDICTION_ATTN, .max_length = MAX_STEPS - 1};
static const struct text_rules compatible = {.prediction = TRBA_PREDICTION_ATTN, .is_compatible = true,
                                             .max_length = MAX_STEPS - 1};

/* ---- CTC ---- */

static void ctc_drops_repeats_then_blanks(void **state)
{
    (void)state;
    struct buffers buffers;
    /* - a a - a b b -: a blank between two a keeps both. */
    const struct sequence sequence = {8, {BLANK, 1, 1, BLANK, 1, 2, 2, BLANK},
                                      {0.5f, 1.0f, 0.5f, 1.0f, 0.25f, 0.5f, 1.0f, 1.0f}};
    const struct reading r = read_sequence(&ctc, &plain, &sequence, &buffers);
    assert_string_equal(r.text, "aab");
    assert_near(r.confidence, 0.5 * 0.5 * 0.25 * 0.5); /* every frame, blanks and repeats included (Q5) */
    assert_int_equal(r.n_characters, 3);
    assert_int_equal(r.characters[0].step, 1); /* the first frame of a run decides */
    assert_int_equal(r.characters[1].step, 4);
    assert_int_equal(r.characters[2].step, 5);
    assert_near(r.characters[2].probability, 0.5);
    assert_near(r.characters[2].position, 5.0 / 16);
    assert_string_equal(r.characters[2].text, "b");
    assert_near(r.score, cbrt(1.0 * 0.25 * 0.5));
    assert_false(r.is_truncated);
}

static void ctc_of_blanks_is_empty_with_their_probability(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct sequence sequence = {3, {BLANK, BLANK, BLANK}, {0.5f, 0.5f, 1.0f}};
    struct reading r = read_sequence(&ctc, &plain, &sequence, &buffers);
    assert_string_equal(r.text, "");
    assert_near(r.confidence, 0.25);
    assert_near(r.score, 0.0);
    r = read_sequence(&easyocr, &plain, &sequence, &buffers);
    assert_string_equal(r.text, "");
    assert_near(r.confidence, 0.0);
}

/* custom_mean(): the product over frames that are not blank, repeats included, to the power 2 / sqrt(their number). */
static void easyocr_confidence_leaves_blanks_out(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct sequence sequence = {6, {BLANK, 1, 1, BLANK, 2, 3}, {0.125f, 0.5f, 0.5f, 0.125f, 1.0f, 0.25f}};
    const struct reading r = read_sequence(&easyocr, &plain, &sequence, &buffers);
    assert_string_equal(r.text, "abc");
    assert_near(r.confidence, 0.5 * 0.5 * 0.25); /* four frames: the power is 2 / 2 */
    const struct sequence one = {2, {1, BLANK}, {0.5f, 0.125f}};
    assert_near(read_sequence(&easyocr, &plain, &one, &buffers).confidence, 0.25); /* one frame: the square */
}

/* ---- attention ---- */

static void attention_stops_at_the_end_token(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct sequence sequence = {4, {A, B, B, END}, {0.5f, 0.5f, 1.0f, 0.125f}};
    const struct reading r = read_sequence(&attention, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "abb"); /* a repeat is a letter here */
    assert_near(r.confidence, 0.25);    /* without the end token's probability (Q5) */
    assert_near(r.score, cbrt(0.25));
    assert_false(r.is_truncated);
    assert_int_equal(r.characters[2].step, 2);
}

static void attention_ignores_what_follows_the_end_token(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct sequence sequence = {5, {A, END, B, A, END}, {0.5f, 0.5f, 0.5f, 0.5f, 0.5f}};
    const struct reading r = read_sequence(&attention, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "a");
    assert_near(r.confidence, 0.5);
}

/* Q1: without an end token demo.py loses the last character and its probability; we keep both, and say so. */
static void without_an_end_token_the_text_is_truncated(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct text_rules three = {.prediction = TRBA_PREDICTION_ATTN, .max_length = 3};
    const struct sequence sequence = {4, {A, B, A, B}, {0.5f, 0.5f, 0.5f, 0.25f}};
    struct reading r = read_sequence(&three, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "aba"); /* max_length characters, of max_length + 1 steps */
    assert_near(r.confidence, 0.125);
    assert_true(r.is_truncated);
    r = read_sequence(&compatible, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "aba"); /* pred[:-1] */
    assert_near(r.confidence, 0.125);
    assert_true(r.is_truncated);
    assert_int_equal(r.n_characters, 3);
}

static void a_text_of_just_the_longest_length_is_not_truncated(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct text_rules two = {.prediction = TRBA_PREDICTION_ATTN, .max_length = 2};
    const struct sequence sequence = {3, {A, B, END}, {0.5f, 0.5f, 0.5f}};
    const struct reading r = read_sequence(&two, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "ab");
    assert_false(r.is_truncated);
}

/* Q2: demo.py dies of an empty text. Ours has the end token's probability; in compatible mode 0. */
static void an_empty_text_is_no_failure(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct sequence sequence = {2, {END, A}, {0.75f, 0.5f}};
    struct reading r = read_sequence(&attention, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "");
    assert_near(r.confidence, 0.75);
    assert_near(r.score, 0.0);
    assert_false(r.is_truncated);
    r = read_sequence(&compatible, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "");
    assert_near(r.confidence, 0.0);
    assert_int_equal(r.n_characters, 0);
}

/* Q3: a [GO] is four characters of the text there, and the cut's index counts characters, used on steps: "a[GO]b" is
 * cut at 6, and the confidence covers all five steps. Ours drops it and its probability. */
static void go_tokens_are_dropped_or_printed(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct sequence sequence = {5, {A, GO, B, END, A}, {0.5f, 0.5f, 0.5f, 0.25f, 0.5f}};
    struct reading r = read_sequence(&attention, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "ab");
    assert_near(r.confidence, 0.25);
    assert_int_equal(r.characters[1].step, 2);
    r = read_sequence(&compatible, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "a[GO]b");
    assert_near(r.confidence, 0.5 * 0.5 * 0.5 * 0.25 * 0.5);
    assert_int_equal(r.n_characters, 3);
    assert_string_equal(r.characters[1].text, "[GO]");
}

/* Q3 once more, with steps left over: the cut at character 5 covers steps 0 to 4 of 8. */
static void the_cut_counts_characters_but_cuts_steps(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct sequence sequence = {8, {GO, A, END, A, B, A, A, A},
                                      {0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.125f, 0.125f, 0.125f}};
    const struct reading r = read_sequence(&compatible, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "[GO]a");
    assert_near(r.confidence, 1.0 / 32);
}

/* Q4: the alphabet can spell "[s]": demo.py cuts the text there, we do not. */
static void a_text_that_spells_the_end_token(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct sequence sequence = {6, {A, OPEN, S, CLOSE, B, END}, {0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f}};
    struct reading r = read_sequence(&attention, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "a[s]b");
    assert_near(r.confidence, 1.0 / 32);
    r = read_sequence(&compatible, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "a");
    assert_near(r.confidence, 0.5);
    assert_int_equal(r.n_characters, 1);
    assert_false(r.is_truncated);
}

/* Q1 with [GO] last: pred[:-1] cuts a token of four characters in two; it is no whole character any more. */
static void a_cut_inside_a_go_token(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct sequence sequence = {3, {A, B, GO}, {0.5f, 0.5f, 0.25f}};
    const struct reading r = read_sequence(&compatible, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "ab[GO");
    assert_near(r.confidence, 0.25);
    assert_int_equal(r.n_characters, 2);
}

/* Python counts code points, not bytes. */
static void characters_of_several_bytes_count_once(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct sequence sequence = {4, {E_ACUTE, EURO, END, A}, {0.5f, 0.5f, 0.125f, 0.125f}};
    struct reading r = read_sequence(&compatible, &printable, &sequence, &buffers);
    assert_string_equal(r.text, "\xC3\xA9\xE2\x82\xAC");
    assert_near(r.confidence, 0.25);
    const struct sequence endless = {3, {A, E_ACUTE, EURO}, {0.5f, 0.5f, 0.125f}};
    r = read_sequence(&compatible, &printable, &endless, &buffers);
    assert_string_equal(r.text, "a\xC3\xA9");
    assert_near(r.confidence, 0.25);
    assert_int_equal(r.n_characters, 2);
}

static void nothing_but_go_tokens(void **state)
{
    (void)state;
    struct buffers buffers;
    const struct sequence ended = {3, {GO, GO, END}, {0.5f, 0.5f, 0.25f}};
    struct reading r = read_sequence(&attention, &printable, &ended, &buffers);
    assert_string_equal(r.text, "");
    assert_near(r.confidence, 0.25);
    const struct sequence endless = {MAX_STEPS, {GO, GO, GO, GO, GO, GO, GO, GO}, {0}};
    r = read_sequence(&attention, &printable, &endless, &buffers);
    assert_string_equal(r.text, "");
    assert_near(r.confidence, 0.0);
    assert_true(r.is_truncated);
    r = read_sequence(&compatible, &printable, &endless, &buffers); /* the longest text there is */
    assert_string_equal(r.text, "[GO][GO][GO][GO][GO][GO][GO][GO");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ctc_drops_repeats_then_blanks),
        cmocka_unit_test(ctc_of_blanks_is_empty_with_their_probability),
        cmocka_unit_test(easyocr_confidence_leaves_blanks_out),
        cmocka_unit_test(attention_stops_at_the_end_token),
        cmocka_unit_test(attention_ignores_what_follows_the_end_token),
        cmocka_unit_test(without_an_end_token_the_text_is_truncated),
        cmocka_unit_test(a_text_of_just_the_longest_length_is_not_truncated),
        cmocka_unit_test(an_empty_text_is_no_failure),
        cmocka_unit_test(go_tokens_are_dropped_or_printed),
        cmocka_unit_test(the_cut_counts_characters_but_cuts_steps),
        cmocka_unit_test(a_text_that_spells_the_end_token),
        cmocka_unit_test(a_cut_inside_a_go_token),
        cmocka_unit_test(characters_of_several_bytes_count_once),
        cmocka_unit_test(nothing_but_go_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
