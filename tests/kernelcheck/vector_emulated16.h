/* SPDX-License-Identifier: Apache-2.0 */
/* vector_emulated16.h - sixteen floats as two AVX2 vectors, under the names of vector_avx512.h and with its meaning:
 * what the sources of src/kernels/simd/ do with sixteen lanes can be checked on machines that have eight. */
#ifndef TRBA_VECTOR_EMULATED16_H
#define TRBA_VECTOR_EMULATED16_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

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
/* By way of memory. */
static inline vec vec_load_first(const float *p, int n)
{
    float first[LANES] = {0.0f};
    memcpy(first, p, (size_t)n * sizeof(float));
    return vec_load(first);
}
static inline void vec_transpose(vec *rows)
{
    float in[LANES][LANES], out[LANES][LANES];
    memcpy(in, rows, sizeof in);
    for (int i = 0; i < LANES; i++)
        for (int k = 0; k < LANES; k++) out[k][i] = in[i][k];
    memcpy(rows, out, sizeof out);
}
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
#define vec_prefetch(address) ((void)(address))
#define vec_prefetch_near(address) ((void)(address))

static inline void vec_store(float *p, vec v)
{
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + HALF_LANES, v.high);
}

static inline vec vec_sqrt(vec v) { return HALVES(HALF_1, _mm256_sqrt_ps, v); }

static inline __m256 half_choose_less(__m256 a, __m256 b, __m256 yes, __m256 no)
{
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}

static inline vec vec_choose_less(vec a, vec b, vec yes, vec no)
{
    return (vec){half_choose_less(a.low, b.low, yes.low, no.low), half_choose_less(a.high, b.high, yes.high, no.high)};
}

/* Sixteen 32-bit integers, or 32 of 16 bits in pairs. */
typedef struct { __m256i low, high; } ivec;

#define IHALVES(operation, ...) ((ivec){operation(low, __VA_ARGS__), operation(high, __VA_ARGS__)})
#define HALF_BY(half, function, a, number) function((a).half, number)

static inline __m256i half_dot(__m256i sum, __m256i a, __m256i b)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

static inline __m256i half_from_pairs(__m256 first, __m256 second)
{
    return _mm256_blend_epi16(_mm256_cvtps_epi32(first), _mm256_slli_epi32(_mm256_cvtps_epi32(second), 16), 0xAA);
}

static inline __m128i half_to_int16(__m256 a)
{
    const __m256i wide = _mm256_cvtps_epi32(a);
    return _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
}

static inline ivec ivec_zero(void) { return (ivec){_mm256_setzero_si256(), _mm256_setzero_si256()}; }
static inline ivec ivec_dot(ivec sum, ivec a, ivec b) { return IHALVES(HALF_3, half_dot, sum, a, b); }
static inline vec ivec_to_float(ivec v) { return HALVES(HALF_1, _mm256_cvtepi32_ps, v); }
static inline ivec ivec_from_pairs(vec first, vec second) { return IHALVES(HALF_2, half_from_pairs, first, second); }

