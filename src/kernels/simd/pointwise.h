/* SPDX-License-Identifier: Apache-2.0 */
/* pointwise.h - everything that is not a product of matrices, on whole vectors. Include a vector_*.h, vector_math.h and
 * panel.h first. Lengths are multiples of CHANNEL_ALIGN, so there are no tails, but in transpose(). */
#ifndef TRBA_KERNELS_SIMD_POINTWISE_H
#define TRBA_KERNELS_SIMD_POINTWISE_H

#include <math.h>

/* LANES rows of at most as many columns. */
ALWAYS_INLINE void transpose_block(const float *in, size_t in_stride, int n_columns, float *out, size_t out_stride)
{
    vec block[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) {
        const float *row = in + (size_t)i * in_stride;
        block[i] = n_columns == LANES ? vec_load(row) : vec_load_first(row, n_columns);
    }
    vec_transpose(block);
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++)
        if (i < n_columns) vec_store(out + (size_t)i * out_stride, block[i]);
}

/* A vector of columns at a time: where rows are long, that is a line of the cache of each. Whole vectors by a constant,
 * so that nothing is masked. 32 rows of 4,608 numbers take 20 to 25 us, as in the reference 76 to 94; with eight lanes
 * as long as with sixteen (Xeon). */
static void TIER(transpose)(const float *in, size_t in_stride, int n_rows, int n_columns, float *out, size_t out_stride)
{
    for (int k = 0; k < n_columns; k += LANES) {
        const int n = n_columns - k < LANES ? n_columns - k : LANES;
        float *to = out + (size_t)k * out_stride;
        int j = 0;
        for (; j + LANES <= n_rows; j += LANES) {
            const float *rows = in + (size_t)j * in_stride + k;
            if (n == LANES) transpose_block(rows, in_stride, LANES, to + j, out_stride);
            else transpose_block(rows, in_stride, n, to + j, out_stride);
        }
        for (; j < n_rows; j++) {
            const float *row = in + (size_t)j * in_stride + k;
            for (int i = 0; i < n; i++) to[(size_t)i * out_stride + (size_t)j] = row[i];
        }
    }
}

static void TIER(max_pool)(const float *const *in, int n_in, int n, float *out)
{
    for (int i = 0; i < n; i += LANES) {
        vec largest = vec_load(in[0] + i);
        for (int k = 1; k < n_in; k++) largest = vec_max(vec_load(in[k] + i), largest);
        vec_store(out + i, largest);
    }
}

static void TIER(lstm_cell)(const float *gates, int n, float *cell, float *hidden)
{
    for (int i = 0; i < n; i += LANES) {
        const vec input = vec_sigmoid(vec_load(gates + i)), forget = vec_sigmoid(vec_load(gates + n + i));
        const vec candidate = vec_tanh(vec_load(gates + 2 * n + i));
        const vec output = vec_sigmoid(vec_load(gates + 3 * n + i));
        const vec state = vec_fma(forget, vec_load(cell + i), vec_mul(input, candidate));
        vec_store(cell + i, state);
        vec_store(hidden + i, vec_mul(output, vec_tanh(state)));
    }
}

static void TIER(attention_scores)(const float *keys, int n_steps, int n, const float *query, const float *weight,
                                   float *scores)
{
    for (int t = 0; t < n_steps; t++) {
        const float *key = keys + (size_t)t * (size_t)n;
        vec sum = vec_zero();
        for (int i = 0; i < n; i += LANES)
            sum = vec_fma(vec_tanh(vec_add(vec_load(key + i), vec_load(query + i))), vec_load(weight + i), sum);
        scores[t] = vec_sum(sum);
    }
}

/* NaN is passed over; -infinity when there is nothing else. */
static float largest_of(const float *x, int n)
{
    vec largest = vec_set(-INFINITY);
    for (int i = 0; i < n; i += LANES) largest = vec_max(vec_load(x + i), largest);
    return vec_largest(largest);
}

static void TIER(softmax)(float *x, int n)
{
    const vec largest = vec_set(largest_of(x, n));
    vec sum = vec_zero();
    for (int i = 0; i < n; i += LANES) {
        const vec e = vec_exp(vec_sub(vec_load(x + i), largest));
        vec_store(x + i, e);
        sum = vec_add(sum, e);
    }
    const vec scale = vec_set(1.0f / vec_sum(sum));
    for (int i = 0; i < n; i += LANES) vec_store(x + i, vec_mul(vec_load(x + i), scale));
}

static void TIER(weighted_sum)(const float *weights, const float *rows, int n_steps, int n, float *out)
{
    for (int i = 0; i < n; i += LANES) {
        vec sum = vec_zero();
        for (int t = 0; t < n_steps; t++)
            sum = vec_fma(vec_set(weights[t]), vec_load(rows + (size_t)t * (size_t)n + (size_t)i), sum);
        vec_store(out + i, sum);
    }
}

static int TIER(argmax_softmax)(const float *logits, int n, float *probability)
{
    const float largest = largest_of(logits, n);
    vec sum = vec_zero();
    for (int i = 0; i < n; i += LANES)
        sum = vec_add(sum, vec_exp(vec_sub(vec_load(logits + i), vec_set(largest))));
    *probability = 1.0f / vec_sum(sum); /* NaN if a logit is, or the largest is infinite */
    for (int i = 0; largest > -INFINITY && i < n; i++) /* -infinity: the padding, which is no class */
        if (logits[i] == largest) return i;
    return 0;
}

static void TIER(grcl_unit)(const struct grcl_unit *g)
{
    for (int p = 0; p < g->n_pixels; p++) {
        for (int c = 0; c < g->channels; c += LANES) {
            const size_t at = (size_t)p * (size_t)g->channels + (size_t)c;
            vec gate = vec_fma(vec_load(g->scale_gate_u + c), vec_load(g->gate_u + at), vec_load(g->shift_gate + c));
            gate = vec_sigmoid(vec_fma(vec_load(g->scale_gate_x + c), vec_load(g->gate_x + at), gate));
            const vec u = vec_fma(vec_load(g->scale_u + c), vec_load(g->u + at), vec_load(g->shift_u + c));
            const vec x = vec_fma(vec_load(g->scale_x + c), vec_load(g->x + at), vec_load(g->shift_x + c));
            vec_store(g->out + at, vec_max(vec_fma(x, gate, u), vec_zero()));
        }
    }
}

/* Points run along the vector; the last few, when n_points is not a multiple of LANES, go one by one. The terms cancel
 * to a tenth of their size, so each product that is not rounded brings the grid nearer to the exact one. */
static void TIER(tps_grid)(const float *basis, const float *weights, int n_terms, int n_points, float *grid_x,
                           float *grid_y)
{
    int p = 0;
    for (; p + LANES <= n_points; p += LANES) {
        vec x = vec_zero(), y = vec_zero();
        for (int k = 0; k < n_terms; k++) {
            const vec b = vec_load(basis + (size_t)k * (size_t)n_points + (size_t)p);
            x = vec_fma(b, vec_set(weights[2 * k]), x);
            y = vec_fma(b, vec_set(weights[2 * k + 1]), y);
        }
        vec_store(grid_x + p, x);
        vec_store(grid_y + p, y);
    }
    for (; p < n_points; p++) {
        float x = 0.0f, y = 0.0f;
        for (int k = 0; k < n_terms; k++) {
            const float b = basis[(size_t)k * (size_t)n_points + (size_t)p];
            x = fmaf(b, weights[2 * k], x);
            y = fmaf(b, weights[2 * k + 1], y);
        }
        grid_x[p] = x;
        grid_y[p] = y;
    }
}

#endif
