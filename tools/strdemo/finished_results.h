/* SPDX-License-Identifier: Apache-2.0 */
/* finished_results.h - the results that an earlier run has left in its file: what --resume need not read again. */
#ifndef TRBA_STRDEMO_FINISHED_RESULTS_H
#define TRBA_STRDEMO_FINISHED_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "strdemo_options.h"

struct finished_results;

/* Reads the lines of a regular file that is open for reading and writing, cuts a torn last line off, and leaves the
 * file at its end. `name` is for messages. NULL after a line on stderr: there is a line that is none of this format, or
 * the file cannot be read or cut. Takes about 80 bytes and its path for each line. */
struct finished_results *finished_results_read(FILE *file, const char *name, enum result_format format);
void finished_results_free(struct finished_results *finished);

/* How many lines there were, and how many of them say that a picture could not be read. */
size_t finished_results_n(const struct finished_results *finished);
size_t finished_results_n_failed(const struct finished_results *finished);

enum finished { FINISHED_NOT, FINISHED_WELL, FINISHED_BADLY };

/* Is there a line for `path`, and what does it say? Each line answers once: a path that is to be read three times and
 * has two lines is read once more. */
enum finished finished_results_take(struct finished_results *finished, const char *path);

#endif
