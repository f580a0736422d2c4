/* SPDX-License-Identifier: Apache-2.0 */
/* failing_memory.c - the functions of failing_memory.h, and those that it stands in front of.
 *
 *   malloc, calloc, realloc, aligned_alloc, posix_memalign, memalign     counted, may fail, live blocks kept
 *   strdup, strndup                                                      of malloc: a sanitizer's would not be seen
 *   free                                                                 live blocks kept
 *   mmap, pthread_create                                                 counted, may fail
 *
 * What really does the work is looked up behind this program: the C library, or a sanitizer before it. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "failing_memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define VISIBLE __attribute__((visibility("default")))

static atomic_bool is_armed, has_failed;
static atomic_int chosen_failure;
static atomic_long n_requests, chosen_number, n_live;

/* A sanitizer asks for memory while a thread of its starts, and cannot do without: a thread takes part when it runs. */
static _Thread_local bool takes_part;

void failing_memory_arm(enum failure failure, long number)
{
    atomic_store(&chosen_failure, (int)failure);
    atomic_store(&chosen_number, number);
    atomic_store(&n_requests, 0);
    atomic_store(&has_failed, false);
    takes_part = true;
    atomic_store(&is_armed, true);
}

long failing_memory_disarm(void)
{
    atomic_store(&is_armed, false);
    return atomic_load(&n_requests);
}

bool failing_memory_has_failed(void) { return atomic_load(&has_failed); }

long failing_memory_live_blocks(void) { return atomic_load(&n_live); }

/* ---- what is behind ---------------------------------------------------------------------------------------------- */

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void (*free)(void *);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    int (*pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
} behind;

/* ISO C does not let a pointer to data become one to a function by a cast. */
static void find_behind(const char *name, void *function)
{
    void *const found = dlsym(RTLD_NEXT, name);
    memcpy(function, &found, sizeof found);
}

/* The first request finds them all, before there is a second thread. free() comes first: dlsym() calls it. */
static void find_all_behind(void)
{
    if (behind.pthread_create != NULL) return;
    find_behind("free", &behind.free);
    find_behind("malloc", &behind.malloc);
    find_behind("calloc", &behind.calloc);
    find_behind("realloc", &behind.realloc);
    find_behind("aligned_alloc", &behind.aligned_alloc);
    find_behind("mmap", &behind.mmap);
    find_behind("pthread_create", &behind.pthread_create);
}

/* ---- what stands in front ---------------------------------------------------------------------------------------- */

static bool must_fail(void)
{
    find_all_behind();
    if (!takes_part || !atomic_load(&is_armed)) return false;
    const long number = atomic_fetch_add(&n_requests, 1) + 1, chosen = atomic_load(&chosen_number);
    const int failure = atomic_load(&chosen_failure);
    const bool fails = (failure == FAIL_ONCE && number == chosen) || (failure == FAIL_FROM_THERE && number >= chosen);
    if (fails) atomic_store(&has_failed, true);
    errno = fails ? ENOMEM : errno;
    return fails;
}

static void *count_block(void *block)
{
    if (block != NULL) atomic_fetch_add(&n_live, 1);
    return block;
}

VISIBLE void *malloc(size_t n) { return must_fail() ? NULL : count_block(behind.malloc(n)); }

VISIBLE void *calloc(size_t n, size_t item_bytes)
{
    return must_fail() ? NULL : count_block(behind.calloc(n, item_bytes));
}

VISIBLE void *realloc(void *block, size_t n)
{
    if (must_fail()) return NULL;
    return block == NULL ? count_block(behind.realloc(block, n)) : behind.realloc(block, n);
}

VISIBLE void *aligned_alloc(size_t alignment, size_t n)
{
    return must_fail() ? NULL : count_block(behind.aligned_alloc(alignment, n));
}

VISIBLE int posix_memalign(void **out, size_t alignment, size_t n)
{
    void *block = aligned_alloc(alignment, (n + alignment - 1) / alignment * alignment);
    if (block == NULL) return ENOMEM;
    *out = block;
    return 0;
}

VISIBLE void *memalign(size_t alignment, size_t n) { return aligned_alloc(alignment, n); }

/* While free() itself is looked for, dlsym() may want to free an old message: that one is left. */
VISIBLE void free(void *block)
{
    if (block == NULL || behind.free == NULL) return;
    atomic_fetch_sub(&n_live, 1);
    behind.free(block);
}

VISIBLE char *strndup(const char *text, size_t most)
{
    const size_t n = strnlen(text, most);
    char *copy = malloc(n + 1);
    if (copy == NULL) return NULL;
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

VISIBLE char *strdup(const char *text) { return strndup(text, strlen(text)); }

VISIBLE void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    return must_fail() ? MAP_FAILED : behind.mmap(at, n, protection, flags, fd, offset);
}

struct thread_start {
    void *(*run)(void *);
    void *argument;
};

static void *start_thread(void *start)
{
    const struct thread_start mine = *(struct thread_start *)start;
    behind.free(start);
    takes_part = true;
    return mine.run(mine.argument);
}

VISIBLE int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    struct thread_start *start = must_fail() ? NULL : behind.malloc(sizeof *start);
    if (start == NULL) return EAGAIN;
    *start = (struct thread_start){run, argument};
    return behind.pthread_create(thread, attributes, start_thread, start);
}
