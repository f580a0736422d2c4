/* SPDX-License-Identifier: Apache-2.0 */
/* sidecar_draft.c - what the keys of a sidecar mean. docs/SIDECARS.md lists them. */
#include "model/sidecar_draft.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/utf8.h"
#include "model/architecture_names.h"
#include "model/input_limits.h"

static trba_status refuse_value(const struct sidecar_entry *entry, const char *wanted, trba_error *err)
{
    return error_set(err, TRBA_ERROR_FORMAT, "%s:%zu: %s must be %s, not \"%s\"", entry->path, entry->line,
                     show_text(entry->key, entry->key_bytes).text, wanted,
                     show_text(entry->value, entry->value_bytes).text);
}

static bool is_any_word(const struct sidecar_entry *entry, const char *const words[4])
{
    for (int i = 0; i < 4; i++)
        if (utf8_is_word(entry->value, entry->value_bytes, words[i])) return true;
    return false;
}

/* YAML's ways to leave a value open. */
static bool is_null(const struct sidecar_entry *entry)
{
    return entry->value_bytes == 0 ||
           (!entry->is_quoted && (utf8_is_word(entry->value, entry->value_bytes, "null") ||
                                  utf8_is_word(entry->value, entry->value_bytes, "~")));
}

/* The same and Python's, where None is no value. */
static bool is_nothing(const struct sidecar_entry *entry)
{
    return is_null(entry) || (!entry->is_quoted && utf8_is_word(entry->value, entry->value_bytes, "None"));
}

/* ---- one function for each kind of value ------------------------------------------------------------------------- */

typedef trba_status value_setter(const struct sidecar_entry *entry, int largest, void *field, trba_error *err);

/* Every number of a sidecar is one of these, and has no meaning as 0. */
static trba_status set_number(const struct sidecar_entry *entry, int largest, void *field, trba_error *err)
{
    int number = 0;
    const size_t n_digits = is_nothing(entry) ? 0 : entry->value_bytes;
    bool is_valid = true;
    for (size_t i = 0; i < n_digits && is_valid; i++) {
        const char digit = entry->value[i];
        number = 10 * number + (digit - '0');
        is_valid = digit >= '0' && digit <= '9' && number <= largest;
    }
    if (!is_valid || (number == 0 && n_digits > 0)) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "a whole number from 1 to %d", largest);
        return refuse_value(entry, wanted, err);
    }
    *(int *)field = number;
    return TRBA_OK;
}

static trba_status set_choice(const struct sidecar_entry *entry, int unused, void *field, trba_error *err)
{
    (void)unused;
    trba_choice *choice = field;
    if (is_nothing(entry)) *choice = TRBA_CHOICE_ANY;
    else if (is_any_word(entry, (const char *const[]){"True", "yes", "on", "1"})) *choice = TRBA_CHOICE_YES;
    else if (is_any_word(entry, (const char *const[]){"False", "no", "off", "0"})) *choice = TRBA_CHOICE_NO;
    else return refuse_value(entry, "True or False", err);
    return TRBA_OK;
}

static trba_status set_text(const struct sidecar_entry *entry, int unused, void *field, trba_error *err)
{
    (void)unused;
    char **text = field;
    if (utf8_count(entry->value, entry->value_bytes) == SIZE_MAX)
        return error_set(err, TRBA_ERROR_FORMAT, "%s:%zu: %s is not UTF-8; save the file as UTF-8", entry->path,
                         entry->line, show_text(entry->key, entry->key_bytes).text);
    if (memchr(entry->value, '\0', entry->value_bytes) != NULL)
        return error_set(err, TRBA_ERROR_FORMAT, "%s:%zu: %s holds a zero byte, which is no character", entry->path,
                         entry->line, show_text(entry->key, entry->key_bytes).text);
    char *copy = is_nothing(entry) ? NULL : strndup(entry->value, entry->value_bytes);
    if (copy == NULL && !is_nothing(entry))
        return error_set(err, TRBA_ERROR_MEMORY, "no memory to read %s", entry->path);
    free(*text);
    *text = copy;
    return TRBA_OK;
}

