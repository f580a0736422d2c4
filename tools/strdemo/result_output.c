/* SPDX-License-Identifier: Apache-2.0 */
/* result_output.c - one function per layout.
 *
 *   table   path, text and confidence, the first two filled up to 25 characters: the line of clovaai's demo.py
 *   tsv     path TAB text TAB confidence; \t \n \r \\ in the path stand for tab, line ends and backslash
 *   jsonl   one object per image, failed ones included
 *
 * The path of a region is that of its page with #0, #1, ... behind it.
 */
#include "result_output.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/console.h"
#include "common/json_text.h"
#include "common/standard_files.h"
#include "common/tool_memory.h"

enum { COLUMN_CHARACTERS = 25, INDEX_BYTES = 24, FLOAT_DIGITS = 9 /* enough to get the same float back */ };

bool result_output_open(struct result_output *out, const char *path, enum result_format format)
{
    *out = (struct result_output){.file = stdout, .name = "standard output", .format = format};
    if (path != NULL) {
        out->name = path;
        out->file = fopen(path, "we");
    }
    if (out->file == NULL) {
        console_print("cannot write to %s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

bool result_output_close(struct result_output *out)
{
    const bool is_closed = fclose(out->file) == 0;
    if (!is_closed && !out->is_broken) console_print("cannot write to %s: %s", out->name, strerror(errno));
    out->file = NULL;
    return is_closed && !out->is_broken;
}

static void finish_line(struct result_output *out)
{
    out->is_broken = !output_is_written(out->file, out->name);
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

/* Python's f'{text:25s}': filled up to 25 code points. Bytes that continue a UTF-8 character do not count. */
static void write_padded(const char *text, FILE *file)
{
    int n_characters = 0;
    for (const char *at = text; *at != '\0'; at++) n_characters += ((unsigned char)*at & 0xC0) != 0x80;
    fprintf(file, "%s%*s", text, n_characters < COLUMN_CHARACTERS ? COLUMN_CHARACTERS - n_characters : 0, "");
}

static void write_table_line(FILE *file, const char *path, const trba_result *result)
{
    write_padded(path, file);
    fputc('\t', file);
    write_padded(result->text, file);
    fprintf(file, "\t%0.4f\n", (double)result->confidence);
}

void result_output_heading(struct result_output *out)
{
    static const char dashes[] =
        "--------------------------------------------------------------------------------"; /* 80, as the reference */
    if (out->format != FORMAT_TABLE || out->is_broken) return;
    fprintf(out->file, "%s\n", dashes);
    write_padded("image_path", out->file);
    fputc('\t', out->file);
    write_padded("predicted_labels", out->file);
    fprintf(out->file, "\tconfidence score\n%s\n", dashes);
    finish_line(out);
}

/* ---- tsv --------------------------------------------------------------------------------------------------------- */

/* `escapes_backslash` makes the writing reversible; a read text stays as it is but for what would break the line. */
static void write_escaped(const char *text, bool escapes_backslash, FILE *file)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '\t': fputs("\\t", file); break;
        case '\n': fputs("\\n", file); break;
        case '\r': fputs("\\r", file); break;
        case '\\': fputs(escapes_backslash ? "\\\\" : "\\", file); break;
        default: fputc(*text, file);
        }
    }
}

static void write_tsv_line(FILE *file, const char *path, const trba_result *result)
{
    write_escaped(path, true, file);
    fputc('\t', file);
    write_escaped(result->text, false, file);
    fprintf(file, "\t%.6f\n", (double)result->confidence);
}

/* ---- jsonl ------------------------------------------------------------------------------------------------------- */

static json_t *make_characters(const trba_result *result)
{
    json_t *characters = json_array();
    for (size_t i = 0; i < result->n_characters; i++) {
        const trba_character *c = &result->characters[i];
        json_array_append_new(characters, json_pack("{s:o, s:o, s:o, s:i}", "text", json_text(c->text), "probability",
                                                    json_number((double)c->probability), "position",
                                                    json_number((double)c->position), "step", c->step));
    }
    return characters;
}

/* Where the region is and how it was turned. */
static void add_region(json_t *line, size_t index, const trba_region *region, const trba_result *result)
{
    json_t *points = json_array();
    for (int i = 0; i < 4; i++)
        json_array_append_new(points, json_pack("[o, o]", json_number((double)region->x[i]),
                                                json_number((double)region->y[i])));
    json_object_set_new(line, "region", json_integer((json_int_t)index));
    json_object_set_new(line, "points", points);
    json_object_set_new(line, "rotation", json_integer(result->rotation));
}

/* `region` is NULL for a whole image. */
static void write_json_line(FILE *file, const char *path, size_t index, const trba_region *region,
                            const trba_result *result)
{
    json_t *line = json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:i, s:i, s:s, s:o}", "path", json_text(path), "text",
                             json_text(result->text), "confidence", json_number((double)result->confidence), "score",
                             json_number((double)result->score), "characters", make_characters(result), "truncated",
                             result->truncated, "width", result->width, "height", result->height, "status",
                             trba_status_name(result->status), "message", json_text(result->message));
    if (line != NULL && region != NULL) add_region(line, index, region, result);
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(FLOAT_DIGITS)) : NULL;
    if (text == NULL)
        console_print("there is no memory for the result of %s", path);
    else
        fprintf(file, "%s\n", text);
    free(text);
    json_decref(line);
}

static void write_line(struct result_output *out, const char *path, size_t index, const trba_region *region,
                       const trba_result *result)
{
    const bool has_line = result->status == TRBA_OK || out->format == FORMAT_JSONL;
    if (!has_line || out->is_broken) return;
    switch (out->format) {
    case FORMAT_TABLE: write_table_line(out->file, path, result); break;
    case FORMAT_TSV: write_tsv_line(out->file, path, result); break;
    case FORMAT_JSONL: write_json_line(out->file, path, index, region, result); break;
    }
    finish_line(out);
}

void result_output_write(struct result_output *out, const char *path, const trba_result *result)
{
    write_line(out, path, 0, NULL, result);
}

void result_output_write_region(struct result_output *out, const char *path, size_t index, const trba_region *region,
                                const trba_result *result)
{
    const size_t n = strlen(path) + INDEX_BYTES;
    char *label = memory_resize(NULL, n, 1);
    snprintf(label, n, "%s#%zu", path, index);
    write_line(out, label, index, region, result);
    free(label);
}
