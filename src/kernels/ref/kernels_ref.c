/* SPDX-License-Identifier: Apache-2.0 */
/* kernels_ref.c - what every kernel means, in the plainest loops. No tricks: this file is read, and judged against. */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/winograd_shifts.h"
#include "kernels/winograd_matrices.h"
#include "kernels/winograd_two_steps.h"

enum { REF_ROWS = 4, REF_COLUMNS = 16 };

/* One row times one panel of `width` columns, the first of them `column`. */
static void gemm_row_ref(const struct gemm_block *g, int row, int column, int width)
{
    const float *b = g->b + (size_t)column * (size_t)(g->n_taps * g->depth);
    float sums[REF_COLUMNS];
    for (int j = 0; j < width; j++) sums[j] = g->bias != NULL ? g->bias[column + j] : 0.0f;
    for (int t = 0; t < g->n_taps; t++) {
        const float *a = g->a[row] + g->taps[t];
        for (int k = 0; k < g->depth; k++, b += width)
            for (int j = 0; j < width; j++) sums[j] += a[k] * b[j];
    }
    for (int j = 0; j < width; j++) {
        if (g->residual[0] != NULL) sums[j] += g->residual[row][column + j];
        g->out[row][column + j] = g->has_relu && !(sums[j] > 0.0f) ? 0.0f : sums[j];
    }
}

static void gemm_block_ref(const struct gemm_block *g)
{
    for (int i = 0; i < g->n_rows; i++) {
        for (int column = 0; column < g->n_columns; column += REF_COLUMNS) {
            const int left = g->n_columns - column;
            gemm_row_ref(g, i, column, left < REF_COLUMNS ? left : REF_COLUMNS);
        }
    }
}

/* One row, at one point. */
static void panel_row_ref(const struct gemm_panel *g, int point, int row)
{
    const float *a = g->a + (size_t)point * g->a_point_stride + (size_t)row * g->a_stride;
    const float *b = g->b + (size_t)point * g->b_point_stride;
    const size_t at = (size_t)point * g->out_point_stride + (size_t)(row * g->width);
    for (int j = 0; j < g->width; j++) {
        float sum = g->continues ? g->out[at + (size_t)j] : 0.0f;
        for (int k = 0; k < g->depth; k++) sum += a[k] * b[k * g->width + j];
        if (g->total != NULL) g->total[at + (size_t)j] += sum;
        else g->out[at + (size_t)j] = sum;
    }
}

static void gemm_panel_ref(const struct gemm_panel *g)
{
    for (int point = 0; point < g->n_points; point++)
        for (int row = 0; row < g->n_rows; row++) panel_row_ref(g, point, row);
}

static void gemm_block_int16_ref(const struct gemm_block_int16 *g)
{
    for (int i = 0; i < g->n_rows; i++) {
        for (int j = 0; j < g->n_columns; j++) {
            const int first = j / REF_COLUMNS * REF_COLUMNS, left = g->n_columns - first;
            const int width = left < REF_COLUMNS ? left : REF_COLUMNS;
            const int16_t *b = g->b + first * g->depth + 2 * (j - first);
            int32_t sum = 0;
            for (int k = 0; k < g->depth; k++) sum += g->a[i][k] * b[k / 2 * 2 * width + k % 2];
            float value = g->row_scales[i] * g->column_scales[j] * (float)sum;
            if (g->bias != NULL) value += g->bias[j];
            if (g->residual[0] != NULL) value += g->residual[i][j];
            g->out[i][j] = g->has_relu && !(value > 0.0f) ? 0.0f : value;
        }
    }
}

/* What numbers are multiplied with to become integers: as much as both bounds allow. 0: they become zeros. NaN: they
 * are not finite. */
static float int16_factor(double sum_of_squares, float largest)
{
    if (!isfinite(sum_of_squares)) return NAN;
    if (largest < INT16_NEGLIGIBLE) return 0.0f;
    return (float)fmin(INT16_NORM_AIMED / sqrt(sum_of_squares), INT16_LARGEST / (double)largest);
}

static int16_t to_int16(float value) { return (int16_t)lrintf(value); }

