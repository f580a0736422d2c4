/* SPDX-License-Identifier: Apache-2.0 */
/* folder_walk.c - a stack of folders to visit, and the pictures found so far. */
#include "folder_walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/console.h"
#include "common/natural_order.h"
#include "common/tool_memory.h"

void path_array_add(struct path_array *array, char *path)
{
    if (array->n == array->capacity) {
        array->capacity = array->capacity == 0 ? 64 : array->capacity * 2;
        array->paths = memory_resize(array->paths, array->capacity, sizeof *array->paths);
    }
    array->paths[array->n++] = path;
}

void path_array_free(struct path_array *array)
{
    for (size_t i = 0; i < array->n; i++) free(array->paths[i]);
    free(array->paths);
    *array = (struct path_array){.paths = NULL};
}

/* What os.path.splitext() calls the extension: from the last dot, unless only dots stand before it. */
static bool has_image_extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (dot == NULL || strspn(name, ".") >= (size_t)(dot - name)) return false;
    return strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0;
}

static char *join_path(const char *folder, const char *name)
{
    const size_t n = strlen(folder), name_bytes = strlen(name) + 1;
    const bool has_slash = n > 0 && folder[n - 1] == '/';
    char *path = memory_resize(NULL, n + 1 + name_bytes, 1);
    memcpy(path, folder, n);
    path[n] = '/';
    memcpy(path + n + !has_slash, name, name_bytes);
    return path;
}

/* Is it a file, or something that must be tried to say what is wrong with it (a link to nowhere)? A pipe is neither:
 * opening it would wait for ever. */
static bool may_be_file(const char *path)
{
    struct stat target;
    return stat(path, &target) != 0 || S_ISREG(target.st_mode);
}

/* Sorts an entry to the folders or the pictures, or drops it. Takes `path`. */
static void place_entry(char *path, const char *name, struct path_array *folders, struct path_array *pictures)
{
    struct stat itself;
    if (lstat(path, &itself) == 0 && S_ISDIR(itself.st_mode))
        path_array_add(folders, path);
    else if (has_image_extension(name) && may_be_file(path))
        path_array_add(pictures, path);
    else
        free(path);
}

/* Reads one folder. Returns false after a line on stderr if that is not possible. */
static bool read_folder(const char *folder, struct path_array *folders, struct path_array *pictures)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        console_print("cannot read the folder %s: %s", folder, strerror(errno));
        return false;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        place_entry(join_path(folder, entry->d_name), entry->d_name, folders, pictures);
    }
    const bool is_read = errno == 0;
    if (!is_read) console_print("cannot read all of the folder %s: %s", folder, strerror(errno));
    closedir(dir);
    return is_read;
}

static int compare_paths(const void *a, const void *b)
{
    return natural_order_compare(*(char *const *)a, *(char *const *)b);
}

size_t folder_walk(const char *folder, struct path_array *out)
{
    struct path_array folders = {.paths = NULL};
    const size_t first = out->n;
    size_t n_unread = 0;
    path_array_add(&folders, memory_copy_text(folder));
    while (folders.n > 0) {
        char *next = folders.paths[--folders.n];
        n_unread += !read_folder(next, &folders, out);
        free(next);
    }
    if (out->n > first) qsort(out->paths + first, out->n - first, sizeof *out->paths, compare_paths);
    path_array_free(&folders);
    return n_unread;
}
