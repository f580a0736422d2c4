/* SPDX-License-Identifier: Apache-2.0 */
/* result_output.c - one function per layout.
 *
 *   table   path, text and confidence, the first two filled up to 25 characters: the line of clovaai's demo.py, but
 *           for control characters, which are shown as ?
 *   tsv     path TAB text TAB confidence; \t \n \r \\ in the path stand for tab, line ends and backslash
 *   jsonl   one object per image, failed ones included
 *
 * The path of a region is that of its page with #0, #1, ... behind it.
 */
#include "result_output.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/console.h"
#include "common/harmless_text.h"
#include "common/json_text.h"
#include "common/standard_files.h"
#include "common/tool_memory.h"
#include "tsv_text.h"

enum { COLUMN_CHARACTERS = 25, INDEX_BYTES = 24, FLOAT_DIGITS = 9 /* enough to get the same float back */ };

/* ---- the file ---------------------------------------------------------------------------------------------------- */

/* Always false. */
static bool say_unwritten(const struct result_output *out)
{
    console_print("cannot write to %s: %s", out->name, strerror(errno));
    return false;
}

static bool is_regular_file(FILE *file)
{
    struct stat info;
    return fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode);
}

/* One program at a time writes to a file. The lock ends with the program, however it ends; a file system without locks
 * is no reason not to write. */
static bool lock_file(FILE *file)
{
    return !is_regular_file(file) || flock(fileno(file), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

/* Takes over the results that are there. */
static bool take_over(struct result_output *out)
{
    if (!is_regular_file(out->file)) {
        console_print("cannot resume: %s is no file that could be read again", out->name);
        return false;
    }
    out->finished = finished_results_read(out->file, out->name, out->format);
    return out->finished != NULL;
}

static bool open_file(struct result_output *out, bool resumes)
{
    const int fd = open(out->name, (resumes ? O_RDWR : O_WRONLY) | O_CREAT | O_CLOEXEC, 0666);
    out->file = fd >= 0 ? fdopen(fd, resumes ? "r+" : "w") : NULL;
    if (out->file == NULL) {
        say_unwritten(out);
        if (fd >= 0) close(fd);
        return false;
    }
    if (!lock_file(out->file)) {
        console_print("cannot write to %s: another strdemo is writing to it", out->name);
        return false;
    }
    return !resumes || take_over(out);
}

bool result_output_open(struct result_output *out, const char *path, enum result_format format, bool resumes)
{
    *out = (struct result_output){.file = stdout, .name = "standard output", .format = format};
    out->is_begun = path == NULL || resumes;
    if (path == NULL) return true;
    out->name = path;
    if (open_file(out, resumes)) return true;
    if (out->file != NULL) fclose(out->file);
    return false;
}

bool result_output_begin(struct result_output *out)
{
    if (out->is_begun) return true;
    out->is_begun = true;
    return !is_regular_file(out->file) || ftruncate(fileno(out->file), 0) == 0 || say_unwritten(out);
}

/* Brings a file to the disk, not only into the kernel: after exit code 0 nobody starts again, whatever happens to the
 * machine. What a redirection leads to is the shell's business. */
static bool is_kept(FILE *file)
{
    return file == stdout || (fflush(file) == 0 && (!is_regular_file(file) || fsync(fileno(file)) == 0));
}

bool result_output_close(struct result_output *out)
{
    bool is_written = !out->is_broken;
    if (is_written && !is_kept(out->file)) is_written = say_unwritten(out);
    if (fclose(out->file) != 0 && is_written) is_written = say_unwritten(out);
    finished_results_free(out->finished);
    out->file = NULL;
    return is_written;
}

/* ---- what was there ---------------------------------------------------------------------------------------------- */

enum finished result_output_take_finished(struct result_output *out, const char *path)
{
    return out->finished != NULL ? finished_results_take(out->finished, path) : FINISHED_NOT;
}

/* PATH#INDEX, to be freed. */
static char *make_region_path(const char *path, size_t index)
{
    const size_t n = strlen(path) + INDEX_BYTES;
    char *label = memory_resize(NULL, n, 1);
    snprintf(label, n, "%s#%zu", path, index);
    return label;
}

enum finished result_output_take_finished_region(struct result_output *out, const char *path, size_t index)
{
    char *label = make_region_path(path, index);
    const enum finished finished = result_output_take_finished(out, label);
    free(label);
    return finished;
}

bool result_output_wants_owner(const struct result_output *out)
{
    return out->finished != NULL && finished_results_wants_owner(out->finished);
}

void result_output_expect(struct result_output *out, const char *path)
{
    if (out->finished != NULL) finished_results_expect(out->finished, path);
}

void result_output_expect_region(struct result_output *out, const char *path, size_t index)
{
    char *label = make_region_path(path, index);
    result_output_expect(out, label);
    free(label);
}

bool result_output_mend(struct result_output *out)
{
    if (!out->is_broken && out->finished != NULL) out->is_broken = !finished_results_mend(out->finished);
    return !out->is_broken;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

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
    harmless_text_write(text, "", file);
    fprintf(file, "%*s", n_characters < COLUMN_CHARACTERS ? COLUMN_CHARACTERS - n_characters : 0, "");
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

/* The path can be had back from its writing; a read text stays as it is but for what would break the line. */
static void write_tsv_line(FILE *file, const char *path, const trba_result *result)
{
    char *written_path = tsv_text(path, true), *written_text = tsv_text(result->text, false);
    fprintf(file, "%s\t%s\t%.6f\n", written_path, written_text, (double)result->confidence);
    free(written_text);
    free(written_path);
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

static void add_region(json_t *line, size_t index, const trba_region *region)
{
    json_t *points = json_array();
    for (int i = 0; i < 4; i++)
        json_array_append_new(points, json_pack("[o, o]", json_number((double)region->x[i]),
                                                json_number((double)region->y[i])));
    json_object_set_new(line, "region", json_integer((json_int_t)index));
    json_object_set_new(line, "points", points);
}

/* `region` is NULL for a whole image. */
static void write_json_line(FILE *file, const char *path, size_t index, const trba_region *region,
                            const trba_result *result)
{
    json_t *line = json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:i, s:i, s:i, s:s, s:o}", "path", json_text(path), "text",
                             json_text(result->text), "confidence", json_number((double)result->confidence), "score",
                             json_number((double)result->score), "characters", make_characters(result), "truncated",
                             result->truncated, "width", result->width, "height", result->height, "rotation",
                             result->rotation, "status", trba_status_name(result->status), "message",
                             json_text(result->message));
    if (line != NULL && region != NULL) add_region(line, index, region);
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(FLOAT_DIGITS)) : NULL;
    if (text == NULL) memory_exhausted(); /* a line that is left out would look like a picture that was read */
    fprintf(file, "%s\n", text);
    free(text);
    json_decref(line);
}

static void write_line(struct result_output *out, const char *path, size_t index, const trba_region *region,
                       const trba_result *result)
{
    const bool has_line = result->status == TRBA_OK || out->format == FORMAT_JSONL;
    if (!has_line || !result_output_mend(out)) return;
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
    char *label = make_region_path(path, index);
    write_line(out, label, index, region, result);
    free(label);
}
