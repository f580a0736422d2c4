/* SPDX-License-Identifier: Apache-2.0 */
/* check_winograd_int16.c - kernels on their way to the Winograd domain in integers: winograd_taps_int16 against what
 * kernels.h promises of the integers, their shifts and scales; winograd_points_int16 and winograd_product_int16
 * against the reference, and the product against the points and gemm_block_int16, which it must equal to the bit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernelcheck.h"
#include "kernels/winograd_shifts.h"
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
                   COLUMN_EQUAL, COLUMN_MIDDLE, COLUMN_ROUNDED, COLUMN_UNEVEN, N_COLUMN_KINDS };
static const char *const kind_names[N_COLUMN_KINDS] = {"of order one", "mixed", "one channel only", "large", "small",
                                                       "zeros", "tiny", "equal channels",
                                                       "equal channels, middle taps only",
                                                       "equal channels, rounded up", "one row tiny"};
/* With INT16_MAX_DEPTH channels and without room for WINOGRAD_POINT_ERROR these would become T0 = 255.22 and T2 =
 * -127.55, and points 3 and 4, aimed at -254.98, would be 255 - 4 * 128 = -257: a norm of 46,522. */
static const float rounded_up[9] = {255.22f, 0.0f, -127.55f * 16 / 9};

static void fill_column(struct check *c, float *kernels, int n_channels, int stride, enum column_kind kind)
{
    const int chosen = check_pick(c, 0, n_channels - 1), exponent = check_pick(c, -140, 0);
    for (int i = 0; i < 9 * n_channels; i++) {
        float value = check_value(c, kind == COLUMN_MIXED ? VALUES_MIXED : VALUES_UNIT);
        if (kind == COLUMN_LARGE) value *= 0x1p+120f; /* squares are not finite */
        if (kind == COLUMN_SMALL) value *= 0x1p-80f;  /* squares are zero */
        if (kind == COLUMN_TINY) value *= 0x1p-110f;
        if (kind == COLUMN_ZERO || (kind == COLUMN_ONE && i / 9 != chosen)) value = 0.0f;
        if (kind == COLUMN_UNEVEN && i % 9 < 3) value = ldexpf(value, exponent); /* squares of one row may be zero */
        if (kind == COLUMN_MIDDLE && i % 3 != 1) value = 0.0f; /* only points that have shifts, the largest of all */
        if (kind == COLUMN_ROUNDED) value = rounded_up[i % 9];
        if ((kind == COLUMN_EQUAL || kind == COLUMN_MIDDLE) && i >= 9)
            value = kernels[(size_t)(i % 9) * (size_t)stride];
        kernels[(size_t)i * (size_t)stride] = value;
    }
}

/* One column of a row of points: what was made of it. */
struct made_column {
    const struct winograd_taps_int16 *w;
    int row, column;
    int shifts[WINOGRAD_SHIFTS];
    double scale;      /* of the taps */
    double negligible; /* zeros may stand for what is less */
};

static int tap_of(const struct made_column *m, int channel, int tap)
{
    const size_t n = (size_t)(m->w->n_channels * m->w->width) * WINOGRAD_TAPS;
    return m->w->taps[(size_t)m->row * n + tap_place(m->w->n_channels, channel, m->column, tap)];
}

/* T0, T1 or T2, before it is rounded. */
static double exact_tap(const struct made_column *m, int channel, int tap, double *magnitude)
{
    static const double factors[WINOGRAD_TAPS] = {1.0, 3.0 / 4, 9.0 / 16};
    double sum = 0.0;
    *magnitude = 0.0;
    for (int y = 0; y < 3; y++) {
        const size_t at = (size_t)((channel * 9 + y * 3 + tap) * m->w->width + m->column);
        const double term = winograd_axis_4.weight[m->row * 3 + y] * factors[tap] * (double)m->w->kernels[at];
        sum += term;
        *magnitude += fabs(term);
    }
    return sum;
}

/* Nearest integers; zeros where all kernels of the column are negligible, or these taps beside the others. */
static void check_taps(struct check *c, const struct made_column *m)
{
    for (int channel = 0; channel < m->w->n_channels; channel++) {
        for (int tap = 0; tap < WINOGRAD_TAPS; tap++) {
            double magnitude;
            const double exact = exact_tap(m, channel, tap, &magnitude);
            const int got = tap_of(m, channel, tap);
            if (m->scale == 0.0)
                check_true(c, "taps that are not negligible became zeros, or the others did not",
                           got == 0 && fabs(exact) < m->negligible);
            else
                check_true(c, "a tap is not the nearest integer",
                           fabs(got - exact / m->scale) <= 0.5 + 0x1p-20 * magnitude / m->scale);
        }
    }
}