static float quantize_row_ref(const float *a, const ptrdiff_t *taps, int n_taps, int depth, int16_t *out)
{
    double sum = 0.0;
    float largest = 0.0f;
    for (int t = 0; t < n_taps; t++) {
        for (int k = 0; k < depth; k++) {
            const float value = a[taps[t] + k];
            sum += (double)value * (double)value;
            largest = fmaxf(largest, fabsf(value));
        }
    }
    const float factor = int16_factor(sum, largest);
    for (int t = 0; t < n_taps; t++)
        for (int k = 0; k < depth; k++) out[t * depth + k] = factor > 0.0f ? to_int16(a[taps[t] + k] * factor) : 0;
    return factor == 0.0f ? 0.0f : 1.0f / factor;
}

static void quantize_panel_ref(const float *panel, int depth, int width, int16_t *out, float *scales)
{
    for (int j = 0; j < width; j++) {
        double sum = 0.0;
        float largest = 0.0f;
        for (int k = 0; k < depth; k++) {
            const float value = panel[k * width + j];
            sum += (double)value * (double)value;
            largest = fmaxf(largest, fabsf(value));
        }
        const float factor = int16_factor(sum, largest);
        for (int k = 0; k < depth; k++)
            out[k / 2 * 2 * width + 2 * j + k % 2] = to_int16(panel[k * width + j] * factor);
        scales[j] = factor == 0.0f ? 0.0f : 1.0f / factor;
    }
}

static float float_of_bf16(uint16_t number)
{
    const uint32_t bits = (uint32_t)number << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* To nearest, ties to even; NaN stays NaN. */
static uint16_t bf16_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value)) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static uint16_t bf16_at(const uint8_t *bytes, int i)
{
    uint16_t number;
    memcpy(&number, bytes + 2 * i, sizeof number);
    return number;
}

/* Adds one block and tap of one row times that of the panel. */
static void add_products_bf16_ref(const uint8_t *a, const uint8_t *b, float sums[TILE_COLUMNS])
{
    for (int k = 0; k < BF16_DEPTH; k++) {
        const float value = float_of_bf16(bf16_at(a, k));
        for (int j = 0; j < TILE_COLUMNS; j++)
            sums[j] += value * float_of_bf16(bf16_at(b, (k / 2 * TILE_COLUMNS + j) * 2 + k % 2));
    }
}

/* act(sum + bias + residual) of the row that is `at` floats on. */
static void finish_tile_row_ref(const struct gemm_tiles *g, ptrdiff_t at, const float sums[TILE_COLUMNS])
{
    for (int j = 0; j < TILE_COLUMNS; j++) {
        const float sum = sums[j] + g->bias[j] + (g->residual != NULL ? g->residual[at + j] : 0.0f);
        g->out[at + j] = g->has_relu && !(sum > 0.0f) ? 0.0f : sum;
    }
}

static void gemm_row_bf16_ref(const struct gemm_tiles *g, int i, float sums[TILE_COLUMNS])
{
    enum { STEP = TILE_ROWS * TILE_BYTES };
    const uint8_t *a = g->a + (size_t)i * TILE_BYTES, *b = g->b;
    for (int block = 0; block < g->n_blocks; block++) {
        for (int t = 0; t < g->n_taps; t++, b += STEP)
            add_products_bf16_ref(a + (size_t)block * g->block_stride + g->taps[t], b, sums);
    }
}

static void gemm_tiles_bf16_ref(const struct gemm_tiles *g)
{
    for (int i = 0; i < g->n_rows; i++) {
        const ptrdiff_t at = g->row_at[i];
        float sums[TILE_COLUMNS] = {0};
        if (at < 0) continue;
        gemm_row_bf16_ref(g, i, sums);
        finish_tile_row_ref(g, at, sums);
    }
}

static void add_products_int8_ref(const uint8_t *a, const uint8_t *b, int32_t sums[TILE_COLUMNS])
{
    for (int k = 0; k < INT8X2_DEPTH; k++)
        for (int j = 0; j < TILE_COLUMNS; j++)
            sums[j] += (int8_t)a[k] * (int8_t)b[(k / 4 * TILE_COLUMNS + j) * 4 + k % 4];
}

