/* SPDX-License-Identifier: Apache-2.0 */
/* check_int16.c - fixed-point products: gemm_block_int16 against sums in 64-bit integers, a row's bits whatever its
 * neighbours; quantize_row and quantize_panel against what kernels.h promises of the integers and the scale.
 *
 * Rows and columns are as long as they may be: a sum that does not fit 32 bits would show. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/integers.h"
#include "kernelcheck.h"

/* ---- the product ---- */

struct product_case {
    int n_rows, n_columns, depth;
    bool has_bias, has_residual, has_relu, is_in_place; /* in place: residual and out are the same memory */
    int16_t *matrix;      /* [depth][n_columns], plain */
    float *residual_copy; /* [n_rows][n_columns], for in place */
    struct gemm_block_int16 block;
};

/* A vector of a norm of at most INT16_NORM, values[k * stride]: random; all as large as goes, so that with another such
 * vector the sum is at the edge of 32 bits; or two of the largest integers. */
static void fill_bounded(struct check *c, int16_t *values, int n, int stride)
{
    const int largest = smaller(INT16_LARGEST, (int)floor(INT16_NORM / sqrt(n)));
    const int kind = check_pick(c, 0, 3), sign = check_toss(c) ? 1 : -1;
    for (int k = 0; k < n; k++) {
        int value = check_pick(c, -largest, largest);
        if (kind == 1) value = sign * largest;
        if (kind == 2) value = k < 2 ? sign * INT16_LARGEST : 0;
        values[k * stride] = (int16_t)value;
    }
}

static float random_scale(struct check *c)
{
    return ldexpf(1.0f + (float)check_random(c) * 0x1p-32f, check_pick(c, -40, 10));
}

static const int16_t *pack_pairs(struct check *c, const struct product_case *g)
{
    int16_t *packed = check_input_int16(c, (size_t)g->depth * (size_t)g->n_columns), *to = packed;
    for (int first = 0; first < g->n_columns; first += c->table->gemm_columns) {
        const int end = smaller(first + c->table->gemm_columns, g->n_columns);
        for (int k = 0; k < g->depth; k += 2)
            for (int j = first; j < end; j++)
                for (int i = 0; i < 2; i++) *to++ = g->matrix[(k + i) * g->n_columns + j];
    }
    return packed;
}

static void make_columns(struct check *c, struct product_case *g)
{
    float *scales = check_input(c, (size_t)g->n_columns, VALUES_UNIT);
    for (int j = 0; j < g->n_columns; j++) {
        fill_bounded(c, g->matrix + j, g->depth, g->n_columns);
        scales[j] = random_scale(c);
    }
    g->block.column_scales = scales;
    g->block.b = pack_pairs(c, g);
}

static void make_rows(struct check *c, struct product_case *g)
{
    const size_t n = (size_t)g->n_columns;
    for (int i = 0; i < g->n_rows; i++) {
        int16_t *row = check_input_int16(c, (size_t)g->depth);
        fill_bounded(c, row, g->depth, 1);
        g->block.a[i] = row;
        g->block.row_scales[i] = random_scale(c);
        g->block.out[i] = check_output(c, n);
        if (!g->has_residual) continue;
        float *residual = g->is_in_place ? g->block.out[i] : check_input(c, n, VALUES_MIXED);
        for (size_t j = 0; j < n; j++) {
            if (g->is_in_place) residual[j] = check_value(c, VALUES_MIXED);
            g->residual_copy[(size_t)i * n + j] = residual[j];
        }
        g->block.residual[i] = residual;
    }
}

static void make_case(struct check *c, struct product_case *g)
{
    check_begin(c, "rows=%d columns=%d depth=%d%s%s%s%s", g->n_rows, g->n_columns, g->depth,
                g->has_bias ? " bias" : "", g->has_residual ? " residual" : "", g->is_in_place ? " in place" : "",
                g->has_relu ? " relu" : "");
    const size_t n = (size_t)g->n_columns;
    g->matrix = malloc((size_t)g->depth * n * sizeof(int16_t));
    g->residual_copy = malloc((size_t)g->n_rows * n * sizeof(float));
    if (g->matrix == NULL || g->residual_copy == NULL) exit(2);
    g->block = (struct gemm_block_int16){.n_rows = g->n_rows, .depth = g->depth, .n_columns = g->n_columns,
                                         .has_relu = g->has_relu};
    make_columns(c, g);
    g->block.bias = g->has_bias ? check_input(c, n, VALUES_MIXED) : NULL;
    make_rows(c, g);
}

static void free_case(struct product_case *g)
{
    free(g->matrix);
    free(g->residual_copy);
}

