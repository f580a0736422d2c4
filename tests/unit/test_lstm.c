/* SPDX-License-Identifier: Apache-2.0 */
/* test_lstm.c - the bidirectional LSTM in every tier against PyTorch's definition in double:
 *
 *   i, f, o = sigmoid(W x + b + U h),  g = tanh(...),  c = f c + i g,  h = o tanh(c)
 *
 * and the same bits whatever the batch and the number of threads. In floats and in 16-bit integers. */
#include "layer_testing.h"

#include "layers/lstm.h"

struct lstm_case {
    int n, t, in, hidden;
    bool is_int16;
    float *x;                  /* [n][t][in] */
    float *w[LSTM_DIRECTIONS]; /* [4 * hidden][in] */
    float *u[LSTM_DIRECTIONS]; /* [4 * hidden][hidden] */
    float *b[LSTM_DIRECTIONS]; /* [4 * hidden] */
    double *exact;             /* [n][t][2][hidden] */
};

static size_t image_floats(const struct lstm_case *l) { return (size_t)(l->t * LSTM_DIRECTIONS * l->hidden); }

/* ---- the judge ---- */

static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

static double gate_sum(const struct lstm_case *l, int direction, int row, const float *x, const double *h)
{
    double sum = (double)l->b[direction][row];
    for (int i = 0; i < l->in; i++) sum += (double)l->w[direction][row * l->in + i] * (double)x[i];
    for (int i = 0; i < l->hidden; i++) sum += (double)l->u[direction][row * l->hidden + i] * h[i];
    return sum;
}

static void judge_step(const struct lstm_case *l, int direction, const float *x, const double *before, double *cell,
                       double *h)
{
    for (int i = 0; i < l->hidden; i++) {
        const double input = sigmoid(gate_sum(l, direction, i, x, before));
        const double forget = sigmoid(gate_sum(l, direction, l->hidden + i, x, before));
        const double candidate = tanh(gate_sum(l, direction, 2 * l->hidden + i, x, before));
        const double output = sigmoid(gate_sum(l, direction, 3 * l->hidden + i, x, before));
        cell[i] = forget * cell[i] + input * candidate;
        h[i] = output * tanh(cell[i]);
    }
}

static void judge_sequence(const struct lstm_case *l, int image, int direction)
{
    double *cell = new_doubles((size_t)l->hidden), *zero = new_doubles((size_t)l->hidden);
    const double *before = zero;
    for (int s = 0; s < l->t; s++) {
        const int step = direction == 0 ? s : l->t - 1 - s;
        const size_t row = (size_t)(image * l->t + step);
        double *h = l->exact + (row * LSTM_DIRECTIONS + (size_t)direction) * (size_t)l->hidden;
        judge_step(l, direction, l->x + row * (size_t)l->in, before, cell, h);
        before = h;
    }
    free(zero);
    free(cell);
}

static void make_case(struct lstm_case *l)
{
    l->x = random_floats((size_t)(l->n * l->t * l->in));
    for (int d = 0; d < LSTM_DIRECTIONS; d++) {
        l->w[d] = random_floats((size_t)(LSTM_GATES * l->hidden * l->in));
        l->u[d] = random_floats((size_t)(LSTM_GATES * l->hidden * l->hidden));
        l->b[d] = random_floats((size_t)(LSTM_GATES * l->hidden));
    }
    l->exact = new_doubles((size_t)l->n * image_floats(l));
    for (int image = 0; image < l->n; image++)
        for (int d = 0; d < LSTM_DIRECTIONS; d++) judge_sequence(l, image, d);
}

static void free_case(struct lstm_case *l)
{
    free(l->x);
    for (int d = 0; d < LSTM_DIRECTIONS; d++) {
        free(l->w[d]);
        free(l->u[d]);
        free(l->b[d]);
    }
    free(l->exact);
}

/* ---- running ---- */

