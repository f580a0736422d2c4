/* SPDX-License-Identifier: Apache-2.0 */
/* winograd.h - the transforms of 3x3 convolutions on whole vectors of channels. Include a vector_*.h first, and define
 * WINOGRAD_VECTORS, vectors per panel row. The matrices are those of winograd_matrices.h, written out so that shared
 * terms are computed once. */
#ifndef TRBA_KERNELS_SIMD_WINOGRAD_H
#define TRBA_KERNELS_SIMD_WINOGRAD_H

/* The points of F(4,3): a = 3/4, b = 3/2; A = a^2. */
static const float point_a = 0.75f, point_b = 1.5f, square_a = 0.5625f;

/* Six pixels to the points 0, a, -a, b, -b and infinity. */
ALWAYS_INLINE void input_axis(vec d[WINOGRAD_AXIS_POINTS], const float a, const float b)
{
    const vec product = vec_set(a * a * b * b), sum = vec_set(a * a + b * b);
    const vec first = vec_fma(product, d[0], vec_fnma(sum, d[2], d[4]));
    const vec even_a = vec_fnma(vec_set(b * b), d[2], d[4]), even_b = vec_fnma(vec_set(a * a), d[2], d[4]);
    const vec odd_a = vec_mul(vec_set(a), vec_fnma(vec_set(b * b), d[1], d[3]));
    const vec odd_b = vec_mul(vec_set(b), vec_fnma(vec_set(a * a), d[1], d[3]));
    const vec last = vec_fma(product, d[1], vec_fnma(sum, d[3], d[5]));
    d[0] = first;
    d[1] = vec_add(even_a, odd_a);
    d[2] = vec_sub(even_a, odd_a);
    d[3] = vec_add(even_b, odd_b);
    d[4] = vec_sub(even_b, odd_b);
    d[5] = last;
}

/* (x^2 - 1/4)(x^2 - 1) of five pixels; of the pixels from the second on, that is x times as much. */
ALWAYS_INLINE vec input_beside(const vec d[5])
{
    return vec_fma(vec_set(0.25f), d[0], vec_fnma(vec_set(1.25f), d[2], d[4]));
}

/* All points but 2 and -2 have the factor x - 2, or x^2 - 4, of M in common: what it makes of the pixels is a patch of
 * six for all of them. */
ALWAYS_INLINE void input_columns(vec d[WINOGRAD_WIDE_POINTS], const int point_columns)
{
    if (point_columns == 6) {
        input_axis(d, point_a, point_b);
    } else if (point_columns == 7) {
        const vec beside = input_beside(d + 1);
        const vec minus_half = vec_fnma(vec_set(2.5f), vec_sub(d[4], d[2]), vec_sub(d[5], d[1]));
#pragma GCC unroll 6
        for (int j = 0; j < WINOGRAD_AXIS_POINTS; j++) d[j] = vec_fnma(vec_set(2.0f), d[j], d[j + 1]);
        input_axis(d, 0.5f, 1.0f);
        d[2] = minus_half; /* not by differences in which d[3] cancels itself */
        d[6] = beside;
    } else {
        const vec even = input_beside(d + 2), odd = input_beside(d + 1);
#pragma GCC unroll 6
        for (int j = 0; j < WINOGRAD_AXIS_POINTS; j++) d[j] = vec_fnma(vec_set(4.0f), d[j], d[j + 2]);
        input_axis(d, 0.5f, 1.0f);
        d[6] = vec_fma(vec_set(2.0f), odd, even);
        d[7] = vec_fnma(vec_set(2.0f), odd, even);
    }
}

ALWAYS_INLINE void output_axis(vec d[WINOGRAD_AXIS_POINTS])
{
    const vec sum1 = vec_add(d[1], d[2]), difference1 = vec_sub(d[1], d[2]);
    const vec sum2 = vec_add(d[3], d[4]), difference2 = vec_sub(d[3], d[4]);
    const vec last = d[5];
    d[0] = vec_fma(vec_set(32.0f / 243), sum2,
                   vec_fma(vec_set(-128.0f / 243), sum1, vec_mul(vec_set(64.0f / 81), d[0])));
    d[1] = vec_fma(vec_set(16.0f / 81), difference2, vec_mul(vec_set(-32.0f / 81), difference1));
    d[2] = vec_mul(vec_set(8.0f / 27), vec_sub(sum2, sum1));
    d[3] = vec_fma(vec_set(4.0f / 9), difference2, vec_fma(vec_set(-2.0f / 9), difference1, last));
}

/* The powers 0 to n - 1 of a pair of points p and -p, times the sum or difference of what they have over N, added to
 * d. */
ALWAYS_INLINE void add_powers(vec *d, vec sum, vec difference, float p, const int n)
{
    float power = 1.0f;
#pragma GCC unroll 6
    for (int k = 0; k < n; k++, power *= p) d[k] = vec_fma(vec_set(power), k % 2 == 0 ? sum : difference, d[k]);
}

