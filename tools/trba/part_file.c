/* SPDX-License-Identifier: Apache-2.0 */
/* part_file.c - a signal handler that removes one file, whose name is made beforehand.
 *
 * The library installs no handlers, so the program removes the unfinished file, and must know its name: PATH.part-PID-N
 * with the first N that is free, as trba.h says. Made before the save, it leaves the handler nothing to do but unlink()
 * and raise(), which are async-signal-safe. A signal before the file is there, or after it got its own name, finds
 * nothing of that name. The file of another process would be taken only if that had the same PID, in another container,
 * and the same PATH, and began between our looking for the name and the library's opening it. */
#include "part_file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/tool_memory.h"

enum { N_SIGNALS = 3, MOST_PARTS = 100, SUFFIX_BYTES = 40 };

static const int signals[N_SIGNALS] = {SIGHUP, SIGINT, SIGTERM};
static struct sigaction before[N_SIGNALS];
static char *part; /* "": none; written while none of the handlers is there */

/* SA_RESETHAND has brought the default back; the signal, which is blocked until this returns, then ends the program.
 * The save does not make the file in between: that is done by the main thread, to which Linux gives such signals. */
static void remove_part(int signal_number)
{
    (void)unlink(part);
    (void)raise(signal_number);
}

static char *make_part_path(const char *path)
{
    const size_t n_bytes = strlen(path) + SUFFIX_BYTES;
    char *free_path = memory_resize(NULL, n_bytes, 1);
    struct stat info;
    for (int n = 0; n < MOST_PARTS; n++) {
        snprintf(free_path, n_bytes, "%s.part-%ld-%d", path, (long)getpid(), n);
        if (lstat(free_path, &info) != 0) return free_path;
    }
    free_path[0] = '\0'; /* the save will fail, too */
    return free_path;
}

void part_file_guard(const char *path)
{
    struct sigaction remover = {.sa_handler = remove_part, .sa_flags = (int)SA_RESETHAND};
    part = make_part_path(path);
    sigemptyset(&remover.sa_mask);
    for (int i = 0; i < N_SIGNALS; i++) sigaddset(&remover.sa_mask, signals[i]);
    for (int i = 0; i < N_SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) sigaction(signals[i], &remover, NULL);
    }
}

void part_file_release(void)
{
    for (int i = 0; i < N_SIGNALS; i++) sigaction(signals[i], &before[i], NULL);
    free(part);
    part = NULL;
}
