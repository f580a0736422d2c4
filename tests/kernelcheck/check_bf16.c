/* SPDX-License-Identifier: Apache-2.0 */
/* check_bf16.c - gemm_block_bf16 against sums in double, a row's bits whatever its neighbours; pixels_to_bf16 against
 * what rounding to nearest means: no bfloat16 lies closer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernelcheck.h"

enum { STEP = BF16_DEPTH * BF16_COLUMNS, MAX_BLOCKS = 3, MAX_TAPS = 9 };

/* Guarded like the floats they lie in; n even. */
static uint16_t *input_bf16(struct check *c, size_t n)
{
    return (uint16_t *)(void *)check_input(c, n / 2, VALUES_UNIT);
}

static uint16_t *output_bf16(struct check *c, size_t n) { return (uint16_t *)(void *)check_output(c, n / 2); }

static double value_of(uint16_t number)
{
    const uint32_t bits = (uint32_t)number << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* ---- the product ---- */

struct product_case {
    int n_columns;
    bool has_residual, is_in_place; /* in place: residual and out are the same memory */
    float *residual_copy;           /* [n_rows][n_columns] */
    ptrdiff_t taps[MAX_TAPS];
    struct gemm_block_bf16 block;
};

/* Of order one, or, rarely, large; no denormals, which AMX takes for zeros. */
static void fill_numbers(struct check *c, uint16_t *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float value = check_value(c, check_pick(c, 0, 9) == 0 ? VALUES_MIXED : VALUES_UNIT);
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        numbers[i] = fabsf(value) < 0x1p-100f ? 0 : (uint16_t)(bits >> 16);
    }
}

static void make_rows(struct check *c, struct product_case *p)
{
    const size_t n = (size_t)p->n_columns;
    for (int i = 0; i < p->block.n_rows; i++) {
        if (i > 0 && check_pick(c, 0, 5) == 0) continue; /* nobody wants it */
        /* Buffers are few, and rows many: every row but the first lies behind the one before. */
        p->block.out[i] = p->block.out[0] + (size_t)i * n;
        if (!p->has_residual) continue;
        p->block.residual[i] = (p->is_in_place ? p->block.out[0] : p->block.residual[0]) + (size_t)i * n;
        for (size_t j = 0; j < n; j++) {
            const float value = check_value(c, VALUES_MIXED);
            memcpy((char *)(uintptr_t)(p->block.residual[i] + j), &value, sizeof value);
            p->residual_copy[(size_t)i * n + j] = value;
        }
    }
}

static void make_case(struct check *c, struct product_case *p, int n_rows, int n_parts)
{
    struct gemm_block_bf16 *g = &p->block;
    const int padded_rows = (n_rows + BF16_TILE_ROWS - 1) / BF16_TILE_ROWS * BF16_TILE_ROWS;
    *p = (struct product_case){.n_columns = check_toss(c) ? BF16_COLUMNS : CHANNEL_ALIGN,
                               .has_residual = check_toss(c)};
    p->is_in_place = p->has_residual && check_toss(c);
    *g = (struct gemm_block_bf16){.n_rows = n_rows, .n_parts = n_parts, .n_columns = p->n_columns,
                                  .n_blocks = check_pick(c, 1, MAX_BLOCKS), .n_taps = check_pick(c, 1, MAX_TAPS),
                                  .has_relu = check_toss(c), .taps = p->taps};
    check_begin(c, "rows=%d columns=%d blocks=%d taps=%d parts=%d%s%s%s", n_rows, p->n_columns, g->n_blocks, g->n_taps,
                n_parts, p->has_residual ? " residual" : "", p->is_in_place ? " in place" : "",
                g->has_relu ? " relu" : "");
    for (int t = 0; t < g->n_taps; t++) p->taps[t] = check_pick(c, 0, 40) * BF16_DEPTH;
    g->block_stride = (size_t)(padded_rows + 40 + check_pick(c, 0, 3)) * BF16_DEPTH;
    g->part_stride = g->block_stride * (size_t)g->n_blocks;
    const size_t n_a = g->part_stride * (size_t)n_parts;
    const size_t n_b = (size_t)(g->n_blocks * g->n_taps * n_parts) * STEP;
    uint16_t *a = input_bf16(c, n_a), *b = input_bf16(c, n_b);
    fill_numbers(c, a, n_a);
    fill_numbers(c, b, n_b);
    g->a = a;
    g->b = b;
    g->bias = check_input(c, (size_t)p->n_columns, VALUES_MIXED);
    g->ahead = check_toss(c) ? b : NULL;
    const size_t n_out = (size_t)(n_rows * p->n_columns);
    g->out[0] = check_output(c, n_out);
    if (p->has_residual) g->residual[0] = p->is_in_place ? g->out[0] : check_input(c, n_out, VALUES_MIXED);
    p->residual_copy = calloc(n_out, sizeof(float));
    if (p->residual_copy == NULL) exit(2);
    make_rows(c, p);
}

