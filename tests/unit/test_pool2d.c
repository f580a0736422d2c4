/* SPDX-License-Identifier: Apache-2.0 */
/* test_pool2d.c - max pooling and means, in every tier: the largest exactly, pixels outside the map not counted. */
#include "layer_testing.h"

#include "layers/pool2d.h"

struct pool_case {
    struct pool2d_shape shape;
    int n, h, w, c;
    float *in, *out; /* [n][h][w][c], [n][oh][ow][c] */
};

static int output_h(const struct pool_case *p)
{
    return (p->h + 2 * p->shape.pad_h - p->shape.kh) / p->shape.stride_h + 1;
}

static int output_w(const struct pool_case *p)
{
    return (p->w + 2 * p->shape.pad_w - p->shape.kw) / p->shape.stride_w + 1;
}

static void forward_max(struct layer_run *run, void *arg)
{
    const struct pool_case *p = arg;
    const struct feature_map in = run_map(run, 0, p->n, p->h, p->w, padded(p->c));
    if (!run->is_planning) fill_map(&in, p->in, p->c);
    const struct feature_map out = max_pool2d_forward(run, &p->shape, &in, 1);
    if (!run->is_planning) read_map(&out, p->out, p->c);
}

static float largest_in_window(const struct pool_case *p, int image, int y, int x, int c)
{
    float largest = -INFINITY;
    for (int i = 0; i < p->shape.kh; i++)
        for (int j = 0; j < p->shape.kw; j++) {
            const int in_y = y * p->shape.stride_h - p->shape.pad_h + i;
            const int in_x = x * p->shape.stride_w - p->shape.pad_w + j;
            if (in_y < 0 || in_y >= p->h || in_x < 0 || in_x >= p->w) continue;
            largest = fmaxf(largest, p->in[((image * p->h + in_y) * p->w + in_x) * p->c + c]);
        }
    return largest;
}

static void check_max_case(const struct kernels *kernels, struct pool_case *p)
{
    p->in = random_floats((size_t)(p->n * p->h * p->w * p->c));
    for (int i = 0; i < p->n * p->h * p->w * p->c; i++) p->in[i] -= 2.0f; /* all negative: a zero border would win */
    p->out = random_floats((size_t)(p->n * output_h(p) * output_w(p) * p->c));
    run_layer(kernels, 2, forward_max, p);
    const float *got = p->out;
    for (int image = 0; image < p->n; image++)
        for (int y = 0; y < output_h(p); y++)
            for (int x = 0; x < output_w(p); x++)
                for (int c = 0; c < p->c; c++, got++)
                    if (*got != largest_in_window(p, image, y, x, c))
                        fail_msg("%s: image %d, pixel (%d, %d), channel %d is %g", trba_cpu_name(kernels->cpu), image,
                                 y, x, c, (double)*got);
    free(p->in);
    free(p->out);
}

static void check_max(const struct kernels *kernels)
{
    /* The networks' three windows. */
    static const struct pool2d_shape shapes[] = {{2, 2, 2, 2, 0, 0}, {2, 2, 2, 1, 0, 1}, {2, 1, 2, 1, 0, 0}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int round = 0; round < 4; round++) {
            struct pool_case p = {.shape = shapes[i], .n = random_int(1, 3), .h = random_int(2, 9),
                                  .w = random_int(2, 11), .c = random_int(1, 50)};
            check_max_case(kernels, &p);
        }
}

static void the_largest_inside_the_map_is_found(void **state)
{
    (void)state;
    for_each_tier(check_max);
}

static void forward_mean_height(struct layer_run *run, void *arg)
{
    const struct pool_case *p = arg;
    const struct feature_map in = run_map(run, 0, p->n, p->h, p->w, p->c);
    if (!run->is_planning) fill_map(&in, p->in, p->c);
    mean_height_forward(run, &in, p->out);
}

static void forward_mean_map(struct layer_run *run, void *arg)
{
    const struct pool_case *p = arg;
    const struct feature_map in = run_map(run, 0, p->n, p->h, p->w, p->c);
    if (!run->is_planning) fill_map(&in, p->in, p->c);
    mean_map_forward(run, &in, p->out);
}

/* The mean of pixels (0 .. h, x .. x + n_columns) of one channel. */
static double exact_mean(const struct pool_case *p, int image, int x, int n_columns, int c)
{
    double sum = 0.0;
    for (int y = 0; y < p->h; y++)
        for (int j = 0; j < n_columns; j++) sum += (double)p->in[((image * p->h + y) * p->w + x + j) * p->c + c];
    return sum / (p->h * n_columns);
}

static void check_means(const struct kernels *kernels)
{
    struct pool_case p = {.n = 2, .h = 3, .w = 7, .c = 32};
    p.in = random_floats((size_t)(p.n * p.h * p.w * p.c));
    p.out = random_floats((size_t)(p.n * p.w * p.c));
    run_layer(kernels, 2, forward_mean_height, &p);
    for (int i = 0; i < p.n * p.w * p.c; i++)
        assert_true(fabs((double)p.out[i] - exact_mean(&p, i / p.c / p.w, i / p.c % p.w, 1, i % p.c)) <= 4 * 0x1p-24);
    run_layer(kernels, 2, forward_mean_map, &p);
    for (int i = 0; i < p.n * p.c; i++)
        assert_true(fabs((double)p.out[i] - exact_mean(&p, i / p.c, 0, p.w, i % p.c)) <= 22 * 0x1p-24);
    free(p.in);
    free(p.out);
}

static void means_match_double(void **state)
{
    (void)state;
    for_each_tier(check_means);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_largest_inside_the_map_is_found),
                                       cmocka_unit_test(means_match_double)};
    print_message("seed %d\n", RANDOM_SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
