/* SPDX-License-Identifier: Apache-2.0 */
/* check_winograd.c - the transforms against the matrices in double; and input, product and output together against a
 * 3x3 convolution, so that the matrices themselves are judged by what they are for. */
#include <math.h>

#include "kernelcheck.h"
#include "kernels/winograd_matrices.h"

enum { N = WINOGRAD_AXIS_POINTS, N_OUTPUTS = WINOGRAD_OUTPUTS * WINOGRAD_OUTPUTS };

static const int channel_counts[] = {16, 32, 48, 112};
enum { N_CHANNEL_COUNTS = sizeof channel_counts / sizeof channel_counts[0] };

/* ---- in double ---- */

struct transformed {
    double value, magnitude; /* the sum, and the sum of its terms' magnitudes */
};

/* Element (i, j) of matrix . in . matrix^T; matrix [..][N], in [N][N]. */
static struct transformed transform_one(const double *matrix, const double *in, int i, int j)
{
    struct transformed sum = {0.0, 0.0};
    for (int y = 0; y < N; y++) {
        for (int x = 0; x < N; x++) {
            const double term = matrix[i * N + y] * matrix[j * N + x] * in[y * N + x];
            sum.value += term;
            sum.magnitude += fabs(term);
        }
    }
    return sum;
}

/* ---- the weights ---- */

/* G . kernel . G^T in double, at one point; the kernel's taps lie `stride` apart. */
static struct transformed transform_weight(const float *kernel, int stride, int point)
{
    const double *left = winograd_weight_matrix + point / N * 3, *right = winograd_weight_matrix + point % N * 3;
    struct transformed sum = {0.0, 0.0};
    for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) {
            const double term = left[a] * right[b] * (double)kernel[(a * 3 + b) * stride];
            sum.value += term;
            sum.magnitude += fabs(term);
        }
    }
    return sum;
}

