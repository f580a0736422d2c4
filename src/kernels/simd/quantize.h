/* SPDX-License-Identifier: Apache-2.0 */
/* quantize.h - rows and columns to 16-bit integers with a scale (kernels.h says which). Include a vector_*.h first. */
#ifndef TRBA_KERNELS_SIMD_QUANTIZE_H
#define TRBA_KERNELS_SIMD_QUANTIZE_H

#include <math.h>

#include "kernels/simd/panel.h"

/* Under this sum of squares, numbers become zeros. */
static const float negligible_squares = 1e-30f;

static float TIER(quantize_row)(const float *a, const ptrdiff_t *taps, int n_taps, int depth, int16_t *out)
{
    vec squares = vec_zero(), largest = vec_zero();
    for (int t = 0; t < n_taps; t++) {
        for (int k = 0; k < depth; k += LANES) {
            const vec value = vec_load(a + taps[t] + k);
            squares = vec_fma(value, value, squares);
            largest = vec_max(largest, vec_max(value, vec_sub(vec_zero(), value)));
        }
    }
    const float sum = vec_sum(squares);
    const bool is_finite = sum < INFINITY; /* false for NaN too */
    float factor = 0.0f;
    if (is_finite && sum >= negligible_squares)
        factor = fminf((float)INT16_NORM_AIMED / sqrtf(sum), (float)INT16_LARGEST / vec_largest(largest));
    for (int t = 0; t < n_taps; t++) {
        for (int k = 0; k < depth; k += LANES, out += LANES) {
            const vec value = is_finite ? vec_load(a + taps[t] + k) : vec_zero();
            vec_store_int16(out, vec_mul(value, vec_set(factor)));
        }
    }
    if (!is_finite) return NAN;
    return factor > 0.0f ? 1.0f / factor : 0.0f;
}

/* LANES columns of a panel. */
ALWAYS_INLINE void quantize_columns(const float *panel, int depth, int width, int16_t *out, float *scales)
{
    vec squares = vec_zero(), largest = vec_zero();
    for (int k = 0; k < depth; k++) {
        const vec value = vec_load(panel + k * width);
        squares = vec_fma(value, value, squares);
        largest = vec_max(largest, vec_max(value, vec_sub(vec_zero(), value)));
    }
    const vec one = vec_set(1.0f), negligible = vec_set(negligible_squares);
    vec factor = vec_min(vec_div(vec_set((float)INT16_NORM_AIMED), vec_sqrt(squares)),
                         vec_div(vec_set((float)INT16_LARGEST), largest));
    factor = vec_choose_less(squares, negligible, vec_zero(), factor);
    vec_store(scales, vec_choose_less(squares, negligible, vec_zero(), vec_div(one, factor)));
    for (int k = 0; k < depth; k += 2)
        ivec_store(out + k * width, ivec_from_pairs(vec_mul(factor, vec_load(panel + k * width)),
                                                    vec_mul(factor, vec_load(panel + (k + 1) * width))));
}

static void TIER(quantize_panel)(const float *panel, int depth, int width, int16_t *out, float *scales)
{
    for (int j = 0; j < width; j += LANES) quantize_columns(panel + j, depth, width, out + 2 * j, scales + j);
}

#endif
