/* SPDX-License-Identifier: Apache-2.0 */
/* finished_results.c - a balanced tree (tsearch) of paths, each with the number of its lines.
 *
 *   file --line by line--> path as it stands there, good or bad --> tree
 *   input's path --as it would be written--> tree --> one line less
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
#include "tsv_text.h"

/* The lines of one path that no input has asked for yet. */
struct finished_path {
    char *path; /* as written; allocated */
    size_t n_good, n_bad;
};

struct finished_results {
    enum result_format format;
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

/* Reads up to the end or a line without one. Returns the bytes of the whole lines, or -1 after a line on stderr. */
static off_t read_lines(struct finished_results *finished, FILE *file, const char *name)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    off_t n_bytes = 0;
    while ((n = getline(&line, &capacity, file)) > 0 && line[n - 1] == '\n') {
        line[n - 1] = '\0';
        if (!add_text_line(finished, line, (size_t)n - 1)) {
            console_print("cannot resume: line %zu of %s is no result in the layout %s", finished->n + 1, name,
                          finished->format == FORMAT_TSV ? "tsv" : "jsonl");
            n_bytes = -1;
            break;
        }
        n_bytes += n;
    }
    if (ferror(file) || (n < 0 && !feof(file))) { /* there may have been no memory for a line */
        console_print("cannot resume: %s cannot be read: %s", name, strerror(errno));
        n_bytes = -1;
    }
    free(line);
    return n_bytes;
}

struct finished_results *finished_results_read(FILE *file, const char *name, enum result_format format)
{
    struct finished_results *finished = memory_resize(NULL, 1, sizeof *finished);
    *finished = (struct finished_results){.format = format};
    const off_t n_bytes = read_lines(finished, file, name);
    /* Seeking first: what getline() has read ahead is forgotten then. */
    if (n_bytes >= 0 && fseeko(file, n_bytes, SEEK_SET) == 0 && ftruncate(fileno(file), n_bytes) == 0) return finished;
    if (n_bytes >= 0) console_print("cannot resume: the end of %s cannot be cut: %s", name, strerror(errno));
    finished_results_free(finished);
    return NULL;
}

void finished_results_free(struct finished_results *finished)
{
    while (finished != NULL && finished->tree != NULL) {
        struct finished_path *root = *(struct finished_path **)finished->tree;
        tdelete(root, &finished->tree, compare_paths);
        free(root->path);
        free(root);
    }
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

enum finished finished_results_take(struct finished_results *finished, const char *path)
{
    const struct finished_path wanted = {.path = write_path(finished->format, path)};
    struct finished_path **node = tfind(&wanted, &finished->tree, compare_paths);
    free(wanted.path);
    if (node == NULL || (*node)->n_good + (*node)->n_bad == 0) return FINISHED_NOT;
    if ((*node)->n_bad > 0) {
        (*node)->n_bad--;
        return FINISHED_BADLY;
    }
    (*node)->n_good--;
    return FINISHED_WELL;
}
