/* SPDX-License-Identifier: Apache-2.0 */
/* file_write.c - open PATH.part-PID-N, write, fsync, rename; then fsync the folder, so that the name survives a
 * crash. */
#include "base/file_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 256 * 1024, MOST_ATTEMPTS = 100, SUFFIX_BYTES = 40,
    MOST_LINKS = 40 /* that Linux follows in one path */
};

uint64_t file_checksum(uint64_t checksum, const void *bytes, size_t n_bytes)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < n_bytes; i++) checksum = (checksum ^ at[i]) * UINT64_C(0x100000001B3);
    return checksum;
}

static trba_status fail(const struct file_writer *writer, trba_error *err)
{
    return error_set(err, TRBA_ERROR_IO, "cannot write %s: %s", writer->path, strerror(errno));
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* Is the folder of that path on this file system? */
static bool is_folder_on(const char *path, dev_t file_system)
{
    char folder[PATH_MAX];
    struct stat info;
    const char *slash = strrchr(path, '/');
    const int n = snprintf(folder, sizeof folder, "%.*s.", slash != NULL ? (int)(slash - path) + 1 : 0, path);
    return n > 0 && (size_t)n < sizeof folder && stat(folder, &info) == 0 && info.st_dev == file_system;
}

/* Makes the path of a link that of what the link names. False if it is no link, or becomes too long. */
static bool follow_link(char path[PATH_MAX])
{
    char target[PATH_MAX];
    const ssize_t n = readlink(path, target, sizeof target);
    const char *slash = n > 0 && target[0] != '/' ? strrchr(path, '/') : NULL;
    const size_t n_folder = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    if (n <= 0 || n_folder + (size_t)n >= PATH_MAX) return false;
    memcpy(path + n_folder, target, (size_t)n);
    path[n_folder + (size_t)n] = '\0';
    return true;
}

/* Does the path lie in /proc, itself or as a link to there, as /dev/stdout is one to /proc/self/fd/1? stat() follows it
 * to the file that is open there, but rename() would replace the link, and that file would get nothing. /proc/self is
 * asked for because an empty folder /proc may stand on any file system. */
static bool leads_into_proc(const char *path)
{
    char at[PATH_MAX];
    struct stat proc;
    const int n = snprintf(at, sizeof at, "%s", path);
    if (n < 0 || (size_t)n >= sizeof at || stat("/proc/self", &proc) != 0) return false;
    for (int i = 0; i < MOST_LINKS; i++) {
        if (is_folder_on(at, proc.st_dev)) return true;
        if (!follow_link(at)) return false;
    }
    return false;
}

/* `there`: what stands in that place, or NULL. */
static trba_status check_place(const char *path, const struct stat *there, trba_error *err)
{
    if (leads_into_proc(path))
        return error_set(err, TRBA_ERROR_IO, "%s leads into /proc, as /dev/stdout does: name the file to write itself",
                         path);
    if (there == NULL || S_ISREG(there->st_mode)) return TRBA_OK;
    return error_set(err, TRBA_ERROR_IO, "there is %s of this name: %s",
                     S_ISDIR(there->st_mode) ? "a folder" : "a pipe or device", path);
}

/* Processes of one PID, as the first of a container has, may each have left one. */
static trba_status fail_to_open(const struct file_writer *writer, trba_error *err)
{
    if (errno != EEXIST) return fail(writer, err);
    return error_set(err, TRBA_ERROR_IO, "cannot write %s: %d runs that were killed have left %s.part-%ld-0 and so on "
                     "to %d: remove these files", writer->path, MOST_ATTEMPTS, writer->path, (long)getpid(),
                     MOST_ATTEMPTS - 1);
}

/* The name is promised in trba.h: a program that is interrupted removes the file. The permissions are those of the file
 * that will be replaced, from the first moment on, or else those of any new file; so mkstemp() will not do. */
static trba_status open_temporary(struct file_writer *writer, const struct stat *there, trba_error *err)
{
    const mode_t permissions = there != NULL ? there->st_mode & 0777 : 0666;
    for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        snprintf(writer->temporary, strlen(writer->path) + SUFFIX_BYTES, "%s.part-%ld-%d", writer->path,
                 (long)getpid(), attempt);
        writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions);
        if (writer->fd >= 0 && there != NULL) (void)fchmod(writer->fd, permissions); /* beyond the process's mask */
        if (writer->fd >= 0) return TRBA_OK;
        if (errno != EEXIST) break;
    }
    const trba_status status = fail_to_open(writer, err);
    free(writer->temporary);
    writer->temporary = NULL; /* it is not ours to remove */
    return status;
}