/* Adds what one part of row i and one part of the panel contribute to column j. */
static void add_terms(const struct gemm_block_bf16 *g, int i, int j, int part_a, int part_b, double *sum,
                      double *magnitude)
{
    const uint16_t *b = g->b + part_b * STEP;
    for (int block = 0; block < g->n_blocks; block++) {
        for (int t = 0; t < g->n_taps; t++, b += g->n_parts * STEP) {
            const uint16_t *a = g->a + (size_t)part_a * g->part_stride + (size_t)block * g->block_stride + g->taps[t] +
                                i * BF16_DEPTH;
            for (int k = 0; k < BF16_DEPTH; k++) {
                const double term = value_of(a[k]) * value_of(b[(k / 2 * BF16_COLUMNS + j) * 2 + k % 2]);
                *sum += term;
                *magnitude += fabs(term);
            }
        }
    }
}

static void check_element(struct check *c, const struct product_case *p, int i, int j)
{
    const struct gemm_block_bf16 *g = &p->block;
    const double bias = (double)g->bias[j], residual = (double)p->residual_copy[i * p->n_columns + j];
    double sum = bias + residual, magnitude = fabs(bias) + fabs(residual);
    add_terms(g, i, j, 0, 0, &sum, &magnitude);
    if (g->n_parts == 2) {
        add_terms(g, i, j, 0, 1, &sum, &magnitude);
        add_terms(g, i, j, 1, 0, &sum, &magnitude);
    }
    if (g->has_relu && !(sum > 0.0)) sum = 0.0;
    /* A product and an addition for each term. */
    const int n_terms = g->n_blocks * g->n_taps * BF16_DEPTH * (2 * g->n_parts - 1);
    check_summed(c, "out", (size_t)(i * p->n_columns + j), g->out[i][j], sum, 2.0 * n_terms + 2.0, magnitude);
}

static void check_sums(struct check *c, int n_rows, int n_parts)
{
    static struct product_case p;
    make_case(c, &p, n_rows, n_parts);
    c->table->gemm_block_bf16(&p.block);
    for (int i = 0; i < n_rows; i++) {
        for (int j = 0; j < p.n_columns; j++) {
            if (p.block.out[i] != NULL) check_element(c, &p, i, j);
            else check_true(c, "wrote a row that nobody wants", isnan(p.block.out[0][i * p.n_columns + j]));
        }
    }
    check_end(c);
    free(p.residual_copy);
}

/* Each row alone has the bits it has among the others. */
static void check_independence(struct check *c, int n_rows, int n_parts)
{
    static struct product_case p;
    make_case(c, &p, n_rows, n_parts);
    if (!p.is_in_place) { /* else the residual is gone after the first call */
        c->table->gemm_block_bf16(&p.block);
        for (int i = 0; i < n_rows; i += 7) {
            struct gemm_block_bf16 one = p.block;
            const int first_buffer = c->n_buffers;
            if (p.block.out[i] == NULL) continue;
            /* Rows beyond the last are read: the whole buffer ends where the last tile of all rows does. */
            if (i + BF16_TILE_ROWS > n_rows) continue;
            one.n_rows = 1;
            one.a += i * BF16_DEPTH;
            one.residual[0] = p.block.residual[i];
            one.out[0] = check_output(c, (size_t)p.n_columns);
            c->table->gemm_block_bf16(&one);
            for (int j = 0; j < p.n_columns; j++)
                check_bits(c, "a row alone", (size_t)(i * p.n_columns + j), one.out[0][j], p.block.out[i][j]);
            check_end(c);
            c->n_buffers = first_buffer;
        }
    }
    check_end(c);
    free(p.residual_copy);
}

/* A bias of NaN: NaN without ReLU, zero with it. */
static void check_nan(struct check *c)
{
    static struct product_case p;
    make_case(c, &p, 20, 1);
    float nan_bias[BF16_COLUMNS];
    memcpy(nan_bias, p.block.bias, (size_t)p.n_columns * sizeof(float));
    nan_bias[3] = NAN;
    p.block.bias = nan_bias;
    c->table->gemm_block_bf16(&p.block);
    for (int i = 0; i < p.block.n_rows; i++)
        if (p.block.out[i] != NULL)
            check_true(c, "ReLU of NaN is not 0, or NaN got lost",
                       p.block.has_relu ? p.block.out[i][3] == 0.0f : isnan(p.block.out[i][3]));
    check_end(c);
    free(p.residual_copy);
}

