/* SPDX-License-Identifier: Apache-2.0 */
/* strdemo_options.h - strdemo's command line, and what it asks of the library. */
#ifndef TRBA_STRDEMO_OPTIONS_H
#define TRBA_STRDEMO_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "common/architecture_options.h"
#include "common/model_options.h"
#include "common/option_table.h"

enum result_format { FORMAT_TABLE = 1, FORMAT_TSV, FORMAT_JSONL };

/* What only strdemo has, as the tables fill it; 0 and NULL: not given. */
struct strdemo_settings {
    const char *output; /* NULL also for "-", standard output */
    const char *boxes;
    int format, resume, vertical;
    int time, verbose, quiet, help, version;
};

struct strdemo_options {
    struct strdemo_settings settings;
    struct model_settings model;
    struct architecture_settings architecture;
    struct option_inputs inputs;
};

/* Parses argv; the strings stay argv's. Returns false with a sentence. Free in both cases. */
bool strdemo_options_parse(int argc, char *const *argv, struct strdemo_options *out,
                           char message[OPTION_MESSAGE_BYTES]);
void strdemo_options_free(struct strdemo_options *options);

/* Goes through a command line like option_next(). */
bool strdemo_option_next(int argc, char *const *argv, int at, bool *only_inputs, struct option_use *out);

void strdemo_options_print_help(FILE *out);

#endif
