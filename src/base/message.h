/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - a message of several parts that is never cut inside a part. */
#ifndef TRBA_BASE_MESSAGE_H
#define TRBA_BASE_MESSAGE_H

#include <stdbool.h>

#include "base/status.h"

/* As long as trba_error.message. Starts zeroed: struct message m = {0}. */
struct message {
    char text[sizeof ((trba_error *)0)->message];
    size_t length;
};

/* Appends the part if all of it fits, else nothing and returns false. */
bool message_add(struct message *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts the message into `err` unless it is NULL; returns `status`. */
trba_status message_set_error(const struct message *m, trba_status status, trba_error *err);

/* A name or text out of a file, made fit to be shown: bytes that are no UTF-8 and control characters become '?', and
 * what is longer than the buffer ends in "...". */
struct shown_text {
    char text[96];
};
struct shown_text show_text(const char *text, size_t n);
struct shown_text show_name(const char *name);

#endif
