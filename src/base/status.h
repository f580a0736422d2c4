/* SPDX-License-Identifier: Apache-2.0 */
/* status.h - how an error travels: a status goes up, one sentence is written where it was found. */
#ifndef TRBA_BASE_STATUS_H
#define TRBA_BASE_STATUS_H

#include "trba.h"

/* Writes the sentence (cut to fit, always terminated) and the status to `err` unless it is NULL; returns `status`, so
 * that a check reads: return error_set(err, TRBA_ERROR_FORMAT, "..."). */
trba_status error_set(trba_error *err, trba_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What open() found nothing at: a name that is empty, or of no file. */
trba_status error_set_no_file(trba_error *err, const char *path);

/* Puts "PREFIX: " before the message that is there. */
void error_prefix(trba_error *err, const char *prefix);

#endif
