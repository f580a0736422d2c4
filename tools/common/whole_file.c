/* SPDX-License-Identifier: Apache-2.0 */
/* whole_file.c - reads until the end, so that pipes will do, too. */
#include "whole_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool_memory.h"

enum { FIRST_BYTES = 64 * 1024, MEBIBYTE = 1024 * 1024 };

/* Reads to the end, or until it is certain that there is too much. */
static char *read_bytes(FILE *file, size_t most_bytes, size_t *n)
{
    char *bytes = NULL;
    size_t capacity = FIRST_BYTES, n_read;
    *n = 0;
    do {
        capacity *= 2;
        bytes = memory_resize(bytes, capacity, 1);
        n_read = fread(bytes + *n, 1, capacity - *n - 1, file);
        *n += n_read;
    } while (n_read > 0 && *n <= most_bytes);
    bytes[*n] = '\0';
    return bytes;
}

char *whole_file_read(const char *path, size_t most_bytes, size_t *n, char message[FILE_MESSAGE_BYTES])
{
    FILE *file = fopen(path, "re");
    char *bytes = file != NULL ? read_bytes(file, most_bytes, n) : NULL;
    const bool is_read = file != NULL && !ferror(file);
    if (!is_read)
        snprintf(message, FILE_MESSAGE_BYTES, "cannot read %.300s: %s", path, strerror(errno));
    else if (*n > most_bytes)
        snprintf(message, FILE_MESSAGE_BYTES, "%.300s has more than %zu MiB", path, most_bytes / MEBIBYTE);
    if (file != NULL) fclose(file);
    if (is_read && *n <= most_bytes) return bytes;
    free(bytes);
    return NULL;
}

char *whole_text_read(const char *path, size_t most_bytes, size_t *n, char message[FILE_MESSAGE_BYTES])
{
    static const char mark[] = "\xEF\xBB\xBF";
    char *text = whole_file_read(path, most_bytes, n, message);
    if (text == NULL) return NULL;
    if (strlen(text) != *n) {
        snprintf(message, FILE_MESSAGE_BYTES, "%.300s is no text file: it has zero bytes", path);
        free(text);
        return NULL;
    }
    if (strncmp(text, mark, sizeof mark - 1) == 0) {
        *n -= sizeof mark - 1;
        memmove(text, text + sizeof mark - 1, *n + 1);
    }
    return text;
}
