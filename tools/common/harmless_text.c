/* SPDX-License-Identifier: Apache-2.0 */
/* harmless_text.c - control characters: ASCII's, and those from U+0080 to U+009F, one of which is short for ESC [. */
#include "harmless_text.h"

#include <string.h>

/* The bytes of the control character that stands there; 0 for any other character. */
static size_t control_bytes(const char *at)
{
    const unsigned char first = (unsigned char)at[0], second = (unsigned char)at[1];
    if (first < ' ' || first == 0x7F) return 1;
    return first == 0xC2 && second >= 0x80 && second <= 0x9F ? 2 : 0;
}

void harmless_text_write(const char *text, const char *kept, FILE *file)
{
    while (*text != '\0') {
        const size_t n = control_bytes(text);
        fputc(n > 0 && strchr(kept, *text) == NULL ? '?' : *text, file);
        text += n > 0 ? n : 1;
    }
}
