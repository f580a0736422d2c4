/* SPDX-License-Identifier: Apache-2.0 */
/* input_list.c - a cursor over arguments, and inside the current argument over a list's lines or a folder's paths.
 *
 *   input_list_next: a line of the open list? a path of the current folder? else open the next argument
 */
#include "input_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/console.h"
#include "common/overwriting.h"
#include "common/tool_memory.h"
#include "folder_walk.h"

enum { STDIN_MAX_BYTES = 256 * 1024 * 1024, STDIN_FIRST_BYTES = 64 * 1024 };

struct input_list {
    const struct option_inputs *inputs;
    size_t next_input;
    FILE *lines;             /* the open list, or NULL */
    const char *lines_name;
    size_t n_lines;          /* of it that name a picture, so far */
    bool at_first_line;
    char *line;              /* getline()'s */
    size_t line_capacity;
    struct path_array paths; /* of the current folder */
    size_t next_path;
    size_t n_problems;
    bool is_rehearsal;       /* says and waits for nothing */
};

void input_item_free(struct input_item *item)
{
    free(item->path);
    free(item->bytes);
    *item = (struct input_item){.path = NULL};
}

struct input_list *input_list_new(const struct option_inputs *inputs)
{
    struct input_list *list = memory_resize(NULL, 1, sizeof *list);
    *list = (struct input_list){.inputs = inputs};
    return list;
}

struct input_list *input_list_rehearse(const struct option_inputs *inputs)
{
    struct input_list *list = input_list_new(inputs);
    list->is_rehearsal = true;
    return list;
}

static bool is_file_or_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));
}

static bool may_wait_for(const char *input)
{
    const bool is_standard_input = strcmp(input, "-") == 0 || strcmp(input, "@-") == 0;
    return is_standard_input || (input[0] == '@' && !is_file_or_folder(input + 1));
}

bool input_list_may_wait(const struct option_inputs *inputs)
{
    for (size_t i = 0; i < inputs->n_items; i++)
        if (may_wait_for(inputs->items[i])) return true;
    return false;
}

static void close_lines(struct input_list *list)
{
    if (list->lines != NULL && list->lines != stdin) fclose(list->lines);
    list->lines = NULL;
}

void input_list_free(struct input_list *list)
{
    if (list == NULL) return;
    close_lines(list);
    path_array_free(&list->paths);
    free(list->line);
    free(list);
}

size_t input_list_n_problems(const struct input_list *list)
{
    return list->n_problems;
}

/* ---- stdin ------------------------------------------------------------------------------------------------------- */

/* Reads all of stdin into the item; sets its problem if that fails. */
static void read_stdin(struct input_item *item)
{
    size_t capacity = 0;
    for (;;) {
        if (item->n_bytes == capacity) {
            capacity = capacity == 0 ? STDIN_FIRST_BYTES : capacity * 2;
            item->bytes = memory_resize(item->bytes, capacity, 1);
        }
        const ssize_t n = read(STDIN_FILENO, (char *)item->bytes + item->n_bytes, capacity - item->n_bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) item->problem = "standard input cannot be read";
        if (n == 0 && item->n_bytes == 0) item->problem = "standard input is empty: there is no image in it";
        if (n <= 0) return;
        item->n_bytes += (size_t)n;
        if (item->n_bytes <= STDIN_MAX_BYTES) continue;
        item->problem = "standard input is larger than 256 MiB";
        return;
    }
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

static void say_problem(struct input_list *list, const char *problem, const char *why)
{
    if (!list->is_rehearsal) console_print("the list %s %s: %s", list->lines_name, problem, why);
    list->n_problems++;
}

static void open_lines(struct input_list *list, const char *path)
{
    list->lines = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    list->lines_name = strcmp(path, "-") == 0 ? "on standard input" : path;
    list->n_lines = 0;
    list->at_first_line = true;
    if (list->lines == NULL) {
        say_problem(list, "cannot be read", strerror(errno));
    } else if (list->lines != stdin && is_picture_file(path)) {
        say_problem(list, "is a picture", "it is read without the @");
        close_lines(list);
    }
}

/* The line without a byte order mark and its end (LF, or CRLF from Windows). */
static char *trim_line(struct input_list *list, size_t n)
{
    char *line = list->line;
    if (n > 0 && line[n - 1] == '\n') line[--n] = '\0';
    if (n > 0 && line[n - 1] == '\r') line[--n] = '\0';
    if (list->at_first_line && strncmp(line, "\xEF\xBB\xBF", 3) == 0) line += 3;
    list->at_first_line = false;
    return line;
}

/* The next line that is not empty; false at the list's end, which closes it. */
static bool next_line(struct input_list *list, struct input_item *out)
{
    ssize_t n;
    while ((n = getline(&list->line, &list->line_capacity, list->lines)) >= 0) {
        if (memchr(list->line, '\0', (size_t)n) != NULL) break;
        const char *line = trim_line(list, (size_t)n);
        if (line[0] == '\0') continue;
        out->path = memory_copy_text(line);
        list->n_lines++;
        return true;
    }
    const char *why = strerror(errno);
    if (n < 0 && !feof(list->lines)) say_problem(list, "cannot be read", why);
    else if (n >= 0) say_problem(list, "is no text", "a list has the path of a picture on each line");
    else if (list->n_lines == 0) say_problem(list, "names no picture", "a list has the path of one on each line");
    close_lines(list);
    return false;
}

/* ---- arguments --------------------------------------------------------------------------------------------------- */

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void open_folder(struct input_list *list, const char *path)
{
    path_array_free(&list->paths);
    list->next_path = 0;
    const size_t n_unread = folder_walk(path, list->is_rehearsal, &list->paths);
    list->n_problems += n_unread;
    if (list->paths.n > 0 || n_unread > 0) return;
    if (!list->is_rehearsal) console_print("there is no .png, .jpg or .jpeg file in the folder %s", path);
    list->n_problems++;
}

/* Starts on an argument; true if it is an image by itself. */
static bool open_input(struct input_list *list, const char *input, struct input_item *out)
{
    if (input[0] == '@') {
        if (!list->is_rehearsal || !may_wait_for(input)) open_lines(list, input + 1);
        return false;
    }
    if (is_folder(input)) {
        open_folder(list, input);
        return false;
    }
    out->path = memory_copy_text(input);
    if (strcmp(input, "-") == 0 && !list->is_rehearsal) read_stdin(out);
    return true;
}

bool input_list_next(struct input_list *list, struct input_item *out)
{
    *out = (struct input_item){.path = NULL};
    for (;;) {
        if (list->lines != NULL && next_line(list, out)) return true;
        if (list->next_path < list->paths.n) {
            out->path = list->paths.paths[list->next_path];
            list->paths.paths[list->next_path++] = NULL;
            return true;
        }
        if (list->next_input == list->inputs->n_items) return false;
        if (open_input(list, list->inputs->items[list->next_input++], out)) return true;
    }
}
