/* SPDX-License-Identifier: Apache-2.0 */
/* vector_avx512.h - the vector of the AVX-512 tier: sixteen floats. The same names as vector_avx2.h. */
#ifndef TRBA_KERNELS_SIMD_VECTOR_AVX512_H
#define TRBA_KERNELS_SIMD_VECTOR_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#ifndef TIER /* avx512vnni has the same vector */
#define TIER(name) name##_avx512
#endif

enum { LANES = 16 };
typedef __m512 vec;

static inline vec vec_load(const float *p) { return _mm512_loadu_ps(p); }
/* The first n, and zeros. */
static inline vec vec_load_first(const float *p, int n) { return _mm512_maskz_loadu_ps((__mmask16)((1U << n) - 1), p); }
static inline void vec_store(float *p, vec v) { _mm512_storeu_ps(p, v); }
/* Into the second-level cache, and into the first; any address will do. Macros: GCC 12 takes a function that does
 * nothing else for one without effect, and leaves the call out. */
#define vec_prefetch(address) _mm_prefetch((const char *)(address), _MM_HINT_T1)
#define vec_prefetch_near(address) _mm_prefetch((const char *)(address), _MM_HINT_T0)
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
/* GCC 12 without optimisation has a macro that warns of its own mask. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
static inline vec vec_round(vec a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
#pragma GCC diagnostic pop

/* Sixteen rows of sixteen. */
static inline __attribute__((always_inline)) void vec_transpose(vec *rows)
{
    vec pairs[LANES], quads[LANES];
#pragma GCC unroll 8
    for (int i = 0; i < LANES; i += 2) {
        pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < LANES; i += 4) {
        quads[i] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
        quads[i + 1] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0xEE);
        quads[i + 2] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
        quads[i + 3] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xEE);
    }
    /* quads[4 * g + i] has column 4 * q + i of rows 4 * g .. 4 * g + 3 in its quarter q. */
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        const vec even_low = _mm512_shuffle_f32x4(quads[i], quads[4 + i], 0x88);
        const vec even_high = _mm512_shuffle_f32x4(quads[8 + i], quads[12 + i], 0x88);
        const vec odd_low = _mm512_shuffle_f32x4(quads[i], quads[4 + i], 0xDD);
        const vec odd_high = _mm512_shuffle_f32x4(quads[8 + i], quads[12 + i], 0xDD);
        rows[i] = _mm512_shuffle_f32x4(even_low, even_high, 0x88);
        rows[4 + i] = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);
        rows[8 + i] = _mm512_shuffle_f32x4(even_low, even_high, 0xDD);
        rows[12 + i] = _mm512_shuffle_f32x4(odd_low, odd_high, 0xDD);
    }
}

/* a * 2^n for whole n. */
static inline vec vec_scale(vec a, vec n) { return _mm512_scalef_ps(a, n); }

/* Sixteen 32-bit integers, or 32 of 16 bits in pairs. */
typedef __m512i ivec;

static inline ivec ivec_load(const int16_t *p) { return _mm512_loadu_si512(p); }
static inline void ivec_store(int16_t *p, ivec v) { _mm512_storeu_si512(p, v); }
static inline ivec ivec_zero(void) { return _mm512_setzero_si512(); }
/* The same pair everywhere. */
static inline ivec ivec_set_pair(const int16_t *p)
{
    int pair;
    __builtin_memcpy(&pair, p, sizeof pair);
    return _mm512_set1_epi32(pair);
}
/* sum + the two products of each pair. In assembly: GCC 12 keeps the sums of _mm512_dpwssd_epi32() in memory. */
static inline ivec ivec_dot(ivec sum, ivec a, ivec b)
{
#ifdef __AVX512VNNI__
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
#else
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
#endif
}
static inline vec ivec_to_float(ivec v) { return _mm512_cvtepi32_ps(v); }
/* To the nearest integers; pairs of them. */
static inline ivec ivec_from_pairs(vec first, vec second)
{
    return _mm512_mask_blend_epi16(0xAAAAAAAA, _mm512_cvtps_epi32(first),
                                   _mm512_slli_epi32(_mm512_cvtps_epi32(second), 16));
}
static inline void vec_store_int16(int16_t *p, vec v)
{
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(v)));
}
/* Of 16-bit integers. */
static inline ivec ivec_add_int16(ivec a, ivec b) { return _mm512_add_epi16(a, b); }
static inline ivec ivec_sub_int16(ivec a, ivec b) { return _mm512_sub_epi16(a, b); }
static inline ivec ivec_times_4_int16(ivec v) { return _mm512_slli_epi16(v, 2); }
/* Halving n times, as kernels.h says, pairs of an even and an odd channel: the n of each lane, and what is added first,
 * half of 2^n, in odd channels one less, unless n = 0. */
struct halving {
    ivec n, half;
};
static inline struct halving halving_load(const int16_t *n)
{
    const ivec counts = ivec_load(n), half = _mm512_srli_epi16(_mm512_sllv_epi16(_mm512_set1_epi16(1), counts), 1);
    return (struct halving){counts, _mm512_sub_epi16(half, _mm512_min_epu16(half, _mm512_set1_epi32(1 << 16)))};
}
/* Of even + odd and even - odd. */
static inline void ivec_halve_pair(ivec *out, ivec even, ivec odd, const struct halving *h)
{
    even = ivec_add_int16(even, h->half);
    out[0] = _mm512_srav_epi16(ivec_add_int16(even, odd), h->n);
    out[1] = _mm512_srav_epi16(ivec_sub_int16(even, odd), h->n);
}
static inline vec vec_sqrt(vec v) { return _mm512_sqrt_ps(v); }
/* `yes` where a < b, else `no`. */
static inline vec vec_choose_less(vec a, vec b, vec yes, vec no)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}

/* The bits of floats as 32-bit integers, and back. */
static inline ivec ivec_of_bits(vec v) { return _mm512_castps_si512(v); }
static inline vec ivec_as_float(ivec v) { return _mm512_castsi512_ps(v); }
static inline ivec ivec_set(int x) { return _mm512_set1_epi32(x); }
static inline ivec ivec_add(ivec a, ivec b) { return _mm512_add_epi32(a, b); }
static inline ivec ivec_and(ivec a, ivec b) { return _mm512_and_si512(a, b); }
static inline ivec ivec_left_16(ivec v) { return _mm512_slli_epi32(v, 16); }
static inline ivec ivec_right_16(ivec v) { return _mm512_srli_epi32(v, 16); }
/* The upper halves. */
static inline void vec_store_bf16(uint16_t *p, vec v)
{
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_castps_si512(v), 16)));
}
/* The bytes with even and odd numbers as integers of 16 bits. */
static inline ivec ivec_even_bytes(ivec v) { return _mm512_srai_epi16(_mm512_slli_epi16(v, 8), 8); }
static inline ivec ivec_odd_bytes(ivec v) { return _mm512_srai_epi16(v, 8); }
/* To the nearest integers, 256 * high + low, both signed. */
static inline void vec_store_int8x2(uint8_t *high, uint8_t *low, vec v)
{
    const ivec number = _mm512_cvtps_epi32(v), rounded = _mm512_add_epi32(number, _mm512_set1_epi32(128));
    _mm_storeu_si128((__m128i *)(void *)low, _mm512_cvtepi32_epi8(number));
    _mm_storeu_si128((__m128i *)(void *)high, _mm512_cvtepi32_epi8(_mm512_srli_epi32(rounded, 8)));
}

static inline float vec_sum(vec v) { return _mm512_reduce_add_ps(v); }
static inline float vec_largest(vec v) { return _mm512_reduce_max_ps(v); }

#endif
