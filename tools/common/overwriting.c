/* SPDX-License-Identifier: Apache-2.0 */
/* overwriting.c - by device and inode; pictures by their first bytes. */
#include "overwriting.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"

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
    const char *name, *other_name;
    const bool is_there = stat(path, &one) == 0, is_other_there = stat(other, &two) == 0;
    if (is_there || is_other_there) return is_there && is_other_there && is_same(&one, &two);
    return find_folder(path, &one, &name) && find_folder(other, &two, &other_name) && is_same(&one, &two) &&
           strcmp(name, other_name) == 0;
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