static void check_element(struct check *c, const struct product_case *g, int i, int j)
{
    int64_t products = 0;
    for (int k = 0; k < g->depth; k++) products += (int64_t)g->block.a[i][k] * g->matrix[k * g->n_columns + j];
    double sum = (double)g->block.row_scales[i] * (double)g->block.column_scales[j] * (double)products;
    double magnitude = fabs(sum);
    if (g->has_bias) {
        sum += (double)g->block.bias[j];
        magnitude += fabs((double)g->block.bias[j]);
    }
    if (g->has_residual) {
        sum += (double)g->residual_copy[i * g->n_columns + j];
        magnitude += fabs((double)g->residual_copy[i * g->n_columns + j]);
    }
    if (g->has_relu && !(sum > 0.0)) sum = 0.0;
    /* The product of the scales, the integer as a float, their product, two additions. */
    check_summed(c, "out", (size_t)(i * g->n_columns + j), g->block.out[i][j], sum, 5.0, magnitude);
}

static void check_sums(struct check *c, struct product_case *g)
{
    make_case(c, g);
    c->table->gemm_block_int16(&g->block);
    for (int i = 0; i < g->n_rows; i++)
        for (int j = 0; j < g->n_columns; j++) check_element(c, g, i, j);
    check_end(c);
    free_case(g);
}

/* The columns [first, first + n) of rows [row, row + n_rows) alone must have the bits they have in the whole. */
static void check_part(struct check *c, const struct product_case *g, int row, int n_rows, int first, int n)
{
    struct gemm_block_int16 part = g->block;
    const int first_buffer = c->n_buffers;
    part.n_rows = n_rows;
    part.n_columns = n;
    part.b += first * g->depth;
    part.column_scales += first;
    if (part.bias != NULL) part.bias += first;
    for (int i = 0; i < n_rows; i++) {
        part.a[i] = g->block.a[row + i];
        part.row_scales[i] = g->block.row_scales[row + i];
        part.out[i] = check_output(c, (size_t)n);
        part.residual[i] = g->has_residual ? g->block.residual[row + i] + first : NULL;
    }
    c->table->gemm_block_int16(&part);
    for (int i = 0; i < n_rows; i++)
        for (int j = 0; j < n; j++)
            check_bits(c, "a part's out", (size_t)((row + i) * g->n_columns + first + j), part.out[i][j],
                       g->block.out[row + i][first + j]);
    check_end(c);
    c->n_buffers = first_buffer;
}

/* Whatever the other rows and panels are, a row has the same bits. */
static void check_independence(struct check *c, struct product_case *g)
{
    make_case(c, g);
    const int panel = c->table->gemm_columns;
    c->table->gemm_block_int16(&g->block);
    for (int n_rows = 1; n_rows <= g->n_rows; n_rows++) {
        check_part(c, g, g->n_rows - n_rows, n_rows, 0, g->n_columns);
        for (int first = 0; first < g->n_columns; first += panel)
            check_part(c, g, 0, n_rows, first, smaller(panel, g->n_columns - first));
    }
    free_case(g);
}

/* A row of scale NaN: NaN without ReLU, zero with it; the other rows do not notice. */
static void check_nan(struct check *c, struct product_case *g)
{
    make_case(c, g);
    g->block.row_scales[0] = NAN;
    c->table->gemm_block_int16(&g->block);
    for (int i = 0; i < g->n_rows; i++) {
        for (int j = 0; j < g->n_columns; j++) {
            const float got = g->block.out[i][j];
            if (i > 0) check_element(c, g, i, j);
            else check_true(c, "ReLU of NaN is not 0, or NaN got lost", g->has_relu ? got == 0.0f : isnan(got));
        }
    }
    check_end(c);
    free_case(g);
}

static void choose_rest(struct check *c, struct product_case *g)
{
    static const int depths[] = {2, 4, 6, 14, 16, 30, 32, 64, 130, 512};
    g->depth = depths[check_pick(c, 0, (int)(sizeof depths / sizeof depths[0]) - 1)];
    g->has_bias = check_toss(c);
    g->has_residual = check_toss(c);
    g->is_in_place = g->has_residual && check_toss(c);
    g->has_relu = check_toss(c);
}

void check_gemm_block_int16(struct check *c)
{
    /* With panels of 16 and of 64: less than one, one, several, a last one of 16, 32 and 48 columns. */
    static const int columns[] = {16, 32, 48, 64, 80, 96, 112, 128, 176, 208};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        for (int rows = 1; rows <= c->table->gemm_rows; rows++) {
            struct product_case g = {.n_rows = rows, .n_columns = columns[i]};
            for (int round = 0; round < 6; round++) {
                choose_rest(c, &g);
                check_sums(c, &g);
            }
            choose_rest(c, &g);
            check_nan(c, &g);
            choose_rest(c, &g);
            g.is_in_place = false; /* the residual is read again */
            check_independence(c, &g);
        }
    }
    struct product_case longest = {.n_rows = c->table->gemm_rows, .n_columns = 16, .depth = INT16_MAX_DEPTH};
    check_sums(c, &longest);
}

