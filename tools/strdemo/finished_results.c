/* SPDX-License-Identifier: Apache-2.0 */
/* finished_results.c - a balanced tree (tsearch) of paths, each with the number of its lines.
 *
 *   file --line by line--> path as it stands there, good or bad --> tree
 *   input's path --as it would be written--> tree --> one line less
 *
 * A last line without its end is cut off if it is what a killed strdemo has left. In tsv the paths of the run have to
 * say so: until they do, it stays in the file, and nothing is written.
 *
 * Paths are compared as written. JSON cannot hold every path: two that look alike there are told apart by their number,
 * for a run that starts again meets them in the order of the run before.
 */
#include "finished_results.h"

#include <errno.h>
#include <jansson.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/console.h"
#include "common/json_text.h"
#include "common/tool_memory.h"
#include "torn_line.h"
#include "tsv_text.h"

/* The lines of one path that no input has asked for yet. */
struct finished_path {
    char *path; /* as written; allocated */
    size_t n_good, n_bad;
};

struct finished_results {
    FILE *file;
    const char *name;
    enum result_format format;
    off_t n_bytes;   /* of the whole lines */
    char *torn;      /* what stands behind them; allocated, NULL when it is cut off or was never there */
    bool torn_is_ours;
    void *tree; /* of struct finished_path, by path */
    size_t n, n_failed;
};

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct finished_path *)a)->path, ((const struct finished_path *)b)->path);
}

/* Takes `path`. */
static void add_line(struct finished_results *finished, char *path, bool is_good)
{
    struct finished_path *added = memory_resize(NULL, 1, sizeof *added);
    *added = (struct finished_path){.path = path};
    struct finished_path **node = tsearch(added, &finished->tree, compare_paths);
    if (node == NULL) memory_exhausted();
    if (*node != added) {
        free(added->path);
        free(added);
    }
    (*node)->n_good += is_good;
    (*node)->n_bad += !is_good;
    finished->n++;
    finished->n_failed += !is_good;
}

/* ---- one line ---------------------------------------------------------------------------------------------------- */

/* PATH TAB TEXT TAB NUMBER; a picture that could not be read has no line. */
static bool add_tsv_line(struct finished_results *finished, char *line)
{
    char *text = strchr(line, '\t');
    char *number = text != NULL ? strchr(text + 1, '\t') : NULL, *end;
    if (number == NULL) return false;
    strtod(number + 1, &end);
    if (end == number + 1 || *end != '\0') return false;
    *text = '\0';
    add_line(finished, memory_copy_text(line), true);
    return true;
}

static bool add_json_line(struct finished_results *finished, const char *line)
{
    json_t *object = json_loads(line, 0, NULL);
    const char *path = json_string_value(json_object_get(object, "path"));
    const char *status = json_string_value(json_object_get(object, "status"));
    const bool is_result = path != NULL && status != NULL;
    if (is_result) add_line(finished, memory_copy_text(path), strcmp(status, trba_status_name(TRBA_OK)) == 0);
    json_decref(object);
    return is_result;
}

/* line[0 .. n) without its end. */
static bool add_text_line(struct finished_results *finished, char *line, size_t n)
{
    if (strlen(line) != n) return false;
    return finished->format == FORMAT_TSV ? add_tsv_line(finished, line) : add_json_line(finished, line);
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static const char *layout_name(const struct finished_results *finished)
{
    return finished->format == FORMAT_TSV ? "tsv" : "jsonl";
}

/* The line of n bytes that the file ends with, without its end. */
static bool keep_torn_line(struct finished_results *finished, const char *line, size_t n)
{
    finished->torn = memory_copy_text(line);
    finished->torn_is_ours = finished->format == FORMAT_JSONL;
    if (strlen(line) == n && torn_line_may_be_result(finished->format, line)) return true;
    console_print("cannot resume: the last line of %s has no end and is not the beginning of a result in the layout "
                  "%s: name another file, or cut that line off", finished->name, layout_name(finished));
    return false;
}

/* A line of n bytes, its end included if it has one. Returns false after a line on stderr. */
static bool take_line(struct finished_results *finished, char *line, size_t n)
{
    if (line[n - 1] != '\n') return keep_torn_line(finished, line, n);
    line[n - 1] = '\0';
    finished->n_bytes += (off_t)n;
    if (add_text_line(finished, line, n - 1)) return true;
    console_print("cannot resume: line %zu of %s is no result in the layout %s: name another file, or take that line "
                  "out", finished->n + 1, finished->name, layout_name(finished));
    return false;
}

/* Returns false after a line on stderr. */
static bool read_lines(struct finished_results *finished)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    bool is_good = true;
    while (is_good && (n = getline(&line, &capacity, finished->file)) > 0)
        is_good = take_line(finished, line, (size_t)n);
    if (is_good && !feof(finished->file)) { /* there may have been no memory for a line */
        console_print("cannot resume: %s cannot be read: %s", finished->name, strerror(errno));
        is_good = false;
    }
    free(line);
    return is_good;
}

