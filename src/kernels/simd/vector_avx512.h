/* SPDX-License-Identifier: Apache-2.0 */
/* vector_avx512.h - the vector of the AVX-512 tier: sixteen floats. The same names as vector_avx2.h. */
#ifndef TRBA_KERNELS_SIMD_VECTOR_AVX512_H
#define TRBA_KERNELS_SIMD_VECTOR_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#define TIER(name) name##_avx512

enum { LANES = 16 };
typedef __m512 vec;

static inline vec vec_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void vec_store(float *p, vec v) { _mm512_storeu_ps(p, v); }
/* Into the second-level cache; any address will do. */
static inline void vec_prefetch(uintptr_t address) { _mm_prefetch((const char *)address, _MM_HINT_T1); }
static inline vec vec_set(float x) { return _mm512_set1_ps(x); }
static inline vec vec_zero(void) { return _mm512_setzero_ps(); }
static inline vec vec_add(vec a, vec b) { return _mm512_add_ps(a, b); }
static inline vec vec_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
static inline vec vec_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
static inline vec vec_div(vec a, vec b) { return _mm512_div_ps(a, b); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }   /* a * b + c */
static inline vec vec_fnma(vec a, vec b, vec c) { return _mm512_fnmadd_ps(a, b, c); } /* c - a * b */
/* b if either is NaN: vec_max(x, zero) is ReLU with NaN to zero, as the reference has it. */
static inline vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
static inline vec vec_min(vec a, vec b) { return _mm512_min_ps(a, b); }
static inline vec vec_round(vec a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
/* a * 2^n for whole n. */
static inline vec vec_scale(vec a, vec n) { return _mm512_scalef_ps(a, n); }
static inline float vec_sum(vec v) { return _mm512_reduce_add_ps(v); }
static inline float vec_largest(vec v) { return _mm512_reduce_max_ps(v); }

#endif
