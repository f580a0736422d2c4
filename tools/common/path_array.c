/* SPDX-License-Identifier: Apache-2.0 */
/* path_array.c - lists of paths, and paths of two parts. */
#include "path_array.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natural_order.h"
#include "tool_memory.h"

enum { FIRST_PATHS = 64 };

void path_array_add(struct path_array *array, char *path)
{
    if (array->n == array->capacity) {
        array->capacity = array->capacity == 0 ? FIRST_PATHS : array->capacity * 2;
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

static int compare_paths(const void *a, const void *b)
{
    return natural_order_compare(*(char *const *)a, *(char *const *)b);
}

void path_array_sort(struct path_array *array, size_t first)
{
    if (array->n > first) qsort(array->paths + first, array->n - first, sizeof *array->paths, compare_paths);
}

char *path_join(const char *folder, const char *name)
{
    const size_t n = strlen(folder), name_bytes = strlen(name) + 1;
    const bool has_slash = n > 0 && folder[n - 1] == '/';
    char *path = memory_resize(NULL, n + 1 + name_bytes, 1);
    memcpy(path, folder, n);
    path[n] = '/';
    memcpy(path + n + !has_slash, name, name_bytes);
    return path;
}
