/* SPDX-License-Identifier: Apache-2.0 */
/* huge_pages.h - memory in pages of 2 MiB, where the system grants them: walking through large blocks in pages of 4 KiB
 * costs more in page faults (when they are written first) and address translation (when they are read) than it should.
 */
#ifndef TRBA_BASE_HUGE_PAGES_H
#define TRBA_BASE_HUGE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

enum { HUGE_PAGE_BYTES = 2 * 1024 * 1024 };

/* Is that much worth huge pages? */
bool huge_pages_suit(size_t n_bytes);
/* Zeros. n_bytes: a multiple of HUGE_PAGE_BYTES. The memory is the system's: it goes back by munmap(). NULL: there is
 * none to be had. */
void *huge_pages_map(size_t n_bytes);
/* Undefined, for free(). At least 64-byte aligned, and rounded up to `*n_bytes`, which is what the caller gets. NULL:
 * there is none to be had. */
void *huge_pages_alloc(size_t *n_bytes);

#endif
