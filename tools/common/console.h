/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - what the programs write to stderr: sentences, and one progress line that sentences may interrupt. */
#ifndef TRBA_TOOLS_CONSOLE_H
#define TRBA_TOOLS_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/* Sets the name that stands before sentences. `program` must stay valid. */
void console_set_program(const char *program);

/* Writes "PROGRAM: SENTENCE\n"; takes a progress line away first. */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes "SENTENCE\n" without the program's name, for reports of more than one line. */
void console_print_plain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Draws or redraws the progress line. The caller decides whether stderr is a terminal. */
void console_progress(size_t n_images, double images_per_second);

/* Takes the progress line away, if there is one. */
void console_progress_clear(void);

#endif
