/* SPDX-License-Identifier: Apache-2.0 */
/* torn_line.h - is a last line without its end what a killed strdemo has left, or something of the user's? */
#ifndef TRBA_STRDEMO_TORN_LINE_H
#define TRBA_STRDEMO_TORN_LINE_H

#include <stdbool.h>

#include "strdemo_options.h"

/* May a line of the layout tsv or jsonl begin so? In tsv nearly any text may, up to its second tab. */
bool torn_line_may_be_result(enum result_format format, const char *line);

/* tsv: is it the beginning of the line of `path`, which is as the layout writes it? */
bool torn_line_is_of(const char *line, const char *path);

#endif
