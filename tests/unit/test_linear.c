/* SPDX-License-Identifier: Apache-2.0 */
/* test_linear.c - rows times packed weights in every tier against sums in double: padded segments, groups and strides,
 * more rows than a block, more columns than a thread's share; the same bits whatever the batch and the threads. In
 * floats and in 16-bit integers. And which rows of the next panel are asked for. */
#include "layer_testing.h"

#include "layers/linear.h"

struct linear_case {
    int n_images, rows_per_image, n_segments, segment_length, n_groups, group_length;
    bool has_bias, has_relu;
    bool is_logits, is_int16;
    float *x, *w, *b; /* [rows][segments * length], [columns][segments * length], [columns] */
};

static int n_in(const struct linear_case *l) { return l->n_segments * l->segment_length; }
static int n_out(const struct linear_case *l) { return l->n_groups * l->group_length; }

static void make_case(struct linear_case *l)
{
    l->x = random_floats((size_t)(l->n_images * l->rows_per_image * n_in(l)));
    l->w = random_floats((size_t)(n_out(l) * n_in(l)));
    l->b = random_floats((size_t)n_out(l));
}

static void free_case(struct linear_case *l)
{
    free(l->x);
    free(l->w);
    free(l->b);
}

enum { PACKERS = 3 };

static void pack(const struct kernels *kernels, struct arena *arena, const struct linear_case *l,
                 struct gemm_weights *weights)
{
    struct thread_pool *pool;
    assert_int_equal(thread_pool_new(PACKERS, &pool, NULL), TRBA_OK);
    const struct matrix matrix = {.values = l->w, .row_floats = (size_t)n_in(l)};
    const struct gemm_source source = {
        .rows = {read_rows, &matrix}, .row_floats = matrix.row_floats, .n_segments = l->n_segments,
        .segment_length = l->segment_length, .segment_padded = padded(l->segment_length),
        .segment_stride = (size_t)l->segment_length, .element_stride = 1,
        .n_groups = l->n_groups, .group_length = l->group_length, .group_padded = padded(l->group_length),
        .bias = l->has_bias ? l->b : NULL, .is_logits = l->is_logits,
    };
    assert_true((l->is_int16 ? gemm_pack_int16 : gemm_pack)(kernels, arena, pool, &source, 1, weights));
    thread_pool_free(pool);
    assert_true((weights->packed_int16 != NULL) == l->is_int16);
    assert_int_equal(weights->depth, l->n_segments * padded(l->segment_length));
    assert_int_equal(weights->n_columns, l->n_groups * padded(l->group_length));
}

/* ---- running: rows padded as the weights are, with a gap between rows that must stay as it is ---- */

struct linear_run {
    const struct linear_case *l;
    const struct gemm_weights *weights;
    int first_image, n_images;
    float *out; /* [n_images * rows_per_image][n_columns + GAP] */
};
enum { GAP = 5 };
static const float untouched = -12345.0f;

static void forward(struct layer_run *run, void *arg)
{
    const struct linear_run *r = arg;
    const struct linear_case *l = r->l;
    const int rows = r->n_images * l->rows_per_image, depth = r->weights->depth, wide = padded(l->segment_length);
    const size_t in_stride = (size_t)depth + GAP, out_stride = (size_t)r->weights->n_columns + GAP;
    float *in = run_rows(run, (size_t)rows * in_stride), *out = run_rows(run, (size_t)rows * out_stride);
    for (int row = 0; !run->is_planning && row < rows; row++)
        for (int k = 0; k < depth; k++)
            in[(size_t)row * in_stride + (size_t)k] =
                k % wide >= l->segment_length ? 0.0f
                : l->x[(r->first_image * l->rows_per_image + row) * n_in(l) + k / wide * l->segment_length + k % wide];
    for (size_t i = 0; !run->is_planning && i < (size_t)rows * out_stride; i++) out[i] = untouched;
    linear_forward(run, r->weights, r->n_images, l->rows_per_image, in, in_stride, out, out_stride, l->has_relu);
    if (!run->is_planning) memcpy(r->out, out, (size_t)rows * out_stride * sizeof(float));
}

