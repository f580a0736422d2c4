/* SPDX-License-Identifier: Apache-2.0 */
/* alphabet_text.c - asks the model for its characters, twice: how long they are, and what they are. */
#include "alphabet_text.h"

#include <stdbool.h>
#include <string.h>

#include "tool_memory.h"

char *alphabet_text_join(const trba_model *model, const char *separator)
{
    size_t n_bytes = 1;
    for (size_t i = 0; trba_model_character(model, i) != NULL; i++)
        n_bytes += strlen(trba_model_character(model, i)) + strlen(separator);
    char *joined = memory_resize(NULL, n_bytes, 1), *end = joined;
    *end = '\0';
    for (size_t i = 0; trba_model_character(model, i) != NULL; i++) {
        if (i > 0) end = stpcpy(end, separator);
        end = stpcpy(end, trba_model_character(model, i));
    }
    return joined;
}

/* Bytes that continue a UTF-8 character do not count. */
static bool is_one_code_point(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
    return n == 1;
}

char *alphabet_text_show(const trba_model *model)
{
    bool is_single = true;
    for (size_t i = 0; trba_model_character(model, i) != NULL; i++)
        is_single = is_single && is_one_code_point(trba_model_character(model, i));
    return alphabet_text_join(model, is_single ? "" : " ");
}
