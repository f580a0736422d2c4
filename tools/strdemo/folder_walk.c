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
#include "common/tool_memory.h"

/* What os.path.splitext() calls the extension: from the last dot, unless only dots stand before it. */
static bool has_image_extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (dot == NULL || strspn(name, ".") >= (size_t)(dot - name)) return false;
    return strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0;
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

/* Reads one folder. Returns false if that is not possible, after a line on stderr unless `is_quiet`. */
static bool read_folder(const char *folder, bool is_quiet, struct path_array *folders, struct path_array *pictures)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        if (!is_quiet) console_print("cannot read the folder %s: %s", folder, strerror(errno));
        return false;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        place_entry(path_join(folder, entry->d_name), entry->d_name, folders, pictures);
    }
    const bool is_read = errno == 0;
    if (!is_read && !is_quiet) console_print("cannot read all of the folder %s: %s", folder, strerror(errno));
    closedir(dir);
    return is_read;
}

size_t folder_walk(const char *folder, bool is_quiet, struct path_array *out)
{
    struct path_array folders = {.paths = NULL};
    const size_t first = out->n;
    size_t n_unread = 0;
    path_array_add(&folders, memory_copy_text(folder));
    while (folders.n > 0) {
        char *next = folders.paths[--folders.n];
        n_unread += !read_folder(next, is_quiet, &folders, out);
        free(next);
    }
    path_array_sort(out, first);
    path_array_free(&folders);
    return n_unread;
}
