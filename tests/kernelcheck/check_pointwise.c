/* SPDX-License-Identifier: Apache-2.0 */
/* check_pointwise.c - everything that is not a product of matrices, against the definitions in double.
 *
 * Bounds of the transcendental kernels: exp, sigmoid and tanh of order-one arguments are held to 1e-6 absolute, and
 * what is built from them to 1e-6 times (1 + the magnitudes it is multiplied with), plus the rounding of sums. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernelcheck.h"

static const double transcendental_bound = 1e-6;

/* One vector of either width, one less and one more in units of CHANNEL_ALIGN, a prime number of units. */
static const int lengths[] = {16, 32, 48, 64, 112, 208, 256};
enum { N_LENGTHS = sizeof lengths / sizeof lengths[0] };

static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

/* ---- transpose: exact ---- */

static const float untouched = -1.0e30f;

/* All but what is asked for stays as it is. */
static void check_transpose_case(struct check *c, int n_rows, int n_columns)
{
    const size_t in_stride = (size_t)(n_columns + check_pick(c, 0, 3));
    const size_t out_stride = (size_t)(n_rows + check_pick(c, 0, 3));
    check_begin(c, "n_rows=%d n_columns=%d in_stride=%zu out_stride=%zu", n_rows, n_columns, in_stride, out_stride);
    const size_t n_in = (size_t)(n_rows - 1) * in_stride + (size_t)n_columns;
    float *in = check_input(c, n_in, VALUES_MIXED);
    const bool has_any_bits = check_toss(c); /* tiles of integers are moved as floats */
    for (size_t i = 0; i < n_in && has_any_bits; i++) {
        const uint32_t bits = check_random(c);
        memcpy(&in[i], &bits, sizeof bits);
    }
    const size_t n_out = (size_t)(n_columns - 1) * out_stride + (size_t)n_rows;
    float *out = check_output(c, n_out);
    for (size_t i = 0; i < n_out; i++) out[i] = untouched;
    c->table->transpose(in, in_stride, n_rows, n_columns, out, out_stride);
    for (size_t i = 0; i < n_out; i++) {
        const size_t k = i / out_stride, j = i % out_stride;
        const float wanted = j < (size_t)n_rows ? in[j * in_stride + k] : untouched;
        check_bits(c, "out", i, out[i], wanted);
    }
    check_end(c);
}

void check_transpose(struct check *c)
{
    check_transpose_case(c, 32, 4608);
    for (int round = 0; round < 200; round++) check_transpose_case(c, check_pick(c, 1, 70), check_pick(c, 1, 70));
}

/* ---- max_pool: exact ---- */

static float any_value(struct check *c)
{
    switch (check_random(c) % 16) {
    case 0: return NAN;
    case 1: return INFINITY;
    case 2: return -INFINITY;
    case 3: return 0.0f;
    case 4: return -0.0f;
    default: return check_value(c, VALUES_MIXED);
    }
}

static void check_pool_case(struct check *c, int n_in, int n)
{
    enum { MAX_IN = 9 };
    check_begin(c, "n_in=%d n=%d", n_in, n);
    const float *in[MAX_IN];
    for (int k = 0; k < n_in; k++) {
        float *values = check_input(c, (size_t)n, VALUES_MIXED);
        for (int i = 0; i < n; i++) values[i] = any_value(c);
        in[k] = values;
    }
    float *out = check_output(c, (size_t)n), *expected = check_output(c, (size_t)n);
    c->table->max_pool(in, n_in, n, out);
    c->ref->max_pool(in, n_in, n, expected);
    for (int i = 0; i < n; i++) {
        bool is_one_of_them = false, has_larger = false;
        for (int k = 0; k < n_in; k++) {
            is_one_of_them |= memcmp(&in[k][i], &out[i], sizeof out[i]) == 0;
            has_larger |= in[k][i] > out[i];
        }
        check_true(c, "not the largest", is_one_of_them && !has_larger);
        check_bits(c, "out", (size_t)i, out[i], expected[i]);
    }
    check_end(c);
}

void check_max_pool(struct check *c)
{
    for (int i = 0; i < N_LENGTHS; i++)
        for (int n_in = 1; n_in <= 9; n_in++) check_pool_case(c, n_in, lengths[i]);
}