static inline ivec ivec_load(const int16_t *p)
{
    const __m256i *halves = (const __m256i *)p;
    return (ivec){_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
}

static inline void ivec_store(int16_t *p, ivec v)
{
    __m256i *halves = (__m256i *)p;
    _mm256_storeu_si256(halves, v.low);
    _mm256_storeu_si256(halves + 1, v.high);
}

static inline ivec ivec_set_pair(const int16_t *p)
{
    int pair;
    __builtin_memcpy(&pair, p, sizeof pair);
    return (ivec){_mm256_set1_epi32(pair), _mm256_set1_epi32(pair)};
}

static inline ivec ivec_of_bits(vec v) { return IHALVES(HALF_1, _mm256_castps_si256, v); }
static inline vec ivec_as_float(ivec v) { return HALVES(HALF_1, _mm256_castsi256_ps, v); }
static inline ivec ivec_add_int16(ivec a, ivec b) { return IHALVES(HALF_2, _mm256_add_epi16, a, b); }
static inline ivec ivec_sub_int16(ivec a, ivec b) { return IHALVES(HALF_2, _mm256_sub_epi16, a, b); }
static inline ivec ivec_times_4_int16(ivec v) { return IHALVES(HALF_BY, _mm256_slli_epi16, v, 2); }
static inline ivec ivec_set(int x) { return (ivec){_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
static inline ivec ivec_add(ivec a, ivec b) { return IHALVES(HALF_2, _mm256_add_epi32, a, b); }
static inline ivec ivec_and(ivec a, ivec b) { return IHALVES(HALF_2, _mm256_and_si256, a, b); }
static inline ivec ivec_left_16(ivec v) { return IHALVES(HALF_BY, _mm256_slli_epi32, v, 16); }
static inline ivec ivec_right_16(ivec v) { return IHALVES(HALF_BY, _mm256_srli_epi32, v, 16); }

/* Lane by lane: there is nothing to be had from two halves. */
struct halving {
    int16_t n[2 * LANES];
};

static inline struct halving halving_load(const int16_t *n)
{
    struct halving h;
    memcpy(h.n, n, sizeof h.n);
    return h;
}

static inline ivec halve_lanes(ivec v, const struct halving *h)
{
    int16_t lanes[2 * LANES];
    ivec_store(lanes, v);
    for (int i = 0; i < 2 * LANES; i++) {
        const int half = h->n[i] == 0 ? 0 : (1 << (h->n[i] - 1)) - i % 2;
        lanes[i] = (int16_t)((lanes[i] + half) >> h->n[i]);
    }
    return ivec_load(lanes);
}

static inline void ivec_halve_pair(ivec *out, ivec even, ivec odd, const struct halving *h)
{
    out[0] = halve_lanes(ivec_add_int16(even, odd), h);
    out[1] = halve_lanes(ivec_sub_int16(even, odd), h);
}

static inline __m128i half_upper(__m256 v)
{
    const __m256i halves = _mm256_srli_epi32(_mm256_castps_si256(v), 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
}

static inline void vec_store_bf16(uint16_t *p, vec v)
{
    _mm_storeu_si128((__m128i *)p, half_upper(v.low));
    _mm_storeu_si128((__m128i *)(p + HALF_LANES), half_upper(v.high));
}

static inline void vec_store_int16(int16_t *p, vec v)
{
    _mm_storeu_si128((__m128i *)p, half_to_int16(v.low));
    _mm_storeu_si128((__m128i *)(p + HALF_LANES), half_to_int16(v.high));
}

static inline __m256i half_even_bytes(__m256i v) { return _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8); }
static inline ivec ivec_even_bytes(ivec v) { return IHALVES(HALF_1, half_even_bytes, v); }
static inline ivec ivec_odd_bytes(ivec v) { return IHALVES(HALF_BY, _mm256_srai_epi16, v, 8); }

static inline void half_store_int8x2(__m256 v, uint8_t *high, uint8_t *low)
{
    const __m256i number = _mm256_cvtps_epi32(v), byte = _mm256_set1_epi32(255);
    const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(number, _mm256_set1_epi32(128)), 8);
    const __m256i pairs = _mm256_packus_epi32(_mm256_and_si256(number, byte), _mm256_and_si256(rounded, byte));
    const __m256i bytes = _mm256_permute4x64_epi64(pairs, 0xD8); /* the pack's halves in order */
    const __m128i both = _mm_packus_epi16(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    _mm_storel_epi64((__m128i *)(void *)low, both);
    _mm_storeh_pd((double *)(void *)high, _mm_castsi128_pd(both));
}

static inline void vec_store_int8x2(uint8_t *high, uint8_t *low, vec v)
{
    half_store_int8x2(v.low, high, low);
    half_store_int8x2(v.high, high + HALF_LANES, low + HALF_LANES);
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
