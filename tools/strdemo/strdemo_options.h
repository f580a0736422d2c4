/* SPDX-License-Identifier: Apache-2.0 */
/* strdemo_options.h - strdemo's command line, and what it asks of the library. */
#ifndef TRBA_STRDEMO_OPTIONS_H
#define TRBA_STRDEMO_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "common/architecture_options.h"
#include "common/model_search.h"
#include "common/option_table.h"

enum result_format { FORMAT_TABLE = 1, FORMAT_TSV, FORMAT_JSONL };

/* As the tables fill it; 0 and NULL: not given. */
struct strdemo_settings {
    const char *model, *output;
    const char *charset;   /* ours: preset, file or text */
    const char *character; /* clovaai's: always text */
    int sensitive, preset, pad, compat, batch_max_length, without_sidecar;
    int format, n_threads, batch, n_workers, cpu;
    const char *boxes;
    int rotate, vertical, exif, alpha;
    int time, verbose, quiet, help, version;
};

struct strdemo_options {
    struct strdemo_settings settings;
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

/* Is this one of the options that give the alphabet? */
bool strdemo_option_is_charset(const struct option_use *use);

/* What was asked for, or the library's default. */
trba_exif strdemo_exif(const struct strdemo_options *options);
trba_alpha strdemo_alpha(const struct strdemo_options *options);
trba_rotate strdemo_rotate(const struct strdemo_options *options);

/* The library's options for the model at `path`. Pointers in them are those of `options`. Returns false with a sentence
 * if this processor lacks the tier that is asked for. */
bool strdemo_model_options(const struct strdemo_options *options, const char *path, trba_model_options *out,
                           char message[OPTION_MESSAGE_BYTES]);

#endif
