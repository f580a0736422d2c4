/* SPDX-License-Identifier: Apache-2.0 */
/* check_winograd.c - the transforms against the matrices in double; and input, product and output together against a
 * 3x3 convolution, so that the matrices themselves are judged by what they are for; winograd_product against weights
 * and gemm_panel one after the other. */
#include <math.h>

#include "kernelcheck.h"
#include "kernels/winograd_matrices.h"

enum { N = WINOGRAD_AXIS_POINTS };

static const int channel_counts[] = {16, 32, 48, 112};
enum { N_CHANNEL_COUNTS = sizeof channel_counts / sizeof channel_counts[0] };

/* ---- in double ---- */

struct transformed {
    double value, magnitude; /* the sum, and the sum of its terms' magnitudes */
};

/* Element (i, j) of left . in . right^T; left [..][rows], in [rows][columns], right [..][columns]. */
static struct transformed transform_one(const double *left, int rows, const double *right, int columns,
                                        const double *in, int i, int j)
{
    struct transformed sum = {0.0, 0.0};
    for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++) {
            const double term = left[i * rows + y] * right[j * columns + x] * in[y * columns + x];
            sum.value += term;
            sum.magnitude += fabs(term);
        }
    }
    return sum;
}

/* ---- the weights ---- */

/* One point of a kernel whose taps lie `stride` apart. */
static struct transformed transform_weight(const double *right, const float *kernel, int stride, int y, int x)
{
    double taps[9];
    for (int t = 0; t < 9; t++) taps[t] = (double)kernel[t * stride];
    return transform_one(winograd_axis_4.weight, 3, right, 3, taps, y, x);
}

static void check_weights_point(struct check *c, const struct winograd_panel *p, int row)
{
    /* Per axis: the coefficient itself, the product, two sums. */
    enum { ROUNDINGS = 8 };
    for (int channel = 0; channel < p->n_channels; channel++) {
        for (int j = 0; j < p->width; j++) {
            const size_t at = (size_t)row * p->point_stride + (size_t)(channel * p->width + j);
            const struct transformed exact = transform_weight(winograd_wide_weight,
                                                              p->kernels + channel * 9 * p->width + j, p->width, row,
                                                              p->column);
            check_summed(c, "points", at, p->points[at], exact.value, ROUNDINGS, exact.magnitude);
        }
    }
}

/* Between the points nothing may be written: it still holds the sentinel, a NaN. */
static void check_weights_gaps(struct check *c, const struct winograd_panel *p)
{
    for (int i = 0; i + 1 < N; i++)
        for (size_t at = (size_t)(p->n_channels * p->width); at < p->point_stride; at++)
            check_true(c, "wrote between points", isnan(p->points[(size_t)i * p->point_stride + at]));
}

static void check_weights_case(struct check *c, int width, int column)
{
    struct winograd_panel p = {.n_channels = check_pick(c, 1, 20), .width = width, .column = column};
    const size_t point_floats = (size_t)(p.n_channels * width);
    p.point_stride = point_floats + (size_t)check_pick(c, 0, 20);
    check_begin(c, "channels=%d columns=%d column=%d point_stride=%zu", p.n_channels, width, column, p.point_stride);
    p.kernels = check_input(c, 9 * point_floats, VALUES_MIXED);
    p.points = check_output(c, (size_t)(N - 1) * p.point_stride + point_floats);
    c->table->winograd_weights(&p);
    for (int i = 0; i < N; i++) check_weights_point(c, &p, i);
    check_weights_gaps(c, &p);
    check_end(c);
}

/* ---- the input transform ---- */

static void check_input_channel(struct check *c, const struct winograd_input *call, int k)
{
    const int columns = call->point_columns;
    const double *right = winograd_axis(columns)->input;
    double in[WINOGRAD_MOST_POINTS];
    for (int p = 0; p < N * columns; p++)
        in[p] = (double)call->patch[(size_t)(p / columns) * call->row_stride +
                                    (size_t)(p % columns) * call->pixel_stride + (size_t)k];
    for (int p = 0; p < N * columns; p++) {
        const size_t at = (size_t)p * call->point_stride + (size_t)k;
        const struct transformed exact = transform_one(winograd_axis_4.input, N, right, columns, in, p % N, p / N);
        check_summed(c, "points", at, call->points[at], exact.value, N + columns, exact.magnitude);
    }
}

