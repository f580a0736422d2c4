/* SPDX-License-Identifier: Apache-2.0 */
/* tsv_text.h - texts as fields of tab-separated values. */
#ifndef TRBA_STRDEMO_TSV_TEXT_H
#define TRBA_STRDEMO_TSV_TEXT_H

#include <stdbool.h>

/* A copy with \t, \n and \r for tab and line ends, to be freed. `escapes_backslash` also writes \\ for a backslash, so
 * that the text can be had back. */
char *tsv_text(const char *text, bool escapes_backslash);

#endif
