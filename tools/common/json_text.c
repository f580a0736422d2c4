/* SPDX-License-Identifier: Apache-2.0 */
/* json_text.c - texts that may not be UTF-8, numbers that may not be finite. */
#include "json_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* jansson itself judges what is valid UTF-8: the shortest prefix of up to four bytes that it takes is a character. */
static size_t valid_length(const char *at, size_t n)
{
    for (size_t length = 1; length <= 4 && length <= n; length++) {
        json_t *character = json_stringn(at, length);
        if (character == NULL) continue;
        json_decref(character);
        return length;
    }
    return 0;
}

static json_t *json_text_repaired(const char *text)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    const size_t n = strlen(text);
    char *repaired = malloc(n * (sizeof replacement - 1) + 1);
    if (repaired == NULL) return NULL;
    size_t used = 0;
    for (size_t at = 0; at < n;) {
        const size_t length = valid_length(text + at, n - at);
        memcpy(repaired + used, length > 0 ? text + at : replacement, length > 0 ? length : sizeof replacement - 1);
        used += length > 0 ? length : sizeof replacement - 1;
        at += length > 0 ? length : 1;
    }
    json_t *string = json_stringn(repaired, used);
    free(repaired);
    return string;
}

json_t *json_text(const char *text)
{
    json_t *string = json_string(text);
    return string != NULL ? string : json_text_repaired(text);
}

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
