/* SPDX-License-Identifier: Apache-2.0 */
/* listed_samples.c - the two forms of lists, taken apart in place.
 *
 *   gt.txt      PATH<TAB>LABEL; a line without a tab: PATH<SPACE>LABEL. The label is the rest of the line
 *               PATH, "LABEL", which is ICDAR's own form: \" and \\ in the label are a quote and a backslash
 *   labels.csv  RFC 4180 with a heading; columns besides filename and words are passed over
 *
 * EasyOCR itself cuts a line of labels.csv at its first comma and knows no quotes. So the last column may hold commas
 * without quotes, and a quote that does not quote all of a field is a character like others. So are those of two labels
 * such as "Hello and world" on lines of their own: no field runs over a line end and on to a comma
 * (RFC 4180 would let it).
 */
#include "listed_samples.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/path_array.h"
#include "common/tool_memory.h"
#include "common/whole_file.h"

enum { LIST_MAX_BYTES = 1024 * 1024 * 1024, FIRST_ITEMS = 256, MOST_COLUMNS = 64 };

_Static_assert((int)OPTION_MESSAGE_BYTES >= (int)FILE_MESSAGE_BYTES, "a sentence about the file fits");

struct listed_samples {
    char *root;
    char *text; /* the file, cut into pieces */
    struct listed_item { const char *path, *label; } *items; /* [n], into the text */
    size_t n, capacity;
};

static void add_item(struct listed_samples *samples, const char *path, const char *label)
{
    if (samples->n == samples->capacity) {
        samples->capacity = samples->capacity * 2 + FIRST_ITEMS;
        samples->items = memory_resize(samples->items, samples->capacity, sizeof *samples->items);
    }
    samples->items[samples->n++] = (struct listed_item){path, label};
}

/* Ends the line at `line` with a zero byte; returns the next one. A line may end in a carriage return alone, too, as in
 * Python: no label has one. */
static char *cut_line(char *line)
{
    char *end = line + strcspn(line, "\r\n");
    char *next = end + (end[0] == '\r' && end[1] == '\n') + (*end != '\0');
    *end = '\0';
    return next;
}

/* ---- gt.txt ------------------------------------------------------------------------------------------------------ */

/* Takes the backslashes from \" and \\. */
static void take_escapes(char *text)
{
    char *out = text;
    for (; *text != '\0'; *out++ = *text++)
        if (text[0] == '\\' && (text[1] == '"' || text[1] == '\\')) text++;
    *out = '\0';
}

/* Is the line, whose first blank is given, one of ICDAR's? Then takes the comma and the quotes away. */
static bool take_icdar_line(const char *line, char *blank)
{
    char *label = blank + 1, *end = label + strlen(label) - 1;
    if (blank == line || blank[-1] != ',' || *label != '"' || end <= label || *end != '"') return false;
    blank[-1] = '\0';
    *end = '\0';
    take_escapes(label);
    return true;
}

static bool parse_lines(const char *file, struct listed_samples *samples, char message[OPTION_MESSAGE_BYTES])
{
    size_t number = 0;
    for (char *line = samples->text, *next; *line != '\0'; line = next) {
        next = cut_line(line);
        number++;
        if (*line == '\0') continue;
        char *separator = strchr(line, '\t');
        const bool has_tab = separator != NULL;
        if (!has_tab) separator = strchr(line, ' ');
        if (separator == NULL || separator == line) {
            snprintf(message, OPTION_MESSAGE_BYTES, "%.300s, line %zu is not a path, a tab and a label", file, number);
            return false;
        }
        const bool is_icdar = !has_tab && take_icdar_line(line, separator);
        *separator = '\0';
        add_item(samples, line, separator + 1 + is_icdar);
    }
    return true;
}

/* ---- labels.csv -------------------------------------------------------------------------------------------------- */

/* Where the parser stands. */
struct csv_cursor {
    char *at;
    size_t line;
};

static bool ends_field(const char *at, bool is_last)
{
    return *at == '\0' || *at == '\n' || (*at == '\r' && at[1] == '\n') || (*at == ',' && !is_last);
}

/* Is the end of one line and the beginning of a row in the text from `at` to `end`? */
static bool holds_row(const char *at, const char *end)
{
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    return line_end != NULL && memchr(line_end, ',', (size_t)(end - line_end)) != NULL;
}

/* The quote that closes the field whose text begins at `at`; NULL if this is no quoted field. */
static char *closing_quote(char *at, bool is_last)
{
    char *quote = at;
    while ((quote = strchr(quote, '"')) != NULL && quote[1] == '"') quote += 2;
    return quote != NULL && ends_field(quote + 1, is_last) && !holds_row(at, quote) ? quote : NULL;
}

