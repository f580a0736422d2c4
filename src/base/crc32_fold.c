/* SPDX-License-Identifier: Apache-2.0 */
/* crc32_fold.c - folding by carry-less multiplication (Gopal and others, "Fast CRC Computation for Generic Polynomials
 * Using PCLMULQDQ Instruction", Intel, 2009).
 *
 *   register of 128 bits: high and low half each times x^(distance) mod P, added to the 128 bits that lie `distance`
 *   bits further on; four registers go through 64 bytes a step, then the four become one
 *
 * A CRC is a remainder, so what is congruent mod P has the same: sixteen bytes are left for the plain algorithm. 200 MB
 * of weights take 15 ms instead of the 90 ms of zlib 1.2.13 (Zen 3).
 */
#include "base/crc32_fold.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* x^(distance + 32) and x^(distance - 32) mod P, bits reversed: for the low and the high half of a register. */
static const uint64_t by_64_bytes[2] = {0x154442BD4, 0x1C6E41596}, by_16_bytes[2] = {0x1751997D0, 0x0CCAA009E};

#define WITH_CLMUL __attribute__((target("pclmul,sse2")))

/* What lies so far ahead is asked for. The processor's own guesses end at a page's end, and are late after its begin:
 * without asking, 198 MB of mapped file took 25 ms on two threads of a Xeon, with it 15 (1 and 2 KB ahead: 20, 8 KB:
 * 18). */
enum { AHEAD_BYTES = 4096 };

WITH_CLMUL static inline __m128i load(const uint8_t *at) { return _mm_loadu_si128((const __m128i *)(const void *)at); }

WITH_CLMUL static inline __m128i fold(__m128i x, __m128i factors, __m128i next)
{
    const __m128i low = _mm_clmulepi64_si128(x, factors, 0x00), high = _mm_clmulepi64_si128(x, factors, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* n_bytes: a multiple of 64, at least that. */
WITH_CLMUL static void fold_all(const uint8_t *bytes, size_t n_bytes, uint8_t *folded)
{
    const __m128i far = load((const uint8_t *)by_64_bytes), near = load((const uint8_t *)by_16_bytes);
    const __m128i start = _mm_cvtsi32_si128(-1); /* a register of ~0 is added to the first four bytes */
    __m128i x[4] = {_mm_xor_si128(load(bytes), start), load(bytes + 16), load(bytes + 32), load(bytes + 48)};
    for (size_t at = 64; at < n_bytes; at += 64) {
        _mm_prefetch((const char *)((uintptr_t)bytes + at + AHEAD_BYTES), _MM_HINT_T0); /* may leave the message */
        for (size_t i = 0; i < 4; i++) x[i] = fold(x[i], far, load(bytes + at + 16 * i));
    }
    for (int i = 1; i < 4; i++) x[i] = fold(x[i - 1], near, x[i]);
    _mm_storeu_si128((__m128i *)(void *)folded, x[3]);
}

size_t crc32_fold(const void *bytes, size_t n_bytes, uint8_t folded[CRC32_FOLDED_BYTES])
{
    const size_t n = n_bytes / 64 * 64;
    if (n > 0) fold_all(bytes, n, folded);
    return n;
}
#else
size_t crc32_fold(const void *bytes, size_t n_bytes, uint8_t folded[CRC32_FOLDED_BYTES])
{
    (void)bytes;
    (void)n_bytes;
    (void)folded;
    return 0;
}
#endif
