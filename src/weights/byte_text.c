/* SPDX-License-Identifier: Apache-2.0 */
/* byte_text.c - an array that grows by doubling. */
#include "weights/byte_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 4096 };

static bool reserve(struct byte_text *text, size_t more)
{
    if (text->failed) return false;
    if (more <= text->capacity - text->n) return true;
    size_t capacity = text->capacity == 0 ? FIRST_BYTES : 2 * text->capacity;
    if (capacity - text->n < more) capacity = text->n + more;
    uint8_t *bytes = realloc(text->bytes, capacity);
    text->failed = bytes == NULL;
    if (text->failed) return false;
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void byte_text_add(struct byte_text *text, const void *bytes, size_t n)
{
    if (n == 0 || !reserve(text, n)) return;
    memcpy(text->bytes + text->n, bytes, n);
    text->n += n;
}

void byte_text_format(struct byte_text *text, const char *format, ...)
{
    char formatted[256]; /* numbers and fixed words only: names are added as they are */
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(formatted, sizeof formatted, format, args);
    va_end(args);
    if (n > 0) byte_text_add(text, formatted, (size_t)n < sizeof formatted ? (size_t)n : sizeof formatted - 1);
}

void byte_text_add_le(struct byte_text *text, uint64_t value, int n_bytes)
{
    uint8_t bytes[8];
    for (int i = 0; i < n_bytes; i++) bytes[i] = (uint8_t)(value >> 8 * i);
    byte_text_add(text, bytes, (size_t)n_bytes);
}

void byte_text_free(struct byte_text *text)
{
    free(text->bytes);
    *text = (struct byte_text){.bytes = NULL};
}
