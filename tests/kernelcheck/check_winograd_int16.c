/* SPDX-License-Identifier: Apache-2.0 */
/* check_winograd_int16.c - kernels on their way to the Winograd domain in integers: winograd_taps_int16 against what
 * kernels.h promises of the integers, their factors and scales; winograd_points_int16 and winograd_product_int16
 * against the reference, and the product against the points and gemm_block_int16, which it must equal to the bit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernelcheck.h"
#include "kernels/winograd_factors.h"
#include "kernels/winograd_matrices.h"

/* Of least .. largest; n even. */
static int16_t *input_between(struct check *c, size_t n, int least, int largest)
{
    int16_t *integers = check_input_int16(c, n);
    for (size_t i = 0; i < n; i++) integers[i] = (int16_t)check_pick(c, least, largest);
    return integers;
}

static size_t tap_place(int n_channels, int channel, int column, int tap)
{
    const size_t block = (size_t)(column / CHANNEL_ALIGN) * (size_t)n_channels * WINOGRAD_TAPS * CHANNEL_ALIGN;
    const size_t pair = (size_t)(channel / 2 * WINOGRAD_TAPS + tap) * 2 * CHANNEL_ALIGN;
    return block + pair + (size_t)(2 * (column % CHANNEL_ALIGN) + channel % 2);
}

/* ---- when the model is opened ---- */

enum column_kind { COLUMN_UNIT, COLUMN_MIXED, COLUMN_ONE, COLUMN_LARGE, COLUMN_SMALL, COLUMN_ZERO, COLUMN_TINY,
                   N_COLUMN_KINDS };
static const char *const kind_names[N_COLUMN_KINDS] = {"of order one", "mixed", "one channel only", "large", "small",
                                                       "zeros", "tiny"};

static void fill_column(struct check *c, float *kernels, int n_channels, int stride, enum column_kind kind)
{
    const int chosen = check_pick(c, 0, n_channels - 1);
    for (int i = 0; i < 9 * n_channels; i++) {
        float value = check_value(c, kind == COLUMN_MIXED ? VALUES_MIXED : VALUES_UNIT);
        if (kind == COLUMN_LARGE) value *= 0x1p+120f; /* squares are not finite */
        if (kind == COLUMN_SMALL) value *= 0x1p-80f;  /* squares are zero */
        if (kind == COLUMN_TINY) value *= 0x1p-110f;
        if (kind == COLUMN_ZERO || (kind == COLUMN_ONE && i / 9 != chosen)) value = 0.0f;
        kernels[(size_t)i * (size_t)stride] = value;
    }
}

/* One column of a row of points: what was made of it. */
struct made_column {
    const struct winograd_taps_int16 *w;
    int column;
    int f[WINOGRAD_FACTORS];
    double tap_scale;
};

static int tap_of(const struct made_column *m, int channel, int tap)
{
    return m->w->taps[tap_place(m->w->n_channels, channel, m->column, tap)];
}

static double exact_tap(const struct made_column *m, int channel, int tap, double *magnitude)
{
    double sum = 0.0;
    *magnitude = 0.0;
    for (int y = 0; y < 3; y++) {
        const size_t at = (size_t)((channel * 9 + y * 3 + tap) * m->w->width + m->column);
        const double term = winograd_weight_matrix[m->w->row * 3 + y] * (double)m->w->kernels[at];
        sum += term;
        *magnitude += fabs(term);
    }
    return sum;
}

/* Nearest integers; the largest is INT16_LARGEST, unless all are zero. */
static void check_taps(struct check *c, const struct made_column *m)
{
    int largest = 0;
    for (int channel = 0; channel < m->w->n_channels; channel++) {
        for (int tap = 0; tap < WINOGRAD_TAPS; tap++) {
            double magnitude;
            const double exact = exact_tap(m, channel, tap, &magnitude);
            const int got = tap_of(m, channel, tap);
            if (abs(got) > largest) largest = abs(got);
            if (m->tap_scale == 0.0)
                check_true(c, "a tap of a negligible column is not zero",
                           got == 0 && fabs(exact) < 1.01 * (double)INT16_NEGLIGIBLE);
            else
                check_true(c, "a tap is not the nearest integer",
                           fabs(got - exact / m->tap_scale) <= 0.5 + 0x1p-20 * magnitude / m->tap_scale);
        }
    }
    check_true(c, "the largest tap is not the largest integer", largest == (m->tap_scale > 0.0 ? INT16_LARGEST : 0));
}

static const int point_factor[WINOGRAD_AXIS_POINTS] = {0, 1, 1, 4, 4, 7}; /* of 1; at infinity of t2 */

