/* SPDX-License-Identifier: Apache-2.0 */
/* loading_failure.c - memory runs out while OpenBLAS is loaded.
 *
 *   usage: loading_failure
 *
 * Asks for OpenBLAS with the n-th request for memory failing, for n = 1, 2, ... until fewer are made; then with it and
 * all after it failing. Each time in a process of its own, because it is loaded once, and because what OpenBLAS and
 * Fortran's runtime do while they start is theirs: they end the process. All else is TRBA_ERROR_MEMORY with a
 * sentence, or was not needed: it is never said that OpenBLAS is missing. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing_memory.h"
#include "layers/blas.h"

enum { MOST_REQUESTS = 10000 };

/* How a process ended that had its number-th request fail. */
enum outcome { ALL_REQUESTS_MADE, LOADED_ALL_THE_SAME, REFUSED_FOR_MEMORY, REFUSED_OTHERWISE, N_OUTCOMES };

static enum outcome load(enum failure failure, long number)
{
    struct kernels kernels = {.uses_blas = true};
    trba_error err = {.message = ""};
    failing_memory_arm(failure, number);
    const trba_status status = blas_load(NULL, &kernels, &err);
    failing_memory_disarm();
    if (!failing_memory_has_failed()) return status == TRBA_OK ? ALL_REQUESTS_MADE : REFUSED_OTHERWISE;
    if (status == TRBA_OK && kernels.blas_sgemm != NULL) return LOADED_ALL_THE_SAME;
    if (status == TRBA_ERROR_MEMORY && err.message[0] != '\0') return REFUSED_FOR_MEMORY;
    printf("request %ld: %s: %s\n", number, trba_status_name(status), err.message);
    return REFUSED_OTHERWISE;
}

/* N_OUTCOMES: it was ended while it loaded. Its last words are not of interest. */
static enum outcome load_in_a_process(enum failure failure, long number)
{
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        const enum outcome outcome = load(failure, number);
        fflush(stdout);
        _exit(100 + (int)outcome);
    }
    int ended = 0;
    if (child < 0 || waitpid(child, &ended, 0) != child) {
        printf("there is no process to try request %ld in\n", number);
        exit(1);
    }
    const int outcome = WIFEXITED(ended) ? WEXITSTATUS(ended) - 100 : -1;
    return outcome >= 0 && outcome < N_OUTCOMES ? (enum outcome)outcome : N_OUTCOMES;
}

/* Did everything go as promised? */
static bool fail_every_request(enum failure failure, const char *what)
{
    int n[N_OUTCOMES + 1] = {0};
    for (long number = 1; n[ALL_REQUESTS_MADE] == 0 && n[REFUSED_OTHERWISE] == 0 && number < MOST_REQUESTS; number++)
        n[load_in_a_process(failure, number)]++;
    printf("%s: loaded all the same %d times, refused for memory %d times, ended by what is loaded %d times\n", what,
           n[LOADED_ALL_THE_SAME], n[REFUSED_FOR_MEMORY], n[N_OUTCOMES]);
    return n[ALL_REQUESTS_MADE] == 1 && n[REFUSED_OTHERWISE] == 0 && n[REFUSED_FOR_MEMORY] > 0;
}

int main(void)
{
#ifndef TRBA_OPENBLAS_SONAME
    printf("skipped: OpenBLAS is linked, nothing is loaded\n");
    return 0;
#endif
    const bool once = fail_every_request(FAIL_ONCE, "one request fails");
    return fail_every_request(FAIL_FROM_THERE, "all fail from there") && once ? 0 : 1;
}
