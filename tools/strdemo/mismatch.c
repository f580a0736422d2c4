/* SPDX-License-Identifier: Apache-2.0 */
/* mismatch.c - the command line that works.
 *
 *   argv --architecture options put right--> candidate 1
 *        --and without the alphabet that was given--> candidate 2
 *        --and without the sidecar--> candidate 3
 *   the first that opens the model is printed, quoted for the shell; what it leaves out is said, because a model that
 *   opens may still read with the wrong alphabet
 *
 * If none does, candidate 1 is still worth printing when only something else is left to put right, such as an alphabet
 * that nobody knows.
 */
#include "mismatch.h"

#include <stdlib.h>
#include <string.h>

#include "common/console.h"
#include "common/tool_memory.h"

/* ---- command lines ----------------------------------------------------------------------------------------------- */

struct command_line {
    char **argv; /* [argc]; all allocated */
    int argc;
};

static void command_line_add(struct command_line *line, char *argument)
{
    line->argv = memory_resize(line->argv, (size_t)line->argc + 1, sizeof *line->argv);
    line->argv[line->argc++] = argument;
}

static void command_line_free(struct command_line *line)
{
    for (int i = 0; i < line->argc; i++) free(line->argv[i]);
    free(line->argv);
}

/* Adds the option with another value, written the way it was. */
static void add_with_value(struct command_line *line, const struct option_use *use, const char *value)
{
    const size_t n = strlen(use->spec->name) + strlen(value) + 4;
    char *option = memory_resize(NULL, n, 1);
    snprintf(option, n, "--%s%s%s", use->spec->name, use->is_joined ? "=" : "", use->is_joined ? value : "");
    command_line_add(line, option);
    if (!use->is_joined) command_line_add(line, memory_copy_text(value));
}

/* The user's command line with the architecture options as `found` says. */
static struct command_line correct_command_line(int argc, char *const *argv, const trba_architecture *found,
                                                bool drops_charset, bool drops_sidecar)
{
    struct command_line line = {.argv = NULL};
    bool only_inputs = false;
    command_line_add(&line, memory_copy_text(argv[0]));
    if (drops_sidecar) command_line_add(&line, memory_copy_text("--no-sidecar"));
    for (int at = 1; at < argc;) {
        struct option_use use;
        char value[16];
        if (!strdemo_option_next(argc, argv, at, &only_inputs, &use)) break;
        enum option_correction correction = CORRECTION_KEEP;
        if (use.spec != NULL) correction = architecture_option_correct(&use, found, value);
        if (use.spec != NULL && drops_charset && model_option_is_charset(&use)) correction = CORRECTION_DROP;
        if (correction == CORRECTION_REPLACE) add_with_value(&line, &use, value);
        for (int i = 0; correction == CORRECTION_KEEP && i < use.n_arguments; i++)
            command_line_add(&line, memory_copy_text(argv[at + i]));
        at += use.n_arguments;
    }
    return line;
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

/* Appends the argument as a shell reads it: as it is, or in quotes. Returns the end. */
static char *append_quoted(char *out, const char *argument)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
    if (argument[0] != '\0' && argument[strspn(argument, plain)] == '\0')
        return stpcpy(out, argument);
    *out++ = '\'';
    for (; *argument != '\0'; argument++) {
        if (*argument == '\'')
            out = stpcpy(out, "'\\''");
        else
            *out++ = *argument;
    }
    return stpcpy(out, "'");
}

static void print_command_line(const char *heading, const struct command_line *line)
{
    size_t n_bytes = 1;
    for (int i = 0; i < line->argc; i++) n_bytes += strlen(line->argv[i]) * 4 + 3; /* a quote becomes four bytes */
    char *text = memory_resize(NULL, n_bytes, 1), *end = text;
    for (int i = 0; i < line->argc; i++) {
        if (i > 0) *end++ = ' ';
        end = append_quoted(end, line->argv[i]);
    }
    console_print_plain("%s: %s", heading, text);
    free(text);
}

/* `user` points to the number of those before it. */
static void print_difference(void *user, trba_difference kind, const char *name, const char *detail)
{
    static const char *const words[] = {"missing", "unexpected", "shape"};
    size_t *n_before = user;
    if ((*n_before)++ == 0) console_print_plain("All differences:");
    console_print_plain("  %-10s  %s%s%s", words[kind], name, detail[0] != '\0' ? "  " : "", detail);
}

/* ---- trying ------------------------------------------------------------------------------------------------------ */

static bool opens_model(const struct command_line *line, const char *path, trba_error *err)
{
    struct strdemo_options options;
    char message[OPTION_MESSAGE_BYTES];
    trba_model_options model_options;
    trba_model *model = NULL;
    const bool opens = strdemo_options_parse(line->argc, line->argv, &options, message) &&
                       model_options_make(&options.model, &options.architecture.expect, &model_options, message) &&
                       trba_model_open(path, &model_options, &model, err) == TRBA_OK;
    trba_model_free(model);
    strdemo_options_free(&options);
    return opens;
}

static void print_what_works(int argc, char *const *argv, const trba_architecture *found, const char *path)
{
    static const struct { bool drops_charset, drops_sidecar; const char *heading; } candidates[] = {
        {false, false, "This works"},
        {true, false, "This opens the model, but not with the alphabet that was given"},
        {false, true, "This opens the model, but without all else that the sidecar says, such as the alphabet"},
        {true, true, "This opens the model, but with neither the alphabet that was given nor the sidecar"},
    };
    trba_error first = {.status = TRBA_ERROR_MISMATCH}, err;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        struct command_line line = correct_command_line(argc, argv, found, candidates[i].drops_charset,
                                                        candidates[i].drops_sidecar);
        const bool opens = opens_model(&line, path, i == 0 ? &first : &err);
        if (opens) print_command_line(candidates[i].heading, &line);
        command_line_free(&line);
        if (opens) return;
    }
    if (first.status == TRBA_ERROR_MISMATCH) return; /* that would fail as what was given has */
    struct command_line line = correct_command_line(argc, argv, found, false, false);
    print_command_line("This fits the network", &line);
    console_print_plain("but then: %s", first.message);
    command_line_free(&line);
}

void mismatch_explain(const struct strdemo_options *options, int argc, char *const *argv, const char *path)
{
    trba_checkpoint *checkpoint = NULL;
    trba_architecture found;
    if (trba_checkpoint_open(path, &checkpoint, NULL) != TRBA_OK) return;
    if (trba_checkpoint_architecture(checkpoint, &found, NULL) == TRBA_OK) {
        size_t n_differences = 0;
        if (options->settings.verbose)
            trba_checkpoint_compare(checkpoint, &options->architecture.expect, print_difference, &n_differences);
        print_what_works(argc, argv, &found, path);
    }
    trba_checkpoint_free(checkpoint);
}
