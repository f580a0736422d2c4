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

int command_version(int argc, char *const *argv)
{
    char info[1024];
    (void)argv;
    if (argc > 2) {
        console_print("version takes no arguments");
        return PROGRAM_REFUSED;
    }
    trba_system_info(info, sizeof info);
    printf("%s\n", info); /* begins with the name and the version */
    return finish_output(PROGRAM_OK);
}

static int command_help(int argc, char *const *argv)
{
    (void)argc, (void)argv;
    printf("trba - look into checkpoints of scene-text recognition networks, convert and evaluate them\n\n"
           "  trba COMMAND [arguments]      (trba COMMAND --help says more)\n\n");
    for (int i = 0; i < N_COMMANDS; i++) printf("  %-10s %s\n", commands[i].name, commands[i].help);
    printf("\nExit codes: 0 well; 1 there are differences, the checkpoint holds no known network, or\n"
           "images could not be read; 2 bad command, option or file; 3 the output could not be written.\n");
    return finish_output(PROGRAM_OK);
}

int main(int argc, char **argv)
{
    console_set_program("trba");
    standard_files_prepare();
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
    if (strcmp(name, "--version") == 0) name = "version";
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0) return commands[i].run(argc, argv);
    if (argc > 1)
        console_print("there is no command \"%s\"; \"trba help\" lists them", name);
    else
        console_print("a command is needed; \"trba help\" lists them");
    return PROGRAM_REFUSED;
}
