/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - messages put together part by part. */
#include "base/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

bool message_add(struct message *m, const char *format, ...)
{
    const size_t room = sizeof m->text - m->length;
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(m->text + m->length, room, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= room) {
        m->text[m->length] = '\0';
        return false;
    }
    m->length += (size_t)n;
    return true;
}

trba_status message_set_error(const struct message *m, trba_status status, trba_error *err)
{
    return error_set(err, status, "%s", m->text);
}

struct shown_text show_text(const char *text, size_t n)
{
    static const char ellipsis[] = "...";
    struct shown_text shown = {""};
    const size_t most = sizeof shown.text - sizeof ellipsis;
    size_t used = 0;
    for (size_t at = 0; at < n;) {
        uint32_t code_point = 0;
        const size_t length = utf8_decode(text + at, n - at, &code_point);
        const bool is_printable = length > 0 && utf8_is_printable(code_point);
        const size_t taken = is_printable ? length : 1;
        if (used + taken > most) {
            memcpy(shown.text + used, ellipsis, sizeof ellipsis);
            return shown;
        }
        if (is_printable) memcpy(shown.text + used, text + at, length);
        else shown.text[used] = '?';
        used += taken;
        at += length > 0 ? length : 1;
    }
    return shown;
}

struct shown_text show_name(const char *name)
{
    return show_text(name, strlen(name));
}
