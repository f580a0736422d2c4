/* SPDX-License-Identifier: Apache-2.0 */
/* result_output.h - results as text: a table, tab-separated values, or JSON lines. */
#ifndef TRBA_STRDEMO_RESULT_OUTPUT_H
#define TRBA_STRDEMO_RESULT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "finished_results.h"
#include "strdemo_options.h"
#include "trba.h"

struct result_output {
    FILE *file;
    const char *name; /* for messages */
    enum result_format format;
    bool is_begun;    /* what the file held is gone, or taken over */
    bool is_broken;   /* a line did not arrive; a sentence has said why, and nothing more is written */
    struct finished_results *finished; /* what the file held already; NULL unless `resumes` */
};

/* Opens `path`, or stdout for NULL. Each line leaves the program when it is complete, so that one that is killed leaves
 * whole lines and at most the last one torn. With `resumes` a file is read and gone on with. Returns false after a line
 * on stderr: that is not possible, or another strdemo is writing to the file. */
bool result_output_open(struct result_output *out, const char *path, enum result_format format, bool resumes);
/* Empties a file that is not gone on with; the first line comes after this. The second call does nothing. Returns false
 * after a line on stderr. */
bool result_output_begin(struct result_output *out);
/* Returns false when something written did not arrive; in a file: on the disk. */
bool result_output_close(struct result_output *out);

/* Has the file a line for this image already, or for this region? Each line answers once. */
enum finished result_output_take_finished(struct result_output *out, const char *path);
enum finished result_output_take_finished_region(struct result_output *out, const char *path, size_t index);

/* The same pictures and regions, told before the first is read. While result_output_wants_owner(), the file ends with a
 * torn line, and it is not known yet whether it is of one of them. */
bool result_output_wants_owner(const struct result_output *out);
void result_output_expect(struct result_output *out, const char *path);
void result_output_expect_region(struct result_output *out, const char *path, size_t index);
/* Cuts the torn line off, as the first result written does, too. Returns false after a line on stderr, with the file as
 * it was: the line is of none of the pictures so far. */
bool result_output_mend(struct result_output *out);

/* The table's heading, as clovaai's demo.py prints it; nothing in the other formats. */
void result_output_heading(struct result_output *out);

/* One result. Those that failed have a line in JSON only. */
void result_output_write(struct result_output *out, const char *path, const trba_result *result);

/* The result of a page's region: its path is written PATH#INDEX, and JSON has the region, too. */
void result_output_write_region(struct result_output *out, const char *path, size_t index, const trba_region *region,
                                const trba_result *result);

#endif