/* ---- lstm_cell ---- */

static void check_lstm_case(struct check *c, int n, float scale)
{
    check_begin(c, "n=%d scale=%g", n, (double)scale);
    float *gates = check_input(c, 4 * (size_t)n, VALUES_UNIT);
    for (int i = 0; i < 4 * n; i++) gates[i] *= scale;
    float *cell = check_output(c, (size_t)n), *hidden = check_output(c, (size_t)n);
    const float *before = check_input(c, (size_t)n, VALUES_UNIT);
    memcpy(cell, before, (size_t)n * sizeof(float));
    c->table->lstm_cell(gates, n, cell, hidden);
    for (int i = 0; i < n; i++) {
        const double state = sigmoid((double)gates[n + i]) * (double)before[i] +
                             sigmoid((double)gates[i]) * tanh((double)gates[2 * n + i]);
        const double bound = transcendental_bound * (1.0 + fabs((double)before[i]));
        check_absolute(c, "cell", (size_t)i, cell[i], state, bound);
        check_absolute(c, "hidden", (size_t)i, hidden[i], sigmoid((double)gates[3 * n + i]) * tanh(state), bound);
    }
    check_end(c);
}

/* NaN in a gate or the cell must not become a number: the text would look sure. */
static void check_lstm_nan(struct check *c, int which)
{
    enum { HIDDEN = CHANNEL_ALIGN };
    check_begin(c, "NaN in %d of input, forget, cell, output, state", which);
    float *gates = check_input(c, 4 * HIDDEN, VALUES_UNIT), *cell = check_output(c, HIDDEN);
    float *hidden = check_output(c, HIDDEN);
    for (int i = 0; i < HIDDEN; i++) cell[i] = 0.5f;
    if (which < 4) gates[which * HIDDEN + 3] = NAN;
    else cell[3] = NAN;
    c->table->lstm_cell(gates, HIDDEN, cell, hidden);
    for (int i = 0; i < HIDDEN; i++) check_true(c, "NaN is not where it belongs", isnan(hidden[i]) == (i == 3));
    check_end(c);
}

void check_lstm_cell(struct check *c)
{
    for (int which = 0; which <= 4; which++) check_lstm_nan(c, which);
    static const float scales[] = {1.0f, 5.0f, 0.0f, 1e-3f, 1e-38f, 50.0f, 1e4f, 1e38f};
    for (int i = 0; i < N_LENGTHS; i++)
        for (size_t s = 0; s < sizeof scales / sizeof scales[0]; s++) check_lstm_case(c, lengths[i], scales[s]);
}

/* ---- attention_scores ---- */

static void check_scores_case(struct check *c, int n_steps, int n)
{
    check_begin(c, "n_steps=%d n=%d", n_steps, n);
    const float *keys = check_input(c, (size_t)n_steps * (size_t)n, VALUES_MIXED);
    const float *query = check_input(c, (size_t)n, VALUES_MIXED);
    const float *weight = check_input(c, (size_t)n, VALUES_UNIT);
    float *scores = check_output(c, (size_t)n_steps);
    c->table->attention_scores(keys, n_steps, n, query, weight, scores);
    for (int t = 0; t < n_steps; t++) {
        double sum = 0.0, magnitude = 0.0;
        for (int i = 0; i < n; i++) {
            /* The sum in float is part of the definition: where it is large, its rounding is no error of tanh. */
            sum += tanh((double)(keys[t * n + i] + query[i])) * (double)weight[i];
            magnitude += fabs((double)weight[i]);
        }
        /* n products and n additions are rounded. */
        check_absolute(c, "scores", (size_t)t, scores[t], sum,
                       (transcendental_bound + 2.0 * n * 0x1p-24) * magnitude);
    }
    check_end(c);
}

