/* SPDX-License-Identifier: Apache-2.0 */
/* trba_commands.h - the subcommands of trba. Each parses argv[2..argc) and returns the program's exit code. */
#ifndef TRBA_PROGRAM_COMMANDS_H
#define TRBA_PROGRAM_COMMANDS_H

int command_info(int argc, char *const *argv);
int command_compare(int argc, char *const *argv);
int command_convert(int argc, char *const *argv);
int command_eval(int argc, char *const *argv);
int command_charsets(int argc, char *const *argv);
int command_version(int argc, char *const *argv);

#endif
