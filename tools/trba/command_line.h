/* SPDX-License-Identifier: Apache-2.0 */
/* command_line.h - what the subcommands' command lines have in common. */
#ifndef TRBA_PROGRAM_COMMAND_LINE_H
#define TRBA_PROGRAM_COMMAND_LINE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/architecture_options.h"
#include "common/option_table.h"

/* A subcommand as its help describes it. */
struct command {
    const char *usage;           /* "trba info FILE [options]" */
    const char *text;            /* what it does; lines end in \n */
    size_t least_inputs, most_inputs;
};

/* Parses argv[2..argc) with the tables; *help is where --help goes to. Returns true when the command shall go on; else
 * *code is the exit code: help was printed, or a sentence. `inputs` is the caller's to free in both cases. */
bool command_line_parse(const struct command *command, const struct option_sets *sets, const int *help, int argc,
                        char *const *argv, struct option_inputs *inputs, int *code);

/* Prints the value to stdout, indented, keys in the order they were set, and frees it. Returns the exit code. */
int print_json(json_t *value, int code);

/* Flushes stdout; returns `code`, or PROGRAM_UNWRITTEN if the output did not arrive. */
int finish_output(int code);

#endif
