/* SPDX-License-Identifier: Apache-2.0 */
/* page_reading.h - reads the words on one page, where --boxes says they are. */
#ifndef TRBA_STRDEMO_PAGE_READING_H
#define TRBA_STRDEMO_PAGE_READING_H

#include "boxes_file.h"
#include "common/reading_time.h"
#include "result_output.h"
#include "strdemo_options.h"

/* Returns the program's exit code. What went wrong has been said on stderr. */
int read_page(const trba_model *model, const struct strdemo_options *options, const struct boxes *boxes,
              struct result_output *out, struct reading_time *time);

#endif
