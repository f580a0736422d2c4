/* SPDX-License-Identifier: Apache-2.0 */
/* thread_pool.h - a few threads that share the tasks of one call after the other. */
#ifndef TRBA_BASE_THREAD_POOL_H
#define TRBA_BASE_THREAD_POOL_H

#include "base/status.h"

struct thread_pool;

/* Called once per task, on any of the pool's threads. `thread` is 0 for the caller of thread_pool_run(), else
 * 1 .. size - 1: at most one task at a time has that number. */
typedef void (*pool_task)(void *arg, int task, int thread);

/* A pool of n_threads, the caller of thread_pool_run() included, so n_threads - 1 are started. They sleep when idle
 * (after spinning for some microseconds, because the next layer usually comes at once). */
trba_status thread_pool_new(int n_threads, struct thread_pool **out, trba_error *err);
/* A pool for a short piece of work: as many threads as processors, at most `most`; where no thread can be started, the
 * caller works alone. */
trba_status thread_pool_new_short(int most, struct thread_pool **out, trba_error *err);
void thread_pool_free(struct thread_pool *pool);
int thread_pool_size(const struct thread_pool *pool);

/* Runs task 0 .. n_tasks - 1 in unspecified order and returns when all are done; what they wrote is visible then. From
 * one thread at a time; not from inside a task. Each thread begins with its share of them, the first n_tasks / size for
 * the caller and so on, so that consecutive calls find their data near (of each million, if there are more). */
void thread_pool_run(struct thread_pool *pool, int n_tasks, pool_task task, void *arg);

#endif