static void check_input_case(struct check *c, int channels, int columns)
{
    const size_t pixel_stride = (size_t)channels * (size_t)check_pick(c, 1, 2);
    const size_t row_stride = pixel_stride * (size_t)(columns + check_pick(c, 0, 3));
    const size_t point_stride = (size_t)channels * (size_t)check_pick(c, 1, 3);
    check_begin(c, "channels=%d columns=%d row_stride=%zu pixel_stride=%zu point_stride=%zu", channels, columns,
                row_stride, pixel_stride, point_stride);
    const size_t patch_floats = (size_t)(N - 1) * row_stride + (size_t)(columns - 1) * pixel_stride + (size_t)channels;
    const struct winograd_input call = {
        .patch = check_input(c, patch_floats, VALUES_MIXED),
        .row_stride = row_stride, .pixel_stride = pixel_stride, .channels = channels, .point_columns = columns,
        .points = check_output(c, (size_t)(N * columns - 1) * point_stride + (size_t)channels),
        .point_stride = point_stride,
    };
    c->table->winograd_input(&call);
    for (int k = 0; k < channels; k++) check_input_channel(c, &call, k);
    check_end(c);
}

/* ---- the output transform ---- */

struct output_case {
    struct winograd_output call;
    const float *residual; /* as it was before the call; NULL: none */
};

static double relu(double sum, bool has_relu) { return has_relu && !(sum > 0.0) ? 0.0 : sum; }

static void check_output_channel(struct check *c, const struct output_case *o, int k)
{
    const int columns = o->call.point_columns;
    const double *right = winograd_axis(columns)->output;
    double in[WINOGRAD_MOST_POINTS];
    for (int p = 0; p < N * columns; p++)
        in[p % N * columns + p / N] = (double)o->call.products[(size_t)p * o->call.point_stride + (size_t)k];
    for (int i = 0; i < o->call.n_rows; i++) {
        for (int j = 0; j < o->call.n_columns; j++) {
            const size_t at = (size_t)i * o->call.row_stride + (size_t)j * o->call.pixel_stride + (size_t)k;
            struct transformed exact = transform_one(winograd_axis_4.output, N, right, columns, in, i, j);
            const double bias = (double)o->call.bias[k];
            const double residual = o->residual != NULL ? (double)o->residual[at] : 0.0;
            exact.value += bias + residual;
            exact.magnitude += fabs(bias) + fabs(residual);
            check_summed(c, "out", at, o->call.out[at], relu(exact.value, o->call.has_relu),
                         N + columns + 2, exact.magnitude);
        }
    }
}

/* Pixels outside the map, and what lies between pixels, must not be touched: they still hold the sentinel, a NaN. */
static void check_untouched(struct check *c, const struct output_case *o, size_t n_floats)
{
    const size_t row_stride = o->call.row_stride, pixel_stride = o->call.pixel_stride;
    for (size_t at = 0; at < n_floats; at++) {
        const size_t row = at / row_stride, column = at % row_stride / pixel_stride, k = at % row_stride % pixel_stride;
        const bool is_pixel = row < (size_t)o->call.n_rows && column < (size_t)o->call.n_columns;
        if (is_pixel && k < (size_t)o->call.channels) continue;
        check_true(c, "wrote outside the map", isnan(o->call.out[at]));
    }
}

static void check_output_case(struct check *c, int channels, int columns, int n_rows, int n_columns)
{
    const size_t pixel_stride = (size_t)channels * (size_t)check_pick(c, 1, 2);
    const size_t row_stride = pixel_stride * (size_t)(columns + check_pick(c, 0, 3));
    const size_t point_stride = (size_t)channels * (size_t)check_pick(c, 1, 3);
    const bool has_residual = check_toss(c), has_relu = check_toss(c);
    check_begin(c, "channels=%d columns=%d pixels=%dx%d row_stride=%zu pixel_stride=%zu point_stride=%zu%s%s",
                channels, columns, n_rows, n_columns, row_stride, pixel_stride, point_stride,
                has_residual ? " residual" : "", has_relu ? " relu" : "");
    const size_t out_floats = (size_t)(n_rows - 1) * row_stride + (size_t)(n_columns - 1) * pixel_stride +
                              (size_t)channels;
    struct output_case o = {.residual = has_residual ? check_input(c, out_floats, VALUES_MIXED) : NULL};
    o.call = (struct winograd_output){
        .products = check_input(c, (size_t)(N * columns - 1) * point_stride + (size_t)channels, VALUES_MIXED),
        .point_stride = point_stride, .point_columns = columns, .channels = channels,
        .bias = check_input(c, (size_t)channels, VALUES_MIXED),
        .residual = o.residual, .out = check_output(c, out_floats),
        .row_stride = row_stride, .pixel_stride = pixel_stride,
        .n_rows = n_rows, .n_columns = n_columns, .has_relu = has_relu,
    };
    c->table->winograd_output(&o.call);
    for (int k = 0; k < channels; k++) check_output_channel(c, &o, k);
    check_untouched(c, &o, out_floats);
    check_end(c);
}

