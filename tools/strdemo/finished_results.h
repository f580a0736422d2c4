/* SPDX-License-Identifier: Apache-2.0 */
/* finished_results.h - the results that an earlier run has left in its file: what --resume need not read again. */
#ifndef TRBA_STRDEMO_FINISHED_RESULTS_H
#define TRBA_STRDEMO_FINISHED_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "strdemo_options.h"

struct finished_results;

/* Reads the lines of a regular file that is open for reading and writing, and leaves the file at their end. A torn last
 * line is cut off in jsonl; in tsv it waits for finished_results_mend(). `name` is for messages; it and the file must
 * outlive the results. NULL after a line on stderr: there is a line that is none of this format, or the file cannot be
 * read or cut. Takes about 80 bytes and its path for each line. */
struct finished_results *finished_results_read(FILE *file, const char *name, enum result_format format);
void finished_results_free(struct finished_results *finished);

/* How many lines there were, and how many of them say that a picture could not be read. */
size_t finished_results_n(const struct finished_results *finished);
size_t finished_results_n_failed(const struct finished_results *finished);

/* A torn last line of tsv may be any text: it counts as one of strdemo's if it begins the line of a picture of this
 * run. While wants_owner(), each path that expect() or take() is told may be that picture's. */
bool finished_results_wants_owner(const struct finished_results *finished);
void finished_results_expect(struct finished_results *finished, const char *path);

/* Cuts the torn last line off; to be called before anything is written. Returns false after a line on stderr, with the
 * file as it was: no path so far is that of the line, or the file cannot be cut. True if there is nothing to cut. */
bool finished_results_mend(struct finished_results *finished);

enum finished { FINISHED_NOT, FINISHED_WELL, FINISHED_BADLY };

/* Is there a line for `path`, and what does it say? Each line answers once: a path that is to be read three times and
 * has two lines is read once more. */
enum finished finished_results_take(struct finished_results *finished, const char *path);

#endif
