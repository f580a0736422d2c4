/* SPDX-License-Identifier: Apache-2.0 */
/* result_output.h - results as text: a table, tab-separated values, or JSON lines. */
#ifndef TRBA_STRDEMO_RESULT_OUTPUT_H
#define TRBA_STRDEMO_RESULT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "strdemo_options.h"
#include "trba.h"

struct result_output {
    FILE *file;
    const char *name; /* for messages */
    enum result_format format;
    bool is_broken;   /* a line did not arrive; a sentence has said why, and nothing more is written */
};

/* Opens `path`, or stdout for NULL. Each line leaves the program when it is complete. Returns false after a line on
 * stderr. */
bool result_output_open(struct result_output *out, const char *path, enum result_format format);
/* Returns false when something written did not arrive. */
bool result_output_close(struct result_output *out);

/* The table's heading, as clovaai's demo.py prints it; nothing in the other formats. */
void result_output_heading(struct result_output *out);

/* One result. Those that failed have a line in JSON only. */
void result_output_write(struct result_output *out, const char *path, const trba_result *result);

/* The result of a page's region: its path is written PATH#INDEX, and JSON has the region, too. */
void result_output_write_region(struct result_output *out, const char *path, size_t index, const trba_region *region,
                                const trba_result *result);

#endif
