/* SPDX-License-Identifier: Apache-2.0 */
/* torn_line.c - the layouts of result_output.c, cut at any byte.
 *
 *   jsonl   {"path":"..","text":"..","confidence":   the rest is not looked at
 *   tsv     PATH TAB TEXT TAB NUMBER                 what is cut in its path says nothing: the run's paths decide
 */
#include "torn_line.h"

#include <stddef.h>
#include <string.h>

/* Are they the same up to the end of the shorter one? */
static bool begin_alike(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) a++, b++;
    return *a == '\0' || *b == '\0';
}

/* From inside a string of JSON to the quote that closes it, or to the end. */
static const char *find_string_end(const char *at)
{
    while (*at != '\0' && *at != '"') at += *at == '\\' && at[1] != '\0' ? 2 : 1;
    return at;
}

static bool may_be_json_line(const char *line)
{
    static const char *const between_strings[] = {"{\"path\":\"", "\",\"text\":\"", "\",\"confidence\":"};
    for (size_t i = 0; i < sizeof between_strings / sizeof *between_strings; i++) {
        if (!begin_alike(line, between_strings[i])) return false;
        if (strlen(line) < strlen(between_strings[i])) return true;
        line = find_string_end(line + strlen(between_strings[i]));
    }
    return true;
}

/* What printf makes of a confidence, NaN included. */
static bool may_be_number(const char *text)
{
    return text[strspn(text, "-.0123456789ainf")] == '\0';
}

static bool may_be_tsv_line(const char *line)
{
    const char *text = strchr(line, '\t'), *number = text != NULL ? strchr(text + 1, '\t') : NULL;
    return number == NULL || may_be_number(number + 1);
}

bool torn_line_may_be_result(enum result_format format, const char *line)
{
    return format == FORMAT_TSV ? may_be_tsv_line(line) : may_be_json_line(line);
}

bool torn_line_is_of(const char *line, const char *path)
{
    const size_t n = strcspn(line, "\t");
    return strncmp(line, path, n) == 0 && (line[n] == '\0' || path[n] == '\0');
}
