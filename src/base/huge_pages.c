/* SPDX-License-Identifier: Apache-2.0 */
/* huge_pages.c - asking for huge pages: a hint, which may be refused. */
#include "base/huge_pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/checked.h"

enum { HUGE_PAGE_BYTES = 2 * 1024 * 1024, LINE_BYTES = 64 };

bool huge_pages_suit(size_t n_bytes) { return n_bytes >= 2 * HUGE_PAGE_BYTES; }

/* One page more is asked for, and what sticks out given back. */
void *huge_pages_map(size_t *n_bytes)
{
    if (*n_bytes > SIZE_MAX - 2 * HUGE_PAGE_BYTES) return NULL;
    *n_bytes = round_up(*n_bytes, HUGE_PAGE_BYTES);
    uint8_t *all = mmap(NULL, *n_bytes + HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return NULL;
    const size_t before = (HUGE_PAGE_BYTES - (uintptr_t)all % HUGE_PAGE_BYTES) % HUGE_PAGE_BYTES;
    if (before > 0) munmap(all, before);
    munmap(all + before + *n_bytes, HUGE_PAGE_BYTES - before);
    madvise(all + before, *n_bytes, MADV_HUGEPAGE);
    return all + before;
}

void *huge_pages_alloc(size_t *n_bytes)
{
    const bool is_large = huge_pages_suit(*n_bytes);
    const size_t alignment = is_large ? HUGE_PAGE_BYTES : LINE_BYTES;
    if (*n_bytes > SIZE_MAX - alignment) return NULL;
    *n_bytes = round_up(*n_bytes, alignment);
    void *memory = aligned_alloc(alignment, *n_bytes);
    if (memory != NULL && is_large) madvise(memory, *n_bytes, MADV_HUGEPAGE);
    return memory;
}

void huge_pages_touch(void *memory, size_t n_bytes)
{
#ifdef MADV_POPULATE_WRITE /* Linux 5.14 */
    enum { PAGE_BYTES = 4096 };
    const uintptr_t from = (uintptr_t)memory, skip = from % PAGE_BYTES;
    madvise((uint8_t *)memory - skip, n_bytes + skip, MADV_POPULATE_WRITE);
#else
    (void)memory;
    (void)n_bytes;
#endif
}
