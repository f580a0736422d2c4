/* SPDX-License-Identifier: Apache-2.0 */
/* reading.h - the loop that reads all inputs with an open model and writes their results in order. */
#ifndef TRBA_STRDEMO_READING_H
#define TRBA_STRDEMO_READING_H

#include "common/reading_time.h"
#include "result_output.h"
#include "strdemo_options.h"

/* Returns the program's exit code. What went wrong has been said on stderr. */
int read_all(const trba_model *model, const struct strdemo_options *options, struct result_output *out,
             struct reading_time *time);

#endif
