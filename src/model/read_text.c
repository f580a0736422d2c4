/* SPDX-License-Identifier: Apache-2.0 */
/* read_text.c - greedy readings, with the confidences of the reference programs.
 *
 *                     text                                confidence
 *   CTC               repeats dropped, then blanks        product over every frame, blanks included (clovaai)
 *   CTC, EASYOCR      the same                            product over frames that are not blank, ^ (2 / sqrt(frames))
 *   attention         up to the end token, [GO] dropped   product over the characters; P(end token) of an empty text
 *   attention, compat as demo.py: text cut at the substring "[s]", [GO] printed, the cut's *character* index used on
 *                     *steps*, the last character lost when there is no end token
 *
 * Products are taken in float, in order, as the reference's cumprod() does.
 */
#include "model/read_text.h"

#include <math.h>
#include <string.h>

#include "base/utf8.h"

enum { CTC_BLANK = 0, CTC_FIRST = 1, ATTENTION_GO = 0, ATTENTION_END = 1, ATTENTION_FIRST = 2 };
static const char go_text[] = "[GO]", end_text[] = "[s]";

size_t read_text_bytes(const struct charset *charset, int max_steps)
{
    const size_t longest = charset->longest_bytes > sizeof go_text ? charset->longest_bytes : sizeof go_text;
    return (size_t)max_steps * longest + 1;
}

/* The decoder's output of one image. */
struct steps {
    int n;
    const int *classes;
    const float *probabilities, *positions;
};

static struct steps steps_of(const struct decoded *decoded, int image)
{
    const size_t first = (size_t)image * (size_t)decoded->max_steps;
    return (struct steps){.n = decoded->n_steps[image],
                          .classes = decoded->classes + first,
                          .probabilities = decoded->probabilities + first,
                          .positions = decoded->positions + first};
}

static void append_text(struct reading *out, const char *text)
{
    const size_t n = strlen(text);
    memcpy(out->text + out->text_bytes, text, n + 1);
    out->text_bytes += n;
}

static void append_character(struct reading *out, const char *text, const struct steps *steps, int step)
{
    append_text(out, text);
    out->characters[out->n_characters++] = (trba_character){
        .text = text, .probability = steps->probabilities[step], .position = steps->positions[step], .step = step};
}

static float product(const float *probabilities, int n)
{
    float result = 1.0f;
    for (int i = 0; i < n; i++) result *= probabilities[i];
    return result;
}

/* The geometric mean of the characters' probabilities; 0 of none. */
static float mean_score(const struct reading *out)
{
    if (out->n_characters == 0) return 0.0f;
    double sum = 0.0;
    for (size_t i = 0; i < out->n_characters; i++) sum += log((double)out->characters[i].probability);
    return (float)exp(sum / (double)out->n_characters);
}

/* ---- CTC ---- */

/* EasyOCR's custom_mean(). */
static float easyocr_confidence(const struct steps *steps)
{
    float result = 1.0f;
    int n = 0;
    for (int i = 0; i < steps->n; i++) {
        if (steps->classes[i] == CTC_BLANK) continue;
        result *= steps->probabilities[i];
        n++;
    }
    return n == 0 ? 0.0f : (float)pow((double)result, 2.0 / sqrt((double)n));
}

static void read_ctc(const struct text_rules *rules, const struct charset *charset, const struct steps *steps,
                     struct reading *out)
{
    for (int i = 0; i < steps->n; i++) {
        const int class = steps->classes[i];
        const bool is_repeat = i > 0 && steps->classes[i - 1] == class;
        if (class != CTC_BLANK && !is_repeat) append_character(out, charset->text[class - CTC_FIRST], steps, i);
    }
    out->confidence = rules->preset == TRBA_PRESET_EASYOCR ? easyocr_confidence(steps)
                                                           : product(steps->probabilities, steps->n);
}

/* ---- attention ---- */

static void read_attention(const struct text_rules *rules, const struct charset *charset, const struct steps *steps,
                           struct reading *out)
{
    float confidence = 1.0f;
    int step = 0;
    for (; step < steps->n && steps->classes[step] != ATTENTION_END; step++) {
        const int class = steps->classes[step];
        if (class == ATTENTION_GO || out->n_characters == (size_t)rules->max_length) continue;
        append_character(out, charset->text[class - ATTENTION_FIRST], steps, step);
        confidence *= steps->probabilities[step];
    }
    out->is_truncated = step == steps->n;
    if (out->n_characters > 0) out->confidence = confidence;
    else out->confidence = out->is_truncated ? 0.0f : steps->probabilities[step];
}

static const char *token_text(const struct charset *charset, int class)
{
    if (class == ATTENTION_GO) return go_text;
    return class == ATTENTION_END ? end_text : charset->text[class - ATTENTION_FIRST];
}

/* Bytes of the first n code points. */
static size_t bytes_of_code_points(const char *text, size_t n_bytes, size_t n)
{
    size_t at = 0;
    for (; n > 0 && at < n_bytes; n--) at += utf8_decode(text + at, n_bytes - at, NULL);
    return at;
}

/* demo.py: pred = text[:text.find("[s]")], probabilities[:the same index]; find() is -1 when there is no "[s]". */
static void read_attention_compatible(const struct charset *charset, const struct steps *steps, struct reading *out)
{
    for (int i = 0; i < steps->n; i++) append_character(out, token_text(charset, steps->classes[i]), steps, i);
    const char *end = strstr(out->text, end_text);
    const size_t n_code_points = utf8_count(out->text, out->text_bytes);
    const size_t kept = end != NULL ? utf8_count(out->text, (size_t)(end - out->text)) : n_code_points - 1;
    const int kept_steps = end == NULL ? steps->n - 1 : kept < (size_t)steps->n ? (int)kept : steps->n;
    out->text_bytes = bytes_of_code_points(out->text, out->text_bytes, kept);
    out->text[out->text_bytes] = '\0';
    out->confidence = kept_steps > 0 ? product(steps->probabilities, kept_steps) : 0.0f;
    out->is_truncated = end == NULL;

    size_t bytes = 0, n = 0; /* the characters that are whole within the text */
    for (; n < out->n_characters; n++) {
        bytes += strlen(out->characters[n].text);
        if (bytes > out->text_bytes) break;
    }
    out->n_characters = n;
}

void read_text(const struct text_rules *rules, const struct charset *charset, const struct decoded *decoded, int image,
               struct reading *out)
{
    const struct steps steps = steps_of(decoded, image);
    out->text[0] = '\0';
    out->text_bytes = 0;
    out->n_characters = 0;
    out->is_truncated = false;
    if (rules->prediction == TRBA_PREDICTION_CTC) read_ctc(rules, charset, &steps, out);
    else if (rules->is_compatible) read_attention_compatible(charset, &steps, out);
    else read_attention(rules, charset, &steps, out);
    out->score = mean_score(out);
}
