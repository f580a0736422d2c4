/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.c - strict UTF-8 (RFC 3629), and words of ASCII in it. */
#include "base/utf8.h"

#include <string.h>

static size_t sequence_length(uint8_t lead)
{
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

size_t utf8_decode(const char *text, size_t n, uint32_t *code_point)
{
    static const uint8_t lead_mask[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (n == 0) return 0;
    const uint8_t *byte = (const uint8_t *)text;
    const size_t length = sequence_length(byte[0]);
    if (length == 0 || length > n) return 0;
    uint32_t value = byte[0] & lead_mask[length];
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xC0) != 0x80) return 0;
        value = value << 6 | (byte[i] & 0x3F);
    }
    if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 0;
    if (code_point != NULL) *code_point = value;
    return length;
}

bool utf8_is_printable(uint32_t code_point)
{
    return code_point >= 0x20 && !(code_point >= 0x7F && code_point < 0xA0);
}

size_t utf8_count(const char *text, size_t n)
{
    size_t count = 0;
    for (size_t at = 0; at < n; count++) {
        const size_t length = utf8_decode(text + at, n - at, NULL);
        if (length == 0) return SIZE_MAX;
        at += length;
    }
    return count;
}

static char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

bool utf8_is_word(const char *text, size_t n_bytes, const char *word)
{
    if (strlen(word) != n_bytes) return false;
    for (size_t i = 0; i < n_bytes; i++)
        if (lower_ascii(text[i]) != lower_ascii(word[i])) return false;
    return true;
}
