/* SPDX-License-Identifier: Apache-2.0 */
/* standard_files.c - closed descriptors, broken pipes, full disks. */
#include "standard_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "console.h"

void standard_files_prepare(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) != -1) continue;
        /* The wrong direction on purpose: the descriptor is taken, and using it is still EBADF. open() gives the lowest
         * free number, which is this one. */
        const int taken = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
        if (taken != fd && taken >= 0) close(taken);
    }
    signal(SIGPIPE, SIG_IGN);
}

bool output_is_written(FILE *out, const char *name)
{
    errno = 0;
    const bool is_flushed = fflush(out) == 0;
    const int cause = errno;
    if (is_flushed && !ferror(out)) return true;
    if (cause != EPIPE) console_print("cannot write to %s%s%s", name, cause ? ": " : "", cause ? strerror(cause) : "");
    return false;
}
