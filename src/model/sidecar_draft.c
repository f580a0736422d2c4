/* SPDX-License-Identifier: Apache-2.0 */
/* sidecar_draft.c - what the keys of a sidecar mean. docs/SIDECARS.md lists them. */
#include "model/sidecar_draft.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/message.h"
#include "base/utf8.h"
#include "model/architecture_names.h"

enum { LARGEST_NUMBER = 1 << 20 };

/* One key's value, and where it stands. */
struct entry {
    const char *path;
    size_t line;
    const char *key, *value;
    size_t key_bytes, value_bytes;
};

static trba_status refuse_value(const struct entry *entry, const char *wanted, trba_error *err)
{
    return error_set(err, TRBA_ERROR_FORMAT, "%s:%zu: %s must be %s, not \"%s\"", entry->path, entry->line,
                     show_text(entry->key, entry->key_bytes).text, wanted,
                     show_text(entry->value, entry->value_bytes).text);
}

static bool is_word(const char *text, size_t n_bytes, const char *word)
{
    return strlen(word) == n_bytes && strncasecmp(text, word, n_bytes) == 0;
}

static bool is_any_word(const struct entry *entry, const char *const words[4])
{
    for (int i = 0; i < 4; i++)
        if (is_word(entry->value, entry->value_bytes, words[i])) return true;
    return false;
}

/* Python's and YAML's ways to leave a value open. */
static bool is_nothing(const struct entry *entry)
{
    return is_any_word(entry, (const char *const[]){"None", "null", "~", ""});
}

/* ---- one function for each kind of value ------------------------------------------------------------------------- */

typedef trba_status value_setter(const struct entry *entry, void *field, trba_error *err);

static trba_status set_number(const struct entry *entry, void *field, trba_error *err)
{
    int number = 0;
    for (size_t i = 0; i < entry->value_bytes && !is_nothing(entry); i++) {
        const char digit = entry->value[i];
        if (digit < '0' || digit > '9') return refuse_value(entry, "a whole number", err);
        number = 10 * number + (digit - '0');
        if (number > LARGEST_NUMBER) return refuse_value(entry, "at most 1048576", err);
    }
    *(int *)field = number;
    return TRBA_OK;
}

static trba_status set_choice(const struct entry *entry, void *field, trba_error *err)
{
    trba_choice *choice = field;
    if (is_nothing(entry)) *choice = TRBA_CHOICE_ANY;
    else if (is_any_word(entry, (const char *const[]){"True", "yes", "on", "1"})) *choice = TRBA_CHOICE_YES;
    else if (is_any_word(entry, (const char *const[]){"False", "no", "off", "0"})) *choice = TRBA_CHOICE_NO;
    else return refuse_value(entry, "True or False", err);
    return TRBA_OK;
}

/* An empty text says nothing. */
static trba_status set_text(const struct entry *entry, void *field, trba_error *err)
{
    char **text = field;
    if (utf8_count(entry->value, entry->value_bytes) == SIZE_MAX)
        return error_set(err, TRBA_ERROR_FORMAT, "%s:%zu: %s is not UTF-8; save the file as UTF-8", entry->path,
                         entry->line, show_text(entry->key, entry->key_bytes).text);
    if (memchr(entry->value, '\0', entry->value_bytes) != NULL)
        return error_set(err, TRBA_ERROR_FORMAT, "%s:%zu: %s holds a zero byte, which is no character", entry->path,
                         entry->line, show_text(entry->key, entry->key_bytes).text);
    char *copy = entry->value_bytes > 0 ? strndup(entry->value, entry->value_bytes) : NULL;
    if (copy == NULL && entry->value_bytes > 0)
        return error_set(err, TRBA_ERROR_MEMORY, "no memory to read %s", entry->path);
    free(*text);
    *text = copy;
    return TRBA_OK;
}

static trba_status set_stage(const struct entry *entry, void *field, trba_error *err)
{
    if (architecture_set_stage(field, entry->key, entry->key_bytes, entry->value, entry->value_bytes)) return TRBA_OK;
    return refuse_value(entry, "one of clovaai's (None, TPS; VGG, RCNN, ResNet; None, BiLSTM; CTC, Attn)", err);
}

static trba_status set_preset(const struct entry *entry, void *field, trba_error *err)
{
    trba_preset *preset = field;
    if (is_word(entry->value, entry->value_bytes, "clovaai")) *preset = TRBA_PRESET_CLOVAAI;
    else if (is_word(entry->value, entry->value_bytes, "easyocr")) *preset = TRBA_PRESET_EASYOCR;
    else return refuse_value(entry, "clovaai or easyocr", err);
    return TRBA_OK;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(struct sidecar_draft, name)

static const struct known_key {
    const char *name;
    value_setter *set;
    size_t field;
} known_keys[] = {
    {"Transformation", set_stage, FIELD(sidecar.expect)},
    {"FeatureExtraction", set_stage, FIELD(sidecar.expect)},
    {"SequenceModeling", set_stage, FIELD(sidecar.expect)},
    {"Prediction", set_stage, FIELD(sidecar.expect)},
    {"input_channel", set_number, FIELD(sidecar.expect.input_channel)},
    {"output_channel", set_number, FIELD(sidecar.expect.output_channel)},
    {"hidden_size", set_number, FIELD(sidecar.expect.hidden_size)},
    {"num_fiducial", set_number, FIELD(sidecar.expect.num_fiducial)},
    {"num_class", set_number, FIELD(sidecar.expect.num_class)},
    {"imgH", set_number, FIELD(sidecar.expect.img_h)},
    {"imgW", set_number, FIELD(sidecar.expect.img_w)},
    {"batch_max_length", set_number, FIELD(sidecar.batch_max_length)},
    {"PAD", set_choice, FIELD(sidecar.pad)},
    {"rgb", set_choice, FIELD(is_rgb)},
    {"sensitive", set_choice, FIELD(is_sensitive)},
    {"character", set_text, FIELD(sidecar.charset_text)},
    {"character_list", set_text, FIELD(sidecar.charset_text)},
    {"charset", set_text, FIELD(sidecar.charset_text)},
    {"charset_preset", set_text, FIELD(sidecar.charset_preset)},
    {"preset", set_preset, FIELD(sidecar.preset)},
    {"number", set_text, FIELD(number)},
    {"symbol", set_text, FIELD(symbol)},
    {"lang_char", set_text, FIELD(lang_char)},
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

trba_status sidecar_draft_set(struct sidecar_draft *draft, const char *key, size_t key_bytes, const char *value,
                              size_t value_bytes, size_t line, trba_error *err)
{
    const struct entry entry = {.path = draft->path, .line = line, .key = key, .value = value,
                                .key_bytes = key_bytes, .value_bytes = value_bytes};
    const struct known_key *known = find_known_key(key, key_bytes);
    return known != NULL ? known->set(&entry, (char *)draft + known->field, err) : TRBA_OK;
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
