/* SPDX-License-Identifier: Apache-2.0 */
/* huge_pages.h - memory in pages of 2 MiB, where the system grants them: walking through large blocks in pages of 4 KiB
 * costs more in page faults (when they are written first) and address translation (when they are read) than it should.
 */
#ifndef TRBA_BASE_HUGE_PAGES_H
#define TRBA_BASE_HUGE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* Is that much worth huge pages? */
bool huge_pages_suit(size_t n_bytes);
/* Zeros, straight from the system: they go back by munmap(). `*n_bytes` is rounded up to what the caller gets. NULL:
 * there is none to be had. */
void *huge_pages_map(size_t *n_bytes);
/* The same from the allocator: undefined, for free(), at least 64-byte aligned; what is not worth huge pages in any. */
void *huge_pages_alloc(size_t *n_bytes);
/* Has the system clear the pages of [memory, memory + n_bytes) now, as the first write to each would. A hint. */
void huge_pages_touch(void *memory, size_t n_bytes);

#endif