/* Point p of integer taps: the sum, before it is halved `shift` times. */
static int64_t sum_of_taps(const struct made_column *m, int channel, int p, int *shift)
{
    const int64_t t0 = tap_of(m, channel, 0), t1 = tap_of(m, channel, 1), t2 = tap_of(m, channel, 2);
    *shift = p == 0 || p == 5 ? 0 : m->shifts[p <= 2 ? 0 : 1];
    switch (p) {
    case 0: return t0;
    case 1: return t0 + t2 + t1;
    case 2: return t0 + t2 - t1;
    case 3: return t0 + 4 * t2 + 2 * t1;
    case 4: return t0 + 4 * t2 - 2 * t1;
    default: return t2;
    }
}

/* Of the integers of a column's points. */
struct point_measures {
    double largest_sum;  /* before halving */
    double norm[WINOGRAD_AXIS_POINTS];
};

/* Every sum and every point, as winograd_points_int16() rounds it, keeps the bounds of a product. */
static struct point_measures check_bounds(struct check *c, const struct made_column *m)
{
    struct point_measures measures = {.largest_sum = 0.0};
    for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) {
        int64_t squares = 0;
        for (int channel = 0; channel < m->w->n_channels; channel++) {
            int shift;
            const int64_t sum = sum_of_taps(m, channel, p, &shift), half = ((int64_t)1 << shift) >> 1;
            const int64_t odd = shift > 0 ? channel % 2 : 0;
            const int64_t rounded = (int64_t)floor((double)(sum + half - odd) / (double)((int64_t)1 << shift));
            check_true(c, "a sum of taps leaves 16 bits", llabs(sum) + half <= INT16_LARGEST);
            measures.largest_sum = fmax(measures.largest_sum, (double)llabs(sum));
            squares += rounded * rounded;
        }
        check_true(c, "a column of points is over INT16_NORM", squares <= INT32_MAX);
        measures.norm[p] = sqrt((double)squares);
    }
    return measures;
}

/* As large as the bounds allow: a larger factor would pass one of them, one shift less would pass the norm's. */
static void check_use(struct check *c, const struct made_column *m, const struct point_measures *measures)
{
    const double n = sqrt((double)m->w->n_channels), aimed = INT16_NORM_AIMED - WINOGRAD_POINT_ERROR * n;
    const double slack = WINOGRAD_POINT_ERROR * n, norm = fmax(measures->norm[0], measures->norm[5]);
    check_true(c, "the taps could be larger",
               measures->largest_sum >= 0.99 * INT16_LARGEST ||
                   norm >= 0.999 * aimed - slack);
    for (int i = 0; i < WINOGRAD_SHIFTS; i++) {
        const double of_pair = fmax(measures->norm[1 + 2 * i], measures->norm[2 + 2 * i]);
        check_true(c, "there could be a shift less", m->shifts[i] == 0 || of_pair >= 0.999 * aimed / 2 - slack);
    }
}

static void check_scales(struct check *c, const struct made_column *m)
{
    const double a = ldexp(m->scale, m->shifts[0]), b = ldexp(m->scale, m->shifts[1]);
    const double expected[WINOGRAD_AXIS_POINTS] = {m->scale, a, a, b, b, m->scale * 16.0 / 9};
    for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) {
        const float scale = m->w->scales[(m->row * WINOGRAD_AXIS_POINTS + p) * m->w->width + m->column];
        check_summed(c, "scale", (size_t)p, scale, expected[p], 4, expected[p]);
    }
}

static double negligible_tap(const struct winograd_taps_int16 *w, int column)
{
    double largest = 0.0;
    for (int i = 0; i < 9 * w->n_channels; i++) {
        const double size = fabs((double)w->kernels[(size_t)i * (size_t)w->width + (size_t)column]);
        if (size > largest) largest = size; /* GCC 12 for aarch64 gives up on fmax() here */
    }
    /* A tap has 4.75 kernels at most. */
    return fmax(5.0 * (double)INT16_NEGLIGIBLE, (double)WINOGRAD_NEGLIGIBLE / INT16_LARGEST * largest);
}

static void check_column(struct check *c, const struct winograd_taps_int16 *w, int row, int column)
{
    struct made_column m = {.w = w, .row = row, .column = column, .negligible = negligible_tap(w, column)};
    for (int i = 0; i < WINOGRAD_SHIFTS; i++) {
        const int16_t *pair = w->shifts + 2 * ((row * WINOGRAD_SHIFTS + i) * w->width + column);
        m.shifts[i] = pair[0];
        check_true(c, "a shift does not stand there twice", pair[0] == pair[1]);
        check_true(c, "a shift is not among the possible", pair[0] >= 0 && pair[0] <= WINOGRAD_LARGEST_SHIFT);
    }
    m.scale = (double)w->scales[row * WINOGRAD_AXIS_POINTS * w->width + column];
    check_taps(c, &m);
    check_scales(c, &m);
    const struct point_measures measures = check_bounds(c, &m);
    if (m.scale > 0.0) check_use(c, &m, &measures);
}