/* Takes the doubling from doubled quotes. */
static void halve_quotes(char *text)
{
    char *out = text;
    for (; *text != '\0'; text += text[0] == '"' && text[1] == '"' ? 2 : 1) *out++ = *text;
    *out = '\0';
}

/* Cuts out one field. Returns whether its line ends with it. */
static bool take_field(struct csv_cursor *cursor, bool is_last, char **field)
{
    char *quote = *cursor->at == '"' ? closing_quote(cursor->at + 1, is_last) : NULL, *end;
    *field = quote != NULL ? cursor->at + 1 : cursor->at;
    for (end = quote != NULL ? quote + 1 : cursor->at; !ends_field(end, is_last);) end++;
    const bool is_at_end = *end != ',';
    char *next = end + (*end == '\r') + (*end != '\0');
    for (const char *c = cursor->at; c < next; c++) cursor->line += *c == '\n';
    *end = '\0';
    if (quote != NULL) {
        *quote = '\0';
        halve_quotes(*field);
    }
    cursor->at = next;
    return is_at_end;
}

/* The columns of the heading. Returns their number; 0 without both that are needed. */
static size_t parse_heading(struct csv_cursor *cursor, size_t *filename, size_t *words)
{
    bool has_filename = false, has_words = false, is_at_end = false;
    size_t n = 0;
    for (; !is_at_end && n < MOST_COLUMNS; n++) {
        char *name;
        is_at_end = take_field(cursor, false, &name);
        if (strcmp(name, "filename") == 0) *filename = n, has_filename = true;
        if (strcmp(name, "words") == 0) *words = n, has_words = true;
    }
    return has_filename && has_words && is_at_end ? n : 0;
}

static bool parse_csv(const char *file, struct listed_samples *samples, char message[OPTION_MESSAGE_BYTES])
{
    struct csv_cursor cursor = {samples->text, 1};
    size_t filename = 0, words = 0;
    const size_t n_columns = parse_heading(&cursor, &filename, &words);
    if (n_columns == 0) {
        snprintf(message, OPTION_MESSAGE_BYTES, "%.300s: its first line does not name the columns filename and words",
                 file);
        return false;
    }
    while (*cursor.at != '\0') {
        char *fields[MOST_COLUMNS];
        const size_t line = cursor.line;
        size_t n = 0;
        bool is_at_end = false;
        for (; !is_at_end && n < n_columns; n++) is_at_end = take_field(&cursor, n + 1 == n_columns, &fields[n]);
        if (n == 1 && fields[0][0] == '\0') continue; /* an empty line */
        if (n < n_columns || fields[filename][0] == '\0') {
            snprintf(message, OPTION_MESSAGE_BYTES, "%.300s, line %zu has no file name or no words", file, line);
            return false;
        }
        add_item(samples, fields[filename], fields[words]);
    }
    return true;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

static char *folder_of(const char *file)
{
    char *folder = memory_copy_text(file), *slash = strrchr(folder, '/');
    if (slash != NULL) {
        slash[slash == folder] = '\0';
        return folder;
    }
    free(folder);
    return memory_copy_text("");
}

static bool is_csv(const char *file)
{
    const size_t n = strlen(file);
    return n >= 4 && strcasecmp(file + n - 4, ".csv") == 0;
}

bool listed_samples_open(const char *file, const char *root, void **out, size_t *n_samples,
                         char message[OPTION_MESSAGE_BYTES])
{
    struct listed_samples *samples = memory_resize(NULL, 1, sizeof *samples);
    size_t n_bytes;
    *samples = (struct listed_samples){.text = whole_text_read(file, LIST_MAX_BYTES, &n_bytes, message)};
    if (samples->text == NULL || !(is_csv(file) ? parse_csv : parse_lines)(file, samples, message)) {
        listed_samples_close(samples);
        return false;
    }
    samples->root = root != NULL ? memory_copy_text(root) : folder_of(file);
    *n_samples = samples->n;
    *out = samples;
    return true;
}

void listed_samples_get(const void *samples, size_t index, struct eval_sample *out)
{
    const struct listed_samples *listed = samples;
    const struct listed_item *item = &listed->items[index];
    const bool is_whole = item->path[0] == '/' || listed->root[0] == '\0';
    out->name = is_whole ? memory_copy_text(item->path) : path_join(listed->root, item->path);
    out->label = memory_copy_text(item->label);
    struct stat info;
    if (stat(out->name, &info) == 0 && !S_ISREG(info.st_mode)) out->problem = "it is no regular file";
    else out->image = trba_image_file(out->name);
}

void listed_samples_close(void *samples)
{
    struct listed_samples *listed = samples;
    free(listed->root);
    free(listed->text);
    free(listed->items);
    free(listed);
}