static void gemm_row_int8x2_ref(const struct gemm_tiles *g, int i, int32_t high[TILE_COLUMNS],
                                int32_t mixed[TILE_COLUMNS])
{
    enum { STEP = TILE_ROWS * TILE_BYTES };
    const uint8_t *a = g->a + (size_t)i * TILE_BYTES, *b = g->b;
    for (int block = 0; block < g->n_blocks; block++) {
        for (int t = 0; t < g->n_taps; t++, b += 2 * STEP) {
            const uint8_t *high_part = a + (size_t)block * g->block_stride + g->taps[t];
            add_products_int8_ref(high_part, b, high);
            add_products_int8_ref(high_part, b + STEP, mixed);
            add_products_int8_ref(high_part + g->part_stride, b, mixed);
        }
    }
}

static void gemm_tiles_int8x2_ref(const struct gemm_tiles *g)
{
    for (int i = 0; i < g->n_rows; i++) {
        const ptrdiff_t at = g->row_at[i];
        int32_t high[TILE_COLUMNS] = {0}, mixed[TILE_COLUMNS] = {0};
        float sums[TILE_COLUMNS];
        if (at < 0) continue;
        gemm_row_int8x2_ref(g, i, high, mixed);
        for (int j = 0; j < TILE_COLUMNS; j++)
            sums[j] = ((float)high[j] * 256.0f + (float)mixed[j]) * (g->scale * 256.0f * g->column_scales[j]);
        finish_tile_row_ref(g, at, sums);
    }
}

/* Number k of a pixel's block, 0 beyond the last channel. */
static float channel_or_zero(const struct tile_pixels *p, int pixel, int channel)
{
    return channel < p->n_channels ? p->in[(size_t)pixel * (size_t)p->n_channels + (size_t)channel] : 0.0f;
}

static void pixels_to_bf16_ref(const struct tile_pixels *p)
{
    const int n_padded = (p->n_channels + BF16_DEPTH - 1) / BF16_DEPTH * BF16_DEPTH;
    for (int pixel = 0; pixel < p->n_pixels; pixel++) {
        for (int c = 0; c < n_padded; c++) {
            const uint16_t number = bf16_of_float(channel_or_zero(p, pixel, c));
            const size_t at = (size_t)(c / BF16_DEPTH) * p->block_stride + (size_t)pixel * TILE_BYTES +
                              (size_t)(c % BF16_DEPTH * 2);
            memcpy(p->high + at, &number, sizeof number);
        }
    }
}

static void pixels_to_int8x2_ref(const struct tile_pixels *p)
{
    const int n_padded = (p->n_channels + INT8X2_DEPTH - 1) / INT8X2_DEPTH * INT8X2_DEPTH;
    for (int pixel = 0; pixel < p->n_pixels; pixel++) {
        for (int c = 0; c < n_padded; c++) {
            const float value = channel_or_zero(p, pixel, c);
            const int number = p->factor == 0.0f ? 0 : (int)lrintf(value * p->factor), low = (int8_t)number;
            const size_t at = (size_t)(c / INT8X2_DEPTH) * p->block_stride + (size_t)pixel * TILE_BYTES +
                              (size_t)(c % INT8X2_DEPTH);
            p->low[at] = (uint8_t)low;
            p->high[at] = (uint8_t)((number - low) / 256);
        }
    }
}

static void transpose_ref(const float *in, size_t in_stride, int n_rows, int n_columns, float *out, size_t out_stride)
{
    for (size_t k = 0; k < (size_t)n_columns; k++)
        for (size_t j = 0; j < (size_t)n_rows; j++) out[k * out_stride + j] = in[j * in_stride + k];
}

static float largest_magnitude_ref(const float *x, size_t n)
{
    float largest = 0.0f;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) return NAN;
        largest = fmaxf(largest, fabsf(x[i]));
    }
    return largest;
}

/* Element (i, j) of left . in . right^T, in double: left [..][rows], in [rows][columns], right [..][columns]. */
static float transform_ref(const double *left, int rows, const double *right, int columns, const float *in, int i,
                           int j)
{
    double sum = 0.0;
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++)
            sum += left[i * rows + y] * right[j * columns + x] * (double)in[y * columns + x];
    return (float)sum;
}

