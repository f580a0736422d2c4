/* SPDX-License-Identifier: Apache-2.0 */
/* failing_memory.h - memory that runs out when a test says so.
 *
 * Linked into a program, it stands in front of malloc() and its relatives, mmap() and pthread_create(), for the program
 * and for every shared library it uses; a sanitizer's own allocator stays behind it. */
#ifndef TRBA_TESTS_FAILING_MEMORY_H
#define TRBA_TESTS_FAILING_MEMORY_H

#include <stdbool.h>

enum failure {
    FAIL_NEVER,     /* only count */
    FAIL_ONCE,      /* the request of that number, counted from 1 */
    FAIL_FROM_THERE /* it and all that follow */
};

/* From now on requests are counted, and fail as asked. Other threads' requests count, too. */
void failing_memory_arm(enum failure failure, long number);
/* Nothing fails any more. Returns how many requests there were. */
long failing_memory_disarm(void);
/* Did any request fail since it was armed? */
bool failing_memory_has_failed(void);
/* Blocks that were handed out and not freed: the same before and after, or there is a leak. */
long failing_memory_live_blocks(void);

#endif
