/* SPDX-License-Identifier: Apache-2.0 */
/* vector_avx2.h - the vector of the AVX2 tier: eight floats. The same names as vector_avx512.h, so that one source
 * serves both. */
#ifndef TRBA_KERNELS_SIMD_VECTOR_AVX2_H
#define TRBA_KERNELS_SIMD_VECTOR_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#define TIER(name) name##_avx2

enum { LANES = 8 };
typedef __m256 vec;

static inline vec vec_load(const float *p) { return _mm256_loadu_ps(p); }
/* The first n, and zeros. */
static inline vec vec_load_first(const float *p, int n)
{
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lanes));
}
static inline void vec_store(float *p, vec v) { _mm256_storeu_ps(p, v); }
/* Into the second-level cache, and into the first; any address will do. Macros: GCC 12 takes a function that does
 * nothing else for one without effect, and leaves the call out. */
#define vec_prefetch(address) _mm_prefetch((const char *)(address), _MM_HINT_T1)
#define vec_prefetch_near(address) _mm_prefetch((const char *)(address), _MM_HINT_T0)
static inline vec vec_set(float x) { return _mm256_set1_ps(x); }
static inline vec vec_zero(void) { return _mm256_setzero_ps(); }
static inline vec vec_add(vec a, vec b) { return _mm256_add_ps(a, b); }
static inline vec vec_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
static inline vec vec_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
static inline vec vec_div(vec a, vec b) { return _mm256_div_ps(a, b); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }   /* a * b + c */
static inline vec vec_fnma(vec a, vec b, vec c) { return _mm256_fnmadd_ps(a, b, c); } /* c - a * b */
/* b if either is NaN: vec_max(x, zero) is ReLU with NaN to zero, as the reference has it. */
static inline vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
static inline vec vec_min(vec a, vec b) { return _mm256_min_ps(a, b); }
static inline vec vec_round(vec a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

/* Eight rows of eight. */
static inline __attribute__((always_inline)) void vec_transpose(vec *rows)
{
    vec pairs[LANES], quads[LANES];
#pragma GCC unroll 4
    for (int i = 0; i < LANES; i += 2) {
        pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < LANES; i += 4) {
        quads[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
        quads[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xEE);
        quads[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
        quads[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xEE);
    }
#pragma GCC unroll 4
    for (int i = 0; i < LANES / 2; i++) {
        rows[i] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x20);
        rows[i + 4] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x31);
    }
}

/* a * 2^n for whole n in [-126, 127]. */
static inline vec vec_scale(vec a, vec n)
{
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
}

/* Eight 32-bit integers, or 16 of 16 bits in pairs. */
typedef __m256i ivec;

static inline ivec ivec_load(const int16_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline void ivec_store(int16_t *p, ivec v) { _mm256_storeu_si256((__m256i *)p, v); }
static inline ivec ivec_zero(void) { return _mm256_setzero_si256(); }
/* The same pair everywhere. */
static inline ivec ivec_set_pair(const int16_t *p)
{
    int pair;
    __builtin_memcpy(&pair, p, sizeof pair);
    return _mm256_set1_epi32(pair);
}
/* sum + the two products of each pair. */
static inline ivec ivec_dot(ivec sum, ivec a, ivec b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
static inline vec ivec_to_float(ivec v) { return _mm256_cvtepi32_ps(v); }
/* To the nearest integers; pairs of them. */
static inline ivec ivec_from_pairs(vec first, vec second)
{
    return _mm256_blend_epi16(_mm256_cvtps_epi32(first), _mm256_slli_epi32(_mm256_cvtps_epi32(second), 16), 0xAA);
}
static inline void vec_store_int16(int16_t *p, vec v)
{
    const __m256i wide = _mm256_cvtps_epi32(v);
    _mm_storeu_si128((__m128i *)p, _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1)));
}
/* Of 16-bit integers. */
static inline ivec ivec_add_int16(ivec a, ivec b) { return _mm256_add_epi16(a, b); }
static inline ivec ivec_sub_int16(ivec a, ivec b) { return _mm256_sub_epi16(a, b); }
static inline ivec ivec_times_4_int16(ivec v) { return _mm256_slli_epi16(v, 2); }
/* Halving n times, as kernels.h says, pairs of an even and an odd channel. There are no shifts of 16 bits by lane, but
 * vpmulhrsw: (x * f + 2^14) >> 15 with f = 2^(15 - n), of one less in odd channels; n = 0 has no such f. */
struct halving {
    ivec factor, is_whole;
};
static inline struct halving halving_load(const int16_t *n)
{
    const ivec counts = ivec_load(n); /* each twice */
    const ivec wide = _mm256_and_si256(counts, _mm256_set1_epi32(0xFFFF));
    const ivec factor = _mm256_sllv_epi32(_mm256_set1_epi32(1), _mm256_sub_epi32(_mm256_set1_epi32(15), wide));
    return (struct halving){_mm256_or_si256(factor, _mm256_slli_epi32(factor, 16)),
                            _mm256_cmpeq_epi16(counts, _mm256_setzero_si256())};
}
static inline ivec ivec_halve(ivec v, const struct halving *h)
{
    const ivec less = _mm256_sub_epi16(v, _mm256_set1_epi32(1 << 16));
    return _mm256_blendv_epi8(_mm256_mulhrs_epi16(less, h->factor), v, h->is_whole);
}
/* Of even + odd and even - odd. */
static inline void ivec_halve_pair(ivec *out, ivec even, ivec odd, const struct halving *h)
{
    out[0] = ivec_halve(ivec_add_int16(even, odd), h);
    out[1] = ivec_halve(ivec_sub_int16(even, odd), h);
}
static inline vec vec_sqrt(vec v) { return _mm256_sqrt_ps(v); }
/* `yes` where a < b, else `no`. */
static inline vec vec_choose_less(vec a, vec b, vec yes, vec no)
{
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}

/* The bits of floats as 32-bit integers, and back. */
static inline ivec ivec_of_bits(vec v) { return _mm256_castps_si256(v); }
static inline vec ivec_as_float(ivec v) { return _mm256_castsi256_ps(v); }
static inline ivec ivec_set(int x) { return _mm256_set1_epi32(x); }
static inline ivec ivec_add(ivec a, ivec b) { return _mm256_add_epi32(a, b); }
static inline ivec ivec_and(ivec a, ivec b) { return _mm256_and_si256(a, b); }
static inline ivec ivec_left_16(ivec v) { return _mm256_slli_epi32(v, 16); }
static inline ivec ivec_right_16(ivec v) { return _mm256_srli_epi32(v, 16); }
/* The upper halves. */
static inline void vec_store_bf16(uint16_t *p, vec v)
{
    const __m256i halves = _mm256_srli_epi32(_mm256_castps_si256(v), 16);
    _mm_storeu_si128((__m128i *)p,
                     _mm_packus_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1)));
}
/* The bytes with even and odd numbers as integers of 16 bits. */
static inline ivec ivec_even_bytes(ivec v) { return _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8); }
static inline ivec ivec_odd_bytes(ivec v) { return _mm256_srai_epi16(v, 8); }
/* To the nearest integers, 256 * high + low, both signed. */
static inline void vec_store_int8x2(uint8_t *high, uint8_t *low, vec v)
{
    const __m256i number = _mm256_cvtps_epi32(v), byte = _mm256_set1_epi32(255);
    const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(number, _mm256_set1_epi32(128)), 8);
    const __m256i pairs = _mm256_packus_epi32(_mm256_and_si256(number, byte), _mm256_and_si256(rounded, byte));
    const __m256i bytes = _mm256_permute4x64_epi64(pairs, 0xD8); /* the pack's halves in order */
    const __m128i both = _mm_packus_epi16(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    _mm_storel_epi64((__m128i *)(void *)low, both);
    _mm_storeh_pd((double *)(void *)high, _mm_castsi128_pd(both));
}

static inline float vec_sum(vec v)
{
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

static inline float vec_largest(vec v)
{
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

#endif
