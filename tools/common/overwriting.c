/* SPDX-License-Identifier: Apache-2.0 */
/* overwriting.c - by device and inode; pictures by their first bytes. */
#include "overwriting.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"

enum { MOST_LINKS = 40 /* that Linux follows in one path */ };

static bool find_regular(const char *path, struct stat *out)
{
    return path != NULL && stat(path, out) == 0 && S_ISREG(out->st_mode);
}

static bool is_same(const struct stat *one, const struct stat *two)
{
    return one->st_dev == two->st_dev && one->st_ino == two->st_ino;
}

bool is_same_file(const char *path, const char *other)
{
    struct stat one, two;
    return find_regular(path, &one) && find_regular(other, &two) && is_same(&one, &two);
}

/* Puts the path that writing to `path`, where nothing is, would make a file of into out: a link's target, the target's
 * if that is a link again, and so on. What goes round ends somewhere: opening it says what is wrong. */
static bool follow_links(const char *path, char out[PATH_MAX])
{
    char target[PATH_MAX];
    const int n_path = snprintf(out, PATH_MAX, "%s", path);
    bool fits = n_path >= 0 && n_path < PATH_MAX;
    for (int i = 0; fits && i < MOST_LINKS; i++) {
        const ssize_t n = readlink(out, target, sizeof target);
        if (n < 0) break;
        const char *slash = target[0] != '/' ? strrchr(out, '/') : NULL;
        const size_t n_folder = slash != NULL ? (size_t)(slash - out) + 1 : 0;
        fits = n_folder + (size_t)n < PATH_MAX;
        if (fits) snprintf(out + n_folder, PATH_MAX - n_folder, "%.*s", (int)n, target);
    }
    return fits;
}

/* The folder that a file of that path lies in, and its name there. */
static bool find_folder(const char *path, struct stat *out, const char **name)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    *name = slash != NULL ? slash + 1 : path;
    const int n = snprintf(folder, sizeof folder, "%.*s.", (int)(*name - path), path);
    return n > 0 && (size_t)n < sizeof folder && stat(folder, out) == 0;
}

bool is_same_place(const char *path, const char *other)
{
    struct stat one, two;
    char target[PATH_MAX], other_target[PATH_MAX];
    const char *name, *other_name;
    const bool is_there = stat(path, &one) == 0, is_other_there = stat(other, &two) == 0;
    if (is_there || is_other_there) return is_there && is_other_there && is_same(&one, &two);
    return follow_links(path, target) && follow_links(other, other_target) && find_folder(target, &one, &name) &&
           find_folder(other_target, &two, &other_name) && is_same(&one, &two) && strcmp(name, other_name) == 0;
}

bool is_in_same_folder(const char *path, const char *other)
{
    struct stat one, two;
    const char *name, *other_name;
    return find_folder(path, &one, &name) && find_folder(other, &two, &other_name) && is_same(&one, &two);
}

bool is_standard_input(const char *path)
{
    struct stat one, two;
    return find_regular(path, &one) && fstat(STDIN_FILENO, &two) == 0 && is_same(&one, &two);
}

/* Puts the first bytes of a regular file into out[n]; *n_read may be less. False if it is none, or cannot be read. */
static bool read_first_bytes(const char *path, char *out, size_t n, size_t *n_read)
{
    struct stat info;
    FILE *file = find_regular(path, &info) ? fopen(path, "rbe") : NULL;
    if (file == NULL) return false;
    *n_read = fread(out, 1, n, file);
    fclose(file);
    return true;
}

bool is_picture_file(const char *path)
{
    char first[4];
    size_t n;
    return read_first_bytes(path, first, sizeof first, &n) && n == sizeof first &&
           (memcmp(first, "\x89PNG", 4) == 0 || memcmp(first, "\xFF\xD8\xFF", 3) == 0);
}

bool is_replaceable(const char *path, const char *start)
{
    char first[64];
    size_t n, n_start = strlen(start);
    if (n_start > sizeof first) n_start = sizeof first;
    if (!read_first_bytes(path, first, n_start, &n) || n == 0) return true;
    return n == n_start && memcmp(first, start, n) == 0;
}

void say_input_would_be_lost(const char *option, const char *path)
{
    console_print("%s %s is a file to read, and would be lost: name another file", option, path);
}