/* None is one of the stages. */
static trba_status set_stage(const struct sidecar_entry *entry, int unused, void *field, trba_error *err)
{
    (void)unused;
    if (is_null(entry)) return TRBA_OK;
    if (architecture_set_stage(field, entry->key, entry->key_bytes, entry->value, entry->value_bytes)) return TRBA_OK;
    return refuse_value(entry, "one of clovaai's (None, TPS; VGG, RCNN, ResNet; None, BiLSTM; CTC, Attn)", err);
}

static trba_status set_preset(const struct sidecar_entry *entry, int unused, void *field, trba_error *err)
{
    (void)unused;
    trba_preset *preset = field;
    if (is_nothing(entry)) *preset = TRBA_PRESET_ANY;
    else if (utf8_is_word(entry->value, entry->value_bytes, "clovaai")) *preset = TRBA_PRESET_CLOVAAI;
    else if (utf8_is_word(entry->value, entry->value_bytes, "easyocr")) *preset = TRBA_PRESET_EASYOCR;
    else return refuse_value(entry, "clovaai or easyocr", err);
    return TRBA_OK;
}

/* None is one of the ways. */
static trba_status set_rotate(const struct sidecar_entry *entry, int unused, void *field, trba_error *err)
{
    (void)unused;
    trba_rotate *rotate = field;
    if (is_null(entry) || utf8_is_word(entry->value, entry->value_bytes, "none")) *rotate = TRBA_ROTATE_NONE;
    else if (utf8_is_word(entry->value, entry->value_bytes, "tall")) *rotate = TRBA_ROTATE_TALL;
    else if (utf8_is_word(entry->value, entry->value_bytes, "auto")) *rotate = TRBA_ROTATE_AUTO;
    else return refuse_value(entry, "none, tall or auto", err);
    return TRBA_OK;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(struct sidecar_draft, name)

static const struct known_key {
    const char *name;
    value_setter *set;
    size_t field;
    int largest; /* of a number */
} known_keys[] = {
    {"Transformation", set_stage, FIELD(sidecar.expect), 0},
    {"FeatureExtraction", set_stage, FIELD(sidecar.expect), 0},
    {"SequenceModeling", set_stage, FIELD(sidecar.expect), 0},
    {"Prediction", set_stage, FIELD(sidecar.expect), 0},
    {"input_channel", set_number, FIELD(sidecar.expect.input_channel), MAX_LAYER_SIZE},
    {"output_channel", set_number, FIELD(sidecar.expect.output_channel), MAX_LAYER_SIZE},
    {"hidden_size", set_number, FIELD(sidecar.expect.hidden_size), MAX_LAYER_SIZE},
    {"num_fiducial", set_number, FIELD(sidecar.expect.num_fiducial), MAX_LAYER_SIZE},
    {"num_class", set_number, FIELD(sidecar.expect.num_class), MAX_LAYER_SIZE},
    {"imgH", set_number, FIELD(sidecar.expect.img_h), MAX_IMG_H},
    {"imgW", set_number, FIELD(sidecar.expect.img_w), MAX_IMG_W},
    {"batch_max_length", set_number, FIELD(sidecar.batch_max_length), MAX_MAX_LENGTH},
    {"PAD", set_choice, FIELD(sidecar.pad), 0},
    {"rgb", set_choice, FIELD(is_rgb), 0},
    {"sensitive", set_choice, FIELD(is_sensitive), 0},
    {"character", set_text, FIELD(sidecar.charset_text), 0},
    {"character_list", set_text, FIELD(sidecar.charset_text), 0},
    {"charset", set_text, FIELD(sidecar.charset_text), 0},
    {"charset_preset", set_text, FIELD(sidecar.charset_preset), 0},
    {"preset", set_preset, FIELD(sidecar.preset), 0},
    {"rotate", set_rotate, FIELD(sidecar.rotate), 0},
    {"number", set_text, FIELD(number), 0},
    {"symbol", set_text, FIELD(symbol), 0},
    {"lang_char", set_text, FIELD(lang_char), 0},
};

static const struct known_key *find_known_key(const char *key, size_t key_bytes)
{
    for (size_t i = 0; i < sizeof known_keys / sizeof known_keys[0]; i++) {
        const struct known_key *known = &known_keys[i];
        if (strlen(known->name) == key_bytes && memcmp(known->name, key, key_bytes) == 0) return known;
    }
    return NULL;
}

bool sidecar_key_is_known(const char *key, size_t key_bytes)
{
    return find_known_key(key, key_bytes) != NULL;
}

/* Three keys mean the alphabet. One that comes again counts anew; but with another text under another key the order of
 * the lines would decide what is read. */
static trba_status set_alphabet(struct sidecar_draft *draft, const char *key, const struct sidecar_entry *entry,
                                trba_error *err)
{
    const char *before = draft->sidecar.charset_text;
    if (before != NULL && strcmp(draft->alphabet_key, key) != 0) {
        char *text = NULL;
        const trba_status status = set_text(entry, 0, &text, err);
        const bool is_same = text == NULL || strcmp(before, text) == 0;
        free(text);
        if (status != TRBA_OK || is_same) return status;
        return error_set(err, TRBA_ERROR_FORMAT, "%s:%zu: %s is another alphabet than %s above: keep the one that the "
                         "network was trained with", entry->path, entry->line, key, draft->alphabet_key);
    }
    draft->alphabet_key = key;
    return set_text(entry, 0, &draft->sidecar.charset_text, err);
}

trba_status sidecar_draft_set(struct sidecar_draft *draft, const struct sidecar_entry *entry, trba_error *err)
{
    const struct known_key *known = find_known_key(entry->key, entry->key_bytes);
    if (known == NULL) return TRBA_OK;
    if (known->field == FIELD(sidecar.charset_text)) return set_alphabet(draft, known->name, entry, err);
    return known->set(entry, known->largest, (char *)draft + known->field, err);
}

void sidecar_draft_clear(struct sidecar_draft *draft)
{
    sidecar_free(&draft->sidecar);
    free(draft->number);
    free(draft->symbol);
    free(draft->lang_char);
    *draft = (struct sidecar_draft){.path = draft->path};
}

/* ---- the keys together ------------------------------------------------------------------------------------------- */

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* EasyOCR's trainer writes the alphabet in three parts; "None" for the last means: whatever the labels hold. */
static trba_status join_trainer_alphabet(struct sidecar_draft *draft, trba_error *err)
{
    if (draft->lang_char == NULL || strcmp(draft->lang_char, "None") == 0) return TRBA_OK;
    const char *const parts[3] = {text_or_empty(draft->number), text_or_empty(draft->symbol), draft->lang_char};
    char *text = calloc(strlen(parts[0]) + strlen(parts[1]) + strlen(parts[2]) + 1, 1);
    if (text == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory to read %s", draft->path);
    for (int i = 0; i < 3; i++) strcat(text, parts[i]);
    draft->sidecar.charset_text = text;
    return TRBA_OK;
}

/* The trainers write the alphabet they used, so `sensitive` counts only where none is given. */
static trba_status settle_alphabet(struct sidecar_draft *draft, trba_error *err)
{
    struct sidecar *sidecar = &draft->sidecar;
    if (sidecar->charset_text != NULL && sidecar->charset_preset != NULL)
        return error_set(err, TRBA_ERROR_FORMAT, "%s gives the alphabet twice: as charset_preset and as text",
                         draft->path);
    if (sidecar->charset_text != NULL || sidecar->charset_preset != NULL) return TRBA_OK;
    const trba_status status = join_trainer_alphabet(draft, err);
    if (status != TRBA_OK || sidecar->charset_text != NULL || draft->is_sensitive != TRBA_CHOICE_YES) return status;
    sidecar->charset_preset = strdup("printable94");
    if (sidecar->charset_preset == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory to read %s", draft->path);
    return TRBA_OK;
}

trba_status sidecar_draft_finish(struct sidecar_draft *draft, struct sidecar *out, trba_error *err)
{
    const trba_status status = settle_alphabet(draft, err);
    if (status != TRBA_OK) return status;
    if (draft->is_rgb == TRBA_CHOICE_YES) draft->sidecar.expect.input_channel = 3; /* as the reference has it */
    draft->sidecar.path = strdup(draft->path);
    if (draft->sidecar.path == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory to read %s", draft->path);
    *out = draft->sidecar;
    draft->sidecar = (struct sidecar){.path = NULL};
    return TRBA_OK;
}
