/* SPDX-License-Identifier: Apache-2.0 */
/* test_thread_pool.c - every task once, on a thread of the pool, seen by the caller afterwards; awake or asleep, and
 * asleep when there is nothing to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/thread_pool.h"

enum { MAX_THREADS = 8, MAX_TASKS = 1000 };

static void sleep_ms(long ms)
{
    const struct timespec time = {.tv_sec = 0, .tv_nsec = ms * 1000000};
    nanosleep(&time, NULL);
}

struct job {
    int n_threads;
    int runs[MAX_TASKS];                  /* plain: each task writes its own, the caller reads afterwards */
    _Atomic int busy[MAX_THREADS];        /* tasks that run with this thread number now */
    _Atomic int n_errors;
    pthread_t caller;
};

static void count_task(void *arg, int task, int thread)
{
    struct job *job = arg;
    if (thread < 0 || thread >= job->n_threads) {
        atomic_fetch_add(&job->n_errors, 1);
        return;
    }
    if (atomic_fetch_add(&job->busy[thread], 1) != 0) atomic_fetch_add(&job->n_errors, 1);
    if ((thread == 0) != (pthread_equal(pthread_self(), job->caller) != 0)) atomic_fetch_add(&job->n_errors, 1);
    job->runs[task]++;
    atomic_fetch_sub(&job->busy[thread], 1);
}

static struct thread_pool *new_pool(int n_threads)
{
    struct thread_pool *pool = NULL;
    trba_error err = {.message = ""};
    if (thread_pool_new(n_threads, &pool, &err) != TRBA_OK) fail_msg("%s", err.message);
    assert_int_equal(thread_pool_size(pool), n_threads);
    return pool;
}

struct many {
    _Atomic int n;
    _Atomic int64_t sum;
};

static void add_task(void *arg, int task, int thread)
{
    (void)thread;
    struct many *many = arg;
    atomic_fetch_add(&many->n, 1);
    atomic_fetch_add(&many->sum, task);
}

static void more_than_a_million_tasks_all_run(void **state)
{
    (void)state;
    enum { MANY = (1 << 21) + 3 }; /* what a ticket counts to, twice over */
    struct thread_pool *pool = new_pool(3);
    struct many many = {.n = 0};
    thread_pool_run(pool, MANY, add_task, &many);
    assert_int_equal(many.n, MANY);
    assert_true(many.sum == (int64_t)MANY * (MANY - 1) / 2);
    thread_pool_free(pool);
}

static void run_and_check(struct thread_pool *pool, struct job *job, int n_tasks)
{
    memset(job->runs, 0, sizeof job->runs);
    thread_pool_run(pool, n_tasks, count_task, job);
    for (int i = 0; i < MAX_TASKS; i++)
        if (job->runs[i] != (i < n_tasks))
            fail_msg("%d threads, %d tasks: task %d ran %d times", job->n_threads, n_tasks, i, job->runs[i]);
    assert_int_equal(atomic_load(&job->n_errors), 0);
}

static void every_task_runs_once(void **state)
{
    (void)state;
    static const int counts[] = {0, 1, 2, 3, 7, 8, 9, 64, 127, MAX_TASKS};
    for (int n_threads = 1; n_threads <= MAX_THREADS; n_threads++) {
        struct thread_pool *pool = new_pool(n_threads);
        struct job job = {.n_threads = n_threads, .caller = pthread_self()};
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) run_and_check(pool, &job, counts[i]);
        thread_pool_free(pool);
    }
}

/* Every thread's first task waits until all threads have one. */
struct first_tasks {
    int n_threads;
    int first[MAX_THREADS]; /* each thread's; -1: none yet */
    _Atomic int n_begun;
};

static void begin_and_wait(void *arg, int task, int thread)
{
    struct first_tasks *job = arg;
    if (job->first[thread] >= 0) return;
    job->first[thread] = task;
    atomic_fetch_add(&job->n_begun, 1);
    for (int ms = 0; atomic_load(&job->n_begun) < job->n_threads && ms < 20000; ms++) sleep_ms(1);
}

static void each_thread_begins_with_its_share(void **state)
{
    (void)state;
    for (int n_threads = 2; n_threads <= MAX_THREADS; n_threads++) {
        struct thread_pool *pool = new_pool(n_threads);
        struct first_tasks job = {.n_threads = n_threads};
        for (int i = 0; i < n_threads; i++) job.first[i] = -1;
        const int n_tasks = 5 * n_threads;
        thread_pool_run(pool, n_tasks, begin_and_wait, &job);
        for (int i = 0; i < n_threads; i++) assert_int_equal(job.first[i], 5 * i);
        thread_pool_free(pool);
    }
}