/* Points as the exact sums, and as winograd_points_int16() rounds them; both within the bounds of a product. */
static void check_point(struct check *c, const struct made_column *m, int p)
{
    const double *weights = winograd_weight_matrix + p * 3;
    const double factor = m->f[point_factor[p]] / 32768.0;
    double squares = 0.0, largest = 0.0;
    int64_t rounded_squares = 0;
    int rounded_largest = 0;
    for (int channel = 0; channel < m->w->n_channels; channel++) {
        double exact = 0.0;
        int rounded = 0;
        for (int tap = 0; tap < WINOGRAD_TAPS; tap++) {
            const int t = tap_of(m, channel, tap);
            exact += weights[tap] * t;
            rounded += (int)floor(t * (factor * weights[tap]) + 0.5);
        }
        squares += exact * exact;
        largest = fmax(largest, fabs(exact));
        rounded_squares += (int64_t)rounded * rounded;
        if (abs(rounded) > rounded_largest) rounded_largest = abs(rounded);
    }
    check_true(c, "a point is over INT16_LARGEST", rounded_largest <= INT16_LARGEST);
    check_true(c, "a column of points is over INT16_NORM", rounded_squares <= INT32_MAX);
    /* With two steps more, one of the bounds would be passed. */
    const int step = p == 1 || p == 2 ? 16 : p == 3 || p == 4 ? 4 : 1, most = p == 3 || p == 4 ? 14563 : 32767;
    const double more = factor + 2.0 * step / 32768.0, aimed = INT16_NORM_AIMED - 3.0 * sqrt(m->w->n_channels);
    const int twin = p == 1 || p == 3 ? p + 1 : p == 2 || p == 4 ? p - 1 : p; /* they share a factor */
    const bool is_used = more * sqrt(squares) > 0.999 * aimed || more * largest > 0.999 * INT16_LARGEST;
    check_true(c, "a factor could be larger", twin != p || is_used || more * 32768.0 > most - step);
}

static void check_factors(struct check *c, const struct made_column *m)
{
    const int *f = m->f;
    check_true(c, "the factors of 3/4 are not in proportion", f[2] * 4 == f[1] * 3 && f[3] * 16 == f[1] * 9);
    check_true(c, "the factors of 3/2 are not in proportion", f[5] * 2 == f[4] * 3 && f[6] * 4 == f[4] * 9);
    for (int i = 0; i < WINOGRAD_FACTORS; i++) check_true(c, "a factor is not positive", f[i] > 0);
    for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) {
        const double scale = m->tap_scale * 32768.0 / f[point_factor[p]];
        check_summed(c, "scale", (size_t)p, m->w->scales[p * m->w->width + m->column], scale, 4, scale);
        check_point(c, m, p);
    }
}

static void check_column(struct check *c, const struct winograd_taps_int16 *w, int column)
{
    struct made_column m = {.w = w, .column = column};
    for (int i = 0; i < WINOGRAD_FACTORS; i++) {
        const int16_t *pair = w->factors + 2 * (i * w->width + column);
        m.f[i] = pair[0];
        check_true(c, "a factor does not stand there twice", pair[0] == pair[1]);
    }
    m.tap_scale = (double)w->scales[column] * m.f[0] / 32768.0;
    check_taps(c, &m);
    check_factors(c, &m);
}

static void check_taps_case(struct check *c, int n_channels, int width, int row)
{
    check_begin(c, "channels=%d columns=%d row=%d", n_channels, width, row);
    const size_t n = (size_t)n_channels * (size_t)width;
    float *kernels = check_input(c, 9 * n, VALUES_UNIT);
    enum column_kind kinds[WINOGRAD_MAX_WIDTH];
    for (int j = 0; j < width; j++) {
        kinds[j] = (enum column_kind)check_pick(c, 0, N_COLUMN_KINDS - 1);
        fill_column(c, kernels + j, n_channels, width, kinds[j]);
    }
    const struct winograd_taps_int16 w = {
        .kernels = kernels, .n_channels = n_channels, .width = width, .row = row,
        .taps = check_output_int16(c, n * WINOGRAD_TAPS),
        .factors = check_output_int16(c, (size_t)(WINOGRAD_FACTORS * width * 2)),
        .scales = check_output(c, (size_t)(WINOGRAD_AXIS_POINTS * width))};
    c->table->winograd_taps_int16(&w);
    for (int j = 0; j < width; j++) {
        snprintf(c->sizes, sizeof c->sizes, "channels=%d columns=%d row=%d column=%d, %s", n_channels, width, row, j,
                 kind_names[kinds[j]]);
        check_column(c, &w, j);
    }
    check_end(c);
}

void check_winograd_taps_int16(struct check *c)
{
    static const int depths[] = {2, 16, 48, 128, 320};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++)
        for (int width = CHANNEL_ALIGN; width <= WINOGRAD_MAX_WIDTH; width += CHANNEL_ALIGN)
            for (int row = 0; row < WINOGRAD_AXIS_POINTS; row++) check_taps_case(c, depths[i], width, row);
    for (int row = 0; row < WINOGRAD_AXIS_POINTS; row++) check_taps_case(c, 1800, CHANNEL_ALIGN, row);
}

/* ---- when they are used ---- */

/* Random factors, each twice. */
static const int16_t *make_factors(struct check *c, int width)
{
    const size_t n = (size_t)(WINOGRAD_FACTORS * width * 2);
    int16_t *factors = input_between(c, n, 0, INT16_LARGEST);
    for (size_t i = 0; i < n; i += 2) factors[i + 1] = factors[i];
    return factors;
}

