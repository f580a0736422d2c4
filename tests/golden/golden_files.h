/* SPDX-License-Identifier: Apache-2.0 */
/* golden_files.h - what the golden tests share: the folder of the fixtures, whole files, names with an ending. */
#ifndef TRBA_GOLDEN_FILES_H
#define TRBA_GOLDEN_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GOLDEN_PATH_BYTES = 1024 };

struct golden_path {
    char text[GOLDEN_PATH_BYTES];
};

/* tests/golden/FOLDER/NAME in the source tree. */
static inline struct golden_path golden_path(const char *folder, const char *name)
{
    const char *source = getenv("TRBA_SOURCE_DIR");
    struct golden_path path;
    const int n = snprintf(path.text, sizeof path.text, "%s/tests/golden/%s/%s", source != NULL ? source : ".", folder,
                           name);
    assert_in_range(n, 1, sizeof path.text - 1);
    return path;
}

/* The file's bytes and a 0 behind them; the caller frees them. */
static inline uint8_t *golden_read(const char *path, size_t *n_bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail_msg("%s cannot be opened", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    uint8_t *bytes = malloc((size_t)size + 1);
    assert_non_null(bytes);
    *n_bytes = fread(bytes, 1, (size_t)size, file);
    assert_int_equal(*n_bytes, size);
    bytes[*n_bytes] = 0;
    fclose(file);
    return bytes;
}

static inline bool ends_with(const char *name, const char *ending)
{
    const size_t n = strlen(name), m = strlen(ending);
    return n > m && strcmp(name + n - m, ending) == 0;
}

/* Calls `body` with the name of every file in the folder that ends so. There must be at least `at_least`: an empty
 * folder proves nothing. */
static inline void for_each_golden_file(const char *folder, const char *ending, int at_least,
                                        void (*body)(const char *name))
{
    const struct golden_path path = golden_path(folder, "");
    DIR *stream = opendir(path.text);
    if (stream == NULL) fail_msg("there is no folder %s: is TRBA_SOURCE_DIR set?", path.text);
    int n = 0;
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        if (!ends_with(entry->d_name, ending)) continue;
        body(entry->d_name);
        n++;
    }
    closedir(stream);
    assert_true(n >= at_least);
}

#endif