static void pack(const struct kernels *kernels, struct arena *arena, const struct lstm_case *l,
                 struct bidirectional_lstm_weights *weights)
{
    bool (*const pack_weights)(const struct kernels *, struct arena *, struct thread_pool *,
                               const struct gemm_source *, int, struct gemm_weights *) =
        l->is_int16 ? gemm_pack_int16 : gemm_pack;
    struct thread_pool *pool;
    assert_int_equal(thread_pool_new(1, &pool, NULL), TRBA_OK);
    weights->hidden = padded(l->hidden);
    for (int d = 0; d < LSTM_DIRECTIONS; d++) {
        struct matrix matrix = {.values = l->w[d], .row_floats = (size_t)l->in};
        struct gemm_source source = {.rows = {read_rows, &matrix}, .row_floats = matrix.row_floats,
                                     .n_segments = 1,
                                     .segment_length = l->in, .segment_padded = padded(l->in), .element_stride = 1,
                                     .n_groups = LSTM_GATES, .group_length = l->hidden,
                                     .group_padded = padded(l->hidden), .bias = l->b[d]};
        assert_true(pack_weights(kernels, arena, pool, &source, 1, &weights->input[d]));
        matrix = (struct matrix){.values = l->u[d], .row_floats = (size_t)l->hidden};
        source.row_floats = matrix.row_floats;
        source.segment_length = l->hidden;
        source.segment_padded = padded(l->hidden);
        source.bias = NULL;
        assert_true(pack_weights(kernels, arena, pool, &source, 1, &weights->recurrent[d]));
    }
    thread_pool_free(pool);
}

struct lstm_run {
    const struct lstm_case *l;
    const struct bidirectional_lstm_weights *weights;
    int first_image, n_images;
    float *out; /* [n_images][t][2][hidden] */
};

/* The padding of the result must be zero: it goes into the next product. */
static void read_result(const struct lstm_run *r, const float *padded_out)
{
    const int wide = r->weights->hidden, hidden = r->l->hidden;
    float *out = r->out;
    for (int row = 0; row < r->n_images * r->l->t * LSTM_DIRECTIONS; row++)
        for (int i = 0; i < wide; i++) {
            const float value = padded_out[(size_t)row * (size_t)wide + (size_t)i];
            if (i < hidden) *out++ = value;
            else assert_true(value == 0.0f);
        }
}

static void forward(struct layer_run *run, void *arg)
{
    const struct lstm_run *r = arg;
    const struct lstm_case *l = r->l;
    const int wide = padded(l->in), n_rows = r->n_images * l->t;
    float *in = run_rows(run, (size_t)(n_rows * wide));
    float *out = run_rows(run, (size_t)(n_rows * LSTM_DIRECTIONS * r->weights->hidden));
    for (int row = 0; !run->is_planning && row < n_rows; row++)
        for (int i = 0; i < wide; i++)
            in[row * wide + i] = i < l->in ? l->x[(r->first_image * l->t + row) * l->in + i] : 0.0f;
    bidirectional_lstm_forward(run, r->weights, r->n_images, l->t, in, (size_t)wide, out);
    if (!run->is_planning) read_result(r, out);
}

static void check_case(const struct kernels *kernels, const struct lstm_case *l)
{
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    struct bidirectional_lstm_weights weights;
    pack(kernels, &arena, l, &weights);
    const size_t n = image_floats(l);
    float *all = random_floats((size_t)l->n * n), *one = random_floats(n);
    struct lstm_run r = {.l = l, .weights = &weights, .n_images = l->n, .out = all};
    run_layer(kernels, 2, forward, &r);
    const double bound = l->is_int16 ? 1e-3 : 3e-6; /* up to 3.0e-4 and 1e-6 were measured */
    for (size_t i = 0; i < (size_t)l->n * n; i++)
        if (!(fabs((double)all[i] - l->exact[i]) <= bound))
            fail_msg("%s%s n=%d t=%d in=%d hidden=%d: out[%zu] is %.9g, expected %.9g", trba_cpu_name(kernels->cpu),
                     l->is_int16 ? " in integers" : "", l->n, l->t, l->in, l->hidden, i, (double)all[i], l->exact[i]);
    r.n_images = 1;
    r.out = one;
    for (r.first_image = 0; r.first_image < l->n; r.first_image++) {
        run_layer(kernels, 1, forward, &r);
        assert_same_bits(one, all + (size_t)r.first_image * n, n, "an image alone, one thread");
    }
    free(one);
    free(all);
    arena_free(&arena);
}

static void check_tier(const struct kernels *kernels)
{
    static const struct lstm_case cases[] = {
        {.n = 1, .t = 1, .in = 1, .hidden = 1}, {.n = 2, .t = 5, .in = 16, .hidden = 16},
        {.n = 3, .t = 7, .in = 19, .hidden = 20}, {.n = 7, .t = 3, .in = 33, .hidden = 48},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lstm_case l = cases[i];
        make_case(&l);
        check_case(kernels, &l);
        l.is_int16 = true;
        if (!kernels->uses_blas) check_case(kernels, &l);
        free_case(&l);
    }
}

static void both_directions_match_double(void **state)
{
    (void)state;
    for_each_tier(check_tier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_directions_match_double)};
    print_message("seed %d\n", RANDOM_SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
