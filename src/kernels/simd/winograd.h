/* SPDX-License-Identifier: Apache-2.0 */
/* winograd.h - the transforms of 3x3 convolutions on whole vectors of channels. Include a vector_*.h first. The
 * matrices are those of winograd_matrices.h, written out so that shared terms are computed once. */
#ifndef TRBA_KERNELS_SIMD_WINOGRAD_H
#define TRBA_KERNELS_SIMD_WINOGRAD_H

/* The points of F(4,3): a = 3/4, b = 3/2; A = a^2, B = b^2. */
static const float point_a = 0.75f, point_b = 1.5f, square_a = 0.5625f, square_b = 2.25f;

ALWAYS_INLINE void input_axis(vec d[WINOGRAD_AXIS_POINTS])
{
    const vec product = vec_set(square_a * square_b), sum = vec_set(square_a + square_b);
    const vec first = vec_fma(product, d[0], vec_fnma(sum, d[2], d[4]));
    const vec even_a = vec_fnma(vec_set(square_b), d[2], d[4]), even_b = vec_fnma(vec_set(square_a), d[2], d[4]);
    const vec odd_a = vec_mul(vec_set(point_a), vec_fnma(vec_set(square_b), d[1], d[3]));
    const vec odd_b = vec_mul(vec_set(point_b), vec_fnma(vec_set(square_a), d[1], d[3]));
    const vec last = vec_fma(product, d[1], vec_fnma(sum, d[3], d[5]));
    d[0] = first;
    d[1] = vec_add(even_a, odd_a);
    d[2] = vec_sub(even_a, odd_a);
    d[3] = vec_add(even_b, odd_b);
    d[4] = vec_sub(even_b, odd_b);
    d[5] = last;
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

/* Three taps to the points of F(4,3): 1, p, p^2. */
ALWAYS_INLINE void weights_axis(vec d[WINOGRAD_AXIS_POINTS])
{
    const vec even_a = vec_fma(vec_set(square_a), d[2], d[0]), odd_a = vec_mul(vec_set(point_a), d[1]);
    const vec even_b = vec_fma(vec_set(square_b), d[2], d[0]), odd_b = vec_mul(vec_set(point_b), d[1]);
    d[5] = d[2];
    d[1] = vec_add(even_a, odd_a);
    d[2] = vec_sub(even_a, odd_a);
    d[3] = vec_add(even_b, odd_b);
    d[4] = vec_sub(even_b, odd_b);
}

/* Three taps to one of the points. */
ALWAYS_INLINE vec weights_point(const float *taps, int stride, const int point)
{
    const vec middle = vec_load(taps + stride);
    if (point == 0) return vec_load(taps);
    if (point == WINOGRAD_AXIS_POINTS - 1) return vec_load(taps + 2 * stride);
    const float p = (point % 2 == 1 ? 1.0f : -1.0f) * (point <= 2 ? point_a : point_b);
    return vec_fma(vec_set(p), middle, vec_fma(vec_set(p * p), vec_load(taps + 2 * stride), vec_load(taps)));
}

/* The call's fields are copied first: the compiler takes it that stores of vectors may change them. */
ALWAYS_INLINE void weights_row(const struct winograd_panel *p, const int row)
{
    const int width = p->width, end = p->n_channels * width;
    const size_t point_stride = p->point_stride;
    const float *kernels = p->kernels;
    for (float *out = p->points, *out_end = out + end; out < out_end; kernels += 8 * width) {
        for (int j = 0; j < width; j += LANES, kernels += LANES, out += LANES) {
            vec d[WINOGRAD_AXIS_POINTS];
#pragma GCC unroll 3
            for (int k = 0; k < 3; k++) d[k] = weights_point(kernels + k * width, 3 * width, row);
            weights_axis(d);
#pragma GCC unroll 6
            for (int k = 0; k < WINOGRAD_AXIS_POINTS; k++) vec_store(out + (size_t)k * point_stride, d[k]);
        }
    }
}

static void TIER(winograd_weights)(const struct winograd_panel *p)
{
    switch (p->row) {
    case 0: weights_row(p, 0); return;
    case 1: weights_row(p, 1); return;
    case 2: weights_row(p, 2); return;
    case 3: weights_row(p, 3); return;
    case 4: weights_row(p, 4); return;
    default: weights_row(p, 5); return;
    }
}

/* Rows first, then columns; the half-done patch stays in registers (or, for 6x6, in L1). */
static void TIER(winograd_input)(const float *patch, size_t row_stride, size_t pixel_stride, int channels, float *v,
                                 size_t point_stride)
{
    for (int c = 0; c < channels; c += LANES) {
        vec half[WINOGRAD_AXIS_POINTS][WINOGRAD_AXIS_POINTS];
#pragma GCC unroll 6
        for (int i = 0; i < WINOGRAD_AXIS_POINTS; i++) {
#pragma GCC unroll 6
            for (int j = 0; j < WINOGRAD_AXIS_POINTS; j++)
                half[i][j] = vec_load(patch + (size_t)i * row_stride + (size_t)j * pixel_stride + c);
            input_axis(half[i]);
        }
#pragma GCC unroll 6
        for (int j = 0; j < WINOGRAD_AXIS_POINTS; j++) {
            vec column[WINOGRAD_AXIS_POINTS];
#pragma GCC unroll 6
            for (int i = 0; i < WINOGRAD_AXIS_POINTS; i++) column[i] = half[i][j];
            input_axis(column);
#pragma GCC unroll 6
            for (int i = 0; i < WINOGRAD_AXIS_POINTS; i++)
                vec_store(v + (size_t)(i * WINOGRAD_AXIS_POINTS + j) * point_stride + c, column[i]);
        }
    }
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

static void TIER(winograd_output)(const struct winograd_output *o)
{
    prefetch_pixels(o);
    for (int c = 0; c < o->channels; c += LANES) {
        vec half[WINOGRAD_AXIS_POINTS][WINOGRAD_AXIS_POINTS];
        const vec bias = vec_load(o->bias + c);
#pragma GCC unroll 6
        for (int i = 0; i < WINOGRAD_AXIS_POINTS; i++) {
#pragma GCC unroll 6
            for (int j = 0; j < WINOGRAD_AXIS_POINTS; j++)
                half[i][j] = vec_load(o->products + (size_t)(i * WINOGRAD_AXIS_POINTS + j) * o->point_stride + c);
            output_axis(half[i]);
        }
#pragma GCC unroll 6
        for (int j = 0; j < WINOGRAD_OUTPUTS; j++) {
            vec column[WINOGRAD_AXIS_POINTS];
            if (j >= o->n_columns) break;
#pragma GCC unroll 6
            for (int i = 0; i < WINOGRAD_AXIS_POINTS; i++) column[i] = half[i][j];
            output_axis(column);
#pragma GCC unroll 6
            for (int i = 0; i < WINOGRAD_OUTPUTS; i++)
                if (i < o->n_rows)
                    winograd_store(o, column[i], bias,
                                   (size_t)i * o->row_stride + (size_t)j * o->pixel_stride + (size_t)c);
        }
    }
}

#endif
