/* SPDX-License-Identifier: Apache-2.0 */
/* check_tiles.c - products in tiles against sums in double, and a row's bits whatever its neighbours; pixels_to_bf16
 * against what rounding to nearest means: no bfloat16 lies closer; pixels_to_int8x2, largest_magnitude. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernelcheck.h"

enum { STEP = TILE_ROWS * TILE_BYTES, MAX_BLOCKS = 3, MAX_TAPS = 9, MAX_ROWS = 300 };

/* Guarded like the floats they lie in; n a multiple of 4. */
static uint8_t *input_bytes(struct check *c, size_t n)
{
    return (uint8_t *)(void *)check_input(c, n / sizeof(float), VALUES_UNIT);
}

static uint8_t *output_bytes(struct check *c, size_t n)
{
    return (uint8_t *)(void *)check_output(c, n / sizeof(float));
}

static uint16_t bf16_at(const uint8_t *bytes, int i)
{
    uint16_t number;
    memcpy(&number, bytes + 2 * i, sizeof number);
    return number;
}

static double value_of(uint16_t number)
{
    const uint32_t bits = (uint32_t)number << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* ---- the products ---- */

struct product_case {
    enum tile_numbers numbers;
    bool has_residual, is_in_place; /* in place: residual and out are the same memory */
    size_t n_out;
    float *residual_copy;           /* [n_out], zeros without residual */
    ptrdiff_t taps[MAX_TAPS], row_at[MAX_ROWS];
    struct gemm_tiles block;
};

static void run_product(struct check *c, const struct product_case *p, const struct gemm_tiles *g)
{
    if (p->numbers == TILES_INT8X2) c->table->gemm_tiles_int8x2(g);
    else c->table->gemm_tiles_bf16(g);
}

/* Of order one, or, rarely, large; no denormals, which AMX takes for zeros. */
static void fill_bf16(struct check *c, uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i += 2) {
        const float value = check_value(c, check_pick(c, 0, 9) == 0 ? VALUES_MIXED : VALUES_UNIT);
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        const uint16_t number = fabsf(value) < 0x1p-100f ? 0 : (uint16_t)(bits >> 16);
        memcpy(bytes + i, &number, sizeof number);
    }
}

/* Bytes of all values; sometimes all of them as large as can be, so that sums are. */
static void fill_int8(struct check *c, uint8_t *bytes, size_t n_bytes)
{
    const bool is_extreme = check_pick(c, 0, 3) == 0;
    const uint8_t extreme = check_toss(c) ? 0x80 : 0x7F;
    for (size_t i = 0; i < n_bytes; i++) bytes[i] = is_extreme ? extreme : (uint8_t)check_random(c);
}

/* Rows in lines, of each of which nobody wants the last few; now and then the other way round, or nobody wants any. */
static void place_rows(struct check *c, struct product_case *p, int n_rows)
{
    const int pitch = check_pick(c, 1, 40), width = check_pick(c, check_pick(c, 0, 9) == 0 ? 0 : 1, pitch);
    const ptrdiff_t stride = check_pick(c, 1, 2) * TILE_COLUMNS;
    const bool is_reversed = check_pick(c, 0, 3) == 0;
    for (int i = 0; i < n_rows; i++) {
        const int place = is_reversed ? n_rows - 1 - i : i;
        p->row_at[i] = i % pitch < width ? place * stride : -check_pick(c, 1, 1000);
    }
    p->n_out = (size_t)(n_rows * stride);
}

/* out, and sometimes a residual. */
static void make_outputs(struct check *c, struct product_case *p)
{
    struct gemm_tiles *g = &p->block;
    g->out = check_output(c, p->n_out);
    p->residual_copy = calloc(p->n_out, sizeof(float));
    if (p->residual_copy == NULL) exit(2);
    if (!p->has_residual) return;
    float *residual = p->is_in_place ? g->out : check_input(c, p->n_out, VALUES_UNIT);
    for (size_t i = 0; i < p->n_out; i++) residual[i] = p->residual_copy[i] = check_value(c, VALUES_MIXED);
    g->residual = residual;
}