trba_status file_writer_open(const char *path, struct file_writer *writer, trba_error *err)
{
    *writer = (struct file_writer){.fd = -1, .checksum = FILE_CHECKSUM_START};
    struct stat info;
    const struct stat *there = stat(path, &info) == 0 ? &info : NULL;
    const trba_status status = check_place(path, there, err);
    if (status != TRBA_OK) return status;
    writer->path = strdup(path);
    writer->temporary = malloc(strlen(path) + SUFFIX_BYTES);
    writer->buffer = malloc(BUFFER_BYTES);
    if (writer->path == NULL || writer->temporary == NULL || writer->buffer == NULL) {
        free(writer->temporary);
        writer->temporary = NULL;
        return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory to write a file");
    }
    return open_temporary(writer, there, err);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static trba_status write_all(struct file_writer *writer, const uint8_t *bytes, size_t n_bytes, trba_error *err)
{
    while (n_bytes > 0) {
        const ssize_t n = write(writer->fd, bytes, n_bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(writer, err);
        bytes += n;
        n_bytes -= (size_t)n;
    }
    return TRBA_OK;
}

static trba_status write_buffered(struct file_writer *writer, trba_error *err)
{
    const size_t n = writer->n_buffered;
    writer->n_buffered = 0;
    return write_all(writer, writer->buffer, n, err);
}

trba_status file_writer_put(struct file_writer *writer, const void *bytes, size_t n_bytes, trba_error *err)
{
    writer->n_bytes += n_bytes;
    writer->checksum = file_checksum(writer->checksum, bytes, n_bytes);
    if (n_bytes > BUFFER_BYTES - writer->n_buffered) {
        const trba_status status = write_buffered(writer, err);
        if (status != TRBA_OK) return status;
    }
    if (n_bytes > BUFFER_BYTES) return write_all(writer, bytes, n_bytes, err);
    if (n_bytes > 0) memcpy(writer->buffer + writer->n_buffered, bytes, n_bytes);
    writer->n_buffered += n_bytes;
    return TRBA_OK;
}

trba_status file_writer_flush(struct file_writer *writer, trba_error *err)
{
    const trba_status status = write_buffered(writer, err);
    if (status != TRBA_OK) return status;
    return fsync(writer->fd) == 0 ? TRBA_OK : fail(writer, err);
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

/* Some file systems cannot do this; the file is complete all the same. */
static void sync_folder(const char *path)
{
    char *folder = strdup(path);
    if (folder == NULL) return;
    char *slash = strrchr(folder, '/');
    if (slash != NULL) slash[slash == folder ? 1 : 0] = '\0';
    const int fd = open(slash != NULL ? folder : ".", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

trba_status file_writer_commit(struct file_writer *writer, trba_error *err)
{
    if (rename(writer->temporary, writer->path) != 0) return fail(writer, err);
    free(writer->temporary);
    writer->temporary = NULL;
    sync_folder(writer->path);
    return TRBA_OK;
}

void file_writer_discard(struct file_writer *writer)
{
    if (writer->fd >= 0) close(writer->fd);
    if (writer->temporary != NULL) unlink(writer->temporary);
    free(writer->temporary);
    free(writer->path);
    free(writer->buffer);
    *writer = (struct file_writer){.fd = -1};
}
