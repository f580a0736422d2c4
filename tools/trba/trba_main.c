/* SPDX-License-Identifier: Apache-2.0 */
/* trba_main.c - the program trba: looks into checkpoints, converts them, and measures how well they read.
 *
 *   trba COMMAND ...  ->  command_COMMAND(argc, argv)  ->  exit code
 */
#include <stdio.h>
#include <string.h>

#include "command_line.h"
#include "common/console.h"
#include "common/exit_codes.h"
#include "common/standard_files.h"
#include "trba.h"
#include "trba_commands.h"

static int command_help(int argc, char *const *argv);

static const struct {
    const char *name;
    int (*run)(int argc, char *const *argv);
    const char *help;
} commands[] = {
    {"info", command_info, "what is in a checkpoint: network, sizes, alphabets that fit"},
    {"compare", command_compare, "the tensors in which a checkpoint differs from a network"},
    {"convert", command_convert, "writes a checkpoint in another form or with smaller numbers"},
    {"eval", command_eval, "how well a model reads images whose texts are known"},
    {"charsets", command_charsets, "the alphabets that have a name"},
    {"version", command_version, "the version and what this machine offers"},
    {"help", command_help, "this list"},
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

int command_version(int argc, char *const *argv)
{
    char info[1024];
    if (argc == 3 && is_help(argv[2])) {
        printf("  trba version\n\nPrints the version, and what this machine offers.\n");
        return finish_output(PROGRAM_OK);
    }
    if (argc > 2) {
        console_print("version takes no arguments");
        return PROGRAM_REFUSED;
    }
    trba_system_info(info, sizeof info);
    printf("%s\n", info); /* begins with the name and the version */
    return finish_output(PROGRAM_OK);
}

static int print_commands(void)
{
    printf("trba - look into checkpoints of scene-text recognition networks, convert and evaluate them\n\n"
           "  trba COMMAND [arguments]      (trba COMMAND --help says more)\n\n");
    for (int i = 0; i < N_COMMANDS; i++) printf("  %-10s %s\n", commands[i].name, commands[i].help);
    printf("\nExit codes: 0 well; 1 there are differences, the checkpoint cannot be opened, or images\n"
           "could not be read; 2 bad command, option or file; 3 the output could not be written.\n");
    return finish_output(PROGRAM_OK);
}

static int run_command(const char *name, int argc, char *const *argv)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0) return commands[i].run(argc, argv);
    console_print("there is no command \"%s\"; \"trba help\" lists them", name);
    return PROGRAM_REFUSED;
}

/* trba help COMMAND is trba COMMAND --help. */
static int command_help(int argc, char *const *argv)
{
    if (argc < 3 || is_help(argv[2]) || strcmp(argv[2], "help") == 0) return print_commands();
    char option[] = "--help";
    char *const asked[] = {argv[0], argv[2], option, NULL};
    return run_command(argv[2], 3, asked);
}

int main(int argc, char **argv)
{
    console_set_program("trba");
    standard_files_prepare();
    const char *name = argc > 1 ? argv[1] : "";
    if (is_help(name)) name = "help";
    if (strcmp(name, "--version") == 0) name = "version";
    if (argc > 1) return run_command(name, argc, argv);
    console_print("a command is needed; \"trba help\" lists them");
    return PROGRAM_REFUSED;
}