/* ---- numbers that become integers ---- */

/* Kinds of rows and columns. The first ones are what quantize_panel is promised: finite. */
enum number_kind {
    NUMBERS_UNIT, NUMBERS_MIXED, NUMBERS_EQUAL, NUMBERS_ONE, NUMBERS_LARGE, NUMBERS_SMALL, NUMBERS_ZERO, NUMBERS_TINY,
    NUMBERS_HUGE, NUMBERS_NAN, NUMBERS_INFINITE,
    N_NUMBER_KINDS, N_FINITE_KINDS = NUMBERS_NAN
};
static const char *const kind_names[N_NUMBER_KINDS] = {"of order one", "mixed", "nearly equal", "one only", "large",
                                                       "small", "zeros", "tiny", "huge", "NaN", "infinite"};

/* Overwrites values[k * stride], k < n. */
static void fill_numbers(struct check *c, float *values, int n, int stride, enum number_kind kind)
{
    const float of_all = check_value(c, VALUES_UNIT);
    const float tiny = ldexpf(1.0f, check_pick(c, -104, -96)); /* on both sides of INT16_NEGLIGIBLE */
    const int chosen = check_pick(c, 0, n - 1);
    for (int k = 0; k < n; k++) {
        float value = check_value(c, kind == NUMBERS_MIXED ? VALUES_MIXED : VALUES_UNIT);
        if (kind == NUMBERS_EQUAL) value = of_all * (check_toss(c) ? 1.0f : -1.0f - value * 0x1p-9f);
        if (kind == NUMBERS_LARGE) value *= 0x1p+50f;
        if (kind == NUMBERS_SMALL) value *= 0x1p-80f;
        if (kind == NUMBERS_HUGE) value *= 0x1p+126f; /* squares are not finite */
        if (kind == NUMBERS_TINY) value *= tiny;
        if (kind == NUMBERS_ZERO || (kind == NUMBERS_ONE && k != chosen)) value = k % 2 == 0 ? 0.0f : -0.0f;
        if (kind == NUMBERS_NAN && k == chosen) value = NAN;
        if (kind == NUMBERS_INFINITE && k == chosen) value = -INFINITY;
        values[k * stride] = value;
    }
}

/* A row or a column, and what a kernel made of it. */
struct quantized {
    const double *numbers;    /* [n] */
    const int16_t *integers;  /* [n] */
    int n;
    float scale;
};

/* No element above INT16_LARGEST, no norm above INT16_NORM: sums of products keep within 32 bits. */
static void check_bounds(struct check *c, const struct quantized *q)
{
    char what[96] = "";
    int64_t squares = 0;
    for (int k = 0; k < q->n; k++) {
        squares += (int64_t)q->integers[k] * q->integers[k];
        if (q->integers[k] < -INT16_LARGEST) snprintf(what, sizeof what, "integer [%d] is %d", k, q->integers[k]);
    }
    if (squares > INT32_MAX)
        snprintf(what, sizeof what, "the sum of squares, %lld, is over 2^31 - 1", (long long)squares);
    check_true(c, what, what[0] == '\0');
}

static void check_zeros(struct check *c, const struct quantized *q)
{
    for (int k = 0; k < q->n; k++) check_bits(c, "integer", (size_t)k, (float)q->integers[k], 0.0f);
}

/* The integers are the nearest to number / scale; the scale is no larger, and no smaller, than the bounds ask for. */
static void check_nearest(struct check *c, const struct quantized *q, double norm, double largest)
{
    enum { ROUNDINGS = 4 }; /* of the factor and its reciprocal; of the norm, one per term, halved by the root */
    const double scale = fmax(norm / INT16_NORM_AIMED, largest / INT16_LARGEST);
    check_summed(c, "scale", 0, q->scale, scale, ROUNDINGS + 0.5 * q->n, scale);
    for (int k = 0; k < q->n; k++) {
        const double exact = q->numbers[k] / (double)q->scale;
        /* Half of one, and the roundings of factor and product. */
        check_summed(c, "integer", (size_t)k, (float)q->integers[k], exact, 1.0, 0x1p+23 + ROUNDINGS * fabs(exact));
    }
}

static void check_quantized(struct check *c, const struct quantized *q)
{
    double squares = 0.0, largest = 0.0;
    for (int k = 0; k < q->n; k++) {
        squares += q->numbers[k] * q->numbers[k];
        largest = fmax(largest, fabs(q->numbers[k]));
    }
    check_bounds(c, q);
    if (!isfinite(squares)) {
        check_true(c, "the scale of what is not finite is not NaN", isnan(q->scale));
        check_zeros(c, q);
    } else if (largest < (double)INT16_NEGLIGIBLE) {
        check_bits(c, "scale", 0, q->scale, 0.0f);
        check_zeros(c, q);
    } else {
        check_nearest(c, q, sqrt(squares), largest);
    }
}

