/* SPDX-License-Identifier: Apache-2.0 */
/* quantize.h - rows and columns to 16-bit integers with a scale (kernels.h says which). Include a vector_*.h first. */
#ifndef TRBA_KERNELS_SIMD_QUANTIZE_H
#define TRBA_KERNELS_SIMD_QUANTIZE_H

#include <math.h>

#include "kernels/simd/panel.h"

/* With a largest magnitude outside these bounds, squares could leave the range of floats: they are summed of numbers
 * times a power of two. */
static const float least_square = 0x1p-40f, largest_square = 0x1p+40f, towards_one = 0x1p+80f;

ALWAYS_INLINE vec scaling_for_squares(vec largest)
{
    const vec of_small = vec_choose_less(largest, vec_set(least_square), vec_set(towards_one), vec_set(1.0f));
    return vec_choose_less(vec_set(largest_square), largest, vec_set(1.0f / towards_one), of_small);
}

/* The sum of the squares of a row's numbers times `scaling`. */
ALWAYS_INLINE float sum_scaled_squares(const float *a, const ptrdiff_t *taps, int n_taps, int depth, vec scaling)
{
    vec squares = vec_zero();
    for (int t = 0; t < n_taps; t++) {
        for (int k = 0; k < depth; k += LANES) {
            const vec value = vec_mul(vec_load(a + taps[t] + k), scaling);
            squares = vec_fma(value, value, squares);
        }
    }
    return vec_sum(squares);
}

/* Of some of a row's numbers. */
struct row_sizes {
    vec squares, largest;
};

ALWAYS_INLINE void add_to_sizes(struct row_sizes *sizes, const float *a)
{
    const vec value = vec_load(a);
    sizes->squares = vec_fma(value, value, sizes->squares);
    sizes->largest = vec_max(sizes->largest, vec_magnitude(value));
}

/* Two sums take turns: one alone would wait for itself. */
ALWAYS_INLINE struct row_sizes measure_row(const float *a, const ptrdiff_t *taps, int n_taps, int depth)
{
    struct row_sizes even = {vec_zero(), vec_zero()}, odd = even;
    for (int t = 0; t < n_taps; t++) {
        const float *from = a + taps[t], *end = from + depth;
        for (; end - from >= 2 * LANES; from += 2 * LANES) {
            add_to_sizes(&even, from);
            add_to_sizes(&odd, from + LANES);
        }
        if (from < end) add_to_sizes(&even, from);
    }
    return (struct row_sizes){vec_add(even.squares, odd.squares), vec_max(even.largest, odd.largest)};
}

static float TIER(quantize_row)(const float *a, const ptrdiff_t *taps, int n_taps, int depth, int16_t *out)
{
    const struct row_sizes sizes = measure_row(a, taps, n_taps, depth);
    const float of_all = vec_largest(sizes.largest);
    float sum = vec_sum(sizes.squares), scaling = 1.0f, factor = 0.0f;
    const bool is_finite = !isnan(sum) && of_all < INFINITY;
    if (is_finite && of_all >= INT16_NEGLIGIBLE) {
        if (of_all < least_square || of_all > largest_square) {
            scaling = vec_largest(scaling_for_squares(vec_set(of_all)));
            sum = sum_scaled_squares(a, taps, n_taps, depth, vec_set(scaling));
        }
        factor = fminf((float)INT16_NORM_AIMED / sqrtf(sum) * scaling, (float)INT16_LARGEST / of_all);
    }
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
    for (int k = 0; k < depth; k++) largest = vec_max(largest, vec_magnitude(vec_load(panel + k * width)));
    const vec scaling = scaling_for_squares(largest);
    for (int k = 0; k < depth; k++) {
        const vec value = vec_mul(vec_load(panel + k * width), scaling);
        squares = vec_fma(value, value, squares);
    }
    const vec one = vec_set(1.0f), negligible = vec_set(INT16_NEGLIGIBLE);
    vec factor = vec_min(vec_mul(vec_div(vec_set((float)INT16_NORM_AIMED), vec_sqrt(squares)), scaling),
                         vec_div(vec_set((float)INT16_LARGEST), largest));
    factor = vec_choose_less(largest, negligible, vec_zero(), factor);
    vec_store(scales, vec_choose_less(largest, negligible, vec_zero(), vec_div(one, factor)));
    for (int k = 0; k < depth; k += 2)
        ivec_store(out + k * width, ivec_from_pairs(vec_mul(factor, vec_load(panel + k * width)),
                                                    vec_mul(factor, vec_load(panel + (k + 1) * width))));
}

static void TIER(quantize_panel)(const float *panel, int depth, int width, int16_t *out, float *scales)
{
    for (int j = 0; j < width; j += LANES) quantize_columns(panel + j, depth, width, out + 2 * j, scales + j);
}

#endif
