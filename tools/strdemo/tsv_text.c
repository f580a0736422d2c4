/* SPDX-License-Identifier: Apache-2.0 */
/* tsv_text.c - what would break a line, in two characters. */
#include "tsv_text.h"

#include <string.h>

#include "common/tool_memory.h"

static char escape_letter(char c)
{
    switch (c) {
    case '\t': return 't';
    case '\n': return 'n';
    case '\r': return 'r';
    default: return c;
    }
}

char *tsv_text(const char *text, bool escapes_backslash)
{
    char *escaped = memory_resize(NULL, strlen(text) + 1, 2), *out = escaped;
    for (; *text != '\0'; text++) {
        const char letter = escape_letter(*text);
        if (letter != *text || (*text == '\\' && escapes_backslash)) *out++ = '\\';
        *out++ = letter;
    }
    *out = '\0';
    return escaped;
}