static void *allocate(size_t n, size_t bytes)
{
    void *memory = malloc(n * bytes);
    if (memory == NULL) exit(2);
    return memory;
}

/* ---- a row ---- */

enum { MAX_TAPS = 4 };

static void check_row(struct check *c, int n_taps, int depth, enum number_kind kind)
{
    const int spacing = check_pick(c, 0, 2 * depth), n = n_taps * depth; /* taps may overlap */
    const bool backwards = check_toss(c);
    check_begin(c, "taps=%d depth=%d spacing=%d%s, %s", n_taps, depth, spacing, backwards ? " backwards" : "",
                kind_names[kind]);
    const int n_floats = (n_taps - 1) * spacing + depth;
    float *a = check_input(c, (size_t)n_floats, VALUES_UNIT);
    ptrdiff_t taps[MAX_TAPS];
    for (int t = 0; t < n_taps; t++) taps[t] = (backwards ? n_taps - 1 - t : t) * spacing;
    fill_numbers(c, a, n_floats, 1, kind);
    if (kind >= N_FINITE_KINDS) fill_numbers(c, a + taps[n_taps - 1], depth, 1, kind); /* not between the taps */
    double *numbers = allocate((size_t)n, sizeof(double));
    for (int t = 0; t < n_taps; t++)
        for (int k = 0; k < depth; k++) numbers[t * depth + k] = (double)a[taps[t] + k];
    int16_t *integers = check_output_int16(c, (size_t)n);
    const float scale = c->table->quantize_row(a, taps, n_taps, depth, integers);
    check_quantized(c, &(struct quantized){.numbers = numbers, .integers = integers, .n = n, .scale = scale});
    check_end(c);
    free(numbers);
}

void check_quantize_row(struct check *c)
{
    static const int depths[] = {16, 32, 48, 64, 112, 128, 512, 1536, 4608};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++)
        for (int n_taps = 1; n_taps <= MAX_TAPS; n_taps++)
            for (int kind = 0; kind < N_NUMBER_KINDS; kind++)
                for (int round = 0; round < 3; round++) check_row(c, n_taps, depths[i], (enum number_kind)kind);
    for (int round = 0; round < 3; round++) {
        check_row(c, 1, INT16_MAX_DEPTH, NUMBERS_UNIT);
        check_row(c, 1, INT16_MAX_DEPTH, NUMBERS_EQUAL);
        check_row(c, MAX_TAPS, INT16_MAX_DEPTH / MAX_TAPS, NUMBERS_MIXED);
    }
}

/* ---- a panel ---- */

static void check_panel(struct check *c, int depth, int width)
{
    check_begin(c, "depth=%d width=%d", depth, width);
    const size_t n = (size_t)depth * (size_t)width;
    float *panel = check_input(c, n, VALUES_UNIT), *scales = check_output(c, (size_t)width);
    int16_t *packed = check_output_int16(c, n), *integers = allocate((size_t)depth, sizeof(int16_t));
    double *numbers = allocate((size_t)depth, sizeof(double));
    enum number_kind kinds[WINOGRAD_MAX_WIDTH];
    for (int j = 0; j < width; j++) {
        kinds[j] = (enum number_kind)check_pick(c, 0, N_FINITE_KINDS - 1);
        fill_numbers(c, panel + j, depth, width, kinds[j]);
    }
    c->table->quantize_panel(panel, depth, width, packed, scales);
    for (int j = 0; j < width; j++) {
        for (int k = 0; k < depth; k++) {
            numbers[k] = (double)panel[k * width + j];
            integers[k] = packed[k / 2 * 2 * width + 2 * j + k % 2];
        }
        snprintf(c->sizes, sizeof c->sizes, "depth=%d width=%d column=%d, %s", depth, width, j, kind_names[kinds[j]]);
        check_quantized(c, &(struct quantized){.numbers = numbers, .integers = integers, .n = depth,
                                               .scale = scales[j]});
    }
    check_end(c);
    free(numbers);
    free(integers);
}

void check_quantize_panel(struct check *c)
{
    static const int depths[] = {2, 4, 6, 16, 30, 64, 112, 128, 512, 2048};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++)
        for (int width = CHANNEL_ALIGN; width <= WINOGRAD_MAX_WIDTH; width += CHANNEL_ALIGN)
            for (int round = 0; round < 4; round++) check_panel(c, depths[i], width);
    check_panel(c, INT16_MAX_DEPTH / 8, WINOGRAD_MAX_WIDTH);
    check_panel(c, INT16_MAX_DEPTH, CHANNEL_ALIGN);
}