void check_gemm_block_bf16(struct check *c)
{
    /* One tile and two, full and not, several pairs of them, the last one short. */
    static const int rows[] = {1, 5, 15, 16, 17, 31, 32, 33, 48, 50, 96, 110, 112, 127, 128};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int parts = 1; parts <= BF16_MAX_PARTS; parts++) {
            for (int round = 0; round < 3; round++) check_sums(c, rows[i], parts);
            check_independence(c, rows[i], parts);
        }
    }
    for (int round = 0; round < 6; round++) check_nan(c);
}

/* ---- pixels ---- */

/* No bfloat16 is nearer to x than `number`, and of two as near it is the even one. */
static bool is_nearest(float x, uint16_t number)
{
    if (isnan(x)) return isnan(value_of(number));
    if (isinf(x)) return value_of(number) == (double)x;
    if (isinf(value_of(number))) return fabs((double)x) >= ldexp(1.0 - ldexp(1.0, -9), 128); /* half a step below */
    const double distance = fabs((double)x - value_of(number));
    for (int step = -1; step <= 1; step += 2) {
        const double other = fabs((double)x - value_of((uint16_t)(number + step)));
        if (isfinite(other) && (other < distance || (other == distance && number % 2 != 0))) return false;
    }
    return (signbit(x) != 0) == (signbit(value_of(number)) != 0);
}

static float number_to_round(struct check *c)
{
    static const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 0x1.fffffep+127f, -0x1.fe8p+127f, 0x1p-149f,
                                    0x1.8p-133f, 0x1.01p0f, 0x1.03p0f, -0x1.03p0f};
    const int kind = check_pick(c, 0, 7);
    if (kind == 0) return special[check_pick(c, 0, (int)(sizeof special / sizeof special[0]) - 1)];
    if (kind == 1) { /* half-way between two */
        const uint32_t bits = (check_random(c) & 0x3FFF0000) | 0x8000;
        float value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    return check_value(c, VALUES_MIXED);
}

static void check_pixels_case(struct check *c, int n_channels, bool has_low)
{
    struct pixels_bf16 p = {.n_pixels = check_pick(c, 1, 9), .n_channels = n_channels};
    const int n_blocks = (n_channels + BF16_DEPTH - 1) / BF16_DEPTH;
    check_begin(c, "channels=%d pixels=%d%s", n_channels, p.n_pixels, has_low ? " low" : "");
    p.block_stride = (size_t)(p.n_pixels + check_pick(c, 0, 2)) * BF16_DEPTH;
    const size_t n_out = (size_t)(n_blocks - 1) * p.block_stride + (size_t)(p.n_pixels * BF16_DEPTH);
    float *in = check_input(c, (size_t)(p.n_pixels * n_channels), VALUES_UNIT);
    for (int i = 0; i < p.n_pixels * n_channels; i++) in[i] = number_to_round(c);
    p.in = in;
    p.high = output_bf16(c, n_out);
    p.low = has_low ? output_bf16(c, n_out) : NULL;
    c->table->pixels_to_bf16(&p);
    for (int pixel = 0; pixel < p.n_pixels; pixel++) {
        for (int k = 0; k < n_blocks * BF16_DEPTH; k++) {
            const size_t at = (size_t)(k / BF16_DEPTH) * p.block_stride + (size_t)(pixel * BF16_DEPTH + k % BF16_DEPTH);
            const float value = k < n_channels ? in[pixel * n_channels + k] : 0.0f;
            check_true(c, "high is not the nearest", is_nearest(value, p.high[at]));
            if (!has_low) continue;
            const float rounded = (float)value_of(p.high[at]), rest = isfinite(rounded) ? value - rounded : 0.0f;
            check_true(c, "low is not the nearest", rest == 0.0f ? (p.low[at] & 0x7FFF) == 0
                                                                 : is_nearest(rest, p.low[at]));
        }
    }
    check_end(c);
}

void check_pixels_to_bf16(struct check *c)
{
    static const int channels[] = {16, 32, 48, 64, 112, 512};
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++)
        for (int round = 0; round < 8; round++) check_pixels_case(c, channels[i], round % 2 == 0);
}
