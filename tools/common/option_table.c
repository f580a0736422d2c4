/* SPDX-License-Identifier: Apache-2.0 */
/* option_table.c - the parser of the option tables.
 *
 *   argv[at] -> option_next: which row, which value -> option_store: check the value, write it to the settings struct
 *
 * Every refusal is one sentence: an unknown name with the nearest known one, a missing value, a number that is none or
 * out of range, a word that is not among the choices, an empty name of a file.
 */
#include "option_table.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 40, NEAR_DISTANCE = 3 };

static bool refuse(char message[OPTION_MESSAGE_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(char message[OPTION_MESSAGE_BYTES], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(message, OPTION_MESSAGE_BYTES, format, args);
    va_end(args);
    return false;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* '-' and '_' count as the same letter, and so do upper and lower case: --img_h is near --imgH. */
static char fold_letter(char letter)
{
    return letter == '_' ? '-' : (char)tolower((unsigned char)letter);
}

/* Levenshtein's edit distance; at least NAME_MAX_LENGTH when a name is too long to be meant. */
static int name_distance(const char *a, const char *b)
{
    const size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > NAME_MAX_LENGTH || b_length > NAME_MAX_LENGTH) return NAME_MAX_LENGTH;
    int row[NAME_MAX_LENGTH + 1];
    for (size_t j = 0; j <= b_length; j++) row[j] = (int)j;
    for (size_t i = 1; i <= a_length; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= b_length; j++) {
            const int replaced = diagonal + (fold_letter(a[i - 1]) != fold_letter(b[j - 1]));
            const int skipped = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < skipped ? replaced : skipped;
        }
    }
    return row[b_length];
}

/* The known name nearest to `name`, or NULL if none is near. */
static const char *nearest_name(const struct option_sets *sets, const char *name)
{
    const char *nearest = NULL;
    int least = NEAR_DISTANCE + 1;
    for (size_t s = 0; s < sets->n_sets; s++) {
        for (size_t i = 0; i < sets->sets[s].n_specs; i++) {
            const int distance = name_distance(name, sets->sets[s].specs[i].name);
            if (distance >= least || (size_t)distance * 2 > strlen(name)) continue;
            least = distance;
            nearest = sets->sets[s].specs[i].name;
        }
    }
    return nearest;
}

/* Finds --name (its first n bytes) or, with n 0, the letter name[0]. */
static const struct option_set *find_option(const struct option_sets *sets, const char *name, size_t n,
                                            const struct option_spec **spec)
{
    for (size_t s = 0; s < sets->n_sets; s++) {
        for (size_t i = 0; i < sets->sets[s].n_specs; i++) {
            const struct option_spec *candidate = &sets->sets[s].specs[i];
            const bool is_name = n > 0 && strlen(candidate->name) == n && memcmp(candidate->name, name, n) == 0;
            const bool is_letter = n == 0 && candidate->letter != 0 && candidate->letter == name[0];
            if (!is_name && !is_letter) continue;
            *spec = candidate;
            return &sets->sets[s];
        }
    }
    return NULL;
}

static bool refuse_unknown(const struct option_sets *sets, const char *argument,
                           char message[OPTION_MESSAGE_BYTES])
{
    const struct option_spec *spec;
    if (argument[1] != '-' && argument[2] != '\0' && find_option(sets, argument + 1, 0, &spec) != NULL &&
        spec->kind != OPTION_FLAG)
        return refuse(message, "\"%.100s\" is not understood; write -%c %.100s", argument, argument[1], argument + 2);
    if (argument[1] != '-') return refuse(message, "there is no option \"%.100s\"; --help lists all", argument);
    const size_t n = strcspn(argument, "=");
    char name[NAME_MAX_LENGTH + 1] = "";
    if (n - 2 <= NAME_MAX_LENGTH) memcpy(name, argument + 2, n - 2);
    const char *nearest = nearest_name(sets, name);
    if (nearest == NULL)
        return refuse(message, "there is no option %.*s; --help lists all", (int)(n < 100 ? n : 100), argument);
    return refuse(message, "there is no option %.*s; did you mean --%s?", (int)n, argument, nearest);
}

/* ---- one step ---------------------------------------------------------------------------------------------------- */

static const char *value_name(const struct option_spec *spec)
{
    return spec->kind == OPTION_CHOICE ? spec->choices : spec->value;
}

/* The next argument is the value, unless it is itself an option ("--model --threads 4" lacks one). */
static bool take_next_value(const struct option_sets *sets, int argc, char *const *argv, int at,
                            struct option_use *use, char message[OPTION_MESSAGE_BYTES])
{
    if (at + 1 >= argc)
        return refuse(message, "--%s needs a value: --%s %s", use->spec->name, use->spec->name, value_name(use->spec));
    const char *value = argv[at + 1];
    const struct option_spec *next;
    if (strncmp(value, "--", 2) == 0 && find_option(sets, value + 2, strcspn(value + 2, "="), &next) != NULL)
        return refuse(message, "--%s needs a value, but the next argument is the option %.100s (if that is meant: "
                      "--%s=%.100s)", use->spec->name, value, use->spec->name, value);
    use->value = value;
    use->n_arguments = 2;
    return true;
}

bool option_next(const struct option_sets *sets, int argc, char *const *argv, int at, bool *only_inputs,
                 struct option_use *out, char message[OPTION_MESSAGE_BYTES])
{
    const char *argument = argv[at];
    *out = (struct option_use){.value = argument, .n_arguments = 1};
    if (*only_inputs || argument[0] != '-' || argument[1] == '\0') return true;
    const bool is_long = argument[1] == '-';
    if (is_long && argument[2] == '\0') {
        *only_inputs = true;
        out->value = NULL;
        return true;
    }
    const char *equals = is_long ? strchr(argument, '=') : NULL;
    const size_t n = equals != NULL ? (size_t)(equals - argument) - 2 : strlen(argument + (is_long ? 2 : 1));
    if (n == 0 || (!is_long && n > 1)) return refuse_unknown(sets, argument, message);
    const struct option_set *set = find_option(sets, argument + (is_long ? 2 : 1), is_long ? n : 0, &out->spec);
    if (set == NULL) return refuse_unknown(sets, argument, message);
    out->settings = set->settings;
    out->value = equals != NULL ? equals + 1 : NULL;
    out->is_joined = equals != NULL;
    if (out->spec->kind != OPTION_FLAG)
        return equals != NULL || take_next_value(sets, argc, argv, at, out, message);
    if (equals != NULL) return refuse(message, "--%s takes no value", out->spec->name);
    return true;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static void store_int(const struct option_use *use, int value)
{
    memcpy((char *)use->settings + use->spec->offset, &value, sizeof value);
}

static bool store_number(const struct option_use *use, char message[OPTION_MESSAGE_BYTES])
{
    const struct option_spec *spec = use->spec;
    char *end;
    errno = 0;
    const long value = strtol(use->value, &end, 10);
    const bool is_number = end != use->value && *end == '\0' && !isspace((unsigned char)use->value[0]);
    if (!is_number) return refuse(message, "--%s needs a whole number, not \"%.100s\"", spec->name, use->value);
    if (errno == ERANGE || value < spec->least || value > spec->most)
        return refuse(message, "--%s must be from %d to %d, not %.100s", spec->name, spec->least, spec->most,
                      use->value);
    store_int(use, (int)value);
    return true;
}

static bool is_same_word(const char *word, const char *choice, size_t n)
{
    if (strlen(word) != n) return false;
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)word[i]) != tolower((unsigned char)choice[i])) return false;
    return true;
}

