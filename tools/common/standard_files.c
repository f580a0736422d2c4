/* SPDX-License-Identifier: Apache-2.0 */
/* standard_files.c - closed descriptors, broken pipes, full disks, files that may not grow. */
#include "standard_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "console.h"

enum { STDOUT_BUFFER_BYTES = 64 * 1024 };

/* Was a pipe's reader gone? A signal handler may only set this. */
static volatile sig_atomic_t pipe_is_broken;

static void note_broken_pipe(int signal_number)
{
    (void)signal_number;
    pipe_is_broken = 1;
}

void standard_files_prepare(void)
{
    const struct sigaction broken_pipe = {.sa_handler = note_broken_pipe, .sa_flags = SA_RESTART};
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) != -1) continue;
        /* The wrong direction on purpose: the descriptor is taken, and using it is still EBADF. open() gives the lowest
         * free number, which is this one. */
        const int taken = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
        if (taken != fd && taken >= 0) close(taken);
    }
    sigaction(SIGPIPE, &broken_pipe, NULL);
    signal(SIGXFSZ, SIG_IGN); /* beyond ulimit -f a write then fails with EFBIG, and a sentence says so */
    /* Large enough that writing, and failing to, happens in fflush(), where the reason is known. */
    setvbuf(stdout, NULL, _IOFBF, STDOUT_BUFFER_BYTES);
}

bool output_is_written(FILE *out, const char *name)
{
    const bool is_flushed = fflush(out) == 0;
    const char *cause = is_flushed ? "an earlier write failed" : strerror(errno);
    if (is_flushed && !ferror(out)) return true;
    if (!pipe_is_broken) console_print("cannot write to %s: %s", name, cause);
    return false;
}
