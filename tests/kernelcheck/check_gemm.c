/* SPDX-License-Identifier: Apache-2.0 */
/* check_gemm.c - gemm_block and gemm_panel: against sums in double; a row's bits whatever its neighbours; ReLU of NaN.
 *
 * The matrix is made plain, [n_taps * depth][n_columns], and packed here as kernels.h describes the panels. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/integers.h"
#include "kernelcheck.h"

enum { MAX_TAPS = 4 };

struct gemm_case {
    int n_rows, n_columns, n_taps, depth;
    bool has_bias, has_residual, has_relu, is_in_place; /* in place: residual and out are the same memory */
    ptrdiff_t taps[MAX_TAPS];
    float *matrix; /* [n_taps * depth][n_columns], plain */
    float *residual_copy; /* [n_rows][n_columns], for in place */
    struct gemm_block block;
};

/* Taps may lie anywhere: evenly spaced, overlapping, backwards. Returns how many floats a row of `a` spans. */
static size_t place_taps(struct check *c, struct gemm_case *g)
{
    const int spacing = check_pick(c, 0, 2 * g->depth);
    const bool backwards = check_toss(c);
    for (int t = 0; t < g->n_taps; t++) g->taps[t] = (backwards ? g->n_taps - 1 - t : t) * spacing;
    return (size_t)((g->n_taps - 1) * spacing + g->depth);
}

static float *pack_panels(struct check *c, const struct gemm_case *g)
{
    const int depth = g->n_taps * g->depth, panel_columns = c->table->gemm_columns;
    float *packed = check_input(c, (size_t)depth * (size_t)g->n_columns, VALUES_MIXED), *to = packed;
    for (int first = 0; first < g->n_columns; first += panel_columns) {
        const int end = smaller(first + panel_columns, g->n_columns);
        for (int k = 0; k < depth; k++)
            for (int j = first; j < end; j++) g->matrix[k * g->n_columns + j] = *to++;
    }
    return packed;
}