static bool store_choice(const struct option_use *use, char message[OPTION_MESSAGE_BYTES])
{
    int number = 1;
    for (const char *choice = use->spec->choices; *choice != '\0'; number++) {
        const size_t n = strcspn(choice, "|");
        if (is_same_word(use->value, choice, n)) {
            store_int(use, number);
            return true;
        }
        choice += n + (choice[n] == '|');
    }
    return refuse(message, "--%s must be one of %s, not \"%.100s\"", use->spec->name, use->spec->choices, use->value);
}

static bool store_text(const struct option_use *use)
{
    memcpy((char *)use->settings + use->spec->offset, &use->value, sizeof use->value);
    return true;
}

/* An empty name is mostly a variable of the shell that nobody has set. */
static bool store_file(const struct option_use *use, char message[OPTION_MESSAGE_BYTES])
{
    const char *name = use->spec->name, *value = use->spec->value;
    if (use->value[0] == '\0')
        return refuse(message, "the name given with --%s is empty: write --%s %s, or leave it out", name, name, value);
    return store_text(use);
}

static bool store_input(const char *input, struct option_inputs *inputs, char message[OPTION_MESSAGE_BYTES])
{
    if (input[0] == '\0')
        return refuse(message, "an argument is empty, where a name is needed: give one, or leave the argument out");
    inputs->items[inputs->n_items++] = input;
    return true;
}

static bool store_option(const struct option_use *use, struct option_inputs *inputs,
                         char message[OPTION_MESSAGE_BYTES])
{
    switch (use->spec->kind) {
    case OPTION_FLAG: store_int(use, 1); return true;
    case OPTION_TEXT: return store_text(use);
    case OPTION_FILE: return store_file(use, message);
    case OPTION_NUMBER: return store_number(use, message);
    case OPTION_CHOICE: return store_choice(use, message);
    case OPTION_INPUT: return store_input(use->value, inputs, message);
    }
    return false;
}

bool options_parse(const struct option_sets *sets, int argc, char *const *argv, int first,
                   struct option_inputs *inputs, char message[OPTION_MESSAGE_BYTES])
{
    *inputs = (struct option_inputs){.items = calloc((size_t)argc + 1, sizeof *inputs->items)};
    if (inputs->items == NULL) return refuse(message, "there is no memory for the command line");
    bool only_inputs = false;
    for (int at = first; at < argc;) {
        struct option_use use;
        if (!option_next(sets, argc, argv, at, &only_inputs, &use, message)) return false;
        if (use.spec != NULL && !store_option(&use, inputs, message)) return false;
        if (use.spec == NULL && use.value != NULL && !store_input(use.value, inputs, message)) return false;
        at += use.n_arguments;
    }
    return true;
}
