/* SPDX-License-Identifier: Apache-2.0 */
/* charset.c - the alphabet of a network, from a preset, a literal text or a file.
 *
 *   preset, text, one-line file   ->  one class per code point
 *   file of several lines         ->  one class per line
 *   nothing                       ->  the preset that fits the number of classes without doubt, if there is one
 *
 * The number of classes is the judge: CTC has one more than characters (the blank), attention two ([GO] and [s]). */
#include "model/charset.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file_map.h"
#include "base/message.h"
#include "base/utf8.h"
#include "model/charset_presets.h"

enum { LARGEST_FILE_BYTES = 1 << 20 };

/* ---- what was needed --------------------------------------------------------------------------------------------- */

/* What the network needs, and by whom the alphabet was given. */
struct need {
    int n_characters, num_class;
    trba_prediction prediction;
    const char *asked_by;
    bool is_sidecar; /* by that file, beside the checkpoint */
    bool is_english_g2;
    const char *noted, *noted_as;
};

static const char *decoder_name(const struct need *need)
{
    return need->prediction == TRBA_PREDICTION_CTC ? "CTC" : "attention";
}

static const char *special_classes(const struct need *need)
{
    return need->prediction == TRBA_PREDICTION_CTC ? "the blank" : "[GO] and [s]";
}

static void add_presets_that_fit(struct message *m, int n_characters)
{
    bool is_first = true;
    const trba_charset_preset *preset;
    for (size_t i = 0; (preset = trba_charset_preset_at(i)) != NULL; i++) {
        if (preset->n_characters != n_characters) continue;
        message_add(m, "%s%s", is_first ? "; presets of that size: " : ", ", preset->name);
        if (preset->text == NULL) message_add(m, " (its characters must be given with --charset FILE)");
        is_first = false;
    }
    if (is_first) message_add(m, "; no preset has that size");
}

static void add_presets_with_text(struct message *m)
{
    bool is_first = true;
    const trba_charset_preset *preset;
    for (size_t i = 0; (preset = trba_charset_preset_at(i)) != NULL; i++) {
        if (preset->text == NULL) continue;
        message_add(m, "%s%s (%d)", is_first ? "; there are " : ", ", preset->name, preset->n_characters);
        is_first = false;
    }
}

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

/* Cuts a text into the classes' texts. */
struct tokens {
    const char *text;
    size_t n_bytes;
    bool is_by_line;
    size_t at;
};

/* The bytes up to the next newline, or to the end. */
static size_t line_bytes(const struct tokens *tokens)
{
    const char *newline = memchr(tokens->text + tokens->at, '\n', tokens->n_bytes - tokens->at);
    return newline != NULL ? (size_t)(newline - tokens->text) - tokens->at : tokens->n_bytes - tokens->at;
}

/* Returns false at the end. The text was checked to be UTF-8. */
static bool tokens_next(struct tokens *tokens, const char **start, size_t *n_bytes)
{
    if (tokens->at >= tokens->n_bytes) return false;
    *start = tokens->text + tokens->at;
    if (!tokens->is_by_line) {
        *n_bytes = utf8_decode(*start, tokens->n_bytes - tokens->at, NULL);
        tokens->at += *n_bytes;
        return true;
    }
    *n_bytes = line_bytes(tokens);
    tokens->at += *n_bytes + 1;
    if (*n_bytes > 0 && (*start)[*n_bytes - 1] == '\r') --*n_bytes;
    return true;
}

/* How many tokens there are, the bytes of all, and the longest. */
struct token_sizes {
    size_t n, n_bytes, longest_bytes;
    size_t first_empty; /* counted from 1; 0 if none is empty */
};

static struct token_sizes measure_tokens(struct tokens tokens)
{
    struct token_sizes sizes = {0};
    const char *start;
    size_t n_bytes;
    while (tokens_next(&tokens, &start, &n_bytes)) {
        sizes.n++;
        sizes.n_bytes += n_bytes;
        if (n_bytes > sizes.longest_bytes) sizes.longest_bytes = n_bytes;
        if (n_bytes == 0 && sizes.first_empty == 0) sizes.first_empty = sizes.n;
    }
    return sizes;
}

static bool has_space(struct tokens tokens)
{
    const char *start;
    size_t n_bytes;
    while (tokens_next(&tokens, &start, &n_bytes))
        if (n_bytes == 1 && *start == ' ') return true;
    return false;
}

/* ---- checks ------------------------------------------------------------------------------------------------------ */

/* Is it UTF-8 without a zero byte? `what` begins the sentence if not. */
static trba_status check_text(const char *what, const char *text, size_t n_bytes, trba_error *err)
{
    for (size_t at = 0, character = 0; at < n_bytes; character++) {
        uint32_t code_point = 0;
        const size_t length = utf8_decode(text + at, n_bytes - at, &code_point);
        if (length == 0)
            return error_set(err, TRBA_ERROR_CHARSET,
                             "%s is not UTF-8: byte %zu, after %zu characters, is 0x%02X and begins none",
                             what, at, character, (unsigned)(unsigned char)text[at]);
        if (code_point == 0)
            return error_set(err, TRBA_ERROR_CHARSET, "%s has a zero byte at %zu, which is no character", what, at);
        at += length;
    }
    return TRBA_OK;
}