ALWAYS_INLINE void output_columns(vec d[WINOGRAD_WIDE_POINTS], const int point_columns)
{
    if (point_columns == 6) {
        output_axis(d);
        return;
    }
    const bool comes_in_pairs = point_columns == 8; /* -2 is there, too */
    const int n = point_columns - 2;
    const vec half = vec_mul(vec_set(comes_in_pairs ? 32.0f / 45 : 16.0f / 9), d[1]);
    const vec minus_half = vec_set(comes_in_pairs ? 32.0f / 45 : 16.0f / 15);
    const vec one = vec_mul(vec_set(comes_in_pairs ? -2.0f / 9 : -2.0f / 3), d[3]);
    const vec minus_one = vec_set(-2.0f / 9);
    const vec sum_half = vec_fma(minus_half, d[2], half), difference_half = vec_fnma(minus_half, d[2], half);
    const vec sum_one = vec_fma(minus_one, d[4], one), difference_one = vec_fnma(minus_one, d[4], one);
    const vec two = vec_mul(vec_set(comes_in_pairs ? 1.0f / 90 : 2.0f / 45), d[6]);
    const vec sum_two = comes_in_pairs ? vec_fma(vec_set(1.0f / 90), d[7], two) : two;
    const vec difference_two = comes_in_pairs ? vec_fnma(vec_set(1.0f / 90), d[7], two) : two;
    const vec last = d[5];
    d[0] = vec_fma(vec_set(comes_in_pairs ? -1.0f : -2.0f), d[0], sum_one);
#pragma GCC unroll 6
    for (int k = 1; k < n; k++) d[k] = k % 2 == 0 ? sum_one : difference_one;
    d[n - 1] = vec_add(d[n - 1], last);
    add_powers(d, sum_half, difference_half, 0.5f, n);
    add_powers(d, sum_two, difference_two, 2.0f, n);
}

/* Three taps to the points p and -p of F(4,3): 1, p, p^2. */
ALWAYS_INLINE void weights_pair(vec t0, vec t1, vec t2, const float p, vec points[2])
{
    const vec even = vec_fma(vec_set(p * p), t2, t0), odd = vec_mul(vec_set(p), t1);
    points[0] = vec_add(even, odd);
    points[1] = vec_sub(even, odd);
}

/* To all six. */
ALWAYS_INLINE void weights_axis(vec d[WINOGRAD_AXIS_POINTS])
{
    const vec t1 = d[1], t2 = d[2];
    weights_pair(d[0], t1, t2, point_a, d + 1);
    weights_pair(d[0], t1, t2, point_b, d + 3);
    d[5] = t2;
}

/* From left to right: where the points of F(6,3) are; the sixth is infinity. */
static const float weights_at[WINOGRAD_WIDE_POINTS] = {0.0f, 0.5f, -0.5f, 1.0f, -1.0f, 0.0f, 2.0f, -2.0f};

/* Three taps, `stride` apart, to the point at p. */
ALWAYS_INLINE vec weights_point_at(const float *taps, int stride, vec p, vec square)
{
    return vec_fma(p, vec_load(taps + stride), vec_fma(square, vec_load(taps + 2 * stride), vec_load(taps)));
}

/* To a point by its number, at p or (the sixth) at infinity. */
ALWAYS_INLINE vec weights_point(const float *taps, int stride, const int point, const float p)
{
    if (point == 0) return vec_load(taps);
    if (point == 5) return vec_load(taps + 2 * stride);
    return weights_point_at(taps, stride, vec_set(p), vec_set(p * p));
}

/* The call's fields are copied first: the compiler takes it that stores of vectors may change them. */
ALWAYS_INLINE void weights_column(const struct winograd_panel *p, const int column, const int width)
{
    const int end = p->n_channels * width;
    const size_t point_stride = p->point_stride;
    const float *kernels = p->kernels;
    for (float *out = p->points, *out_end = out + end; out < out_end; kernels += 8 * width) {
#pragma GCC unroll 2
        for (int j = 0; j < width; j += LANES, kernels += LANES, out += LANES) {
            vec d[WINOGRAD_AXIS_POINTS];
#pragma GCC unroll 3
            for (int k = 0; k < 3; k++)
                d[k] = weights_point(kernels + 3 * k * width, width, column, weights_at[column]);
            weights_axis(d);
#pragma GCC unroll 6
            for (int k = 0; k < WINOGRAD_AXIS_POINTS; k++) vec_store(out + (size_t)k * point_stride, d[k]);
        }
    }
}

ALWAYS_INLINE void weights_any_column(const struct winograd_panel *p, const int width)
{
    switch (p->column) {
    case 0: weights_column(p, 0, width); return;
    case 1: weights_column(p, 1, width); return;
    case 2: weights_column(p, 2, width); return;
    case 3: weights_column(p, 3, width); return;
    case 4: weights_column(p, 4, width); return;
    case 5: weights_column(p, 5, width); return;
    case 6: weights_column(p, 6, width); return;
    default: weights_column(p, 7, width); return;
    }
}