/* Output of one whole tile of CHANNEL_ALIGN channels, without ReLU. */
static struct winograd_output whole_tile(struct check *c, const float *products, const float *bias, int columns)
{
    const size_t n_outputs = (size_t)(WINOGRAD_OUTPUTS * (columns - 2));
    return (struct winograd_output){
        .products = products, .point_stride = CHANNEL_ALIGN, .point_columns = columns, .channels = CHANNEL_ALIGN,
        .bias = bias, .out = check_output(c, n_outputs * CHANNEL_ALIGN),
        .row_stride = (size_t)(columns - 2) * CHANNEL_ALIGN, .pixel_stride = CHANNEL_ALIGN,
        .n_rows = WINOGRAD_OUTPUTS, .n_columns = columns - 2,
    };
}

/* A bias of NaN: NaN without ReLU, zero with it. */
static void check_output_nan(struct check *c, int columns, bool has_relu)
{
    check_begin(c, "columns=%d bias NaN%s", columns, has_relu ? " relu" : "");
    float *bias = check_input(c, CHANNEL_ALIGN, VALUES_UNIT);
    bias[3] = NAN;
    const float *products = check_input(c, (size_t)(N * columns) * CHANNEL_ALIGN, VALUES_UNIT);
    struct winograd_output call = whole_tile(c, products, bias, columns);
    call.has_relu = has_relu;
    c->table->winograd_output(&call);
    for (int p = 0; p < WINOGRAD_OUTPUTS * (columns - 2); p++) {
        const float got = call.out[p * CHANNEL_ALIGN + 3];
        check_true(c, "ReLU of NaN is not 0, or NaN got lost", has_relu ? got == 0.0f : isnan(got));
    }
    check_end(c);
}

/* ---- both together: a convolution ---- */

static double convolve(const float *patch, int row_pixels, int channel, const float *kernel, int i, int j)
{
    double sum = 0.0;
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++)
            sum += (double)kernel[a * 3 + b] *
                   (double)patch[((i + a) * row_pixels + j + b) * CHANNEL_ALIGN + channel];
    return sum;
}

/* Values of order one: outputs are below 9 * 2 * 2 = 36, and rounding was measured up to 5e-5. A wrong coefficient
 * would be off by tenths. */
static void check_convolution(struct check *c, int columns)
{
    check_begin(c, "as a convolution, columns=%d", columns);
    const int n_points = N * columns, n_outputs = WINOGRAD_OUTPUTS * (columns - 2);
    const double *weight = winograd_axis(columns)->weight;
    const float *patch = check_input(c, (size_t)n_points * CHANNEL_ALIGN, VALUES_UNIT);
    const float *kernel = check_input(c, 9, VALUES_UNIT);
    float *bias = check_input(c, CHANNEL_ALIGN, VALUES_UNIT);
    for (int k = 0; k < CHANNEL_ALIGN; k++) bias[k] = 0.0f;
    float *points = check_output(c, (size_t)n_points * CHANNEL_ALIGN);
    const struct winograd_input in = {
        .patch = patch, .row_stride = (size_t)columns * CHANNEL_ALIGN, .pixel_stride = CHANNEL_ALIGN,
        .channels = CHANNEL_ALIGN, .point_columns = columns, .points = points, .point_stride = CHANNEL_ALIGN,
    };
    const struct winograd_output out = whole_tile(c, points, bias, columns);
    c->table->winograd_input(&in);
    for (int p = 0; p < n_points; p++)
        for (int k = 0; k < CHANNEL_ALIGN; k++)
            points[p * CHANNEL_ALIGN + k] *= (float)transform_weight(weight, kernel, 1, p % N, p / N).value;
    c->table->winograd_output(&out);
    for (int p = 0; p < n_outputs; p++) {
        for (int k = 0; k < CHANNEL_ALIGN; k++) {
            const double exact = convolve(patch, columns, k, kernel, p / (columns - 2), p % (columns - 2));
            const double difference = fabs((double)out.out[p * CHANNEL_ALIGN + k] - exact);
            check_true(c, "the transforms do not make a convolution", difference <= 2e-4);
        }
    }
    check_end(c);
}

/* ---- few tiles ---- */

static void multiply_by_columns(struct check *c, const struct winograd_product *p, float *out, float *total)
{
    const int width = c->table->winograd_panel;
    struct winograd_panel panel = {.kernels = p->kernels, .n_channels = p->n_channels, .width = width,
                                   .point_stride = (size_t)(p->n_channels * width)};
    panel.points = check_output(c, N * panel.point_stride);
    for (; panel.column < p->point_columns; panel.column++) {
        const size_t point = (size_t)(panel.column * N);
        const struct gemm_panel g = {
            .n_points = N, .n_rows = panel.column == p->point_columns - 1 ? p->n_last_rows : p->n_rows,
            .a = p->a + point * p->a_point_stride, .a_point_stride = p->a_point_stride, .a_stride = p->a_stride,
            .depth = p->n_channels, .b = panel.points, .b_point_stride = panel.point_stride, .width = width,
            .out = out + point * p->out_point_stride,
            .total = total != NULL ? total + point * p->out_point_stride : NULL,
            .out_point_stride = p->out_point_stride, .continues = p->continues};
        c->table->winograd_weights(&panel);
        if (g.n_rows > 0) c->table->gemm_panel(&g);
    }
}

