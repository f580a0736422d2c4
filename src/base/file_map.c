/* SPDX-License-Identifier: Apache-2.0 */
/* file_map.c - open, fstat, mmap, close. */
#include "base/file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char empty_file[1];

/* Mapping needs memory for the map itself, opening some for the descriptor. */
static trba_status fail_to(const char *what, const char *path, trba_error *err)
{
    const trba_status status = errno == ENOMEM ? TRBA_ERROR_MEMORY : TRBA_ERROR_IO;
    return error_set(err, status, "cannot %s %s: %s", what, path, strerror(errno));
}

static trba_status map_descriptor(int fd, const char *path, struct file_map *out, trba_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return fail_to("read", path, err);
    if (S_ISDIR(info.st_mode)) return error_set(err, TRBA_ERROR_IO, "this is a folder, not a file: %s", path);
    if (!S_ISREG(info.st_mode))
        return error_set(err, TRBA_ERROR_IO, "this is not a regular file (a pipe or device cannot be mapped): %s",
                         path);
    if ((uint64_t)info.st_size > SIZE_MAX / 2)
        return error_set(err, TRBA_ERROR_LIMIT, "this file is too large: %s", path);
    const size_t n_bytes = (size_t)info.st_size;
    if (n_bytes == 0) {
        *out = (struct file_map){.bytes = empty_file, .n_bytes = 0};
        return TRBA_OK;
    }
    const void *bytes = mmap(NULL, n_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) return fail_to("map", path, err);
    *out = (struct file_map){.bytes = bytes, .n_bytes = n_bytes};
    return TRBA_OK;
}

trba_status file_map_open(const char *path, struct file_map *out, trba_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ENOENT) return error_set_no_file(err, path);
        return fail_to("open", path, err);
    }
    const trba_status status = map_descriptor(fd, path, out, err);
    close(fd);
    return status;
}

void file_map_forget(const struct file_map *map, const void *from, size_t n_bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t begin = (size_t)((const char *)from - (const char *)map->bytes); /* the map begins at a page */
    const size_t first = (begin + page - 1) / page * page, end = (begin + n_bytes) / page * page;
    if (first < end) madvise((char *)map->bytes + first, end - first, MADV_DONTNEED);
}

void file_map_close(struct file_map *map)
{
    if (map->bytes != NULL && map->bytes != (const void *)empty_file) munmap((void *)map->bytes, map->n_bytes);
    *map = (struct file_map){.bytes = NULL, .n_bytes = 0};
}
