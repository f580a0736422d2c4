/* SPDX-License-Identifier: Apache-2.0 */
/* vector_emulated16.h - sixteen floats in plain C, under the names of vector_avx512.h and with its meaning lane by
 * lane: what the sources of src/kernels/simd/ do with sixteen lanes can be checked on any machine. */
#ifndef TRBA_VECTOR_EMULATED16_H
#define TRBA_VECTOR_EMULATED16_H

#include <math.h>
#include <stdint.h>

#define TIER(name) name##_emulated16

enum { LANES = 16 };
typedef struct { float lane[LANES]; } vec;

/* One function per operation of x and, if it has them, y and z. */
#define LANEWISE(name, arguments, expression)                                                                         \
    static inline vec name arguments                                                                                  \
    {                                                                                                                 \
        vec result;                                                                                                   \
        for (int i = 0; i < LANES; i++) result.lane[i] = expression;                                                  \
        return result;                                                                                                \
    }
LANEWISE(vec_load, (const float *p), p[i])
LANEWISE(vec_set, (float x), x)
LANEWISE(vec_add, (vec a, vec b), a.lane[i] + b.lane[i])
LANEWISE(vec_sub, (vec a, vec b), a.lane[i] - b.lane[i])
LANEWISE(vec_mul, (vec a, vec b), a.lane[i] * b.lane[i])
LANEWISE(vec_div, (vec a, vec b), a.lane[i] / b.lane[i])
LANEWISE(vec_fma, (vec a, vec b, vec c), __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]))
LANEWISE(vec_fnma, (vec a, vec b, vec c), __builtin_fmaf(-a.lane[i], b.lane[i], c.lane[i]))
LANEWISE(vec_max, (vec a, vec b), a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]) /* b if either is NaN, or both zero */
LANEWISE(vec_min, (vec a, vec b), a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i])
LANEWISE(vec_round, (vec a), nearbyintf(a.lane[i]))
LANEWISE(vec_scale, (vec a, vec n), ldexpf(a.lane[i], (int)n.lane[i]))
#undef LANEWISE

/* Nothing to compute. */
static inline void vec_prefetch(uintptr_t address) { (void)address; }

static inline vec vec_zero(void) { return vec_set(0.0f); }

static inline void vec_store(float *p, vec v)
{
    for (int i = 0; i < LANES; i++) p[i] = v.lane[i];
}

/* Halves onto halves, as _mm512_reduce_add_ps() does. */
static inline float vec_sum(vec v)
{
    for (int n = LANES / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++) v.lane[i] += v.lane[n + i];
    return v.lane[0];
}

static inline float vec_largest(vec v)
{
    for (int n = LANES / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++) v.lane[i] = v.lane[i] > v.lane[n + i] ? v.lane[i] : v.lane[n + i];
    return v.lane[0];
}

#endif
