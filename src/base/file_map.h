/* SPDX-License-Identifier: Apache-2.0 */
/* file_map.h - a whole file as read-only bytes. */
#ifndef TRBA_BASE_FILE_MAP_H
#define TRBA_BASE_FILE_MAP_H

#include "base/status.h"

struct file_map {
    const void *bytes; /* never NULL after success, not even for an empty file */
    size_t n_bytes;
};

/* Maps the file (a pipe or device is refused by name). A missing file, a folder and a file without permission each get
 * their own sentence, which names the path. */
trba_status file_map_open(const char *path, struct file_map *out, trba_error *err);
/* Lets go of the memory behind the whole pages of [from, from + n_bytes), a part of the map; they stay readable. */
void file_map_forget(const struct file_map *map, const void *from, size_t n_bytes);
void file_map_close(struct file_map *map);

#endif
