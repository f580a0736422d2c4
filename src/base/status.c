/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - error sentences and status names. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Names in a file may hold anything, and the end may be cut inside a character: what is no UTF-8, or would command a
 * terminal, becomes '?'. */
static void make_showable(char *text)
{
    for (size_t at = 0, taken, n = strlen(text); at < n; at += taken) {
        uint32_t code_point = 0;
        const size_t length = utf8_decode(text + at, n - at, &code_point);
        taken = length > 0 ? length : 1;
        if ((length == 0 || !utf8_is_printable(code_point)) && text[at] != '\n') memset(text + at, '?', taken);
    }
}

trba_status error_set(trba_error *err, trba_status status, const char *format, ...)
{
    if (err == NULL) return status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    make_showable(err->message);
    err->status = status;
    return status;
}

trba_status error_set_no_file(trba_error *err, const char *path)
{
    if (path[0] == '\0') return error_set(err, TRBA_ERROR_IO, "the name of the file is empty: give the path of one");
    return error_set(err, TRBA_ERROR_IO, "there is no such file: %s", path);
}

void error_prefix(trba_error *err, const char *prefix)
{
    if (err == NULL) return;
    const size_t capacity = sizeof err->message;
    const size_t added = strlen(prefix) + 2;
    if (added >= capacity) return;
    const size_t length = strnlen(err->message, capacity - 1 - added);
    memmove(err->message + added, err->message, length);
    memcpy(err->message, prefix, added - 2);
    memcpy(err->message + added - 2, ": ", 2);
    err->message[added + length] = '\0';
    make_showable(err->message);
}

const char *trba_status_name(trba_status status)
{
    switch (status) {
    case TRBA_OK: return "ok";
    case TRBA_ERROR_ARGUMENT: return "bad argument";
    case TRBA_ERROR_IO: return "cannot read";
    case TRBA_ERROR_FORMAT: return "bad format";
    case TRBA_ERROR_UNSUPPORTED: return "not supported";
    case TRBA_ERROR_MISMATCH: return "weights and options do not match";
    case TRBA_ERROR_CHARSET: return "alphabet unknown or of the wrong size";
    case TRBA_ERROR_LIMIT: return "over a limit";
    case TRBA_ERROR_MEMORY: return "out of memory";
    }
    return "unknown status";
}