struct vector_size {
    double norm, scale; /* the scale of its integers, at most */
};

static struct vector_size measure(const float *v, int n)
{
    double squares = 0.0, largest = 0.0;
    for (int k = 0; k < n; k++) {
        squares += (double)v[k] * (double)v[k];
        largest = fmax(largest, fabs((double)v[k]));
    }
    const double norm = sqrt(squares);
    return (struct vector_size){norm, 1.001 * fmax(norm / INT16_NORM_AIMED, largest / INT16_LARGEST)};
}

/* Every number is off by half a scale at most; by Cauchy and Schwarz, summed over n terms: */
static double int16_bound(const struct linear_case *l, int row, int column)
{
    const double n = n_in(l);
    const struct vector_size x = measure(l->x + row * n_in(l), n_in(l));
    const struct vector_size w = measure(l->w + column * n_in(l), n_in(l));
    return sqrt(n) * (x.norm * w.scale + w.norm * x.scale) / 2.0 + n * x.scale * w.scale / 4.0;
}

static void compare_one(const struct linear_case *l, const struct kernels *kernels, int row, int column, float got)
{
    double sum = l->has_bias ? (double)l->b[column] : 0.0, magnitude = fabs(sum);
    for (int k = 0; k < n_in(l); k++) {
        const double term = (double)l->x[row * n_in(l) + k] * (double)l->w[column * n_in(l) + k];
        sum += term;
        magnitude += fabs(term);
    }
    if (l->has_relu && sum < 0.0) sum = 0.0;
    double bound = (2.0 * n_in(l) + 1.0) * 0x1p-24 * magnitude;
    if (l->is_int16) bound = int16_bound(l, row, column) + 4.0 * 0x1p-24 * magnitude;
    if (!(fabs((double)got - sum) <= bound))
        fail_msg("%s%s: row %d, column %d is %.9g, expected %.9g", trba_cpu_name(kernels->cpu),
                 l->is_int16 ? " in integers" : "", row, column, (double)got, sum);
}

static void compare(const struct linear_case *l, const struct kernels *kernels, const struct gemm_weights *weights,
                    const float *out)
{
    const int wide = padded(l->group_length), stride = weights->n_columns + GAP;
    for (int row = 0; row < l->n_images * l->rows_per_image; row++) {
        for (int j = 0; j < stride; j++) {
            const float got = out[row * stride + j];
            const int group = j / wide, within = j % wide;
            if (j >= weights->n_columns) assert_true(got == untouched);
            else if (within >= l->group_length) assert_true(got == (l->is_logits ? -INFINITY : 0.0f));
            else compare_one(l, kernels, row, group * l->group_length + within, got);
        }
    }
}

static void check_case(const struct kernels *kernels, const struct linear_case *l)
{
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    struct gemm_weights weights;
    pack(kernels, &arena, l, &weights);
    const size_t n = (size_t)l->rows_per_image * (size_t)(weights.n_columns + GAP);
    float *all = random_floats((size_t)l->n_images * n), *one = random_floats(n);
    struct linear_run r = {.l = l, .weights = &weights, .n_images = l->n_images, .out = all};
    run_layer(kernels, 3, forward, &r);
    compare(l, kernels, &weights, all);
    r.n_images = 1;
    r.out = one;
    for (r.first_image = 0; r.first_image < l->n_images; r.first_image++) {
        run_layer(kernels, 1, forward, &r);
        assert_same_bits(one, all + (size_t)r.first_image * n, n, "an image alone, one thread");
    }
    free(one);
    free(all);
    arena_free(&arena);
}