static void check_scores_nan(struct check *c)
{
    check_begin(c, "NaN in step 1");
    float *keys = check_input(c, 3 * CHANNEL_ALIGN, VALUES_UNIT), *scores = check_output(c, 3);
    const float *query = check_input(c, CHANNEL_ALIGN, VALUES_UNIT);
    const float *weight = check_input(c, CHANNEL_ALIGN, VALUES_UNIT);
    keys[CHANNEL_ALIGN + 5] = NAN;
    c->table->attention_scores(keys, 3, CHANNEL_ALIGN, query, weight, scores);
    for (int t = 0; t < 3; t++) check_true(c, "NaN is not where it belongs", isnan(scores[t]) == (t == 1));
    check_end(c);
}

void check_attention_scores(struct check *c)
{
    check_scores_nan(c);
    static const int steps[] = {1, 2, 7, 26};
    for (int i = 0; i < N_LENGTHS; i++)
        for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) check_scores_case(c, steps[s], lengths[i]);
}

/* ---- softmax and argmax ---- */

enum logits_kind { LOGITS_PLAIN, LOGITS_PEAKED, LOGITS_EQUAL, LOGITS_WIDE, N_LOGITS_KINDS };

/* n_valid values, then -infinity up to a multiple of CHANNEL_ALIGN, which is returned in *n. */
static float *make_logits(struct check *c, enum logits_kind kind, int n_valid, int *n)
{
    *n = (n_valid + CHANNEL_ALIGN - 1) / CHANNEL_ALIGN * CHANNEL_ALIGN;
    check_begin(c, "kind=%d n_valid=%d n=%d", (int)kind, n_valid, *n);
    float *x = check_input(c, (size_t)*n, VALUES_UNIT);
    for (int i = 0; i < *n; i++) {
        if (kind == LOGITS_EQUAL) x[i] = 3.25f;
        if (kind == LOGITS_WIDE) x[i] *= 1e4f;
        if (i >= n_valid) x[i] = -INFINITY;
    }
    if (kind == LOGITS_PEAKED) x[check_pick(c, 0, n_valid - 1)] = 20.0f;
    return x;
}

static int first_largest(const float *x, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

/* sum of exp(x - largest); `largest` is subtracted in float, as the kernels do. */
static double sum_of_exp(const float *x, int n, float largest)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += exp((double)(x[i] - largest));
    return sum;
}

/* n additions of numbers of one sign round the sum by at most n * 2^-24 of itself, and the probability likewise. */
static double probability_bound(int n, double probability)
{
    return transcendental_bound + n * 0x1p-24 * probability;
}

static void check_softmax_case(struct check *c, enum logits_kind kind, int n_valid)
{
    int n;
    const float *logits = make_logits(c, kind, n_valid, &n);
    float *x = check_output(c, (size_t)n);
    memcpy(x, logits, (size_t)n * sizeof(float));
    c->table->softmax(x, n);
    const float largest = logits[first_largest(logits, n)];
    const double sum = sum_of_exp(logits, n, largest);
    for (int i = 0; i < n; i++) {
        const double exact = exp((double)(logits[i] - largest)) / sum;
        check_absolute(c, "x", (size_t)i, x[i], exact, probability_bound(n, exact));
    }
    check_end(c);
}

static const int valid_counts[] = {1, 2, 15, 16, 17, 26, 31, 32, 33, 38, 97, 208, 6719};
enum { N_VALID_COUNTS = sizeof valid_counts / sizeof valid_counts[0] };

static void check_softmax_nan(struct check *c, int at)
{
    int n;
    const float *logits = make_logits(c, LOGITS_PLAIN, 38, &n);
    float *x = check_output(c, (size_t)n);
    memcpy(x, logits, (size_t)n * sizeof(float));
    x[at] = NAN;
    c->table->softmax(x, n);
    for (int i = 0; i < n; i++) check_true(c, "not all NaN", isnan(x[i]));
    check_end(c);
}

void check_softmax(struct check *c)
{
    for (int at = 0; at < 38; at += 5) check_softmax_nan(c, at);
    for (int i = 0; i < N_VALID_COUNTS; i++)
        for (int kind = 0; kind < N_LOGITS_KINDS; kind++)
            check_softmax_case(c, (enum logits_kind)kind, valid_counts[i]);
}