/* The alphabet of the other of clovaai's two kinds of networks: `knows` is what this one can tell apart. */
static void add_case_hint(struct message *m, const struct need *need, const char *knows, const char *instead)
{
    message_add(m, "; this network %s: ", knows);
    if (need->is_sidecar) message_add(m, "correct that file, or give the alphabet with --charset");
    else message_add(m, "give %s or no alphabet", instead);
}

static void add_size_hint(struct message *m, const struct need *need, const struct tokens *tokens, int n)
{
    if (n == 36 && need->n_characters == 94)
        add_case_hint(m, need, "is case-sensitive", "printable94 (clovaai's --sensitive)");
    else if (n == 94 && need->n_characters == 36)
        add_case_hint(m, need, "knows lower case only", "alnum36");
    else if (n == need->n_characters + 1 && has_space(*tokens))
        message_add(m, "; without its space it would fit");
    else if (n == need->n_characters + 1 || n == need->num_class)
        message_add(m, "; it must not have a character for the blank, [GO] or [s] itself");
    else if (n == need->n_characters - 1 && !has_space(*tokens))
        message_add(m, "; one is missing: is it the space?");
}

static trba_status check_size(const struct need *need, const struct tokens *tokens, size_t n, trba_error *err)
{
    if (n == (size_t)need->n_characters) return TRBA_OK;
    struct message m = {.length = 0};
    message_add(&m, "the alphabet given by %s has %zu characters, but this network needs %d (%d classes without %s)",
                need->asked_by, n, need->n_characters, need->num_class, special_classes(need));
    add_presets_that_fit(&m, need->n_characters);
    add_size_hint(&m, need, tokens, (int)n);
    return message_set_error(&m, TRBA_ERROR_CHARSET, err);
}

/* ---- making one -------------------------------------------------------------------------------------------------- */

/* One block: the struct, the pointers, the texts. */
static struct charset *charset_build(const char *name, struct tokens tokens, const struct token_sizes *sizes)
{
    const size_t pointer_bytes = sizes->n * sizeof(char *);
    struct charset *charset = malloc(sizeof *charset + pointer_bytes + sizes->n_bytes + sizes->n);
    if (charset == NULL) return NULL;
    const char **pointers = (const char **)(charset + 1);
    char *at = (char *)(charset + 1) + pointer_bytes;
    const char *start;
    size_t n_bytes;
    for (size_t i = 0; tokens_next(&tokens, &start, &n_bytes); i++) {
        pointers[i] = at;
        memcpy(at, start, n_bytes);
        at[n_bytes] = '\0';
        at += n_bytes + 1;
    }
    *charset = (struct charset){.name = name, .n_characters = (int)sizes->n, .text = pointers,
                                .longest_bytes = sizes->longest_bytes};
    return charset;
}