static void make_case(struct check *c, struct product_case *p, enum tile_numbers numbers, int n_rows)
{
    enum { SPREAD = 40 }; /* pixels between taps */
    struct gemm_tiles *g = &p->block;
    const int padded_rows = (n_rows + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
    const size_t n_parts = numbers == TILES_INT8X2 ? 2 : 1;
    *p = (struct product_case){.numbers = numbers, .has_residual = check_toss(c)};
    p->is_in_place = p->has_residual && check_toss(c);
    *g = (struct gemm_tiles){.n_rows = n_rows, .n_blocks = check_pick(c, 1, MAX_BLOCKS),
                             .n_taps = check_pick(c, 1, MAX_TAPS), .has_relu = check_toss(c), .taps = p->taps,
                             .row_at = p->row_at};
    place_rows(c, p, n_rows);
    check_begin(c, "%s rows=%d blocks=%d taps=%d%s%s%s", numbers == TILES_INT8X2 ? "integers" : "bfloat16", n_rows,
                g->n_blocks, g->n_taps, p->has_residual ? " residual" : "", p->is_in_place ? " in place" : "",
                g->has_relu ? " relu" : "");
    for (int t = 0; t < g->n_taps; t++) p->taps[t] = check_pick(c, 0, SPREAD) * TILE_BYTES;
    /* A tile of rows may begin at any row. */
    g->block_stride = (size_t)(padded_rows + TILE_ROWS + SPREAD + check_pick(c, 0, 3)) * TILE_BYTES;
    g->part_stride = g->block_stride * (size_t)g->n_blocks;
    const size_t n_a = g->part_stride * n_parts;
    const size_t n_b = (size_t)(g->n_blocks * g->n_taps) * n_parts * STEP;
    uint8_t *a = input_bytes(c, n_a), *b = input_bytes(c, n_b);
    (numbers == TILES_INT8X2 ? fill_int8 : fill_bf16)(c, a, n_a);
    (numbers == TILES_INT8X2 ? fill_int8 : fill_bf16)(c, b, n_b);
    g->a = a;
    g->b = b;
    g->scale = 0x1.8p-32f; /* sums of integers are of order one, as bias and residual are */
    g->column_scales = check_input(c, TILE_COLUMNS, VALUES_UNIT);
    g->bias = check_input(c, TILE_COLUMNS, VALUES_MIXED);
    g->ahead = check_toss(c) ? b : NULL;
    g->ahead_bytes = g->ahead != NULL ? (size_t)check_pick(c, 0, (int)n_b) : 0;
    make_outputs(c, p);
}

/* The sum of what one part of row i and one part of the panel contribute to column j, and of its magnitudes. */
static double add_terms(const struct product_case *p, int i, int j, int part_a, int part_b, double *magnitude)
{
    const struct gemm_tiles *g = &p->block;
    const int n_parts = p->numbers == TILES_INT8X2 ? 2 : 1;
    const int depth = p->numbers == TILES_INT8X2 ? INT8X2_DEPTH : BF16_DEPTH;
    const uint8_t *b = g->b + part_b * STEP;
    double sum = 0.0;
    for (int block = 0; block < g->n_blocks; block++) {
        for (int t = 0; t < g->n_taps; t++, b += n_parts * STEP) {
            const uint8_t *a = g->a + (size_t)part_a * g->part_stride + (size_t)block * g->block_stride + g->taps[t] +
                               i * TILE_BYTES;
            for (int k = 0; k < depth; k++) {
                const double term =
                    p->numbers == TILES_INT8X2
                        ? (double)((int8_t)a[k] * (int8_t)b[(k / 4 * TILE_COLUMNS + j) * 4 + k % 4])
                        : value_of(bf16_at(a, k)) * value_of(bf16_at(b, (k / 2 * TILE_COLUMNS + j) * 2 + k % 2));
                sum += term;
                *magnitude += fabs(term);
            }
        }
    }
    return sum;
}

/* Column j of row i, which is element `at`. */
static void check_element(struct check *c, const struct product_case *p, int i, int j, size_t at)
{
    const struct gemm_tiles *g = &p->block;
    const bool is_int8x2 = p->numbers == TILES_INT8X2;
    const double bias = (double)g->bias[j], residual = (double)p->residual_copy[at];
    double magnitude = 0.0, sum = add_terms(p, i, j, 0, 0, &magnitude);
    if (is_int8x2) { /* sums are exact: what is rounded are the result's few operations, relative to themselves */
        sum = 256.0 * sum + add_terms(p, i, j, 0, 1, &magnitude) + add_terms(p, i, j, 1, 0, &magnitude);
        sum *= (double)g->scale * 256.0 * (double)g->column_scales[j];
        magnitude = fabs(sum);
    }
    sum += bias + residual;
    magnitude += fabs(bias) + fabs(residual);
    if (g->has_relu && !(sum > 0.0)) sum = 0.0;
    /* A product and an addition for each term; of integers 5 roundings to the product, and two additions. */
    const int n_terms = g->n_blocks * g->n_taps * BF16_DEPTH;
    check_summed(c, "out", at, g->out[at], sum, is_int8x2 ? 7.0 : 2.0 * n_terms + 2.0, magnitude);
}

static void check_sums(struct check *c, enum tile_numbers numbers, int n_rows)
{
    static struct product_case p;
    make_case(c, &p, numbers, n_rows);
    bool *is_wanted = calloc(p.n_out, sizeof *is_wanted);
    if (is_wanted == NULL) exit(2);
    run_product(c, &p, &p.block);
    for (int i = 0; i < n_rows; i++) {
        const ptrdiff_t at = p.row_at[i];
        for (int j = 0; j < TILE_COLUMNS && at >= 0; j++) {
            check_element(c, &p, i, j, (size_t)(at + j));
            is_wanted[at + j] = true;
        }
    }
    for (size_t i = 0; i < p.n_out; i++) {
        const bool is_untouched = p.is_in_place ? p.block.out[i] == p.residual_copy[i] : isnan(p.block.out[i]);
        check_true(c, "wrote what nobody wants", is_wanted[i] || is_untouched);
    }
    check_end(c);
    free(is_wanted);
    free(p.residual_copy);
}

/* Each row alone has the bits it has among the others. */
static void check_independence(struct check *c, enum tile_numbers numbers, int n_rows)
{
    static struct product_case p;
    make_case(c, &p, numbers, n_rows);
    if (!p.is_in_place) { /* else the residual is gone after the first call */
        run_product(c, &p, &p.block);
        for (int i = 0; i < n_rows; i += check_pick(c, 1, 7)) {
            struct gemm_tiles one = p.block;
            const int first_buffer = c->n_buffers;
            const ptrdiff_t at = p.row_at[i], first = 0;
            if (at < 0) continue;
            /* Rows beyond the last are read, too; behind the last tile come those that taps need. */
            one.n_rows = 1;
            one.a += i * TILE_BYTES;
            one.row_at = &first;
            if (one.residual != NULL) one.residual += at;
            one.out = check_output(c, TILE_COLUMNS);
            run_product(c, &p, &one);
            for (int j = 0; j < TILE_COLUMNS; j++)
                check_bits(c, "a row alone", (size_t)(at + j), one.out[j], p.block.out[at + j]);
            check_end(c);
            c->n_buffers = first_buffer;
        }
    }
    check_end(c);
    free(p.residual_copy);
}

/* A bias of NaN: NaN without ReLU, zero with it. */
static void check_nan(struct check *c, enum tile_numbers numbers)
{
    static struct product_case p;
    make_case(c, &p, numbers, 20);
    float nan_bias[TILE_COLUMNS];
    memcpy(nan_bias, p.block.bias, sizeof nan_bias);
    nan_bias[3] = NAN;
    p.block.bias = nan_bias;
    run_product(c, &p, &p.block);
    for (int i = 0; i < p.block.n_rows; i++) {
        const ptrdiff_t at = p.row_at[i];
        if (at < 0) continue;
        const float value = p.block.out[at + 3];
        check_true(c, "ReLU of NaN is not 0, or NaN got lost", p.block.has_relu ? value == 0.0f : isnan(value));
    }
    check_end(c);
    free(p.residual_copy);
}

static void check_products(struct check *c, enum tile_numbers numbers)
{
    /* One tile and two, full and not, several groups of them, the last one short. */
    static const int rows[] = {1, 5, 15, 16, 17, 31, 32, 33, 48, 50, 64, 65, 96, 110, 112, 127, 128, 129, MAX_ROWS};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int round = 0; round < 3; round++) check_sums(c, numbers, rows[i]);
        check_independence(c, numbers, rows[i]);
    }
    for (int round = 0; round < 6; round++) check_nan(c, numbers);
}

