/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_replay.c - a fuzz target without an engine: feeds it every file it is given, and every file of every folder.
 *
 *   usage: fuzz_replay_TARGET FILE|FOLDER ...     exit code 0: all were fed; 2: something could not be read
 *
 * The input that a target fails on is named before the abort: its path is on the last line of stderr. A folder that
 * does not exist counts as empty (a target without findings has no folder of regressions); no input at all does not.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static const char *current_path = "";

/* Only what a signal handler may call. Sanitizers abort, too (abort_on_error=1, see CMakeLists.txt). */
static void name_input(int signal_number)
{
    static const char before[] = "\nfailed on: ";
    if (write(STDERR_FILENO, before, sizeof before - 1) < 0 ||
        write(STDERR_FILENO, current_path, strlen(current_path)) < 0 || write(STDERR_FILENO, "\n", 1) < 0)
        _exit(2);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* In memory of exactly the file's size, so that AddressSanitizer sees the first byte beyond it. */
static int feed_file(const char *path, size_t n_bytes)
{
    uint8_t *bytes = malloc(n_bytes > 0 ? n_bytes : 1);
    FILE *file = fopen(path, "rb");
    const bool is_read = bytes != NULL && file != NULL && fread(bytes, 1, n_bytes, file) == n_bytes;
    if (file != NULL) fclose(file);
    if (is_read) {
        current_path = path;
        LLVMFuzzerTestOneInput(bytes, n_bytes);
    } else {
        fprintf(stderr, "cannot read %s: %s\n", path, strerror(errno));
    }
    free(bytes);
    return is_read ? 1 : -1;
}

static int feed(const char *path);

/* The number of files fed; negative when one could not be. */
static int feed_folder(const char *path)
{
    DIR *folder = opendir(path);
    int n_fed = 0;
    if (folder == NULL) return -1;
    for (const struct dirent *entry; n_fed >= 0 && (entry = readdir(folder)) != NULL;) {
        char inner[4096];
        if (entry->d_name[0] == '.') continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        const int n = feed(inner);
        n_fed = n < 0 ? n : n_fed + n;
    }
    closedir(folder);
    return n_fed;
}

static int feed(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) return errno == ENOENT ? 0 : -1;
    return S_ISDIR(status.st_mode) ? feed_folder(path) : feed_file(path, (size_t)status.st_size);
}

int main(int argc, char **argv)
{
    int n_fed = 0;
    signal(SIGABRT, name_input);
    for (int i = 1; i < argc; i++) {
        const int n = feed(argv[i]);
        if (n < 0) return 2;
        n_fed += n;
    }
    printf("%d inputs\n", n_fed);
    return n_fed > 0 ? 0 : 2;
}
