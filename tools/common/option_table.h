/* SPDX-License-Identifier: Apache-2.0 */
/* option_table.h - command-line options written down once, as a table.
 *
 * The table gives the parser, the help text and the check of the man page. A program may put several tables together
 * (its own and the one for clovaai's architecture options), each with a settings struct that the values go to.
 *
 *   --name value, --name=value, -n value      options may stand before, between and behind the inputs
 *   --                                        only inputs follow
 */
#ifndef TRBA_TOOLS_OPTION_TABLE_H
#define TRBA_TOOLS_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum option_kind {
    OPTION_FLAG,   /* int: 1 when given */
    OPTION_TEXT,   /* const char *: points into argv */
    OPTION_FILE,   /* the same: the name of a file or folder, which is not empty */
    OPTION_NUMBER, /* int, least..most */
    OPTION_CHOICE, /* int: 1 for the first of `choices`, 2 for the second, ...; upper and lower case are the same */
    OPTION_INPUT   /* the value is one more input, which is not empty either */
};

struct option_spec {
    const char *group;   /* heading in the help; NULL: that of the row before */
    const char *name;    /* without dashes */
    char letter;         /* short form, or 0 */
    enum option_kind kind;
    const char *value;   /* what the help calls the value; NULL for a flag and for a choice */
    const char *choices; /* "None|TPS" */
    int least, most;     /* of a number */
    size_t offset;       /* of the value in the settings struct */
    const char *help;
};

struct option_set {
    const struct option_spec *specs;
    size_t n_specs;
    void *settings;
};

struct option_sets {
    const struct option_set *sets;
    size_t n_sets;
};

/* The arguments that are not options, in order. The strings are argv's. */
struct option_inputs {
    const char **items; /* allocated; the caller frees it with free() */
    size_t n_items;
};

enum { OPTION_MESSAGE_BYTES = 512 };

/* One step through a command line: an input, or an option with its value. */
struct option_use {
    const struct option_spec *spec; /* NULL: an input */
    void *settings;                 /* of the set that the spec is in */
    const char *value;              /* the option's value or the input; NULL for a flag */
    bool is_joined;                 /* written as --name=value */
    int n_arguments;                /* 1 or 2 */
};

/* Looks at argv[at]. `only_inputs` is the caller's state, false at first; the argument "--" sets it and gives a use
 * with neither spec nor value. Returns false with a sentence in `message` for what cannot be understood. */
bool option_next(const struct option_sets *sets, int argc, char *const *argv, int at, bool *only_inputs,
                 struct option_use *out, char message[OPTION_MESSAGE_BYTES]);

/* Parses argv[first..argc) into the settings structs and `inputs` (allocated also on failure). */
bool options_parse(const struct option_sets *sets, int argc, char *const *argv, int first,
                   struct option_inputs *inputs, char message[OPTION_MESSAGE_BYTES]);

/* Writes the table as help, wrapped at 100 columns. */
void options_print_help(const struct option_sets *sets, FILE *out);

#endif
