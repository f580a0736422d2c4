/* SPDX-License-Identifier: Apache-2.0 */
/* eval_options.h - the command line of "trba eval". */
#ifndef TRBA_PROGRAM_EVAL_OPTIONS_H
#define TRBA_PROGRAM_EVAL_OPTIONS_H

#include "command_line.h"
#include "common/model_options.h"

/* What only eval has; 0 and NULL: not given. */
struct eval_settings {
    const char *root, *errors, *predictions;
    int filter, is_unfiltered, compare;
    int n_confusions; /* to show; has its default */
    int json, verbose, quiet, all_sets, help;
};

struct eval_options {
    struct eval_settings settings;
    struct model_settings model;
    struct architecture_settings architecture;
    struct option_inputs inputs;
};

/* As command_line_parse(). */
bool eval_options_parse(int argc, char *const *argv, struct eval_options *out, int *code);

/* --filter, or --compat clovaai without --data_filtering_off. */
bool eval_options_filter(const struct eval_options *options);

#endif
