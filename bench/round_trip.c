/* SPDX-License-Identifier: Apache-2.0 */
/* round_trip.c - how far two processors are from each other: the time in which a line of the cache goes from one to the
 * other and back. Some 80 ns where they share a last-level cache; 400 and more where each has its own. Hosts move a
 * virtual machine's processors between the two, every few minutes, and that is to be known of each measurement.
 *
 *   usage: round_trip FIRST SECOND       numbers of two processors
 *
 * Prints nanoseconds, the median of several runs. Linux.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_RUNS = 9, N_TRIPS = 1000 };

static _Alignas(128) atomic_int count; /* odd: the second one's turn */

static void stay_on(int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)processor, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        fprintf(stderr, "round_trip: there is no processor %d\n", processor);
        exit(1);
    }
}

static void answer(int n_trips)
{
    for (int i = 0; i < n_trips; i++) {
        while (atomic_load(&count) != 2 * i + 1) {}
        atomic_store(&count, 2 * i + 2);
    }
}

static void *answer_all(void *processor)
{
    stay_on(*(const int *)processor);
    answer(N_RUNS * N_TRIPS);
    return NULL;
}

static double now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Nanoseconds of a trip, on average over the trips of a run. */
static double make_trips(int run)
{
    const double start = now_ns();
    for (int i = run * N_TRIPS; i < (run + 1) * N_TRIPS; i++) {
        atomic_store(&count, 2 * i + 1);
        while (atomic_load(&count) != 2 * i + 2) {}
    }
    return (now_ns() - start) / N_TRIPS;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    char *first_end, *second_end;
    const int first = argc == 3 ? (int)strtol(argv[1], &first_end, 10) : 0;
    int second = argc == 3 ? (int)strtol(argv[2], &second_end, 10) : 0;
    if (first == second || *first_end != '\0' || *second_end != '\0') { /* equal ones would wait for each other */
        fprintf(stderr, "usage: round_trip FIRST SECOND       numbers of two processors, not the same\n");
        return 2;
    }
    double trips[N_RUNS];
    pthread_t thread;
    stay_on(first);
    if (pthread_create(&thread, NULL, answer_all, &second) != 0) {
        fprintf(stderr, "round_trip: no second thread\n");
        return 1;
    }
    for (int run = 0; run < N_RUNS; run++) trips[run] = make_trips(run);
    pthread_join(thread, NULL);
    qsort(trips, N_RUNS, sizeof *trips, compare);
    printf("%.0f\n", trips[N_RUNS / 2]);
    return 0;
}