void check_gemm_tiles_bf16(struct check *c) { check_products(c, TILES_BF16); }

void check_gemm_tiles_int8x2(struct check *c) { check_products(c, TILES_INT8X2); }

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

/* AMX reads denormals as zeros, and whoever writes for it may write them as such. */
static bool is_denormal_as_zero(float x, uint16_t number)
{
    return fabsf(x) < 0x1p-126f && (number & 0x7FFF) == 0 && (signbit(x) != 0) == (number >> 15 != 0);
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

static void check_pixels_case(struct check *c, int n_channels)
{
    struct tile_pixels p = {.n_pixels = check_pick(c, 1, 9), .n_channels = n_channels};
    const int n_blocks = (n_channels + BF16_DEPTH - 1) / BF16_DEPTH;
    check_begin(c, "channels=%d pixels=%d", n_channels, p.n_pixels);
    p.block_stride = (size_t)(p.n_pixels + check_pick(c, 0, 2)) * TILE_BYTES;
    const size_t n_out = (size_t)(n_blocks - 1) * p.block_stride + (size_t)(p.n_pixels * TILE_BYTES);
    float *in = check_input(c, (size_t)(p.n_pixels * n_channels), VALUES_UNIT);
    for (int i = 0; i < p.n_pixels * n_channels; i++) in[i] = number_to_round(c);
    p.in = in;
    p.high = output_bytes(c, n_out);
    c->table->pixels_to_bf16(&p);
    for (int pixel = 0; pixel < p.n_pixels; pixel++) {
        for (int k = 0; k < n_blocks * BF16_DEPTH; k++) {
            const size_t at = (size_t)(k / BF16_DEPTH) * p.block_stride + (size_t)(pixel * TILE_BYTES);
            const float value = k < n_channels ? in[pixel * n_channels + k] : 0.0f;
            const uint16_t number = bf16_at(p.high + at, k % BF16_DEPTH);
            check_true(c, "not the nearest", is_nearest(value, number) || is_denormal_as_zero(value, number));
        }
    }
    check_end(c);
}

void check_pixels_to_bf16(struct check *c)
{
    static const int channels[] = {16, 32, 48, 64, 112, 512};
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++)
        for (int round = 0; round < 8; round++) check_pixels_case(c, channels[i]);
}

