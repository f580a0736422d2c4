/* SPDX-License-Identifier: Apache-2.0 */
/* file_read.h - a small file as bytes in memory. Unlike a mapping, it cannot change or vanish while it is looked at. */
#ifndef TRBA_BASE_FILE_READ_H
#define TRBA_BASE_FILE_READ_H

#include <stdint.h>

#include "base/status.h"

/* A buffer that only grows. */
struct file_buffer {
    uint8_t *bytes;
    size_t n_bytes, capacity;
};

/* Reads all of a file (or of a pipe) of at most `limit` bytes. */
trba_status file_read(const char *path, size_t limit, struct file_buffer *buffer, trba_error *err);
void file_buffer_free(struct file_buffer *buffer);

#endif