static void make_rows(struct check *c, struct gemm_case *g, size_t a_floats)
{
    const size_t n = (size_t)g->n_columns;
    for (int i = 0; i < g->n_rows; i++) {
        g->block.a[i] = check_input(c, a_floats, VALUES_MIXED);
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

static void make_case(struct check *c, struct gemm_case *g)
{
    check_begin(c, "rows=%d columns=%d taps=%d depth=%d%s%s%s%s", g->n_rows, g->n_columns, g->n_taps, g->depth,
                g->has_bias ? " bias" : "", g->has_residual ? " residual" : "", g->is_in_place ? " in place" : "",
                g->has_relu ? " relu" : "");
    const size_t n = (size_t)g->n_columns, a_floats = place_taps(c, g);
    g->matrix = malloc((size_t)(g->n_taps * g->depth) * n * sizeof(float));
    g->residual_copy = malloc((size_t)g->n_rows * n * sizeof(float));
    if (g->matrix == NULL || g->residual_copy == NULL) exit(2);
    g->block = (struct gemm_block){.n_rows = g->n_rows, .taps = g->taps, .n_taps = g->n_taps, .depth = g->depth,
                                   .n_columns = g->n_columns, .has_relu = g->has_relu,
                                   .ahead_parts = check_pick(c, 0, 5)};
    if (g->block.ahead_parts > 0) g->block.ahead_part = check_pick(c, 0, g->block.ahead_parts - 1);
    g->block.b = pack_panels(c, g);
    g->block.bias = g->has_bias ? check_input(c, n, VALUES_MIXED) : NULL;
    make_rows(c, g, a_floats);
}

static void free_case(struct gemm_case *g)
{
    free(g->matrix);
    free(g->residual_copy);
}

static void check_element(struct check *c, const struct gemm_case *g, int i, int j)
{
    double sum = g->has_bias ? (double)g->block.bias[j] : 0.0, magnitude = fabs(sum);
    for (int t = 0; t < g->n_taps; t++) {
        for (int k = 0; k < g->depth; k++) {
            const double term = (double)g->block.a[i][g->taps[t] + k] *
                                (double)g->matrix[(t * g->depth + k) * g->n_columns + j];
            sum += term;
            magnitude += fabs(term);
        }
    }
    if (g->has_residual) {
        sum += (double)g->residual_copy[i * g->n_columns + j];
        magnitude += fabs((double)g->residual_copy[i * g->n_columns + j]);
    }
    if (g->has_relu && !(sum > 0.0)) sum = 0.0;
    /* A product, an addition each, and the residual's. */
    check_summed(c, "out", (size_t)(i * g->n_columns + j), g->block.out[i][j], sum,
                 2.0 * g->n_taps * g->depth + 1.0, magnitude);
}

static void check_sums(struct check *c, struct gemm_case *g)
{
    make_case(c, g);
    c->table->gemm_block(&g->block);
    for (int i = 0; i < g->n_rows; i++)
        for (int j = 0; j < g->n_columns; j++) check_element(c, g, i, j);
    check_end(c);
    free_case(g);
}

/* The columns [first, first + n) of row i alone must have the bits they have in the whole. */
static void check_part(struct check *c, const struct gemm_case *g, int row, int n_rows, int first, int n)
{
    struct gemm_block part = g->block;
    const int first_buffer = c->n_buffers;
    part.n_rows = n_rows;
    part.n_columns = n;
    part.b += (size_t)first * (size_t)(g->n_taps * g->depth);
    if (part.bias != NULL) part.bias += first;
    for (int i = 0; i < n_rows; i++) {
        part.a[i] = g->block.a[row + i];
        part.out[i] = check_output(c, (size_t)n);
        part.residual[i] = g->has_residual ? g->block.residual[row + i] + first : NULL;
    }
    c->table->gemm_block(&part);
    for (int i = 0; i < n_rows; i++)
        for (int j = 0; j < n; j++)
            check_bits(c, "a part's out", (size_t)((row + i) * g->n_columns + first + j), part.out[i][j],
                       g->block.out[row + i][first + j]);
    check_end(c);
    c->n_buffers = first_buffer;
}

/* Whatever n_rows and n_panels are, a row has the same bits. */
static void check_independence(struct check *c, struct gemm_case *g)
{
    make_case(c, g);
    const int panel = c->table->gemm_columns;
    c->table->gemm_block(&g->block);
    for (int n_rows = 1; n_rows <= g->n_rows; n_rows++) {
        check_part(c, g, g->n_rows - n_rows, n_rows, 0, g->n_columns);
        for (int first = 0; first < g->n_columns; first += panel)
            check_part(c, g, 0, n_rows, first, smaller(panel, g->n_columns - first));
    }
    for (int n = panel; n < g->n_columns; n += panel) check_part(c, g, 0, 1, 0, n);
    free_case(g);
}

/* NaN in a row of A: NaN without ReLU, zero with it; the other rows do not notice. */
static void check_nan(struct check *c, struct gemm_case *g)
{
    make_case(c, g);
    ((float *)g->block.a[0])[g->taps[0]] = NAN;
    c->table->gemm_block(&g->block);
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

static void choose_rest(struct check *c, struct gemm_case *g)
{
    static const int depths[] = {1, 2, 3, 7, 15, 16, 17, 31, 64};
    g->n_taps = check_pick(c, 1, MAX_TAPS);
    g->depth = depths[check_pick(c, 0, (int)(sizeof depths / sizeof depths[0]) - 1)];
    g->has_bias = check_toss(c);
    g->has_residual = check_toss(c);
    g->is_in_place = g->has_residual && check_toss(c);
    g->has_relu = check_toss(c);
}

void check_gemm_block(struct check *c)
{
    /* With panels of 16 and of 64: less than one, one, side by side, a last one of 16, 32 and 48 columns. */
    static const int columns[] = {16, 32, 48, 64, 80, 96, 112, 128, 144, 176, 208, 272};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        for (int rows = 1; rows <= c->table->gemm_rows; rows++) {
            struct gemm_case g = {.n_rows = rows, .n_columns = columns[i]};
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
}

/* ---- gemm_panel ---- */

struct panel_case {
    struct gemm_panel call;
    const float *before, *total_before; /* what out and total were */
};

/* out or total: sentinels, but for what was there before. */
static float *make_panel_output(struct check *c, const struct gemm_panel *g, size_t n_floats, const float *before)
{
    float *out = check_output(c, n_floats);
    for (size_t i = 0; before != NULL && i < n_floats; i++)
        if (i % g->out_point_stride < (size_t)(g->n_rows * g->width)) out[i] = before[i];
    return out;
}

static void make_panel_case(struct check *c, struct panel_case *p, int n_rows, int width)
{
    struct gemm_panel *g = &p->call;
    *g = (struct gemm_panel){.n_points = check_pick(c, 1, WINOGRAD_AXIS_POINTS), .n_rows = n_rows,
                             .depth = check_pick(c, 1, 5) * CHANNEL_ALIGN, .width = width, .continues = check_toss(c)};
    const size_t n_more = (size_t)g->n_points - 1, depth = (size_t)g->depth, n = (size_t)(n_rows * width);
    g->a_stride = depth + (size_t)check_pick(c, 0, 40);
    g->a_point_stride = (size_t)n_rows * g->a_stride + (size_t)check_pick(c, 0, 40);
    g->b_point_stride = depth * (size_t)width + (size_t)check_pick(c, 0, 40);
    g->out_point_stride = n + (size_t)check_pick(c, 0, 40);
    const bool has_total = check_toss(c);
    check_begin(c, "points=%d rows=%d width=%d depth=%d strides=%zu %zu, %zu, %zu%s%s", g->n_points, n_rows, width,
                g->depth, g->a_point_stride, g->a_stride, g->b_point_stride, g->out_point_stride,
                g->continues ? " continues" : "", has_total ? " with a total" : "");
    g->a = check_input(c, n_more * g->a_point_stride + (size_t)(n_rows - 1) * g->a_stride + depth, VALUES_MIXED);
    g->b = check_input(c, n_more * g->b_point_stride + depth * (size_t)width, VALUES_MIXED);
    const size_t out_floats = n_more * g->out_point_stride + n;
    p->before = check_input(c, out_floats, VALUES_MIXED);
    p->total_before = check_input(c, out_floats, VALUES_MIXED);
    g->out = make_panel_output(c, g, out_floats, g->continues ? p->before : NULL);
    g->total = has_total ? make_panel_output(c, g, out_floats, p->total_before) : NULL;
    if (check_toss(c)) g->ahead = g->b;
}

/* Between the points nothing may be written: it still holds the sentinel, a NaN. Where there is a total, nothing at all
 * to out. */
static void check_panel_gaps(struct check *c, const struct panel_case *p)
{
    const struct gemm_panel *g = &p->call;
    const float *written = g->total != NULL ? g->total : g->out;
    const size_t stride = g->out_point_stride, n = (size_t)(g->n_rows * g->width);
    for (size_t point = 0; point + 1 < (size_t)g->n_points; point++)
        for (size_t at = point * stride + n; at < (point + 1) * stride; at++)
            check_true(c, "wrote between points", isnan(written[at]));
    for (size_t at = 0; g->total != NULL && at < ((size_t)g->n_points - 1) * stride + n; at++) {
        const bool was_there = g->continues && at % stride < n;
        check_true(c, "wrote to out", was_there ? g->out[at] == p->before[at] : isnan(g->out[at]));
    }
}

static void check_panel_element(struct check *c, const struct panel_case *p, int point, int i, int j)
{
    const struct gemm_panel *g = &p->call;
    const size_t at = (size_t)point * g->out_point_stride + (size_t)(i * g->width + j);
    const float *a = g->a + (size_t)point * g->a_point_stride + (size_t)i * g->a_stride;
    const float *b = g->b + (size_t)point * g->b_point_stride + j;
    double sum = g->continues ? (double)p->before[at] : 0.0, magnitude = fabs(sum);
    if (g->total != NULL) {
        sum += (double)p->total_before[at];
        magnitude += fabs((double)p->total_before[at]);
    }
    for (int k = 0; k < g->depth; k++) {
        const double term = (double)a[k] * (double)b[k * g->width];
        sum += term;
        magnitude += fabs(term);
    }
    check_summed(c, "sum", at, (g->total != NULL ? g->total : g->out)[at], sum, 2.0 * g->depth, magnitude);
}

static void check_panel_sums(struct check *c, int n_rows, int width)
{
    struct panel_case p;
    make_panel_case(c, &p, n_rows, width);
    c->table->gemm_panel(&p.call);
    for (int point = 0; point < p.call.n_points; point++)
        for (int i = 0; i < n_rows; i++)
            for (int j = 0; j < width; j++) check_panel_element(c, &p, point, i, j);
    check_panel_gaps(c, &p);
    check_end(c);
}

/* The same bits when the product is cut in two, and when a row is alone, at the last of the points alone. */
static void check_panel_cuts(struct check *c, int n_rows, int width)
{
    struct panel_case p;
    make_panel_case(c, &p, n_rows, width);
    const size_t last = (size_t)p.call.n_points - 1, last_out = last * p.call.out_point_stride;
    struct gemm_panel part = p.call;
    part.n_points = 1;
    part.a += last * part.a_point_stride;
    part.b += last * part.b_point_stride;
    const size_t n = (size_t)(n_rows * width);
    part.out = make_panel_output(c, &part, n, p.call.continues ? p.before + last_out : NULL);
    if (part.total != NULL) part.total = make_panel_output(c, &part, n, p.total_before + last_out);
    c->table->gemm_panel(&p.call);
    part.depth = check_pick(c, 1, p.call.depth / CHANNEL_ALIGN) * CHANNEL_ALIGN;
    for (int row = 0; row < n_rows; row++) { /* one row; then the rest of its terms */
        struct gemm_panel one = part;
        one.n_rows = 1;
        one.a += (size_t)row * one.a_stride;
        one.out += row * width;
        float *total = part.total != NULL ? part.total + row * width : NULL;
        one.total = one.depth == p.call.depth ? total : NULL;
        c->table->gemm_panel(&one);
        one.a += one.depth;
        one.b += one.depth * width;
        one.depth = p.call.depth - one.depth;
        one.continues = true;
        one.total = total;
        if (one.depth > 0) c->table->gemm_panel(&one);
    }
    const float *sums = part.total != NULL ? part.total : part.out;
    const float *wanted = (part.total != NULL ? p.call.total : p.call.out) + last_out;
    for (size_t i = 0; i < n; i++) check_bits(c, "sum", i, sums[i], wanted[i]);
    check_end(c);
}

void check_gemm_panel(struct check *c)
{
    for (int width = CHANNEL_ALIGN; width <= c->table->winograd_panel; width += CHANNEL_ALIGN) {
        for (int n_rows = 1; n_rows <= 30; n_rows++) {
            for (int round = 0; round < 4; round++) check_panel_sums(c, n_rows, width);
            check_panel_cuts(c, n_rows, width);
        }
    }
}