static void check_points_case(struct check *c, int width)
{
    struct winograd_points_int16 w = {.n_channels = 2 * check_pick(c, 1, 40), .width = width};
    const size_t n = (size_t)w.n_channels * (size_t)width;
    w.point_stride = n + 2 * (size_t)check_pick(c, 0, 20);
    check_begin(c, "channels=%d columns=%d point_stride=%zu", w.n_channels, width, w.point_stride);
    w.taps = input_between(c, n * WINOGRAD_TAPS, -INT16_LARGEST, INT16_LARGEST);
    w.factors = make_factors(c, width);
    const size_t n_out = (WINOGRAD_AXIS_POINTS - 1) * w.point_stride + n;
    /* The same sentinels between points. */
    int16_t *got = check_output_int16(c, n_out), *expected = check_output_int16(c, n_out);
    w.points = got;
    c->table->winograd_points_int16(&w);
    w.points = expected;
    c->ref->winograd_points_int16(&w);
    for (size_t i = 0; i < n_out; i++) check_bits(c, "points", i, (float)got[i], (float)expected[i]);
    check_end(c);
}

void check_winograd_points_int16(struct check *c)
{
    for (int width = CHANNEL_ALIGN; width <= WINOGRAD_MAX_WIDTH; width += CHANNEL_ALIGN)
        for (int round = 0; round < 12; round++) check_points_case(c, width);
}

/* ---- used at once ---- */

/* The same in two steps, tile by tile, by the tier's other kernels. */
static void multiply_in_two_steps(struct check *c, const struct winograd_product_int16 *w, float *out)
{
    const size_t n = (size_t)w->n_channels * (size_t)w->width;
    struct winograd_points_int16 points = {.taps = w->taps, .factors = w->factors, .n_channels = w->n_channels,
                                           .width = w->width, .point_stride = n};
    points.points = check_output_int16(c, WINOGRAD_AXIS_POINTS * n);
    c->table->winograd_points_int16(&points);
    for (int x = 0; x < WINOGRAD_AXIS_POINTS; x++) {
        for (int i = 0; i < w->n_tiles; i++) {
            const struct gemm_block_int16 g = {
                .n_rows = 1, .a = {w->a + (size_t)x * w->a_stride + (size_t)(i * w->n_channels)},
                .row_scales = {w->row_scales[(size_t)x * w->scale_stride + (size_t)i]}, .depth = w->n_channels,
                .b = points.points + (size_t)x * n, .column_scales = w->column_scales + x * w->width,
                .n_columns = w->width, .out = {out + (size_t)x * w->out_stride + (size_t)(i * w->width)}};
            c->table->gemm_block_int16(&g);
        }
    }
}

static void check_product_case(struct check *c, int width, int n_tiles)
{
    struct winograd_product_int16 w = {.n_channels = CHANNEL_ALIGN * check_pick(c, 1, 5), .width = width,
                                       .n_tiles = n_tiles};
    const size_t n_taps = (size_t)(w.n_channels * width) * WINOGRAD_TAPS, last = WINOGRAD_AXIS_POINTS - 1;
    w.a_stride = (size_t)(n_tiles * w.n_channels + 2 * check_pick(c, 0, 9));
    w.scale_stride = (size_t)(n_tiles + check_pick(c, 0, 3));
    w.out_stride = (size_t)(n_tiles * width + check_pick(c, 0, 9));
    check_begin(c, "channels=%d columns=%d tiles=%d strides %zu %zu %zu", w.n_channels, width, n_tiles, w.a_stride,
                w.scale_stride, w.out_stride);
    w.taps = input_between(c, n_taps, -INT16_LARGEST, INT16_LARGEST);
    w.factors = make_factors(c, width);
    /* Sums of at most 80 products keep within 32 bits. */
    w.a = input_between(c, last * w.a_stride + (size_t)(n_tiles * w.n_channels), -800, 800);
    w.column_scales = check_input(c, (size_t)(WINOGRAD_AXIS_POINTS * width), VALUES_UNIT);
    w.row_scales = check_input(c, last * w.scale_stride + (size_t)n_tiles, VALUES_UNIT);
    if (check_toss(c)) w.ahead = w.taps;
    const size_t n_out = last * w.out_stride + (size_t)(n_tiles * width);
    float *got = check_output(c, n_out), *expected = check_output(c, n_out);
    w.out = got;
    c->table->winograd_product_int16(&w);
    w.out = expected;
    c->ref->winograd_product_int16(&w);
    for (size_t i = 0; i < n_out; i++) check_bits(c, "out", i, got[i], expected[i]);
    if (width <= c->table->gemm_columns) {
        multiply_in_two_steps(c, &w, expected);
        for (size_t i = 0; i < n_out; i++) check_bits(c, "out in two steps", i, got[i], expected[i]);
    }
    check_end(c);
}

void check_winograd_product_int16(struct check *c)
{
    for (int width = CHANNEL_ALIGN; width <= WINOGRAD_MAX_WIDTH; width += CHANNEL_ALIGN)
        for (int n_tiles = 1; n_tiles <= 16; n_tiles++) check_product_case(c, width, n_tiles);
}
