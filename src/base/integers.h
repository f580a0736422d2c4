/* SPDX-License-Identifier: Apache-2.0 */
/* integers.h - what <stdlib.h> lacks for int. */
#ifndef TRBA_BASE_INTEGERS_H
#define TRBA_BASE_INTEGERS_H

static inline int smaller(int a, int b) { return a < b ? a : b; }
static inline int larger(int a, int b) { return a > b ? a : b; }
/* a / b, rounded up; a not negative, b positive. */
static inline int divide_up(int a, int b) { return (a + b - 1) / b; }

#endif