static void check_argmax_of(struct check *c, const float *logits, int n)
{
    float *probability = check_output(c, 1);
    const int got = c->table->argmax_softmax(logits, n, probability), expected = first_largest(logits, n);
    check_true(c, "not the first of the largest", got == expected);
    const double exact = 1.0 / sum_of_exp(logits, n, logits[expected]);
    check_absolute(c, "probability", 0, *probability, exact, probability_bound(n, exact));
    check_end(c);
}

/* The largest two or three times: the first counts. */
static void check_ties(struct check *c, int n_valid)
{
    int n;
    float *logits = make_logits(c, LOGITS_PLAIN, n_valid, &n);
    for (int i = check_pick(c, 1, 3); i > 0; i--) logits[check_pick(c, 0, n_valid - 1)] = 7.5f;
    check_argmax_of(c, logits, n);
}

/* NaN among the logits is passed over, but the probability is NaN; with nothing but NaN the answer is 0. Infinity is a
 * logit like others, but no probability can be told from it. Padding is never the answer. */
static void check_odd_logits(struct check *c, int n_valid, float odd, int one_in, float padding)
{
    int n, n_odd = 0, expected = 0;
    float *logits = make_logits(c, LOGITS_PLAIN, n_valid, &n);
    for (int i = 0; i < n_valid; i++) {
        if (check_random(c) % (unsigned)one_in != 0) continue;
        logits[i] = odd;
        n_odd++;
    }
    for (int i = n_valid; i < n; i++) logits[i] = padding;
    for (int i = 1; i < n_valid; i++)
        if (logits[i] > logits[expected] || (isnan(logits[expected]) && !isnan(logits[i]))) expected = i;
    if (isnan(logits[expected])) expected = 0;
    float *probability = check_output(c, 1);
    const int got = c->table->argmax_softmax(logits, n, probability);
    check_true(c, "not the first of the largest", got == expected);
    if (n_odd > 0) check_true(c, "the probability is a number", isnan(*probability));
    check_end(c);
}

void check_argmax_softmax(struct check *c)
{
    for (int i = 0; i < N_VALID_COUNTS; i++) {
        for (int kind = 0; kind < N_LOGITS_KINDS; kind++) {
            int n;
            const float *logits = make_logits(c, (enum logits_kind)kind, valid_counts[i], &n);
            check_argmax_of(c, logits, n);
        }
        for (int round = 0; round < 8; round++) check_ties(c, valid_counts[i]);
        check_odd_logits(c, valid_counts[i], NAN, 4, -INFINITY);
        check_odd_logits(c, valid_counts[i], NAN, 1, -INFINITY);
        check_odd_logits(c, valid_counts[i], NAN, 1, NAN);
        check_odd_logits(c, valid_counts[i], INFINITY, 1, -INFINITY);
    }
}

/* ---- weighted_sum ---- */

static void check_weighted_sum_case(struct check *c, int n_steps, int n)
{
    check_begin(c, "n_steps=%d n=%d", n_steps, n);
    const float *weights = check_input(c, (size_t)n_steps, VALUES_MIXED);
    const float *rows = check_input(c, (size_t)n_steps * (size_t)n, VALUES_MIXED);
    float *out = check_output(c, (size_t)n);
    c->table->weighted_sum(weights, rows, n_steps, n, out);
    for (int i = 0; i < n; i++) {
        double sum = 0.0, magnitude = 0.0;
        for (int t = 0; t < n_steps; t++) {
            const double term = (double)weights[t] * (double)rows[t * n + i];
            sum += term;
            magnitude += fabs(term);
        }
        check_summed(c, "out", (size_t)i, out[i], sum, 2.0 * n_steps, magnitude);
    }
    check_end(c);
}

void check_weighted_sum(struct check *c)
{
    static const int steps[] = {1, 2, 7, 26, 61};
    for (int i = 0; i < N_LENGTHS; i++)
        for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) check_weighted_sum_case(c, steps[s], lengths[i]);
}

/* ---- grcl_unit ---- */