/* Twice the same numbers, as what the product and the two steps find: sums that it continues, or a total. */
static void make_sums(struct check *c, size_t n, float *sums[2])
{
    for (int i = 0; i < 2; i++) sums[i] = check_output(c, n);
    for (size_t at = 0; at < n; at++) sums[0][at] = sums[1][at] = check_value(c, VALUES_MIXED);
}

static void check_product_case(struct check *c, int n_channels, int n_rows)
{
    const int width = c->table->winograd_panel;
    struct winograd_product p = {.n_channels = n_channels, .n_rows = n_rows, .continues = check_toss(c),
                                 .point_columns = WINOGRAD_WIDE_POINTS - check_pick(c, 0, 1)};
    const bool has_total = check_toss(c);
    float *out[2], *total[2] = {NULL, NULL};
    p.n_last_rows = check_pick(c, 0, n_rows);
    p.a_stride = (size_t)(n_channels + check_pick(c, 0, 2) * CHANNEL_ALIGN);
    p.a_point_stride = (size_t)n_rows * p.a_stride + (size_t)check_pick(c, 0, 9);
    p.out_point_stride = (size_t)(n_rows * width + check_pick(c, 0, 9));
    check_begin(c, "channels=%d tiles=%d of %d columns, %d at the last, strides %zu %zu %zu%s%s", n_channels, n_rows,
                p.point_columns, p.n_last_rows, p.a_stride, p.a_point_stride, p.out_point_stride,
                p.continues ? " continues" : "", has_total ? " total" : "");
    const size_t last = (size_t)(p.point_columns * N - 1);
    const size_t n_out = last * p.out_point_stride + (size_t)(n_rows * width);
    p.kernels = check_input(c, (size_t)(n_channels * 9 * width), VALUES_MIXED);
    const size_t n_a = last * p.a_point_stride + (size_t)(n_rows - 1) * p.a_stride + (size_t)n_channels;
    p.a = check_input(c, n_a, VALUES_MIXED);
    p.scratch = check_output(c, (size_t)(n_channels * N * width));
    p.ahead = check_toss(c) ? p.kernels : NULL;
    make_sums(c, n_out, out);
    if (has_total) make_sums(c, n_out, total);
    p.out = out[0];
    p.total = total[0];
    c->table->winograd_product(&p);
    multiply_by_columns(c, &p, out[1], total[1]);
    for (size_t i = 0; i < n_out; i++) {
        check_bits(c, "out", i, out[0][i], out[1][i]);
        if (has_total) check_bits(c, "total", i, total[0][i], total[1][i]);
    }
    check_end(c);
}

void check_winograd_product(struct check *c)
{
    static const int channels[] = {16, 32, 48, 128};
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++)
        for (int n_rows = 1; n_rows <= WINOGRAD_FEW_ROWS; n_rows++)
            for (int round = 0; round < 6; round++) check_product_case(c, channels[i], n_rows);
}

void check_winograd_weights(struct check *c)
{
    for (int width = CHANNEL_ALIGN; width <= WINOGRAD_MAX_WIDTH; width += CHANNEL_ALIGN)
        for (int column = 0; column < WINOGRAD_WIDE_POINTS; column++)
            for (int round = 0; round < 4; round++) check_weights_case(c, width, column);
}

void check_winograd_input(struct check *c)
{
    for (int columns = N; columns <= WINOGRAD_WIDE_POINTS; columns++)
        for (int i = 0; i < N_CHANNEL_COUNTS; i++)
            for (int round = 0; round < 4; round++) check_input_case(c, channel_counts[i], columns);
}

static void check_output_columns(struct check *c, int columns)
{
    for (int i = 0; i < N_CHANNEL_COUNTS; i++)
        for (int n_rows = 1; n_rows <= WINOGRAD_OUTPUTS; n_rows++)
            for (int n_columns = 1; n_columns <= columns - 2; n_columns++)
                check_output_case(c, channel_counts[i], columns, n_rows, n_columns);
    check_output_nan(c, columns, false);
    check_output_nan(c, columns, true);
    for (int round = 0; round < 20; round++) check_convolution(c, columns);
}

void check_winograd_output(struct check *c)
{
    for (int columns = N; columns <= WINOGRAD_WIDE_POINTS; columns++) check_output_columns(c, columns);
}
