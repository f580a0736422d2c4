/* SPDX-License-Identifier: Apache-2.0 */
/* code_points.c - the C library's own UTF-8 decoder and case tables, whatever locale the user has. */
#include "code_points.h"

#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "common/tool_memory.h"

#ifndef __STDC_ISO_10646__
#error "wchar_t does not hold code points on this system"
#endif

_Static_assert(MB_LEN_MAX >= 4, "UTF-8 takes four bytes");

bool code_points_prepare(void)
{
    const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (utf8 == (locale_t)0) return false;
    uselocale(utf8);
    return true;
}

void code_points_finish(void)
{
    const locale_t utf8 = uselocale(LC_GLOBAL_LOCALE);
    if (utf8 != LC_GLOBAL_LOCALE) freelocale(utf8);
}

static void reserve(struct code_points *text, size_t n)
{
    if (n <= text->capacity) return;
    text->capacity = n * 2;
    text->at = memory_resize(text->at, text->capacity, sizeof *text->at);
}

bool code_points_decode(const char *text, struct code_points *out)
{
    size_t left = strlen(text);
    mbstate_t state = {0};
    wchar_t code_point;
    reserve(out, left);
    for (out->n = 0; left > 0;) {
        const size_t n_bytes = mbrtowc(&code_point, text, left, &state);
        if (n_bytes == 0 || n_bytes > left) { /* (size_t)-1 and -2: invalid, cut off */
            out->n = 0;
            return false;
        }
        out->at[out->n++] = (uint32_t)code_point;
        text += n_bytes;
        left -= n_bytes;
    }
    return true;
}

void code_points_copy(const struct code_points *text, struct code_points *out)
{
    reserve(out, text->n);
    out->n = text->n;
    if (text->n > 0) memcpy(out->at, text->at, text->n * sizeof *text->at);
}

void code_points_lower(struct code_points *text)
{
    for (size_t i = 0; i < text->n; i++) text->at[i] = (uint32_t)towlower((wint_t)text->at[i]);
}

void code_points_keep_alnum(struct code_points *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->n; i++) {
        const uint32_t c = text->at[i];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) text->at[n++] = c;
    }
    text->n = n;
}

void code_point_encode(uint32_t code_point, char out[CODE_POINT_BYTES])
{
    char bytes[MB_LEN_MAX];
    mbstate_t state = {0};
    const size_t n = wcrtomb(bytes, (wchar_t)code_point, &state);
    const size_t n_used = n < CODE_POINT_BYTES ? n : 0;
    memcpy(out, bytes, n_used);
    out[n_used] = '\0';
}

void code_points_free(struct code_points *text)
{
    free(text->at);
    *text = (struct code_points){.at = NULL};
}
