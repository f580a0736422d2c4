/* SPDX-License-Identifier: Apache-2.0 */
/* predictions.h - a line of JSON for each image, so that two models can be compared image by image. */
#ifndef TRBA_PROGRAM_PREDICTIONS_H
#define TRBA_PROGRAM_PREDICTIONS_H

#include <stdio.h>

#include "eval_score.h"
#include "eval_set.h"

struct predictions {
    FILE *file;
    const char *path;
};

/* Creates the file. Returns false after a line on stderr. */
bool predictions_open(struct predictions *predictions, const char *path);

/* Adds an image of the set. `answer` is NULL if there is none, and `why` says why; else `why` is "". */
void predictions_add(struct predictions *predictions, const struct eval_set *set, const struct eval_sample *sample,
                     const trba_result *answer, enum eval_verdict verdict, const char *why);

/* Returns false after a line on stderr if something written did not arrive. */
bool predictions_close(struct predictions *predictions);

#endif