/* Of the largest number on, and of what is not finite, with the factor that goes with it. */
static void check_integers_case(struct check *c, int n_channels, bool is_finite)
{
    struct tile_pixels p = {.n_pixels = check_pick(c, 1, 9), .n_channels = n_channels};
    const int n_blocks = (n_channels + INT8X2_DEPTH - 1) / INT8X2_DEPTH, n = p.n_pixels * n_channels;
    check_begin(c, "channels=%d pixels=%d%s", n_channels, p.n_pixels, is_finite ? "" : " not finite");
    p.block_stride = (size_t)(p.n_pixels + check_pick(c, 0, 2)) * TILE_BYTES;
    const size_t n_out = (size_t)(n_blocks - 1) * p.block_stride + (size_t)(p.n_pixels * TILE_BYTES);
    float *in = check_input(c, (size_t)n, VALUES_UNIT), largest = 0.0f;
    if (!is_finite) in[check_pick(c, 0, n - 1)] = check_toss(c) ? INFINITY : NAN;
    for (int i = 0; i < n; i++) largest = fmaxf(largest, fabsf(in[i]));
    p.in = in;
    p.factor = is_finite ? (float)INT8X2_LARGEST / largest : 0.0f;
    p.high = output_bytes(c, n_out);
    p.low = output_bytes(c, n_out);
    c->table->pixels_to_int8x2(&p);
    for (int pixel = 0; pixel < p.n_pixels; pixel++) {
        for (int k = 0; k < n_blocks * INT8X2_DEPTH; k++) {
            const size_t at = (size_t)(k / INT8X2_DEPTH) * p.block_stride +
                              (size_t)(pixel * TILE_BYTES + k % INT8X2_DEPTH);
            const float exact = k < n_channels && is_finite ? in[pixel * n_channels + k] * p.factor : 0.0f;
            const int number = 256 * (int8_t)p.high[at] + (int8_t)p.low[at];
            check_true(c, "not the nearest integer", number == (int)lrintf(exact));
        }
    }
    check_end(c);
}

void check_pixels_to_int8x2(struct check *c)
{
    static const int channels[] = {16, 32, 48, 64, 112, 512};
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++)
        for (int round = 0; round < 8; round++) check_integers_case(c, channels[i], round % 4 != 0);
}

void check_largest_magnitude(struct check *c)
{
    for (int round = 0; round < 60; round++) {
        const int n = check_pick(c, 1, 9) * CHANNEL_ALIGN, kind = round % 3;
        check_begin(c, "n=%d kind=%d", n, kind);
        float *x = check_input(c, (size_t)n, VALUES_MIXED), largest = 0.0f;
        for (int i = 0; i < n; i++) largest = fmaxf(largest, fabsf(x[i]));
        if (kind == 1) {
            x[check_pick(c, 0, n - 1)] = largest = 0x1.fffffep+127f;
            x[check_pick(c, 0, n - 1)] = -largest;
        } else if (kind == 2) x[check_pick(c, 0, n - 1)] = check_toss(c) ? -INFINITY : NAN;
        const float found = c->table->largest_magnitude(x, (size_t)n);
        check_true(c, "not the largest magnitude", kind == 2 ? isnan(found) : found == largest);
        check_end(c);
    }
}