/* Jobs follow each other faster than workers wake: a worker that comes late for one job must not touch the next. */
static void thousands_of_small_jobs_follow_each_other(void **state)
{
    (void)state;
    static const int sizes[] = {2, 3, MAX_THREADS};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct thread_pool *pool = new_pool(sizes[i]);
        struct job job = {.n_threads = sizes[i], .caller = pthread_self()};
        for (int round = 0; round < 3000; round++) {
            const int n_tasks = 2 + round % 6;
            memset(job.runs, 0, 8 * sizeof job.runs[0]);
            thread_pool_run(pool, n_tasks, count_task, &job);
            for (int k = 0; k < 8; k++)
                if (job.runs[k] != (k < n_tasks)) fail_msg("job %d: task %d ran %d times", round, k, job.runs[k]);
        }
        assert_int_equal(atomic_load(&job.n_errors), 0);
        thread_pool_free(pool);
    }
}

/* The job lies on the caller's stack and is gone when the next one comes: no worker may look at it late. */
static void add_own(void *arg, int task, int thread)
{
    (void)thread;
    int *slots = arg;
    slots[task] += task;
}

static void jobs_may_live_on_the_stack(void **state)
{
    (void)state;
    struct thread_pool *pool = new_pool(4);
    for (int round = 0; round < 2000; round++) {
        int slots[5] = {round, round, round, round, round};
        thread_pool_run(pool, 5, add_own, slots);
        for (int i = 0; i < 5; i++) assert_int_equal(slots[i], round + i);
    }
    thread_pool_free(pool);
}

static void sleeping_workers_wake_up(void **state)
{
    (void)state;
    struct thread_pool *pool = new_pool(4);
    struct job job = {.n_threads = 4, .caller = pthread_self()};
    for (int round = 0; round < 20; round++) {
        sleep_ms(2); /* far longer than they spin */
        run_and_check(pool, &job, 16);
    }
    thread_pool_free(pool);
}

struct slow_job {
    _Atomic int n_running, most_running;
};

static void slow_task(void *arg, int task, int thread)
{
    (void)task;
    (void)thread;
    struct slow_job *job = arg;
    const int running = atomic_fetch_add(&job->n_running, 1) + 1;
    int most = atomic_load(&job->most_running);
    while (running > most && !atomic_compare_exchange_weak(&job->most_running, &most, running)) continue;
    sleep_ms(10);
    atomic_fetch_sub(&job->n_running, 1);
}

/* The caller runs out of tasks, spins, and sleeps until the workers are through. */
static void a_caller_that_waits_long_is_woken(void **state)
{
    (void)state;
    struct thread_pool *pool = new_pool(3);
    struct slow_job job = {.n_running = 0};
    for (int round = 0; round < 5; round++) thread_pool_run(pool, 4, slow_task, &job);
    assert_int_equal(atomic_load(&job.n_running), 0);
    assert_in_range(atomic_load(&job.most_running), 2, 3); /* really side by side */
    thread_pool_free(pool);
}

static double processor_ms(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6;
}

/* Counted from the end of the job: the time that they spin is in it, and, on a virtual processor that is taken away
 * while they do, the time that it is away. So the least of a few attempts counts: who goes on spinning does in all. */
static void idle_workers_leave_the_processor_alone(void **state)
{
    (void)state;
    enum { ATTEMPTS = 4, ENOUGH_MS = 5 };
    struct thread_pool *pool = new_pool(MAX_THREADS);
    struct job job = {.n_threads = MAX_THREADS, .caller = pthread_self()};
    double least_ms = ENOUGH_MS + 1;
    for (int i = 0; i < ATTEMPTS && least_ms > ENOUGH_MS; i++) {
        run_and_check(pool, &job, MAX_TASKS);
        const double before_ms = processor_ms();
        sleep_ms(500);
        const double used_ms = processor_ms() - before_ms;
        if (i == 0 || used_ms < least_ms) least_ms = used_ms;
    }
    if (least_ms > ENOUGH_MS)
        fail_msg("%d threads used %.3f ms of the processor in 500 ms without work", MAX_THREADS, least_ms);
    thread_pool_free(pool);
}

static void pools_end_whether_they_worked_or_not(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        struct thread_pool *pool = new_pool(1 + round % MAX_THREADS);
        if (round % 3 == 0) sleep_ms(1);
        thread_pool_free(pool);
    }
    thread_pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_once),
        cmocka_unit_test(each_thread_begins_with_its_share),
        cmocka_unit_test(more_than_a_million_tasks_all_run),
        cmocka_unit_test(thousands_of_small_jobs_follow_each_other),
        cmocka_unit_test(jobs_may_live_on_the_stack),
        cmocka_unit_test(sleeping_workers_wake_up),
        cmocka_unit_test(a_caller_that_waits_long_is_woken),
        cmocka_unit_test(idle_workers_leave_the_processor_alone),
        cmocka_unit_test(pools_end_whether_they_worked_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