static void check_taps_case(struct check *c, int n_channels, int width)
{
    check_begin(c, "channels=%d columns=%d", n_channels, width);
    const size_t n = (size_t)n_channels * (size_t)width;
    float *kernels = check_input(c, 9 * n, VALUES_UNIT);
    enum column_kind kinds[WINOGRAD_MAX_WIDTH];
    for (int j = 0, first = check_pick(c, 0, N_COLUMN_KINDS - 1); j < width; j++) {
        kinds[j] = (enum column_kind)((first + j) % N_COLUMN_KINDS); /* all: there are more columns than kinds */
        fill_column(c, kernels + j, n_channels, width, kinds[j]);
    }
    const struct winograd_taps_int16 w = {
        .kernels = kernels, .n_channels = n_channels, .width = width,
        .taps = check_output_int16(c, n * WINOGRAD_TAPS * WINOGRAD_AXIS_POINTS),
        .shifts = check_output_int16(c, (size_t)(WINOGRAD_AXIS_POINTS * WINOGRAD_SHIFTS * width * 2)),
        .scales = check_output(c, (size_t)(WINOGRAD_AXIS_POINTS * WINOGRAD_AXIS_POINTS * width))};
    c->table->winograd_taps_int16(&w);
    for (int row = 0; row < WINOGRAD_AXIS_POINTS; row++) {
        for (int j = 0; j < width; j++) {
            snprintf(c->sizes, sizeof c->sizes, "channels=%d columns=%d row=%d column=%d, %s", n_channels, width, row,
                     j, kind_names[kinds[j]]);
            check_column(c, &w, row, j);
        }
    }
    check_end(c);
}

void check_winograd_taps_int16(struct check *c)
{
    static const int depths[] = {2, 16, 48, 128, 320};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++)
        for (int width = CHANNEL_ALIGN; width <= WINOGRAD_MAX_WIDTH; width += CHANNEL_ALIGN)
            check_taps_case(c, depths[i], width);
    check_taps_case(c, INT16_MAX_DEPTH, CHANNEL_ALIGN);
}

/* ---- when they are used ---- */

/* Taps whose sums keep within 16 bits: a point takes at most seven times the largest. */
enum { LARGEST_TAP = 4600 };

/* Random shifts, each twice. */
static const int16_t *make_shifts(struct check *c, int width)
{
    const size_t n = (size_t)(WINOGRAD_SHIFTS * width * 2);
    int16_t *shifts = input_between(c, n, 0, WINOGRAD_LARGEST_SHIFT);
    for (size_t i = 0; i < n; i += 2) shifts[i + 1] = shifts[i];
    return shifts;
}

static void check_points_case(struct check *c, int width)
{
    struct winograd_points_int16 w = {.n_channels = 2 * check_pick(c, 1, 40), .width = width};
    const size_t n = (size_t)w.n_channels * (size_t)width;
    w.point_stride = n + 2 * (size_t)check_pick(c, 0, 20);
    check_begin(c, "channels=%d columns=%d point_stride=%zu", w.n_channels, width, w.point_stride);
    w.taps = input_between(c, n * WINOGRAD_TAPS, -LARGEST_TAP, LARGEST_TAP);
    w.shifts = make_shifts(c, width);
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
    struct winograd_points_int16 points = {.taps = w->taps, .shifts = w->shifts, .n_channels = w->n_channels,
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

static void check_product_case(struct check *c, int width, int n_tiles, int n_channels)
{
    struct winograd_product_int16 w = {.n_channels = n_channels, .width = width, .n_tiles = n_tiles};
    const size_t n_taps = (size_t)(w.n_channels * width) * WINOGRAD_TAPS, last = WINOGRAD_AXIS_POINTS - 1;
    w.a_stride = (size_t)(n_tiles * w.n_channels + 2 * check_pick(c, 0, 9));
    w.scale_stride = (size_t)(n_tiles + check_pick(c, 0, 3));
    w.out_stride = (size_t)(n_tiles * width + check_pick(c, 0, 9));
    check_begin(c, "channels=%d columns=%d tiles=%d strides %zu %zu %zu", w.n_channels, width, n_tiles, w.a_stride,
                w.scale_stride, w.out_stride);
    w.taps = input_between(c, n_taps, -LARGEST_TAP, LARGEST_TAP);
    w.shifts = make_shifts(c, width);
    const int largest = INT32_MAX / (INT16_LARGEST * n_channels); /* such that sums keep within 32 bits */
    w.a = input_between(c, last * w.a_stride + (size_t)(n_tiles * n_channels), -largest, largest);
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
    for (int width = CHANNEL_ALIGN; width <= WINOGRAD_MAX_WIDTH; width += CHANNEL_ALIGN) {
        for (int n_tiles = 1; n_tiles <= WINOGRAD_FEW_TILES; n_tiles++)
            check_product_case(c, width, n_tiles, CHANNEL_ALIGN * check_pick(c, 1, 3));
        check_product_case(c, width, check_pick(c, 1, 8), CHANNEL_ALIGN * check_pick(c, 8, 20));
    }
}