static void winograd_weights_ref(const struct winograd_panel *p)
{
    for (int c = 0; c < p->n_channels; c++) {
        for (int j = 0; j < p->width; j++) {
            float kernel[9];
            for (int t = 0; t < 9; t++) kernel[t] = p->kernels[(c * 9 + t) * p->width + j];
            for (int y = 0; y < WINOGRAD_AXIS_POINTS; y++)
                p->points[(size_t)y * p->point_stride + (size_t)(c * p->width + j)] =
                    transform_ref(winograd_axis_4.weight, 3, winograd_wide_weight, 3, kernel, y, p->column);
        }
    }
}

static void winograd_product_ref(const struct winograd_product *p)
{
    winograd_two_steps(p, REF_COLUMNS, 0, winograd_weights_ref, gemm_panel_ref);
}

static void winograd_input_ref(const struct winograd_input *in)
{
    const double *right = winograd_axis(in->point_columns)->input;
    const int rows = WINOGRAD_AXIS_POINTS, columns = in->point_columns;
    for (int c = 0; c < in->channels; c++) {
        float patch[WINOGRAD_MOST_POINTS];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                patch[i * columns + j] =
                    in->patch[(size_t)i * in->row_stride + (size_t)j * in->pixel_stride + (size_t)c];
        for (int p = 0; p < rows * columns; p++)
            in->points[(size_t)p * in->point_stride + (size_t)c] =
                transform_ref(winograd_axis_4.input, rows, right, columns, patch, p % rows, p / rows);
    }
}

static void winograd_output_ref(const struct winograd_output *o)
{
    const double *right = winograd_axis(o->point_columns)->output;
    const int rows = WINOGRAD_AXIS_POINTS, columns = o->point_columns;
    for (int c = 0; c < o->channels; c++) {
        float products[WINOGRAD_MOST_POINTS];
        for (int p = 0; p < rows * columns; p++)
            products[p % rows * columns + p / rows] = o->products[(size_t)p * o->point_stride + (size_t)c];
        for (int i = 0; i < o->n_rows; i++) {
            for (int j = 0; j < o->n_columns; j++) {
                const size_t at = (size_t)i * o->row_stride + (size_t)j * o->pixel_stride + (size_t)c;
                float sum = transform_ref(winograd_axis_4.output, rows, right, columns, products, i, j) + o->bias[c];
                if (o->residual != NULL) sum += o->residual[at];
                o->out[at] = o->has_relu && !(sum > 0.0f) ? 0.0f : sum;
            }
        }
    }
}

/* The taps of one channel and column, transformed along the other axis: T0, T1 and T2. */
static void taps_ref(const struct winograd_taps_int16 *w, int row, int channel, int j, float factor,
                     float taps[WINOGRAD_TAPS])
{
    const double *weight = winograd_axis_4.weight;
    for (int t = 0; t < WINOGRAD_TAPS; t++) {
        double sum = 0.0;
        for (int y = 0; y < 3; y++)
            sum += weight[row * 3 + y] * (double)w->kernels[(channel * 9 + y * 3 + t) * w->width + j];
        taps[t] = (float)(sum * weight[3 + t]) * factor; /* 1, 3/4 and 9/16: point 1 */
    }
}

static size_t tap_place(int n_channels, int channel, int j, int t)
{
    const size_t block = (size_t)(j / CHANNEL_ALIGN), pair = block * (size_t)(n_channels / 2) + (size_t)(channel / 2);
    return (pair * WINOGRAD_TAPS + (size_t)t) * 2 * CHANNEL_ALIGN + (size_t)(2 * (j % CHANNEL_ALIGN) + channel % 2);
}

