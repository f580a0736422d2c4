/* SPDX-License-Identifier: Apache-2.0 */
/* eval_reading.h - all images of all sets through the network, and every answer to the judge. */
#ifndef TRBA_PROGRAM_EVAL_READING_H
#define TRBA_PROGRAM_EVAL_READING_H

#include "errors_page.h"
#include "eval_options.h"
#include "eval_score.h"
#include "eval_set.h"
#include "predictions.h"

/* What is written while images are read; NULL for what is not wanted. */
struct eval_outputs {
    struct errors_page *page;
    struct predictions *predictions;
};

/* Fills scores[sets->n]. `wrong_by` is what counts as wrong. Returns the exit code PROGRAM_OK,
 * PROGRAM_PARTIAL if images could not be read, or PROGRAM_REFUSED if nothing could be, after a line on stderr. */
int eval_read_sets(const trba_model *model, const struct eval_options *options, const struct eval_sets *sets,
                   enum eval_comparison wrong_by, struct eval_score *scores, const struct eval_outputs *outputs);

#endif
