/* SPDX-License-Identifier: Apache-2.0 */
/* thread_pool.c - tasks are claimed from atomic tickets; the caller works too, and waits for tasks, not for threads.
 *
 * Every thread has a ticket for its share of the tasks, (generation, end, next task) in one word; a thread whose share
 * is done goes on with the others'. Who advances a ticket by compare-and-swap owns that task. The pool's generation is
 * written last: workers wait for it to change, and claim tickets of that generation only. One that wakes late finds the
 * tasks gone and goes back to sleep: the caller never waits for it. The job is written before the generation and cannot
 * change while a claimed task is unfinished, because the caller returns only when all tasks are.
 *
 * Shares, because layers that number their tasks in the order of images then find most of what they read where the same
 * thread wrote it: in its own cache. Where two processors have no cache in common, the other's is as far as memory.
 */
#include "base/thread_pool.h"

#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/signals.h"

enum {
    TASK_BITS = 20,
    TASK_MASK = (1 << TASK_BITS) - 1,
    MOST_TASKS = TASK_MASK,      /* of a round */
    GENERATION_MASK = (1 << (64 - 2 * TASK_BITS)) - 1,
    /* A pause takes 40 to 140 cycles: some 30 to 60 microseconds of spinning, a few layers' worth. */
    SPIN_PAUSES = 1500
};

/* Alone in its line of the cache. */
struct share {
    _Alignas(64) _Atomic uint64_t ticket; /* generation << 40 | end << 20 | next task */
};

struct thread_pool {
    struct share *shares;        /* [n_threads] */
    _Atomic uint64_t generation; /* of the job there is */
    _Atomic int n_finished;      /* tasks of this job */
    int first_task, n_tasks;     /* of this round */
    pool_task task;
    void *arg;

    pthread_mutex_t lock;        /* for sleeping and waking only */
    pthread_cond_t work_there, work_done;
    _Atomic int n_sleeping;
    _Atomic bool caller_sleeps, stops;

    int n_threads;
    int n_started;
    struct worker {
        pthread_t thread;
        struct thread_pool *pool;
        int number;
    } workers[];
};

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static int ticket_end(uint64_t ticket) { return (int)(ticket >> TASK_BITS & TASK_MASK); }
static int ticket_next(uint64_t ticket) { return (int)(ticket & TASK_MASK); }

static bool is_open(uint64_t ticket, uint64_t generation)
{
    return ticket >> 2 * TASK_BITS == (generation & GENERATION_MASK) && ticket_next(ticket) < ticket_end(ticket);
}

/* Claims a task, of the thread's own share first; returns its number, or -1 when none is left. */
static int claim_task(struct thread_pool *pool, int thread, uint64_t generation)
{
    for (int i = 0; i < pool->n_threads; i++) {
        _Atomic uint64_t *from = &pool->shares[(thread + i) % pool->n_threads].ticket;
        uint64_t ticket = atomic_load(from);
        while (is_open(ticket, generation))
            if (atomic_compare_exchange_weak(from, &ticket, ticket + 1)) return ticket_next(ticket);
    }
    return -1;
}

static void work(struct thread_pool *pool, int thread, uint64_t generation)
{
    for (int task; (task = claim_task(pool, thread, generation)) >= 0;) {
        const int n_tasks = pool->n_tasks;
        pool->task(pool->arg, pool->first_task + task, thread);
        if (atomic_fetch_add(&pool->n_finished, 1) + 1 == n_tasks && atomic_load(&pool->caller_sleeps)) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->work_done);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

static bool has_work(struct thread_pool *pool, uint64_t done)
{
    return atomic_load(&pool->generation) != done || atomic_load(&pool->stops);
}

/* Until there is another generation than the one that is done. */
static void wait_for_work(struct thread_pool *pool, uint64_t done)
{
    for (int i = 0; i < SPIN_PAUSES; i++) {
        if (has_work(pool, done)) return;
        pause_briefly();
    }
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->n_sleeping, 1);
    while (!has_work(pool, done)) pthread_cond_wait(&pool->work_there, &pool->lock);
    atomic_fetch_sub(&pool->n_sleeping, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void *run_worker(void *arg)
{
    const struct worker *worker = arg;
    struct thread_pool *pool = worker->pool;
    fesetenv(FE_DFL_ENV); /* not what the thread that made the pool had set */
    for (uint64_t generation = 0; !atomic_load(&pool->stops);) {
        wait_for_work(pool, generation);
        generation = atomic_load(&pool->generation);
        work(pool, worker->number, generation);
    }
    return NULL;
}

static void wait_for_tasks(struct thread_pool *pool, int n_tasks)
{
    for (int i = 0; i < SPIN_PAUSES; i++) {
        if (atomic_load(&pool->n_finished) == n_tasks) return;
        pause_briefly();
    }
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_sleeps, true);
    while (atomic_load(&pool->n_finished) != n_tasks) pthread_cond_wait(&pool->work_done, &pool->lock);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->lock);
}