static void check_tier(const struct kernels *kernels)
{
    static const struct linear_case cases[] = {
        {.n_images = 1, .rows_per_image = 1, .n_segments = 1, .segment_length = 1, .n_groups = 1, .group_length = 1},
        {.n_images = 3, .rows_per_image = 1, .n_segments = 1, .segment_length = 256, .n_groups = 1, .group_length = 97,
         .has_bias = true, .is_logits = true},
        {.n_images = 3, .rows_per_image = 26, .n_segments = 2, .segment_length = 20, .n_groups = 1, .group_length = 33,
         .has_bias = true},
        {.n_images = 2, .rows_per_image = 101, .n_segments = 1, .segment_length = 48, .n_groups = 4, .group_length = 20,
         .has_bias = true, .has_relu = true},
        {.n_images = 2, .rows_per_image = 97, .n_segments = 3, .segment_length = 16, .n_groups = 1,
         .group_length = 150},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct linear_case l = cases[i];
        make_case(&l);
        check_case(kernels, &l);
        l.is_int16 = true;
        if (!kernels->uses_blas && !l.is_logits && l.segment_length > 1) check_case(kernels, &l);
        free_case(&l);
    }
}

static void products_match_double(void **state)
{
    (void)state;
    for_each_tier(check_tier);
}

/* ---- what tiles of rows ask for ---- */

enum { MOST_PARTS = 16 };
static struct {
    void (*gemm_block)(const struct gemm_block *g);
    int n_calls, n_rows, parts;  /* calls and their rows; the parts of all that ask */
    int n_asked[MOST_PARTS];     /* calls that asked for part .. */
} asked;

static void note_what_is_asked(const struct gemm_block *g)
{
    asked.n_calls++;
    asked.n_rows += g->n_rows;
    if (g->ahead_parts > 0) {
        assert_in_range(g->ahead_part, 0, g->ahead_parts - 1);
        assert_in_range(g->ahead_parts, 1, MOST_PARTS);
        if (asked.parts == 0) asked.parts = g->ahead_parts;
        assert_int_equal(g->ahead_parts, asked.parts);
        asked.n_asked[g->ahead_part]++;
    }
    asked.gemm_block(g);
}

/* One panel, and one block of rows on one thread: what comes behind the panel is asked for once, by all tiles of few
 * rows, a share each, or by the last tile of many. */
static void check_shares(const struct kernels *kernels, int n_rows)
{
    const int n_tiles = (n_rows + kernels->gemm_rows - 1) / kernels->gemm_rows;
    struct linear_case l = {.n_images = 1, .rows_per_image = n_rows, .n_segments = 1, .segment_length = 32,
                            .n_groups = 1, .group_length = kernels->gemm_columns};
    struct kernels noting = *kernels;
    noting.gemm_block = note_what_is_asked;
    memset(&asked, 0, sizeof asked);
    asked.gemm_block = kernels->gemm_block;
    make_case(&l);
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    struct gemm_weights weights;
    pack(kernels, &arena, &l, &weights);
    float *out = random_floats((size_t)(n_rows * (weights.n_columns + GAP)));
    struct linear_run r = {.l = &l, .weights = &weights, .n_images = 1, .out = out};
    run_layer(&noting, 1, forward, &r);
    assert_int_equal(asked.n_calls, n_tiles);
    assert_int_equal(asked.n_rows, n_rows);
    assert_int_equal(asked.parts, n_rows <= GEMM_BLOCK_ROWS / 2 ? n_tiles : 1);
    for (int part = 0; part < asked.parts; part++) assert_int_equal(asked.n_asked[part], 1);
    free(out);
    arena_free(&arena);
    free_case(&l);
}

static void check_shares_of_tier(const struct kernels *kernels)
{
    static const int rows[] = {1, 2, 5, 26, GEMM_BLOCK_ROWS / 2, GEMM_BLOCK_ROWS / 2 + 1, GEMM_BLOCK_ROWS};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && !kernels->uses_blas; i++) check_shares(kernels, rows[i]);
}

static void what_follows_a_panel_is_asked_for_once(void **state)
{
    (void)state;
    for_each_tier(check_shares_of_tier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_match_double),
        cmocka_unit_test(what_follows_a_panel_is_asked_for_once),
    };
    print_message("seed %d\n", RANDOM_SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