static void check_weights_point(struct check *c, const struct winograd_panel *p, int column)
{
    /* Per axis: the coefficient itself, the product, two sums. */
    enum { ROUNDINGS = 8 };
    for (int channel = 0; channel < p->n_channels; channel++) {
        for (int j = 0; j < p->width; j++) {
            const size_t at = (size_t)column * p->point_stride + (size_t)(channel * p->width + j);
            const struct transformed exact = transform_weight(p->kernels + channel * 9 * p->width + j, p->width,
                                                              p->row * N + column);
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

static void check_weights_case(struct check *c, int width, int row)
{
    struct winograd_panel p = {.n_channels = check_pick(c, 1, 20), .width = width, .row = row};
    const size_t point_floats = (size_t)(p.n_channels * width);
    p.point_stride = point_floats + (size_t)check_pick(c, 0, 20);
    check_begin(c, "channels=%d columns=%d row=%d point_stride=%zu", p.n_channels, width, row, p.point_stride);
    p.kernels = check_input(c, 9 * point_floats, VALUES_MIXED);
    p.points = check_output(c, (size_t)(N - 1) * p.point_stride + point_floats);
    c->table->winograd_weights(&p);
    for (int i = 0; i < N; i++) check_weights_point(c, &p, i);
    check_weights_gaps(c, &p);
    check_end(c);
}

/* ---- the input transform ---- */

static void check_input_case(struct check *c, int channels)
{
    const size_t pixel_stride = (size_t)channels * (size_t)check_pick(c, 1, 2);
    const size_t row_stride = pixel_stride * (size_t)(N + check_pick(c, 0, 3));
    const size_t point_stride = (size_t)channels * (size_t)check_pick(c, 1, 3);
    check_begin(c, "channels=%d row_stride=%zu pixel_stride=%zu point_stride=%zu", channels, row_stride, pixel_stride,
                point_stride);
    const float *patch = check_input(c, (size_t)(N - 1) * row_stride +
                                            (size_t)(N - 1) * pixel_stride + (size_t)channels, VALUES_MIXED);
    float *v = check_output(c, (size_t)(WINOGRAD_POINTS - 1) * point_stride + (size_t)channels);
    c->table->winograd_input(patch, row_stride, pixel_stride, channels, v, point_stride);
    for (int k = 0; k < channels; k++) {
        double in[WINOGRAD_POINTS];
        for (int p = 0; p < WINOGRAD_POINTS; p++)
            in[p] = (double)patch[(size_t)(p / N) * row_stride + (size_t)(p % N) * pixel_stride + (size_t)k];
        for (int p = 0; p < WINOGRAD_POINTS; p++) {
            const struct transformed exact = transform_one(winograd_input_matrix, in, p / N, p % N);
            check_summed(c, "v", (size_t)p * point_stride + (size_t)k, v[(size_t)p * point_stride + (size_t)k],
                         exact.value, 2 * N, exact.magnitude);
        }
    }
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
    double in[WINOGRAD_POINTS];
    for (int p = 0; p < WINOGRAD_POINTS; p++)
        in[p] = (double)o->call.products[(size_t)p * o->call.point_stride + (size_t)k];
    for (int i = 0; i < o->call.n_rows; i++) {
        for (int j = 0; j < o->call.n_columns; j++) {
            const size_t at = (size_t)i * o->call.row_stride + (size_t)j * o->call.pixel_stride + (size_t)k;
            struct transformed exact = transform_one(winograd_output_matrix, in, i, j);
            const double bias = (double)o->call.bias[k];
            const double residual = o->residual != NULL ? (double)o->residual[at] : 0.0;
            exact.value += bias + residual;
            exact.magnitude += fabs(bias) + fabs(residual);
            check_summed(c, "out", at, o->call.out[at], relu(exact.value, o->call.has_relu),
                         2 * N + 2, exact.magnitude);
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

static void check_output_case(struct check *c, int channels, int n_rows, int n_columns)
{
    const size_t pixel_stride = (size_t)channels * (size_t)check_pick(c, 1, 2);
    const size_t row_stride = pixel_stride * (size_t)(WINOGRAD_OUTPUTS + check_pick(c, 0, 3));
    const size_t point_stride = (size_t)channels * (size_t)check_pick(c, 1, 3);
    const bool has_residual = check_toss(c), has_relu = check_toss(c);
    check_begin(c, "channels=%d pixels=%dx%d row_stride=%zu pixel_stride=%zu point_stride=%zu%s%s", channels, n_rows,
                n_columns, row_stride, pixel_stride, point_stride, has_residual ? " residual" : "",
                has_relu ? " relu" : "");
    const size_t out_floats = (size_t)(n_rows - 1) * row_stride + (size_t)(n_columns - 1) * pixel_stride +
                              (size_t)channels;
    struct output_case o = {.residual = has_residual ? check_input(c, out_floats, VALUES_MIXED) : NULL};
    o.call = (struct winograd_output){
        .products = check_input(c, (size_t)(WINOGRAD_POINTS - 1) * point_stride + (size_t)channels, VALUES_MIXED),
        .point_stride = point_stride, .channels = channels,
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

/* A bias of NaN: NaN without ReLU, zero with it. */
static void check_output_nan(struct check *c, bool has_relu)
{
    check_begin(c, "bias NaN%s", has_relu ? " relu" : "");
    float *bias = check_input(c, CHANNEL_ALIGN, VALUES_UNIT);
    bias[3] = NAN;
    const struct winograd_output call = {
        .products = check_input(c, (size_t)WINOGRAD_POINTS * CHANNEL_ALIGN, VALUES_UNIT),
        .point_stride = CHANNEL_ALIGN, .channels = CHANNEL_ALIGN, .bias = bias,
        .out = check_output(c, (size_t)N_OUTPUTS * CHANNEL_ALIGN),
        .row_stride = (size_t)WINOGRAD_OUTPUTS * CHANNEL_ALIGN, .pixel_stride = CHANNEL_ALIGN,
        .n_rows = WINOGRAD_OUTPUTS, .n_columns = WINOGRAD_OUTPUTS, .has_relu = has_relu,
    };
    c->table->winograd_output(&call);
    for (int p = 0; p < N_OUTPUTS; p++) {
        const float got = call.out[p * CHANNEL_ALIGN + 3];
        check_true(c, "ReLU of NaN is not 0, or NaN got lost", has_relu ? got == 0.0f : isnan(got));
    }
    check_end(c);
}

/* ---- both together: a convolution ---- */

static double convolve(const float *patch, int channel, const float *kernel, int i, int j)
{
    double sum = 0.0;
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++)
            sum += (double)kernel[a * 3 + b] *
                   (double)patch[((i + a) * N + j + b) * CHANNEL_ALIGN + channel];
    return sum;
}

/* Values of order one: outputs are below 9 * 2 * 2 = 36, and F(4x4)'s rounding was measured up to 5e-5. A wrong
 * coefficient would be off by tenths. */
static void check_convolution(struct check *c)
{
    check_begin(c, "as a convolution");
    const float *patch = check_input(c, (size_t)WINOGRAD_POINTS * CHANNEL_ALIGN, VALUES_UNIT);
    const float *kernel = check_input(c, 9, VALUES_UNIT);
    float *bias = check_input(c, CHANNEL_ALIGN, VALUES_UNIT);
    for (int k = 0; k < CHANNEL_ALIGN; k++) bias[k] = 0.0f;
    float *v = check_output(c, (size_t)WINOGRAD_POINTS * CHANNEL_ALIGN);
    const struct winograd_output call = {
        .products = v, .point_stride = CHANNEL_ALIGN, .channels = CHANNEL_ALIGN, .bias = bias,
        .out = check_output(c, (size_t)N_OUTPUTS * CHANNEL_ALIGN),
        .row_stride = (size_t)WINOGRAD_OUTPUTS * CHANNEL_ALIGN, .pixel_stride = CHANNEL_ALIGN,
        .n_rows = WINOGRAD_OUTPUTS, .n_columns = WINOGRAD_OUTPUTS,
    };
    c->table->winograd_input(patch, (size_t)N * CHANNEL_ALIGN, CHANNEL_ALIGN, CHANNEL_ALIGN, v, CHANNEL_ALIGN);
    for (int p = 0; p < WINOGRAD_POINTS; p++)
        for (int k = 0; k < CHANNEL_ALIGN; k++)
            v[p * CHANNEL_ALIGN + k] *= (float)transform_weight(kernel, 1, p).value;
    c->table->winograd_output(&call);
    for (int p = 0; p < N_OUTPUTS; p++) {
        for (int k = 0; k < CHANNEL_ALIGN; k++) {
            const double exact = convolve(patch, k, kernel, p / WINOGRAD_OUTPUTS, p % WINOGRAD_OUTPUTS);
            const double difference = fabs((double)call.out[p * CHANNEL_ALIGN + k] - exact);
            check_true(c, "the transforms do not make a convolution", difference <= 2e-4);
        }
    }
    check_end(c);
}

void check_winograd_weights(struct check *c)
{
    for (int width = CHANNEL_ALIGN; width <= WINOGRAD_MAX_WIDTH; width += CHANNEL_ALIGN)
        for (int row = 0; row < N; row++)
            for (int round = 0; round < 4; round++) check_weights_case(c, width, row);
}

void check_winograd_input(struct check *c)
{
    for (int i = 0; i < N_CHANNEL_COUNTS; i++)
        for (int round = 0; round < 4; round++) check_input_case(c, channel_counts[i]);
}

void check_winograd_output(struct check *c)
{
    for (int i = 0; i < N_CHANNEL_COUNTS; i++)
        for (int n_rows = 1; n_rows <= WINOGRAD_OUTPUTS; n_rows++)
            for (int n_columns = 1; n_columns <= WINOGRAD_OUTPUTS; n_columns++)
                check_output_case(c, channel_counts[i], n_rows, n_columns);
    check_output_nan(c, false);
    check_output_nan(c, true);
    for (int round = 0; round < 20; round++) check_convolution(c);
}