static void publish_job(struct thread_pool *pool, int first_task, int n_tasks, pool_task task, void *arg)
{
    pool->task = task;
    pool->arg = arg;
    pool->first_task = first_task;
    pool->n_tasks = n_tasks;
    atomic_store(&pool->n_finished, 0);
    const uint64_t generation = atomic_load(&pool->generation) + 1;
    for (int i = 0; i < pool->n_threads; i++) {
        const uint64_t first = (uint64_t)n_tasks * (uint64_t)i / (uint64_t)pool->n_threads;
        const uint64_t end = (uint64_t)n_tasks * (uint64_t)(i + 1) / (uint64_t)pool->n_threads;
        atomic_store(&pool->shares[i].ticket, generation << 2 * TASK_BITS | end << TASK_BITS | first);
    }
    atomic_store(&pool->generation, generation);
    if (atomic_load(&pool->n_sleeping) > 0) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(&pool->work_there);
        pthread_mutex_unlock(&pool->lock);
    }
}

void thread_pool_run(struct thread_pool *pool, int n_tasks, pool_task task, void *arg)
{
    if (pool->n_threads == 1 || n_tasks <= 1) {
        for (int i = 0; i < n_tasks; i++) task(arg, i, 0);
        return;
    }
    for (int first = 0, n; first < n_tasks; first += n) { /* rounds: a ticket has no room for more tasks */
        n = n_tasks - first < MOST_TASKS ? n_tasks - first : MOST_TASKS;
        publish_job(pool, first, n, task, arg);
        work(pool, 0, atomic_load(&pool->generation));
        wait_for_tasks(pool, n);
    }
}

int thread_pool_size(const struct thread_pool *pool) { return pool->n_threads; }

trba_status thread_pool_new_short(int most, struct thread_pool **out, trba_error *err)
{
    const int n_processors = cpu_count();
    if (thread_pool_new(n_processors < most ? n_processors : most, out, NULL) == TRBA_OK) return TRBA_OK;
    return thread_pool_new(1, out, err);
}

void thread_pool_free(struct thread_pool *pool)
{
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->stops, true);
    pthread_cond_broadcast(&pool->work_there);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->n_started; i++) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->work_done);
    pthread_cond_destroy(&pool->work_there);
    pthread_mutex_destroy(&pool->lock);
    free(pool->shares);
    free(pool);
}

/* The system's stack size, but no less than tasks need. */
static void set_stack_size(pthread_attr_t *attributes)
{
    enum { LEAST_STACK_BYTES = 512 * 1024 };
    size_t n_bytes;
    if (pthread_attr_getstacksize(attributes, &n_bytes) == 0 && n_bytes < LEAST_STACK_BYTES)
        pthread_attr_setstacksize(attributes, LEAST_STACK_BYTES);
}

/* As many as can be. */
static void start_workers(void *arg)
{
    struct thread_pool *pool = arg;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return;
    set_stack_size(&attributes);
    for (int i = 0; i < pool->n_threads - 1; i++) {
        struct worker *worker = &pool->workers[i];
        *worker = (struct worker){.pool = pool, .number = i + 1};
        if (pthread_create(&worker->thread, &attributes, run_worker, worker) != 0) break;
        pool->n_started++;
    }
    pthread_attr_destroy(&attributes);
}

trba_status thread_pool_new(int n_threads, struct thread_pool **out, trba_error *err)
{
    struct thread_pool *pool = calloc(1, sizeof *pool + (size_t)(n_threads - 1) * sizeof pool->workers[0]);
    struct share *shares = aligned_alloc(_Alignof(struct share), (size_t)n_threads * sizeof *shares);
    if (pool == NULL || shares == NULL) {
        free(pool);
        free(shares);
        return error_set(err, TRBA_ERROR_MEMORY, "no memory for %d threads", n_threads);
    }
    for (int i = 0; i < n_threads; i++) atomic_init(&shares[i].ticket, 0);
    pool->shares = shares;
    pool->n_threads = n_threads;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work_there, NULL);
    pthread_cond_init(&pool->work_done, NULL);
    signals_call_blocked(start_workers, pool);
    if (pool->n_started < n_threads - 1) {
        thread_pool_free(pool);
        return error_set(err, TRBA_ERROR_MEMORY, "cannot start %d threads; try fewer", n_threads);
    }
    *out = pool;
    return TRBA_OK;
}
