/* SPDX-License-Identifier: Apache-2.0 */
/* eval_set.c - from the arguments to opened sets.
 *
 *   a file:    labels.csv's form if its name ends in .csv, LMDB if it is data.mdb, else gt.txt's form
 *   a folder:  data.mdb, labels.csv or gt.txt in it? that set; else the folders below it, in natural order
 */
#include "eval_set.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/path_array.h"
#include "common/tool_memory.h"
#include "listed_samples.h"
#include "lmdb_samples.h"

void eval_sample_free(struct eval_sample *sample)
{
    free(sample->name);
    free(sample->label);
    *sample = (struct eval_sample){.name = NULL};
}

void eval_set_get(const struct eval_set *set, size_t index, struct eval_sample *out)
{
    *out = (struct eval_sample){.name = NULL};
    set->get(set->samples, index, out);
}

void eval_sets_free(struct eval_sets *sets)
{
    for (size_t i = 0; i < sets->n; i++) {
        sets->items[i].close(sets->items[i].samples);
        free(sets->items[i].path);
    }
    free(sets->items);
    *sets = (struct eval_sets){.items = NULL};
}

/* ---- one set ----------------------------------------------------------------------------------------------------- */

/* Takes over an opened set. Returns false with a sentence if there is nothing in it. */
static bool add_set(struct eval_sets *sets, const struct eval_set *set, char message[OPTION_MESSAGE_BYTES])
{
    if (sets->n == sets->capacity) {
        sets->capacity = sets->capacity * 2 + 4;
        sets->items = memory_resize(sets->items, sets->capacity, sizeof *sets->items);
    }
    sets->items[sets->n] = *set;
    sets->items[sets->n++].path = memory_copy_text(set->path);
    if (set->n_samples > 0) return true;
    snprintf(message, OPTION_MESSAGE_BYTES, "there are no images in %.400s", set->path);
    return false;
}

static bool open_lmdb(char *folder, struct eval_sets *sets, char message[OPTION_MESSAGE_BYTES])
{
    struct eval_set set = {.path = folder, .get = lmdb_samples_get, .close = lmdb_samples_close};
    return lmdb_samples_open(folder, &set.samples, &set.n_samples, message) && add_set(sets, &set, message);
}

static bool open_list(char *file, const char *root, struct eval_sets *sets, char message[OPTION_MESSAGE_BYTES])
{
    struct eval_set set = {.path = file, .get = listed_samples_get, .close = listed_samples_close};
    return listed_samples_open(file, root, &set.samples, &set.n_samples, message) && add_set(sets, &set, message);
}

/* "data.mdb" or "folder/data.mdb". */
static bool is_lmdb_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash != NULL ? slash + 1 : path, "data.mdb") == 0;
}

static bool open_file(const char *path, const char *root, struct eval_sets *sets, char message[OPTION_MESSAGE_BYTES])
{
    char *own = memory_copy_text(path);
    bool is_open;
    if (is_lmdb_file(path)) {
        char *slash = strrchr(own, '/');
        if (slash != NULL) *slash = '\0';
        is_open = open_lmdb(slash == NULL ? (char[]){"."} : slash == own ? (char[]){"/"} : own, sets, message);
    } else {
        is_open = open_list(own, root, sets, message);
    }
    free(own);
    return is_open;
}

/* ---- folders ----------------------------------------------------------------------------------------------------- */

/* If one of the three files is in the folder, opens it. */
static bool open_set_in(char *folder, const char *root, struct eval_sets *sets, bool *is_set,
                        char message[OPTION_MESSAGE_BYTES])
{
    static const char *const names[] = {"data.mdb", "labels.csv", "gt.txt"};
    bool is_open = true;
    *is_set = false;
    for (size_t i = 0; i < sizeof names / sizeof *names && !*is_set; i++) {
        struct stat file;
        char *path = path_join(folder, names[i]);
        *is_set = stat(path, &file) == 0 && S_ISREG(file.st_mode);
        if (*is_set) is_open = i == 0 ? open_lmdb(folder, sets, message) : open_list(path, root, sets, message);
        free(path);
    }
    return is_open;
}

/* The folders in a folder, in natural order. Links are not followed: they could go round in circles. */
static bool list_folders(const char *folder, struct path_array *out, char message[OPTION_MESSAGE_BYTES])
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        snprintf(message, OPTION_MESSAGE_BYTES, "cannot read the folder %.300s: %s", folder, strerror(errno));
        return false;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct stat itself;
        char *path = path_join(folder, entry->d_name);
        const bool is_folder = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                               lstat(path, &itself) == 0 && S_ISDIR(itself.st_mode);
        if (is_folder) path_array_add(out, path);
        else free(path);
    }
    closedir(dir);
    path_array_sort(out, 0);
    return true;
}

/* Visits folders in the order of their paths: a stack, filled from the last to the first. */
static bool open_folder(const char *path, const char *root, struct eval_sets *sets, char message[OPTION_MESSAGE_BYTES])
{
    struct path_array left = {.paths = NULL};
    bool is_open = true;
    path_array_add(&left, memory_copy_text(path));
    while (is_open && left.n > 0) {
        struct path_array below = {.paths = NULL};
        char *folder = left.paths[--left.n];
        bool is_set;
        is_open = open_set_in(folder, root, sets, &is_set, message);
        if (!is_set) is_open = list_folders(folder, &below, message);
        while (below.n > 0) path_array_add(&left, below.paths[--below.n]);
        path_array_free(&below);
        free(folder);
    }
    path_array_free(&left);
    return is_open;
}

/* A wrong one would make every image of a list one that cannot be read. */
static bool check_root(const char *root, char message[OPTION_MESSAGE_BYTES])
{
    struct stat info;
    if (root == NULL) return true;
    const int error = stat(root, &info) != 0 ? errno : S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
    if (error != 0)
        snprintf(message, OPTION_MESSAGE_BYTES, "--root must be the folder where the paths in the lists start, which "
                 "%.300s is not: %s", root, strerror(error));
    return error == 0;
}

bool eval_sets_open(const struct option_inputs *inputs, const char *root, struct eval_sets *out,
                    char message[OPTION_MESSAGE_BYTES])
{
    *out = (struct eval_sets){.items = NULL};
    if (!check_root(root, message)) return false;
    for (size_t i = 0; i < inputs->n_items; i++) {
        const char *path = inputs->items[i];
        const size_t n_before = out->n;
        struct stat info;
        if (stat(path, &info) != 0) {
            snprintf(message, OPTION_MESSAGE_BYTES, "cannot read %.300s: %s", path, strerror(errno));
            return false;
        }
        const bool is_folder = S_ISDIR(info.st_mode);
        if (!(is_folder ? open_folder(path, root, out, message) : open_file(path, root, out, message))) return false;
        if (out->n > n_before) continue;
        snprintf(message, OPTION_MESSAGE_BYTES, "there is no data.mdb, labels.csv or gt.txt in the folder %.300s or "
                 "below it", path);
        return false;
    }
    return true;
}