/* Always false. */
static bool say_uncut(const struct finished_results *finished)
{
    console_print("cannot resume: the end of %s cannot be cut: %s", finished->name, strerror(errno));
    return false;
}

/* Forgets what getline() has read ahead. */
static bool go_to_end(struct finished_results *finished)
{
    return fseeko(finished->file, finished->n_bytes, SEEK_SET) == 0 || say_uncut(finished);
}

struct finished_results *finished_results_read(FILE *file, const char *name, enum result_format format)
{
    struct finished_results *finished = memory_resize(NULL, 1, sizeof *finished);
    *finished = (struct finished_results){.file = file, .name = name, .format = format};
    if (read_lines(finished) && go_to_end(finished) && (!finished->torn_is_ours || finished_results_mend(finished)))
        return finished;
    finished_results_free(finished);
    return NULL;
}

bool finished_results_mend(struct finished_results *finished)
{
    if (finished->torn == NULL) return true;
    if (!finished->torn_is_ours) {
        console_print("cannot resume: the last line of %s has no end and is of none of these pictures: name another "
                      "file, cut that line off, or give the arguments of the run before", finished->name);
        return false;
    }
    if (ftruncate(fileno(finished->file), finished->n_bytes) != 0) return say_uncut(finished);
    free(finished->torn);
    finished->torn = NULL;
    return true;
}

void finished_results_free(struct finished_results *finished)
{
    while (finished != NULL && finished->tree != NULL) {
        struct finished_path *root = *(struct finished_path **)finished->tree;
        tdelete(root, &finished->tree, compare_paths);
        free(root->path);
        free(root);
    }
    if (finished != NULL) free(finished->torn);
    free(finished);
}

size_t finished_results_n(const struct finished_results *finished) { return finished->n; }
size_t finished_results_n_failed(const struct finished_results *finished) { return finished->n_failed; }

/* ---- asking ------------------------------------------------------------------------------------------------------ */

/* The path as the format writes it, to be freed. */
static char *write_path(enum result_format format, const char *path)
{
    if (format == FORMAT_TSV) return tsv_text(path, true);
    json_t *string = json_text(path);
    if (string == NULL) memory_exhausted();
    char *written = memory_copy_text(json_string_value(string));
    json_decref(string);
    return written;
}

bool finished_results_wants_owner(const struct finished_results *finished)
{
    return finished->torn != NULL && !finished->torn_is_ours;
}

/* `path` is as written. */
static void look_for_owner(struct finished_results *finished, const char *path)
{
    if (finished_results_wants_owner(finished)) finished->torn_is_ours = torn_line_is_of(finished->torn, path);
}

void finished_results_expect(struct finished_results *finished, const char *path)
{
    char *written = write_path(finished->format, path);
    look_for_owner(finished, written);
    free(written);
}

enum finished finished_results_take(struct finished_results *finished, const char *path)
{
    const struct finished_path wanted = {.path = write_path(finished->format, path)};
    struct finished_path **node = tfind(&wanted, &finished->tree, compare_paths);
    look_for_owner(finished, wanted.path);
    free(wanted.path);
    if (node == NULL || (*node)->n_good + (*node)->n_bad == 0) return FINISHED_NOT;
    if ((*node)->n_bad > 0) {
        (*node)->n_bad--;
        return FINISHED_BADLY;
    }
    (*node)->n_good--;
    return FINISHED_WELL;
}
