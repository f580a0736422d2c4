/* SPDX-License-Identifier: Apache-2.0 */
/* vector_math.h - exp, sigmoid and tanh on whole vectors. Include a vector_*.h first.
 *
 * exp: x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two parts (Cody and Waite), a minimax polynomial of degree 7 for
 * exp(r) (the coefficients of Cephes' expf, S. Moshier), then the exponent. At most 2 ULP. Arguments are clamped to
 * [-87, 88]: below, exp is under 1.7e-38, which nothing here can tell from zero. NaN stays NaN: it is the second
 * argument, which vec_max() and vec_min() then give.
 */
#ifndef TRBA_KERNELS_SIMD_VECTOR_MATH_H
#define TRBA_KERNELS_SIMD_VECTOR_MATH_H

static inline vec vec_exp(vec x)
{
    x = vec_min(vec_set(88.0f), vec_max(vec_set(-87.0f), x));
    const vec n = vec_round(vec_mul(x, vec_set(1.44269504f)));
    vec r = vec_fnma(n, vec_set(0.693359375f), x);
    r = vec_fnma(n, vec_set(-2.12194440e-4f), r);
    vec p = vec_set(1.9875691500e-4f);
    p = vec_fma(p, r, vec_set(1.3981999507e-3f));
    p = vec_fma(p, r, vec_set(8.3334519073e-3f));
    p = vec_fma(p, r, vec_set(4.1665795894e-2f));
    p = vec_fma(p, r, vec_set(1.6666665459e-1f));
    p = vec_fma(p, r, vec_set(5.0000001201e-1f));
    p = vec_fma(p, vec_mul(r, r), vec_add(r, vec_set(1.0f)));
    return vec_scale(p, n);
}

static inline vec vec_sigmoid(vec x)
{
    return vec_div(vec_set(1.0f), vec_add(vec_set(1.0f), vec_exp(vec_sub(vec_zero(), x))));
}

/* 1 - 2 / (exp(2x) + 1): absolute error below 2e-7 everywhere, which is what the sums it goes into need. */
static inline vec vec_tanh(vec x)
{
    const vec e = vec_exp(vec_add(x, x));
    return vec_sub(vec_set(1.0f), vec_div(vec_set(2.0f), vec_add(e, vec_set(1.0f))));
}

#endif
