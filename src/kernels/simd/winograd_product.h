/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_product.h - kernels to points in registers, and there multiplied with a few tiles. Include winograd.h
 * first.
 *
 * Column by column of points. Of a column the kernels' three taps from top to bottom are made first, and lie in the
 * first-level cache (at 0 and at infinity they are the kernels' own). Then, for two points at a time, those of each
 * channel are made in registers and multiplied with all tiles: a and -a, b and -b, which share an even and an odd
 * part, or 0 and infinity. These are 2 points x 5 tiles x 2 vectors of sums and 4 vectors of points, of 32 registers;
 * with the 16 of AVX2 it takes 1.22 times as long as going through memory.
 *
 * While a column is multiplied the taps of the next are made, some for each channel: on their own they took two and a
 * half times as long as their loads and stores, which seem to wait for each other. A step of 16 channels, five tiles:
 * 0.81 of the time of winograd_weights and gemm_panel (Xeon with AMX; docs/PERFORMANCE.md, 2026-11-30).
 */
#ifndef TRBA_KERNELS_SIMD_WINOGRAD_PRODUCT_H
#define TRBA_KERNELS_SIMD_WINOGRAD_PRODUCT_H

enum {
    PRODUCT_WIDTH = WINOGRAD_VECTORS * LANES,
    NEAR_TILES = 3, /* whose distance from the first fits into an address: nothing, the stride, or twice as much */
    LINE_BYTES = 64 /* of the cache */
};

/* Three taps from top to bottom of each channel, at one column of points. */
struct column_taps {
    const float *first;
    int tap, channel; /* floats from one to the next */
};

/* What a column of points needs. The taps of the next are made in steps, three for each channel. */
struct product_column {
    const struct winograd_product *p;
    struct column_taps taps;
    const float *a;           /* of its first point */
    float *out, *total;
    const float *next_a, *next_out; /* of the column after this, or of the next call's first */
    const float *from;        /* kernels that become taps */
    float *to;                /* NULL: none do */
    vec at, square;
    uintptr_t ahead;
    uintptr_t ahead_bytes;    /* at once; 0: nothing is asked for */
};

/* The sums of a pair of points. */
typedef vec pair_sums[2][WINOGRAD_FEW_ROWS][WINOGRAD_VECTORS];

ALWAYS_INLINE void points_of_taps(const float *taps, int tap, const int point, vec points[2])
{
    const vec t0 = vec_load(taps), t2 = vec_load(taps + 2 * tap);
    if (point == 0) {
        points[0] = t0;
        points[1] = t2;
    } else weights_pair(t0, vec_load(taps + tap), t2, point == 1 ? point_a : point_b, points);
}

/* One of three taps of one channel. */
ALWAYS_INLINE void make_tap(struct product_column *c)
{
#pragma GCC unroll 2
    for (int j = 0; j < PRODUCT_WIDTH; j += LANES)
        vec_store(c->to + j, weights_point_at(c->from + j, PRODUCT_WIDTH, c->at, c->square));
    c->from += 3 * PRODUCT_WIDTH;
    c->to += PRODUCT_WIDTH;
}

ALWAYS_INLINE void load_pair_sums(const struct product_column *c, const int point, const int rows, pair_sums sums)
{
#pragma GCC unroll 2
    for (int y = 0; y < 2; y++) {
        const int number = y == 0 ? point : winograd_paired_point(point);
        const float *from = c->out + (size_t)number * c->p->out_point_stride;
#pragma GCC unroll 5
        for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
            for (int j = 0; j < WINOGRAD_VECTORS; j++)
                sums[y][i][j] = c->p->continues ? vec_load(from + i * PRODUCT_WIDTH + j * LANES) : vec_zero();
    }
}

ALWAYS_INLINE void store_pair_sums(const struct product_column *c, const int point, const int rows, pair_sums sums)
{
    const bool is_total = c->p->total != NULL;
#pragma GCC unroll 2
    for (int y = 0; y < 2; y++) {
        const int number = y == 0 ? point : winograd_paired_point(point);
        float *to = (is_total ? c->total : c->out) + (size_t)number * c->p->out_point_stride;
#pragma GCC unroll 5
        for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
            for (int j = 0; j < WINOGRAD_VECTORS; j++) {
                float *at = to + i * PRODUCT_WIDTH + j * LANES;
                vec_store(at, is_total ? vec_add(vec_load(at), sums[y][i][j]) : sums[y][i][j]);
            }
    }
}

/* The sums that the pair after this goes on from, and its tiles: a pass is too short to wait for them. As numbers: they
 * may leave what they point into. */
struct next_pair {
    uintptr_t sums[2], a[2];
};

ALWAYS_INLINE struct next_pair find_next_pair(const struct product_column *c, const int point)
{
    const int next = point == 0 ? 1 : point == 1 ? 3 : 0;
    const uintptr_t sums = (uintptr_t)(point == 3 ? c->next_out : c->out);
    const uintptr_t a = (uintptr_t)(point == 3 ? c->next_a : c->a);
    struct next_pair pair;
    for (int y = 0; y < 2; y++) {
        const size_t number = (size_t)(y == 0 ? next : winograd_paired_point(next));
        pair.sums[y] = sums + number * c->p->out_point_stride * sizeof(float);
        pair.a[y] = a + number * c->p->a_point_stride * sizeof(float);
    }
    return pair;
}

/* Line k of the sums of both points, and the next channels of tile k, the second point's tiles behind the first's. All
 * have been asked for after 2 * rows channels. */
ALWAYS_INLINE void ask_for_pair(const struct product_column *c, struct next_pair *pair, int k, const int rows)
{
    if (k >= 2 * rows) return;
    vec_prefetch_near(pair->sums[0] + (uintptr_t)k * LINE_BYTES);
    vec_prefetch_near(pair->sums[1] + (uintptr_t)k * LINE_BYTES);
    vec_prefetch_near(pair->a[0]);
    pair->a[0] = k == rows - 1 ? pair->a[1] : pair->a[0] + c->p->a_stride * sizeof(float);
}

ALWAYS_INLINE void multiply_pair(struct product_column *c, const int point, const int rows, const bool makes_taps)
{
    const size_t stride = c->p->a_stride;
    const float *a[2][2], *taps = c->taps.first;
    struct next_pair next = find_next_pair(c, point);
    pair_sums sums;
    for (int y = 0; y < 2; y++) {
        a[y][0] = c->a + (size_t)(y == 0 ? point : winograd_paired_point(point)) * c->p->a_point_stride;
        a[y][1] = rows > NEAR_TILES ? a[y][0] + NEAR_TILES * stride : NULL;
    }
    load_pair_sums(c, point, rows, sums);
    for (int k = 0; k < c->p->n_channels; k++, taps += c->taps.channel) {
        vec points[WINOGRAD_VECTORS][2];
        vec_prefetch(c->ahead);
        c->ahead += c->ahead_bytes;
        ask_for_pair(c, &next, k, rows);
        if (makes_taps) make_tap(c);
#pragma GCC unroll 2
        for (int j = 0; j < WINOGRAD_VECTORS; j++) points_of_taps(taps + j * LANES, c->taps.tap, point, points[j]);
#pragma GCC unroll 2
        for (int y = 0; y < 2; y++)
#pragma GCC unroll 5
            for (int i = 0; i < rows; i++) {
                const vec x = vec_set(a[y][i / NEAR_TILES][(size_t)(i % NEAR_TILES) * stride + (size_t)k]);
#pragma GCC unroll 2
                for (int j = 0; j < WINOGRAD_VECTORS; j++) sums[y][i][j] = vec_fma(x, points[j][y], sums[y][i][j]);
            }
    }
    store_pair_sums(c, point, rows, sums);
}

ALWAYS_INLINE void multiply_rows(const struct product_column *column, const int rows)
{
    struct product_column c = *column; /* a copy: the compiler keeps it in registers */
    if (c.to != NULL) {
        multiply_pair(&c, 0, rows, true);
        multiply_pair(&c, 1, rows, true);
        multiply_pair(&c, 3, rows, true);
    } else {
        multiply_pair(&c, 0, rows, false);
        multiply_pair(&c, 1, rows, false);
        multiply_pair(&c, 3, rows, false);
    }
}

static void multiply_column(const struct product_column *c, int rows)
{
    switch (rows) {
    case 0: break;
    case 1: multiply_rows(c, 1); break;
    case 2: multiply_rows(c, 2); break;
    case 3: multiply_rows(c, 3); break;
    case 4: multiply_rows(c, 4); break;
    default: multiply_rows(c, WINOGRAD_FEW_ROWS); break;
    }
}

/* The order in which columns are multiplied: those whose taps are the kernels' come first and last, and those that may
 * be missing just before the last. */
static const int product_order[WINOGRAD_WIDE_POINTS] = {0, 1, 2, 3, 4, 6, 7, 5};

ALWAYS_INLINE bool needs_taps(int column) { return column != 0 && column != 5; }

/* Column number i of the order. made: where taps are made, for i and i + 1 in turns. */
ALWAYS_INLINE void set_column(struct product_column *c, int i, float *const made[2])
{
    const struct winograd_product *p = c->p;
    const int column = product_order[i], last = WINOGRAD_WIDE_POINTS - 1;
    int next = i == last ? 0 : product_order[i + 1];
    if (next >= p->point_columns) next = product_order[last];
    const size_t point = (size_t)(column * WINOGRAD_AXIS_POINTS), next_point = (size_t)(next * WINOGRAD_AXIS_POINTS);
    c->a = p->a + point * p->a_point_stride;
    c->out = p->out + point * p->out_point_stride;
    c->total = p->total != NULL ? p->total + point * p->out_point_stride : NULL;
    c->next_a = p->a + next_point * p->a_point_stride + (i == last ? p->n_channels : 0); /* the next call's */
    c->next_out = p->out + next_point * p->out_point_stride;
    if (needs_taps(column)) c->taps = (struct column_taps){made[i % 2], PRODUCT_WIDTH, 3 * PRODUCT_WIDTH};
    else c->taps = (struct column_taps){p->kernels + (column == 0 ? 0 : 2 * PRODUCT_WIDTH), 3 * PRODUCT_WIDTH,
                                        9 * PRODUCT_WIDTH};
    c->from = p->kernels;
    c->to = needs_taps(next) ? made[1 - i % 2] : NULL;
    c->at = vec_set(weights_at[next]);
    c->square = vec_set(weights_at[next] * weights_at[next]);
}

static void TIER(winograd_product)(const struct winograd_product *p)
{
    float *const made[2] = {p->scratch, p->scratch + (size_t)p->n_channels * 3 * PRODUCT_WIDTH};
    struct product_column c = {.p = p, .ahead = (uintptr_t)p->kernels};
    if (p->ahead != NULL) {
        c.ahead = (uintptr_t)p->ahead;
        c.ahead_bytes = LINE_BYTES;
    }
    for (int i = 0; i < WINOGRAD_WIDE_POINTS; i++) {
        const int column = product_order[i];
        if (column >= p->point_columns) continue;
        set_column(&c, i, made);
        multiply_column(&c, column == p->point_columns - 1 ? p->n_last_rows : p->n_rows);
        c.ahead += 3 * (uintptr_t)p->n_channels * c.ahead_bytes; /* it took a copy: a line for each channel and pair */
    }
}

#endif
