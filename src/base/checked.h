/* SPDX-License-Identifier: Apache-2.0 */
/* checked.h - sizes that come from files are added and multiplied here, and nowhere else. */
#ifndef TRBA_BASE_CHECKED_H
#define TRBA_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each returns false, and *out means nothing, when the result does not fit. */
static inline bool checked_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }
static inline bool checked_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }

/* Is [offset, offset + length) inside [0, size)? */
static inline bool range_is_inside(uint64_t offset, uint64_t length, uint64_t size)
{
    return offset <= size && length <= size - offset;
}

static inline size_t round_up(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

#endif
