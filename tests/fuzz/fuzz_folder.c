/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_folder.c - a temporary folder, flat. */
#include "fuzz_folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"

enum { PATH_BYTES = 1024 };

static char folder[PATH_BYTES - 300];

static void remove_folder(void)
{
    fuzz_folder_clean(NULL);
    rmdir(folder);
}

const char *fuzz_folder(void)
{
    const char *parent = getenv("TMPDIR");
    if (folder[0] != '\0') return folder;
    const int n = snprintf(folder, sizeof folder, "%s/trba-fuzz-XXXXXX", parent != NULL ? parent : "/tmp");
    fuzz_require(n > 0 && (size_t)n < sizeof folder && mkdtemp(folder) != NULL, "no temporary folder could be made");
    atexit(remove_folder);
    return folder;
}

static const char *make_path(const char *name)
{
    static char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%.255s", fuzz_folder(), name);
    return path;
}

const char *fuzz_folder_write(const char *name, const void *bytes, size_t n_bytes)
{
    const char *path = make_path(name);
    FILE *file = fopen(path, "wb");
    const bool is_written = file != NULL && fwrite(bytes, 1, n_bytes, file) == n_bytes;
    fuzz_require(file != NULL && fclose(file) == 0 && is_written, "a temporary file could not be written");
    return path;
}

void fuzz_folder_clean(int (*is_kept)(const char *name))
{
    DIR *open_folder = opendir(fuzz_folder());
    fuzz_require(open_folder != NULL, "the temporary folder is gone");
    for (const struct dirent *entry; (entry = readdir(open_folder)) != NULL;)
        if (is_kept == NULL || !is_kept(entry->d_name)) unlink(make_path(entry->d_name));
    closedir(open_folder);
}