/* A width that the compiler knows saves the arithmetic of nine addresses. */
static void TIER(winograd_weights)(const struct winograd_panel *p)
{
    enum { USUAL_WIDTH = WINOGRAD_VECTORS * LANES };
    if (p->width == USUAL_WIDTH) weights_any_column(p, USUAL_WIDTH);
    else weights_any_column(p, p->width);
}

/* Rows first, then columns; the half-done patch stays in registers or in the first-level cache. */
ALWAYS_INLINE void input_tile(const struct winograd_input *in, const int point_columns)
{
    const size_t row_stride = in->row_stride, pixel_stride = in->pixel_stride, point_stride = in->point_stride;
    for (int c = 0; c < in->channels; c += LANES) {
        vec half[WINOGRAD_AXIS_POINTS][WINOGRAD_WIDE_POINTS];
#pragma GCC unroll 6
        for (int i = 0; i < WINOGRAD_AXIS_POINTS; i++) {
#pragma GCC unroll 8
            for (int j = 0; j < point_columns; j++)
                half[i][j] = vec_load(in->patch + (size_t)i * row_stride + (size_t)j * pixel_stride + c);
            input_columns(half[i], point_columns);
        }
#pragma GCC unroll 8
        for (int j = 0; j < point_columns; j++) {
            vec column[WINOGRAD_AXIS_POINTS];
#pragma GCC unroll 6
            for (int i = 0; i < WINOGRAD_AXIS_POINTS; i++) column[i] = half[i][j];
            input_axis(column, point_a, point_b);
#pragma GCC unroll 6
            for (int i = 0; i < WINOGRAD_AXIS_POINTS; i++)
                vec_store(in->points + (size_t)(j * WINOGRAD_AXIS_POINTS + i) * point_stride + c, column[i]);
        }
    }
}

static void TIER(winograd_input)(const struct winograd_input *in)
{
    if (in->point_columns == 6) input_tile(in, 6);
    else if (in->point_columns == 7) input_tile(in, 7);
    else input_tile(in, 8);
}

/* Adds bias and residual, applies ReLU, stores one pixel's vector. */
ALWAYS_INLINE void winograd_store(const struct winograd_output *o, vec sum, vec bias, size_t at)
{
    sum = vec_add(sum, bias);
    if (o->residual != NULL) sum = vec_add(sum, vec_load(o->residual + at));
    if (o->has_relu) sum = vec_max(sum, vec_zero());
    vec_store(o->out + at, sum);
}

/* Asks for the pixels of a tile, and the residual's: they are a whole map's pixel apart. */
ALWAYS_INLINE void prefetch_pixels(const struct winograd_output *o)
{
    for (int i = 0; i < o->n_rows; i++) {
        for (int j = 0; j < o->n_columns; j++) {
            const size_t pixel = (size_t)i * o->row_stride + (size_t)j * o->pixel_stride;
            for (size_t at = pixel; at < pixel + (size_t)o->channels; at += CHANNEL_ALIGN) {
                vec_prefetch_near(o->out + at);
                if (o->residual != NULL) vec_prefetch_near(o->residual + at);
            }
        }
    }
}

/* Columns first: an output column needs all columns of points, but each column of points has its rows at hand. */
ALWAYS_INLINE void output_tile(const struct winograd_output *o, const int point_columns)
{
    const size_t point_stride = o->point_stride;
    for (int c = 0; c < o->channels; c += LANES) {
        vec half[WINOGRAD_OUTPUTS][WINOGRAD_WIDE_POINTS];
        const vec bias = vec_load(o->bias + c);
#pragma GCC unroll 8
        for (int j = 0; j < point_columns; j++) {
            vec column[WINOGRAD_AXIS_POINTS];
#pragma GCC unroll 6
            for (int i = 0; i < WINOGRAD_AXIS_POINTS; i++)
                column[i] = vec_load(o->products + (size_t)(j * WINOGRAD_AXIS_POINTS + i) * point_stride + c);
            output_axis(column);
#pragma GCC unroll 4
            for (int i = 0; i < WINOGRAD_OUTPUTS; i++) half[i][j] = column[i];
        }
#pragma GCC unroll 4
        for (int i = 0; i < WINOGRAD_OUTPUTS; i++) {
            if (i >= o->n_rows) break;
            output_columns(half[i], point_columns);
#pragma GCC unroll 6
            for (int j = 0; j < point_columns - 2; j++)
                if (j < o->n_columns)
                    winograd_store(o, half[i][j], bias,
                                   (size_t)i * o->row_stride + (size_t)j * o->pixel_stride + (size_t)c);
        }
    }
}

static void TIER(winograd_output)(const struct winograd_output *o)
{
    prefetch_pixels(o);
    if (o->point_columns == 6) output_tile(o, 6);
    else if (o->point_columns == 7) output_tile(o, 7);
    else output_tile(o, 8);
}

#endif
