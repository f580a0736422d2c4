/* SPDX-License-Identifier: Apache-2.0 */
/* file_read.c - open, read until the end, close. */
#include "base/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_BYTES = 64 * 1024 };

void file_buffer_free(struct file_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct file_buffer){.bytes = NULL};
}

static trba_status grow(struct file_buffer *buffer, size_t capacity, const char *path, trba_error *err)
{
    if (capacity <= buffer->capacity) return TRBA_OK;
    uint8_t *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL)
        return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for a file of this size: %s", path);
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return TRBA_OK;
}

static trba_status read_descriptor(int fd, const char *path, size_t limit, struct file_buffer *buffer, trba_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return error_set(err, TRBA_ERROR_IO, "cannot read %s: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode)) return error_set(err, TRBA_ERROR_IO, "this is a folder, not a file: %s", path);
    const size_t size = info.st_size > 0 && (uintmax_t)info.st_size <= limit ? (size_t)info.st_size + 1 : FIRST_BYTES;
    trba_status status = grow(buffer, size, path, err);
    buffer->n_bytes = 0;
    while (status == TRBA_OK) {
        const ssize_t n = read(fd, buffer->bytes + buffer->n_bytes, buffer->capacity - buffer->n_bytes);
        if (n == 0) return TRBA_OK;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return error_set(err, TRBA_ERROR_IO, "cannot read %s: %s", path, strerror(errno));
        buffer->n_bytes += (size_t)n;
        if (buffer->n_bytes > limit)
            return error_set(err, TRBA_ERROR_LIMIT, "this file is larger than %zu MiB, the limit: %s", limit >> 20,
                             path);
        if (buffer->n_bytes == buffer->capacity) status = grow(buffer, 2 * buffer->capacity, path, err);
    }
    return status;
}

trba_status file_read(const char *path, size_t limit, struct file_buffer *buffer, trba_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT) return error_set_no_file(err, path);
        return error_set(err, TRBA_ERROR_IO, "cannot open %s: %s", path, strerror(errno));
    }
    const trba_status status = read_descriptor(fd, path, limit, buffer, err);
    close(fd);
    return status;
}
