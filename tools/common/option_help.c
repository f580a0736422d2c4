/* SPDX-License-Identifier: Apache-2.0 */
/* option_help.c - the option tables as help text:
 *
 *     Reading
 *       -t, --threads N             threads that work together (default: one per processor)
 */
#include <stdio.h>
#include <string.h>

#include "option_table.h"

enum { HELP_COLUMNS = 100, HELP_INDENT = 32 };

/* Writes the words of `text`, starting at `column` and going on at HELP_INDENT. */
static void print_wrapped(const char *text, size_t column, FILE *out)
{
    size_t at = column;
    for (const char *word = text; *word != '\0';) {
        const size_t n = strcspn(word, " ");
        if (at > HELP_INDENT && at + 1 + n > HELP_COLUMNS) {
            fprintf(out, "\n%*s", HELP_INDENT, "");
            at = HELP_INDENT;
        } else if (at > HELP_INDENT) {
            fputc(' ', out);
            at++;
        }
        fwrite(word, 1, n, out);
        at += n;
        word += n + (word[n] == ' ');
    }
    fputc('\n', out);
}

static void print_option(const struct option_spec *spec, FILE *out)
{
    char left[HELP_COLUMNS];
    const char *value = spec->kind == OPTION_CHOICE ? spec->choices : spec->value;
    const char letter[5] = {spec->letter ? '-' : ' ', spec->letter ? spec->letter : ' ', spec->letter ? ',' : ' ', ' '};
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, spec->name, value ? " " : "", value ? value : "");
    if (strlen(left) + 2 > HELP_INDENT)
        fprintf(out, "%s\n%*s", left, HELP_INDENT, "");
    else
        fprintf(out, "%-*s", HELP_INDENT, left);
    print_wrapped(spec->help, HELP_INDENT, out);
}

void options_print_help(const struct option_sets *sets, FILE *out)
{
    for (size_t s = 0; s < sets->n_sets; s++) {
        for (size_t i = 0; i < sets->sets[s].n_specs; i++) {
            const struct option_spec *spec = &sets->sets[s].specs[i];
            if (spec->group != NULL) fprintf(out, "\n%s\n", spec->group);
            print_option(spec, out);
        }
    }
}
