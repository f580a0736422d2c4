/* SPDX-License-Identifier: Apache-2.0 */
/* vector_emulated16.h - sixteen floats as two AVX2 vectors, under the names of vector_avx512.h and with its meaning:
 * what the sources of src/kernels/simd/ do with sixteen lanes can be checked on machines that have eight. */
#ifndef TRBA_VECTOR_EMULATED16_H
#define TRBA_VECTOR_EMULATED16_H

#include <immintrin.h>
#include <stdint.h>

#define TIER(name) name##_emulated16

enum { LANES = 16, HALF_LANES = 8 };
typedef struct { __m256 low, high; } vec;

/* One function per operation of a and, if it has them, b and c: the same on both halves. */
#define HALVES(operation, ...) ((vec){operation(low, __VA_ARGS__), operation(high, __VA_ARGS__)})
#define HALF_1(half, function, a) function((a).half)
#define HALF_2(half, function, a, b) function((a).half, (b).half)
#define HALF_3(half, function, a, b, c) function((a).half, (b).half, (c).half)

static inline __m256 half_round(__m256 a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* a * 2^n for whole n in [-126, 127]: all that vec_exp() asks for. */
static inline __m256 half_scale(__m256 a, __m256 n)
{
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
}

static inline vec vec_load(const float *p) { return (vec){_mm256_loadu_ps(p), _mm256_loadu_ps(p + HALF_LANES)}; }
static inline vec vec_set(float x) { return (vec){_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
static inline vec vec_zero(void) { return vec_set(0.0f); }
static inline vec vec_add(vec a, vec b) { return HALVES(HALF_2, _mm256_add_ps, a, b); }
static inline vec vec_sub(vec a, vec b) { return HALVES(HALF_2, _mm256_sub_ps, a, b); }
static inline vec vec_mul(vec a, vec b) { return HALVES(HALF_2, _mm256_mul_ps, a, b); }
static inline vec vec_div(vec a, vec b) { return HALVES(HALF_2, _mm256_div_ps, a, b); }
static inline vec vec_fma(vec a, vec b, vec c) { return HALVES(HALF_3, _mm256_fmadd_ps, a, b, c); }
static inline vec vec_fnma(vec a, vec b, vec c) { return HALVES(HALF_3, _mm256_fnmadd_ps, a, b, c); }
static inline vec vec_max(vec a, vec b) { return HALVES(HALF_2, _mm256_max_ps, a, b); }
static inline vec vec_min(vec a, vec b) { return HALVES(HALF_2, _mm256_min_ps, a, b); }
static inline vec vec_round(vec a) { return HALVES(HALF_1, half_round, a); }
static inline vec vec_scale(vec a, vec n) { return HALVES(HALF_2, half_scale, a, n); }

/* Nothing to compute. */
static inline void vec_prefetch(uintptr_t address) { (void)address; }

static inline void vec_store(float *p, vec v)
{
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + HALF_LANES, v.high);
}

/* Halves onto halves, as _mm512_reduce_add_ps() does. */
static inline float vec_sum(vec v)
{
    float lane[HALF_LANES];
    _mm256_storeu_ps(lane, _mm256_add_ps(v.low, v.high));
    for (int n = HALF_LANES / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++) lane[i] += lane[n + i];
    return lane[0];
}

static inline float vec_largest(vec v)
{
    float lane[HALF_LANES];
    _mm256_storeu_ps(lane, _mm256_max_ps(v.low, v.high));
    for (int n = HALF_LANES / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++) lane[i] = lane[i] > lane[n + i] ? lane[i] : lane[n + i];
    return lane[0];
}

#endif
