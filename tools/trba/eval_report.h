/* SPDX-License-Identifier: Apache-2.0 */
/* eval_report.h - the scores for people and for programs. */
#ifndef TRBA_PROGRAM_EVAL_REPORT_H
#define TRBA_PROGRAM_EVAL_REPORT_H

#include "eval_options.h"
#include "eval_score.h"
#include "eval_set.h"

/* What there is to report. */
struct eval_report {
    const trba_model *model;
    const char *model_path;
    const struct eval_options *options;
    enum eval_comparison wrong_by;
    const struct eval_sets *sets;
    struct eval_score *scores; /* [sets->n]; getting at medians and confusions sorts inside them */
    struct eval_score *total;
};

/* "sensitive", "insensitive", "alnum". */
const char *eval_comparison_name(enum eval_comparison by);

/* Both print to stdout; they return `code`, or PROGRAM_UNWRITTEN. */
int eval_report_print(const struct eval_report *report, int code);
int eval_report_print_json(const struct eval_report *report, int code);

#endif
