/* SPDX-License-Identifier: Apache-2.0 */
/* command_line.c - parsing, help and JSON output for the subcommands. */
#include "command_line.h"

#include <stdlib.h>

#include "common/console.h"
#include "common/exit_codes.h"
#include "common/standard_files.h"

enum { FLOAT_DIGITS = 9 };

int finish_output(int code)
{
    return output_is_written(stdout, "standard output") ? code : PROGRAM_UNWRITTEN;
}

static int print_command_help(const struct command *command, const struct option_sets *sets)
{
    printf("  %s\n\n%s", command->usage, command->text);
    options_print_help(sets, stdout);
    return finish_output(PROGRAM_OK);
}

static bool has_right_number(const struct command *command, const struct option_inputs *inputs)
{
    if (inputs->n_items >= command->least_inputs && inputs->n_items <= command->most_inputs) return true;
    console_print("too %s arguments; usage: %s", inputs->n_items < command->least_inputs ? "few" : "many",
                  command->usage);
    return false;
}

bool command_line_parse(const struct command *command, const struct option_sets *sets, const int *help, int argc,
                        char *const *argv, struct option_inputs *inputs, int *code)
{
    char message[OPTION_MESSAGE_BYTES];
    *code = PROGRAM_REFUSED;
    if (!options_parse(sets, argc, argv, 2, inputs, message)) {
        console_print("%s", message);
        return false;
    }
    if (*help) {
        *code = print_command_help(command, sets);
        return false;
    }
    return has_right_number(command, inputs);
}

int print_json(json_t *value, int code)
{
    char *text = value != NULL ? json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(FLOAT_DIGITS)) : NULL;
    json_decref(value);
    if (text == NULL) {
        console_print("there is no memory for the output");
        return PROGRAM_UNWRITTEN;
    }
    printf("%s\n", text);
    free(text);
    return finish_output(code);
}
