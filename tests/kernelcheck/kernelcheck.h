/* SPDX-License-Identifier: Apache-2.0 */
/* kernelcheck.h - what the checkers of the kernels share: random values, guarded buffers, comparisons.
 *
 * A checker goes through many cases of one kernel in one tier:
 *
 *   check_begin(c, "n=%d", n);                   names the case; the buffers of the case before are gone
 *   in = check_input(c, n, VALUES_MIXED);        random; its last float is the last before an inaccessible page
 *   out = check_output(c, n);                    filled with a sentinel, and more of it on both sides
 *   c->table->kernel(in, n, out);
 *   check_summed(c, "out", i, out[i], exact, n_roundings, magnitude);
 *   check_end(c);                                the sentinels are still there
 *
 * After the first failure of a checker, which is printed, its further comparisons do nothing.
 */
#ifndef TRBA_KERNELCHECK_H
#define TRBA_KERNELCHECK_H

#include <stdint.h>

#include "kernels/kernels.h"

enum value_mix {
    VALUES_MIXED, /* of order one, with zeros, denormals and, more rarely, large values */
    VALUES_UNIT   /* of order one only */
};

/* The most floats: 3x3 kernels of a panel of as many channels as there may be in integers. */
enum { CHECK_MAX_BUFFERS = 32, CHECK_MAX_FLOATS = 9 * CHANNEL_ALIGN * INT16_MAX_DEPTH };

struct check_buffer {
    float *end;      /* one float behind the buffer: an inaccessible page */
    float *output;   /* NULL: an input */
    size_t n;
};

/* The check of one kernel in one tier. */
struct check {
    const char *tier, *kernel;
    enum kernel_class class;
    const struct kernels *table; /* of the tier */
    const struct kernels *ref;   /* what KERNEL_EXACT is held against */
    uint64_t seed, random;       /* as given; the generator's state */
    char sizes[160];             /* of the case that runs */
    struct check_buffer buffers[CHECK_MAX_BUFFERS];
    int n_buffers;
    long n_checks;
    double largest_error; /* SUMMED: in units of 2^-24 * magnitude; TRANSCENDENTAL: absolute */
    double largest_share; /* of the bound */
    bool has_failed;
};

/* check_NAME() of every kernel in the list: one without is an undefined reference. */
#define KERNEL(returns, name, arguments, class) void check_##name(struct check *c);
#include "kernels/kernels.inc"
#undef KERNEL

/* The sixteen-lane sources of simd/ on pairs of AVX2 vectors: kernels_emulated16.c. */
void kernels_override_emulated16(struct kernels *table);
/* The AMX tier's source with tiles in memory: kernels_emulatedamx.c. */
void kernels_override_emulatedamx(struct kernels *table);

/* ---- random values ---- */

uint32_t check_random(struct check *c);
int check_pick(struct check *c, int low, int high); /* low .. high, both included */
bool check_toss(struct check *c);
float check_value(struct check *c, enum value_mix mix);

/* ---- buffers ---- */

void check_buffers_new(struct check *c);
void check_buffers_free(struct check *c);
void check_begin(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_end(struct check *c);
float *check_input(struct check *c, size_t n, enum value_mix mix);
float *check_output(struct check *c, size_t n);
/* Integers, guarded like the floats they lie in; n even. An input is whatever bits those floats have. */
int16_t *check_input_int16(struct check *c, size_t n);
int16_t *check_output_int16(struct check *c, size_t n);

/* ---- comparisons ---- */

/* The same bits. */
void check_bits(struct check *c, const char *what, size_t index, float got, float expected);

/* A sum in any order, fused or not. Each rounding changes a partial result, which is never above the sum of the terms'
 * magnitudes (nearly), by a relative 2^-24 at most, or by half of the smallest denormal:
 *   |got - exact| <= 1.01 * n_roundings * (2^-24 * magnitude + 2^-150)
 * (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, section 3.1; 1.01 stands for the second-order
 * terms, small as long as n_roundings * 2^-24 is). NaN must be NaN. */
void check_summed(struct check *c, const char *what, size_t index, float got, double exact, double n_roundings,
                  double magnitude);

/* |got - exact| <= bound. */
void check_absolute(struct check *c, const char *what, size_t index, float got, double exact, double bound);

/* A statement that must hold. */
void check_true(struct check *c, const char *what, bool holds);

#endif
