/* SPDX-License-Identifier: Apache-2.0 */
/* integers.h - what <stdlib.h> lacks. */
#ifndef TRBA_BASE_INTEGERS_H
#define TRBA_BASE_INTEGERS_H

#include <stddef.h>

static inline int smaller(int a, int b) { return a < b ? a : b; }
static inline int larger(int a, int b) { return a > b ? a : b; }
static inline size_t larger_size(size_t a, size_t b) { return a > b ? a : b; }
/* a / b, rounded up; a not negative, b positive. */
static inline int divide_up(int a, int b) { return (a + b - 1) / b; }

#endif
