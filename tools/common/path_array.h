/* SPDX-License-Identifier: Apache-2.0 */
/* path_array.h - a growing list of paths. */
#ifndef TRBA_TOOLS_PATH_ARRAY_H
#define TRBA_TOOLS_PATH_ARRAY_H

#include <stddef.h>

struct path_array {
    char **paths; /* [n]; each allocated, as is the array */
    size_t n, capacity;
};

/* Takes `path`. */
void path_array_add(struct path_array *array, char *path);
void path_array_free(struct path_array *array);

/* Puts paths[first..n) in natural order. */
void path_array_sort(struct path_array *array, size_t first);

/* FOLDER/NAME, allocated. */
char *path_join(const char *folder, const char *name);

#endif