/* The text is UTF-8 already. */
static trba_status charset_from_tokens(const char *name, const struct tokens *tokens, const struct need *need,
                                       struct charset **out, trba_error *err)
{
    const struct token_sizes sizes = measure_tokens(*tokens);
    const trba_status status = check_size(need, tokens, sizes.n, err);
    if (status != TRBA_OK) return status;
    struct charset *charset = charset_build(name, *tokens, &sizes);
    if (charset == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory for %zu characters", sizes.n);
    *out = charset;
    return TRBA_OK;
}

static trba_status charset_from_preset(const char *name, const struct need *need, struct charset **out, trba_error *err)
{
    const trba_charset_preset *preset = charset_preset_find(name);
    if (preset == NULL) {
        struct message m = {.length = 0};
        message_add(&m, "there is no alphabet preset named \"%s\" (asked for by %s)", show_name(name).text,
                    need->asked_by);
        add_presets_with_text(&m);
        message_add(&m, "; this network needs %d characters", need->n_characters);
        return message_set_error(&m, TRBA_ERROR_CHARSET, err);
    }
    if (preset->text == NULL)
        return error_set(err, TRBA_ERROR_CHARSET,
                         "of the alphabet %s only the size is known here (%d characters): give its characters in class "
                         "order with --charset FILE", preset->name, preset->n_characters);
    const struct tokens tokens = {.text = preset->text, .n_bytes = strlen(preset->text)};
    return charset_from_tokens(preset->name, &tokens, need, out, err);
}

static trba_status charset_from_text(const char *text, const struct need *need, struct charset **out, trba_error *err)
{
    const struct tokens tokens = {.text = text, .n_bytes = strlen(text)};
    const trba_status status = check_text("the alphabet", text, tokens.n_bytes, err);
    return status == TRBA_OK ? charset_from_tokens("custom", &tokens, need, out, err) : status;
}

/* Takes the byte order mark and the line ends at the end away, and sees whether lines are left to tell apart. */
static struct tokens tokens_of_file(const char *text, size_t n_bytes)
{
    static const char mark[] = "\xEF\xBB\xBF";
    if (n_bytes >= 3 && memcmp(text, mark, 3) == 0) {
        text += 3;
        n_bytes -= 3;
    }
    while (n_bytes > 0 && (text[n_bytes - 1] == '\n' || text[n_bytes - 1] == '\r')) n_bytes--;
    const bool has_lines = n_bytes > 0 && memchr(text, '\n', n_bytes) != NULL;
    return (struct tokens){.text = text, .n_bytes = n_bytes, .is_by_line = has_lines};
}

static trba_status charset_from_bytes(const char *path, const struct file_map *map, const struct need *need,
                                      struct charset **out, trba_error *err)
{
    if (map->n_bytes > LARGEST_FILE_BYTES)
        return error_set(err, TRBA_ERROR_LIMIT, "an alphabet may have 1 MiB at most; this file has %zu bytes: %s",
                         map->n_bytes, path);
    const struct tokens tokens = tokens_of_file(map->bytes, map->n_bytes);
    const trba_status status = check_text(path, tokens.text, tokens.n_bytes, err);
    if (status != TRBA_OK) return status;
    const size_t empty_line = measure_tokens(tokens).first_empty;
    if (empty_line != 0)
        return error_set(err, TRBA_ERROR_CHARSET,
                         "%s: line %zu is empty; each line is one character (write a space for the space)", path,
                         empty_line);
    return charset_from_tokens("custom", &tokens, need, out, err);
}

static trba_status charset_from_file(const char *path, const struct need *need, struct charset **out, trba_error *err)
{
    struct file_map map;
    trba_status status = file_map_open(path, &map, err);
    if (status != TRBA_OK) {
        error_prefix(err, "cannot read the alphabet");
        return status;
    }
    status = charset_from_bytes(path, &map, need, out, err);
    file_map_close(&map);
    return status;
}

/* Trainers save their options beside the weights. They are not taken for the truth, but then neither is a guess. */
static trba_status refuse_guess(const trba_charset_preset *preset, const struct need *need, trba_error *err)
{
    return error_set(err, TRBA_ERROR_CHARSET,
                     "the alphabet is not known: %d characters would be %s, but the checkpoint itself notes others as "
                     "%s (%s); give the right ones with --charset", need->n_characters, preset->name,
                     show_name(need->noted_as).text, show_name(need->noted).text);
}

static trba_status charset_from_size(const struct need *need, struct charset **out, trba_error *err)
{
    const trba_charset_preset *preset = charset_preset_for_size(need->n_characters, need->is_english_g2);
    if (preset != NULL && need->noted != NULL && strcmp(need->noted, preset->text) != 0)
        return refuse_guess(preset, need, err);
    if (preset != NULL) return charset_from_preset(preset->name, need, out, err);
    struct message m = {.length = 0};
    message_add(&m, "the alphabet is not known: this %s network has %d classes, so %d characters beside %s, and %s; "
                "give them with --charset", decoder_name(need), need->num_class, need->n_characters,
                special_classes(need), need->noted == NULL ? "a checkpoint does not say which"
                                                           : "what was saved beside the weights is no proof");
    add_presets_that_fit(&m, need->n_characters);
    if (need->n_characters == 95) message_add(&m, " (printable94 and the space would be 95)");
    if (need->noted != NULL)
        message_add(&m, "; the checkpoint notes that many as %s (%s)", show_name(need->noted_as).text,
                    show_name(need->noted).text);
    return message_set_error(&m, TRBA_ERROR_CHARSET, err);
}

static int count_given(const struct charset_request *request)
{
    return (request->preset != NULL) + (request->text != NULL) + (request->file != NULL);
}

int charset_size(int num_class, trba_prediction prediction)
{
    return num_class - (prediction == TRBA_PREDICTION_CTC ? 1 : 2);
}

trba_status charset_new(const struct charset_request *request, int num_class, trba_prediction prediction,
                        struct charset **out, trba_error *err)
{
    const struct need need = {.n_characters = charset_size(num_class, prediction), .num_class = num_class,
                              .prediction = prediction,
                              .asked_by = request->asked_by != NULL ? request->asked_by : "the options",
                              .is_sidecar = request->is_sidecar, .is_english_g2 = request->is_english_g2,
                              .noted = request->noted, .noted_as = request->noted_as};
    if (count_given(request) > 1)
        return error_set(err, TRBA_ERROR_ARGUMENT,
                         "the alphabet is given more than once: a preset, a text and a file exclude each other");
    if (need.n_characters < 1)
        return error_set(err, TRBA_ERROR_CHARSET, "a network of %d classes leaves no class for a character", num_class);
    if (request->preset != NULL) return charset_from_preset(request->preset, &need, out, err);
    if (request->text != NULL) return charset_from_text(request->text, &need, out, err);
    if (request->file != NULL) return charset_from_file(request->file, &need, out, err);
    return charset_from_size(&need, out, err);
}

void charset_free(struct charset *charset)
{
    free(charset);
}

bool charset_spells(const struct charset *charset, const char *text)
{
    for (int i = 0; i < charset->n_characters; i++) {
        const size_t n = strlen(charset->text[i]);
        if (strncmp(text, charset->text[i], n) != 0) return false;
        text += n;
    }
    return *text == '\0';
}