static void check_grcl_value(struct check *c, const struct grcl_unit *g, size_t at)
{
    const size_t k = at % (size_t)g->channels;
    const double gate_u = (double)g->scale_gate_u[k] * (double)g->gate_u[at];
    const double gate_x = (double)g->scale_gate_x[k] * (double)g->gate_x[at];
    const double gate = sigmoid(gate_u + gate_x + (double)g->shift_gate[k]);
    const double scaled_u = (double)g->scale_u[k] * (double)g->u[at];
    const double scaled_x = (double)g->scale_x[k] * (double)g->x[at];
    const double sum = scaled_u + (double)g->shift_u[k] + (scaled_x + (double)g->shift_x[k]) * gate;
    const double magnitude = 1.0 + fabs(scaled_u) + fabs((double)g->shift_u[k]) + fabs(scaled_x) +
                             fabs((double)g->shift_x[k]);
    check_absolute(c, "out", at, g->out[at], sum > 0.0 ? sum : 0.0, transcendental_bound * magnitude);
}

static void check_grcl_case(struct check *c, int n_pixels, int channels, bool has_nan)
{
    check_begin(c, "n_pixels=%d channels=%d%s", n_pixels, channels, has_nan ? " NaN" : "");
    const size_t all = (size_t)n_pixels * (size_t)channels, each = (size_t)channels;
    float *u = check_input(c, all, VALUES_UNIT);
    const size_t nan_at = (size_t)check_pick(c, 0, (int)all - 1);
    if (has_nan) u[nan_at] = NAN;
    const struct grcl_unit g = {
        .n_pixels = n_pixels, .channels = channels, .u = u,
        .gate_u = check_input(c, all, VALUES_UNIT), .gate_x = check_input(c, all, VALUES_UNIT),
        .x = check_input(c, all, VALUES_UNIT),
        .scale_gate_u = check_input(c, each, VALUES_UNIT), .scale_gate_x = check_input(c, each, VALUES_UNIT),
        .shift_gate = check_input(c, each, VALUES_UNIT),
        .scale_u = check_input(c, each, VALUES_UNIT), .shift_u = check_input(c, each, VALUES_UNIT),
        .scale_x = check_input(c, each, VALUES_UNIT), .shift_x = check_input(c, each, VALUES_UNIT),
        .out = check_output(c, all),
    };
    c->table->grcl_unit(&g);
    for (size_t at = 0; at < all; at++) {
        if (has_nan && at == nan_at) check_true(c, "ReLU of NaN is not 0", g.out[at] == 0.0f);
        else check_grcl_value(c, &g, at);
    }
    check_end(c);
}

void check_grcl_unit(struct check *c)
{
    static const int pixels[] = {1, 2, 7, 13};
    for (int i = 0; i < N_LENGTHS; i++)
        for (size_t p = 0; p < sizeof pixels / sizeof pixels[0]; p++) {
            check_grcl_case(c, pixels[p], lengths[i], false);
            check_grcl_case(c, pixels[p], lengths[i], true);
        }
}

/* ---- tps_grid ---- */

static void check_tps_case(struct check *c, int n_terms, int n_points)
{
    check_begin(c, "n_terms=%d n_points=%d", n_terms, n_points);
    const float *basis = check_input(c, (size_t)n_terms * (size_t)n_points, VALUES_MIXED);
    const float *weights = check_input(c, 2 * (size_t)n_terms, VALUES_MIXED);
    float *grid[2] = {check_output(c, (size_t)n_points), check_output(c, (size_t)n_points)};
    c->table->tps_grid(basis, weights, n_terms, n_points, grid[0], grid[1]);
    for (int p = 0; p < n_points; p++) {
        for (int axis = 0; axis < 2; axis++) {
            double sum = 0.0, magnitude = 0.0;
            for (int k = 0; k < n_terms; k++) {
                const double term = (double)basis[k * n_points + p] * (double)weights[2 * k + axis];
                sum += term;
                magnitude += fabs(term);
            }
            check_summed(c, axis == 0 ? "grid_x" : "grid_y", (size_t)p, grid[axis][p], sum, 2.0 * n_terms, magnitude);
        }
    }
    check_end(c);
}

void check_tps_grid(struct check *c)
{
    /* The only kernel whose length is free: round either vector, and primes. */
    static const int points[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 97, 128};
    static const int terms[] = {1, 2, 9, 23};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
        for (size_t k = 0; k < sizeof terms / sizeof terms[0]; k++) check_tps_case(c, terms[k], points[i]);
}