static void quantize_taps_ref(const struct winograd_taps_int16 *w, int row, int j, float unit)
{
    float taps[WINOGRAD_TAPS], squares[WINOGRAD_AXIS_POINTS] = {0}, largest[WINOGRAD_AXIS_POINTS] = {0};
    for (int channel = 0; channel < w->n_channels; channel++) {
        taps_ref(w, row, channel, j, unit, taps);
        const float even_a = taps[0] + taps[2], odd_a = taps[1];
        const float even_b = taps[0] + 4.0f * taps[2], odd_b = 2.0f * taps[1];
        const float points[WINOGRAD_AXIS_POINTS] = {taps[0], even_a + odd_a, even_a - odd_a, even_b + odd_b,
                                                    even_b - odd_b, taps[2]};
        for (int p = 0; p < WINOGRAD_AXIS_POINTS; p++) {
            squares[p] += points[p] * points[p];
            largest[p] = fmaxf(largest[p], fabsf(points[p]));
        }
    }
    const struct winograd_column_sizes sizes = {.squares = squares, .largest = largest, .stride = 1};
    int shifts[WINOGRAD_SHIFTS];
    const float factor = unit * choose_factor(&sizes, w->n_channels, shifts);
    int16_t *out = w->taps + (size_t)row * (size_t)(w->n_channels * w->width) * WINOGRAD_TAPS;
    for (int channel = 0; channel < w->n_channels; channel++) {
        taps_ref(w, row, channel, j, factor, taps);
        for (int t = 0; t < WINOGRAD_TAPS; t++) out[tap_place(w->n_channels, channel, j, t)] = to_int16(taps[t]);
    }
    store_column(w, row, j, factor, shifts);
}

static void winograd_taps_int16_ref(const struct winograd_taps_int16 *w)
{
    for (int j = 0; j < w->width; j++) {
        float largest = 0.0f;
        for (int i = 0; i < w->n_channels * 9; i++) largest = fmaxf(largest, fabsf(w->kernels[i * w->width + j]));
        const float unit = largest < INT16_NEGLIGIBLE ? 0.0f : (float)INT16_LARGEST / largest;
        for (int row = 0; row < WINOGRAD_AXIS_POINTS; row++) quantize_taps_ref(w, row, j, unit);
    }
}

static int halve_ref(int x, int n, int channel) { return n == 0 ? x : (x + (1 << (n - 1)) - channel % 2) >> n; }

/* Point x of one channel and column. */
static int16_t point_ref(const int16_t *taps, const int16_t *shifts, int n_channels, int width, int channel, int j,
                         int x)
{
    int t[WINOGRAD_TAPS];
    for (int i = 0; i < WINOGRAD_TAPS; i++) t[i] = taps[tap_place(n_channels, channel, j, i)];
    const int shift_a = shifts[2 * j], shift_b = shifts[2 * (width + j)];
    switch (x) {
    case 0: return (int16_t)t[0];
    case 1: return (int16_t)halve_ref(t[0] + t[2] + t[1], shift_a, channel);
    case 2: return (int16_t)halve_ref(t[0] + t[2] - t[1], shift_a, channel);
    case 3: return (int16_t)halve_ref(t[0] + 4 * t[2] + 2 * t[1], shift_b, channel);
    case 4: return (int16_t)halve_ref(t[0] + 4 * t[2] - 2 * t[1], shift_b, channel);
    default: return (int16_t)t[2];
    }
}

static void winograd_points_int16_ref(const struct winograd_points_int16 *w)
{
    for (int x = 0; x < WINOGRAD_AXIS_POINTS; x++) {
        int16_t *out = w->points + (size_t)x * w->point_stride;
        for (int k = 0; k < w->n_channels; k++)
            for (int j = 0; j < w->width; j++)
                out[(k / 2 * w->width + j) * 2 + k % 2] = point_ref(w->taps, w->shifts, w->n_channels, w->width, k, j,
                                                                    x);
    }
}

static void winograd_product_int16_ref(const struct winograd_product_int16 *w)
{
    for (int x = 0; x < WINOGRAD_AXIS_POINTS; x++) {
        for (int i = 0; i < w->n_tiles; i++) {
            const int16_t *a = w->a + (size_t)x * w->a_stride + (size_t)(i * w->n_channels);
            const float row_scale = w->row_scales[(size_t)x * w->scale_stride + (size_t)i];
            for (int j = 0; j < w->width; j++) {
                int32_t sum = 0;
                for (int k = 0; k < w->n_channels; k++)
                    sum += a[k] * point_ref(w->taps, w->shifts, w->n_channels, w->width, k, j, x);
                w->out[(size_t)x * w->out_stride + (size_t)(i * w->width + j)] =
                    row_scale * w->column_scales[x * w->width + j] * (float)sum;
            }
        }
    }
}

