/* SPDX-License-Identifier: Apache-2.0 */
/* signals.c - blocking around a call. */
#include "base/signals.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

void signals_call_blocked(void (*call)(void *arg), void *arg)
{
    static const int raised_by_instructions[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    sigset_t blocked, callers;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof raised_by_instructions / sizeof *raised_by_instructions; i++)
        sigdelset(&blocked, raised_by_instructions[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, &callers);
    call(arg);
    pthread_sigmask(SIG_SETMASK, &callers, NULL);
}
