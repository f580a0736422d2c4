/* SPDX-License-Identifier: Apache-2.0 */
/* file_write.h - a file that is there as a whole or not at all: written beside its place under another name, and
 * renamed when it is complete. */
#ifndef TRBA_BASE_FILE_WRITE_H
#define TRBA_BASE_FILE_WRITE_H

#include <stdint.h>

#include "base/status.h"

/* Zero-initialise; file_writer_discard() is right at every time. */
struct file_writer {
    int fd;
    char *path;      /* where it shall be */
    char *temporary; /* where it is, until the rename; NULL: nowhere */
    uint8_t *buffer; /* what has not been written yet */
    size_t n_buffered;
    uint64_t n_bytes;  /* so far */
    uint64_t checksum; /* of these */
};

/* Goes on with a checksum (FNV-1a, which begins with FILE_CHECKSUM_START) over n more bytes. */
#define FILE_CHECKSUM_START UINT64_C(0xCBF29CE484222325)
uint64_t file_checksum(uint64_t checksum, const void *bytes, size_t n_bytes);

/* Starts a file beside `path`, with the permissions of the file that is there, if any. Refuses a path where something
 * stands that is no regular file, and one that leads into /proc. */
trba_status file_writer_open(const char *path, struct file_writer *writer, trba_error *err);
trba_status file_writer_put(struct file_writer *writer, const void *bytes, size_t n_bytes, trba_error *err);
/* Everything is on the disk under writer->temporary, and may be read back there. */
trba_status file_writer_flush(struct file_writer *writer, trba_error *err);
/* Renames the flushed file to its place. */
trba_status file_writer_commit(struct file_writer *writer, trba_error *err);
/* Frees everything; a file that was not committed is gone. */
void file_writer_discard(struct file_writer *writer);

#endif