static void max_pool_ref(const float *const *in, int n_in, int n, float *out)
{
    for (int i = 0; i < n; i++) {
        float largest = in[0][i];
        for (int k = 1; k < n_in; k++) largest = in[k][i] > largest ? in[k][i] : largest;
        out[i] = largest;
    }
}

static float sigmoid_ref(float x) { return 1.0f / (1.0f + expf(-x)); }

static void lstm_cell_ref(const float *gates, int n, float *cell, float *hidden)
{
    for (int i = 0; i < n; i++) {
        const float input = sigmoid_ref(gates[i]), forget = sigmoid_ref(gates[n + i]);
        const float candidate = tanhf(gates[2 * n + i]), output = sigmoid_ref(gates[3 * n + i]);
        cell[i] = forget * cell[i] + input * candidate;
        hidden[i] = output * tanhf(cell[i]);
    }
}

static void attention_scores_ref(const float *keys, int n_steps, int n, const float *query, const float *weight,
                                 float *scores)
{
    for (int t = 0; t < n_steps; t++) {
        float sum = 0.0f;
        for (int i = 0; i < n; i++) sum += tanhf(keys[(size_t)t * (size_t)n + (size_t)i] + query[i]) * weight[i];
        scores[t] = sum;
    }
}

/* NaN is passed over; -infinity when there is nothing else. */
static float largest_of(const float *x, int n)
{
    float largest = -INFINITY;
    for (int i = 0; i < n; i++) largest = x[i] > largest ? x[i] : largest;
    return largest;
}

static void softmax_ref(float *x, int n)
{
    const float largest = largest_of(x, n);
    float sum = 0.0f;
    for (int i = 0; i < n; i++) sum += x[i] = expf(x[i] - largest);
    for (int i = 0; i < n; i++) x[i] /= sum;
}

static void weighted_sum_ref(const float *weights, const float *rows, int n_steps, int n, float *out)
{
    for (int i = 0; i < n; i++) {
        float sum = 0.0f;
        for (int t = 0; t < n_steps; t++) sum += weights[t] * rows[(size_t)t * (size_t)n + (size_t)i];
        out[i] = sum;
    }
}

static int argmax_softmax_ref(const float *logits, int n, float *probability)
{
    const float largest = largest_of(logits, n);
    float sum = 0.0f;
    for (int i = 0; i < n; i++) sum += expf(logits[i] - largest);
    *probability = 1.0f / sum;
    for (int i = 0; largest > -INFINITY && i < n; i++) /* -infinity: the padding, which is no class */
        if (logits[i] == largest) return i;
    return 0;
}

static void grcl_unit_ref(const struct grcl_unit *g)
{
    for (int p = 0; p < g->n_pixels; p++) {
        for (int c = 0; c < g->channels; c++) {
            const size_t at = (size_t)p * (size_t)g->channels + (size_t)c;
            const float gate = sigmoid_ref(g->scale_gate_u[c] * g->gate_u[at] + g->scale_gate_x[c] * g->gate_x[at] +
                                           g->shift_gate[c]);
            const float sum = g->scale_u[c] * g->u[at] + g->shift_u[c] +
                              (g->scale_x[c] * g->x[at] + g->shift_x[c]) * gate;
            g->out[at] = sum > 0.0f ? sum : 0.0f;
        }
    }
}

static void tps_grid_ref(const float *basis, const float *weights, int n_terms, int n_points, float *grid_x,
                         float *grid_y)
{
    for (int p = 0; p < n_points; p++) {
        double x = 0.0, y = 0.0; /* large terms that cancel: the faster kernels have fused multiply-adds */
        for (int k = 0; k < n_terms; k++) {
            const double b = (double)basis[(size_t)k * (size_t)n_points + (size_t)p];
            x += b * (double)weights[2 * k];
            y += b * (double)weights[2 * k + 1];
        }
        grid_x[p] = (float)x;
        grid_y[p] = (float)y;
    }
}

void kernels_fill_ref(struct kernels *table)
{
    *table = (struct kernels){
        .cpu = TRBA_CPU_REF,
        .gemm_rows = REF_ROWS,
        .gemm_columns = REF_COLUMNS,
        .winograd_panel = REF_COLUMNS,
#define KERNEL(returns, name, arguments, class) .name = name##_ref,
#include "kernels/kernels.inc"
#undef KERNEL
    };
}
