/* SPDX-License-Identifier: Apache-2.0 */
/* test_conv2d.c - convolutions of the networks' kinds, direct and Winograd, in every tier against a direct convolution
 * in double; and the same bits whatever the batch, the other channels and the number of threads. In floats, in 16-bit
 * integers and in bfloat16. */
#include "layer_testing.h"

#include "layers/conv2d.h"

struct conv_case {
    struct conv2d_shape shape;
    int n, h, w;
    bool is_input, has_bias, has_residual, has_relu;
    float *in, *kernel, *bias, *residual; /* [n][h][w][c], [oc][c][kh][kw], [oc], [n][oh][ow][oc] */
    double *exact, *magnitude;            /* [n][oh][ow][oc]: the sum, and the sum of its terms' magnitudes */
    double largest_magnitude;
};

static int output_h(const struct conv_case *t)
{
    return (t->h + 2 * t->shape.pad_h - t->shape.kh) / t->shape.stride_h + 1;
}

static int output_w(const struct conv_case *t)
{
    return (t->w + 2 * t->shape.pad_w - t->shape.kw) / t->shape.stride_w + 1;
}

static size_t image_floats(const struct conv_case *t) { return (size_t)(output_h(t) * output_w(t) * t->shape.oc); }

/* ---- the judge ---- */

static void add_window(const struct conv_case *t, int image, int y, int x, int oc, double *sum, double *magnitude)
{
    const struct conv2d_shape *s = &t->shape;
    for (int i = 0; i < s->kh; i++) {
        for (int j = 0; j < s->kw; j++) {
            const int in_y = y * s->stride_h - s->pad_h + i, in_x = x * s->stride_w - s->pad_w + j;
            if (in_y < 0 || in_y >= t->h || in_x < 0 || in_x >= t->w) continue;
            for (int c = 0; c < s->c; c++) {
                const double term = (double)t->in[((image * t->h + in_y) * t->w + in_x) * s->c + c] *
                                    (double)t->kernel[((oc * s->c + c) * s->kh + i) * s->kw + j];
                *sum += term;
                *magnitude += fabs(term);
            }
        }
    }
}

static void judge(struct conv_case *t)
{
    size_t at = 0;
    for (int image = 0; image < t->n; image++)
        for (int y = 0; y < output_h(t); y++)
            for (int x = 0; x < output_w(t); x++)
                for (int oc = 0; oc < t->shape.oc; oc++, at++) {
                    double sum = t->has_bias ? (double)t->bias[oc] : 0.0;
                    if (t->has_residual) sum += (double)t->residual[at];
                    double magnitude = 2.0; /* bias and residual */
                    add_window(t, image, y, x, oc, &sum, &magnitude);
                    t->exact[at] = t->has_relu && sum < 0.0 ? 0.0 : sum;
                    t->magnitude[at] = magnitude;
                    if (magnitude > t->largest_magnitude) t->largest_magnitude = magnitude;
                }
}

static void make_case(struct conv_case *t)
{
    const struct conv2d_shape *s = &t->shape;
    const size_t n_out = (size_t)t->n * image_floats(t);
    t->in = random_floats((size_t)(t->n * t->h * t->w * s->c));
    t->kernel = random_floats((size_t)(s->oc * s->c * s->kh * s->kw));
    t->bias = random_floats((size_t)s->oc);
    t->residual = random_floats(n_out);
    t->exact = new_doubles(n_out);
    t->magnitude = new_doubles(n_out);
    judge(t);
}

static void free_case(struct conv_case *t)
{
    free(t->in);
    free(t->kernel);
    free(t->bias);
    free(t->residual);
    free(t->exact);
    free(t->magnitude);
}

/* ---- running ---- */

struct conv_run {
    const struct conv_case *t;
    const struct conv2d_weights *weights;
    int first_image, n_images;
    float *out; /* [n_images][oh][ow][oc] */
};

static void forward(struct layer_run *run, void *arg)
{
    const struct conv_run *r = arg;
    const struct conv_case *t = r->t;
    const size_t first = (size_t)r->first_image;
    const int c = t->shape.c, oc = t->shape.oc;
    const struct feature_map in = run_map(run, 0, r->n_images, t->h, t->w, t->is_input ? c : padded(c));
    if (run->is_planning) run_map(run, 1, 1, 4, 4, CHANNEL_ALIGN); /* stays NaN: nothing is to be read behind `in` */
    const struct feature_map residual = run_map(run, 3, r->n_images, output_h(t), output_w(t), padded(oc));
    if (!run->is_planning) {
        fill_map(&in, t->in + first * (size_t)(t->h * t->w * c), c);
        fill_map(&residual, t->residual + first * image_floats(t), oc);
    }
    const struct feature_map out = conv2d_forward(run, r->weights, &in, 2, t->has_residual ? &residual : NULL,
                                                  t->has_relu);
    if (!run->is_planning) read_map(&out, r->out, oc);
}

static bool has_integers(const struct conv2d_weights *weights)
{
    return weights->method == CONV2D_DIRECT ? weights->direct.packed_int16 != NULL : weights->taps != NULL;
}

/* bfloat16: both numbers of a term are off by 2^-9 of themselves at most. */
static double bf16_error_bound(const struct conv_case *t, size_t at)
{
    const int n_terms = t->shape.c * t->shape.kh * t->shape.kw;
    return (2.01 * 0x1p-9 + (2.0 * n_terms + 3.0) * 0x1p-24) * t->magnitude[at];
}

/* Integers in two parts: each number is off by half of its scale, which is a 32639th of the largest, here at most 1;
 * and the product of the low parts, at most 128 * 128 of both scales, is left out. */
static double int8x2_error_bound(const struct conv_case *t)
{
    const int n_terms = t->shape.c * t->shape.kh * t->shape.kw;
    return n_terms * (1.01 / INT8X2_LARGEST + 128.0 * 128.0 / INT8X2_LARGEST / INT8X2_LARGEST) + 1e-6;
}

/* Direct: every term a rounded product and an addition. Winograd: the transforms mix the window's values with weights
 * far above one and cancel again, so a bound from the number of roundings would be a thousand times too wide to say
 * anything. Measured over 33 million outputs, as a share of the largest sum of magnitudes of a map: 2.4e-6 at most, and
 * 1.8e-7 as the root of a map's mean square, both of small maps with one channel. The mean depends less on the luck of
 * the draw, so it is held closely, and the largest loosely. */
static double error_bound(const struct conv_case *t, const struct conv2d_weights *weights, size_t at)
{
    const int n_terms = t->shape.c * t->shape.kh * t->shape.kw;
    if (weights->method == CONV2D_TILES)
        return weights->tiles == TILES_INT8X2 ? int8x2_error_bound(t) : bf16_error_bound(t, at);
    if (has_integers(weights)) return (weights->method == CONV2D_DIRECT ? 1e-4 : 3e-4) * t->largest_magnitude;
    if (weights->method == CONV2D_DIRECT) return (2.0 * n_terms + 3.0) * 0x1p-24 * t->magnitude[at];
    return 1e-5 * t->largest_magnitude;
}

/* As a share of the largest magnitude. Integers: each number of both vectors is off by up to half of a scale, which is
 * norm / 46200. With n numbers of -1 .. 1, of a norm of sqrt(n / 3), the root of the mean square of a sum's error is
 * sqrt(n / 3 * 2 / 12) * sqrt(n / 3) / 46200 = 2.9e-6 * n, beside a magnitude of n / 4: 1.2e-5; of the largest
 * magnitude up to 1.1e-5 was measured, with Winograd's transforms around it 3.0e-5. */
static double root_mean_square_bound(const struct conv2d_weights *weights)
{
    /* Numbers of -1 .. 1 are off by 2^-10.8 of themselves as a root of the mean square, n of them in a sum of a
     * magnitude of n / 4, of which the errors are a share of 1.1e-3 / sqrt(n): 17 terms at least. */
    if (weights->method == CONV2D_TILES && weights->tiles == TILES_BF16) return 4e-4;
    /* n numbers of -1 .. 1, off by 0.29 / 32639 = 8.8e-6, the root of the mean square, beside 0.58 of the other number:
     * 7.2e-6 * sqrt(n); the low parts' products of 74 * 74 / 32639^2 = 5.1e-6 * sqrt(n); beside a magnitude of n / 4 a
     * share of 3.5e-5 / sqrt(n): 17 terms at least. */
    if (weights->method == CONV2D_TILES) return 1.2e-5;
    /* Of 512 channels of Winograd's, in groups, 2.6e-8 to 4.0e-8 was measured; in one chain 4.8e-8 to 7.4e-8. */
    if (weights->method == CONV2D_WINOGRAD && !has_integers(weights) && weights->shape.c >= 512) return 4.4e-8;
    if (!has_integers(weights)) return 2e-7;
    return weights->method == CONV2D_DIRECT ? 2e-5 : 4e-5;
}

static void describe_case(const struct conv_case *t, const struct kernels *kernels,
                          const struct conv2d_weights *weights)
{
    static const char *const in_tiles[] = {"", " in tiles of bfloat16", " in tiles of integers"};
    print_message("%s%s: n=%d h=%d w=%d c=%d oc=%d kernel %dx%d\n", trba_cpu_name(kernels->cpu),
                  has_integers(weights) ? " in integers" : in_tiles[weights->tiles], t->n, t->h, t->w, t->shape.c,
                  t->shape.oc, t->shape.kh, t->shape.kw);
}

static void compare(const struct conv_case *t, const struct kernels *kernels, const struct conv2d_weights *weights,
                    const float *out)
{
    const size_t n = (size_t)t->n * image_floats(t);
    double sum_of_squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double error = fabs((double)out[i] - t->exact[i]);
        sum_of_squares += error * error;
        if (error <= error_bound(t, weights, i)) continue;
        describe_case(t, kernels, weights);
        fail_msg("out[%zu] is %.9g, expected %.9g +- %.2g", i, (double)out[i], t->exact[i], error_bound(t, weights, i));
    }
    const double share = sqrt(sum_of_squares / (double)n) / t->largest_magnitude;
    if (share <= root_mean_square_bound(weights)) return;
    describe_case(t, kernels, weights);
    fail_msg("the root of the mean squared error is %.2g of the largest magnitude", share);
}

static void pack_case(const struct kernels *kernels, struct arena *arena, const struct conv_case *t, int n_threads,
                      struct conv2d_weights *out)
{
    struct thread_pool *pool = NULL;
    const struct matrix matrix = {.values = t->kernel,
                                  .row_floats = (size_t)(t->shape.c * t->shape.kh * t->shape.kw)};
    const struct conv2d_source source = {.rows = {read_rows, &matrix}, .bias = t->has_bias ? t->bias : NULL};
    assert_int_equal(thread_pool_new(n_threads, &pool, NULL), TRBA_OK);
    assert_true(conv2d_pack(kernels, arena, pool, &t->shape, t->is_input, &source, out));
    thread_pool_free(pool);
}

/* All images with two threads against the judge; each alone with one thread against that. */
static void check_case(const struct kernels *kernels, const struct conv_case *t, enum conv2d_method method)
{
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    struct conv2d_weights weights;
    pack_case(kernels, &arena, t, random_int(1, 3), &weights);
    assert_int_equal(weights.method, method);
    float *all = random_floats((size_t)t->n * image_floats(t)), *one = random_floats(image_floats(t));
    struct conv_run r = {.t = t, .weights = &weights, .n_images = t->n, .out = all};
    run_layer(kernels, 2, forward, &r);
    compare(t, kernels, &weights, all);
    r.n_images = 1;
    r.out = one;
    for (r.first_image = 0; r.first_image < t->n; r.first_image++) {
        run_layer(kernels, 1, forward, &r);
        assert_same_bits(one, all + (size_t)r.first_image * image_floats(t), image_floats(t),
                         "an image alone, one thread");
    }
    free(one);
    free(all);
    arena_free(&arena);
}

/* One whose sizes and options are chosen. */
static void check_new_case(const struct kernels *kernels, struct conv_case *t, enum conv2d_method method)
{
    make_case(t);
    check_case(kernels, t, method);
    free_case(t);
}

static void choose_options(struct conv_case *t)
{
    t->has_bias = random_int(0, 1);
    t->has_residual = random_int(0, 1);
    t->has_relu = random_int(0, 1);
}

/* ---- tests ---- */

static void check_direct(const struct kernels *kernels)
{
    /* c, oc, kernel, strides, pads: the first layer, ResNet's conv4_1 and conv4_2, its 1x1 downsampling, VGG's last. */
    static const struct { struct conv2d_shape shape; bool is_input; } kinds[] = {
        {{1, 24, 3, 3, 1, 1, 1, 1}, true}, {{3, 16, 3, 3, 1, 1, 1, 1}, true}, {{20, 33, 2, 2, 2, 1, 0, 1}, false},
        {{20, 33, 2, 2, 1, 1, 0, 0}, false}, {{17, 40, 1, 1, 1, 1, 0, 0}, false}, {{35, 7, 3, 3, 2, 2, 1, 1}, false},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (int round = 0; round < 3; round++) {
            struct conv_case t = {.shape = kinds[i].shape, .is_input = kinds[i].is_input, .n = random_int(1, 3),
                                  .h = random_int(2, 9), .w = random_int(2, 17)};
            choose_options(&t);
            check_new_case(kernels, &t, CONV2D_DIRECT);
        }
    }
}

static void direct_convolutions_match_double(void **state)
{
    (void)state;
    for_each_tier(check_direct);
}

/* Also where the table itself would not ask for Winograd: the reference tier has its kernels too. With BLAS the packed
 * products have another layout, so it never does. few_rows: up to so many tiles go to winograd_product. */
static bool ask_for_winograd(const struct kernels *kernels, int few_rows, struct kernels *asking)
{
    *asking = *kernels;
    asking->uses_winograd = true;
    asking->winograd_few_rows = few_rows;
    return !kernels->uses_blas;
}

static void check_winograd(const struct kernels *kernels)
{
    struct kernels asking;
    for (int round = 0; round < 24; round++) {
        if (!ask_for_winograd(kernels, round % 2 * WINOGRAD_FEW_ROWS, &asking)) return;
        struct conv_case t = {.shape = {random_int(1, 40), random_int(1, 70), 3, 3, 1, 1, 1, 1},
                              .n = random_int(1, 3), .h = random_int(1, 9), .w = random_int(1, 30)};
        choose_options(&t);
        check_new_case(&asking, &t, CONV2D_WINOGRAD);
    }
}

/* A tile of five columns that loses one to the border, behind which the map ends, too. The reference, which multiplies
 * by zeros, too, lets no NaN pass. */
static void check_last_tile(const struct kernels *kernels)
{
    struct kernels asking;
    if (!ask_for_winograd(kernels, kernels->winograd_few_rows, &asking)) return;
    struct conv_case t = {.shape = {20, 20, 3, 3, 1, 1, 1, 1}, .n = 2, .h = 4, .w = 4};
    check_new_case(&asking, &t, CONV2D_WINOGRAD);
}

static void winograd_reads_nothing_behind_the_map(void **state)
{
    (void)state;
    for_each_tier(check_last_tile);
}

/* Channels are summed in groups of 128, and the last is narrower: a whole group at a time where tiles are many, all
 * images', and a few channels at a time where they are few, one image's. */
static void check_groups(const struct kernels *kernels)
{
    static const int channels[] = {129, 256, 300, 512};
    struct kernels asking;
    for (size_t i = 0; i < 2 * (sizeof channels / sizeof channels[0]); i++) {
        if (!ask_for_winograd(kernels, i % 2 == 0 ? 0 : WINOGRAD_FEW_ROWS, &asking)) return;
        struct conv_case t = {.shape = {channels[i / 2], 20, 3, 3, 1, 1, 1, 1}, .n = 12, .h = 4, .w = 26};
        choose_options(&t);
        check_new_case(&asking, &t, CONV2D_WINOGRAD);
    }
}

/* 40 tiles on two threads: blocks of 18, 18 and 4, the last without a tile of six columns. */
static void check_last_block(const struct kernels *kernels)
{
    struct kernels asking;
    if (!ask_for_winograd(kernels, WINOGRAD_FEW_ROWS, &asking)) return;
    struct conv_case t = {.shape = {200, 64, 3, 3, 1, 1, 1, 1}, .n = 8, .h = 4, .w = 26};
    choose_options(&t);
    check_new_case(&asking, &t, CONV2D_WINOGRAD);
}

static void winograd_multiplies_few_tiles_behind_many(void **state)
{
    (void)state;
    for_each_tier(check_last_block);
}

static void winograd_convolutions_of_many_channels_match_double(void **state)
{
    (void)state;
    for_each_tier(check_groups);
}

static struct {
    void (*gemm_panel)(const struct gemm_panel *g);
    void (*winograd_product)(const struct winograd_product *p);
    int width;      /* of a panel of winograd_product */
    int n_products; /* rows times points times terms times columns, outside winograd_product */
    int n_of_few;   /* inside */
} counted;

static void count_products(const struct gemm_panel *g)
{
    counted.n_products += g->n_rows * g->n_points * g->depth * g->width;
    counted.gemm_panel(g);
}

static void count_few(const struct winograd_product *p)
{
    const int rows = (p->point_columns - 1) * p->n_rows + p->n_last_rows;
    counted.n_of_few += rows * WINOGRAD_AXIS_POINTS * p->n_channels * counted.width;
    counted.winograd_product(p);
}

/* 26 columns are a tile of six and four of five: of the last column of points, the tile of six alone has products. */
static void check_products_of(const struct kernels *kernels, int few_rows, int n_images)
{
    struct kernels counting = *kernels;
    counting.winograd_few_rows = few_rows;
    counting.gemm_panel = count_products;
    counting.winograd_product = count_few;
    counted.gemm_panel = kernels->gemm_panel;
    counted.winograd_product = kernels->winograd_product;
    counted.width = kernels->winograd_panel;
    counted.n_products = counted.n_of_few = 0;
    struct conv_case t = {.shape = {32, 48, 3, 3, 1, 1, 1, 1}, .n = n_images, .h = 4, .w = 26};
    make_case(&t);
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    struct conv2d_weights weights;
    pack_case(&counting, &arena, &t, 1, &weights);
    float *out = random_floats((size_t)t.n * image_floats(&t));
    struct conv_run r = {.t = &t, .weights = &weights, .n_images = t.n, .out = out};
    run_layer(&counting, 1, forward, &r);
    /* A last panel that is narrower goes the other way. */
    const int of_column = t.n * 6 * (8 + 4 * 7) * 32, is_few = t.n * 5 <= few_rows;
    const int columns_of_few = is_few ? 48 / counted.width * counted.width : 0;
    assert_int_equal(counted.n_of_few, of_column * columns_of_few);
    assert_int_equal(counted.n_products, of_column * (48 - columns_of_few));
    free(out);
    arena_free(&arena);
    free_case(&t);
}

static void check_products(const struct kernels *kernels)
{
    if (!kernels->uses_winograd) return;
    check_products_of(kernels, 0, 1);
    check_products_of(kernels, 0, 3);
    check_products_of(kernels, WINOGRAD_FEW_ROWS, 1);
    check_products_of(kernels, WINOGRAD_FEW_ROWS, 3);
}

static void winograd_makes_no_more_products_than_its_tiles_have(void **state)
{
    (void)state;
    for_each_tier(check_products);
}

static void winograd_convolutions_match_double_on_maps_of_any_size(void **state)
{
    (void)state;
    for_each_tier(check_winograd);
}

/* More tiles than fit a chunk (16 MiB): 48 points * 512 channels * 4 bytes = 98 KB a tile, 170 tiles; here are 210, the
 * wide ones in both chunks. In integers 74 KB, 227 tiles; here are 300. */
static void check_chunks(const struct kernels *kernels)
{
    if (!kernels->uses_winograd) return;
    struct kernels in_integers = *kernels;
    in_integers.uses_int16 = true;
    struct conv_case t = {.shape = {500, 4, 3, 3, 1, 1, 1, 1}, .n = 3, .h = 18, .w = 79, .has_bias = true};
    make_case(&t);
    check_case(kernels, &t, CONV2D_WINOGRAD);
    check_case(&in_integers, &t, CONV2D_WINOGRAD);
    free_case(&t);
}

static void winograd_goes_through_several_chunks(void **state)
{
    (void)state;
    for_each_tier(check_chunks);
}

/* ---- in 16-bit integers ---- */

/* The tier's table, asking for integers. Where the library never asks for them, in the reference tier, the kernels have
 * their meaning all the same. */
static bool ask_for_integers(const struct kernels *kernels, struct kernels *out)
{
    *out = *kernels;
    out->uses_int16 = true;
    return !kernels->uses_blas;
}

static void assert_integers(const struct kernels *kernels, const struct conv_case *t, bool expected)
{
    struct arena arena;
    struct conv2d_weights weights;
    arena_init(&arena, SIZE_MAX);
    pack_case(kernels, &arena, t, 1, &weights);
    assert_int_equal(has_integers(&weights), expected);
    arena_free(&arena);
}

static void check_direct_in_integers(const struct kernels *kernels)
{
    /* Of few terms (1x1 of 17 channels: 32 with the padding), and of the picture itself, none are made. */
    static const struct { struct conv2d_shape shape; bool is_input, has_integers; } kinds[] = {
        {{3, 33, 4, 4, 1, 1, 1, 1}, true, false},  {{17, 40, 1, 1, 1, 1, 0, 0}, false, false},
        {{20, 33, 2, 2, 2, 1, 0, 1}, false, true}, {{64, 90, 1, 1, 1, 1, 0, 0}, false, true},
        {{35, 7, 3, 3, 2, 2, 1, 1}, false, true},  {{150, 90, 2, 2, 1, 1, 0, 0}, false, true},
    };
    struct kernels asking;
    if (!ask_for_integers(kernels, &asking)) return;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (int round = 0; round < 3; round++) {
            struct conv_case t = {.shape = kinds[i].shape, .is_input = kinds[i].is_input, .n = random_int(1, 3),
                                  .h = random_int(2, 9), .w = random_int(2, 17)};
            choose_options(&t);
            make_case(&t);
            check_case(&asking, &t, CONV2D_DIRECT);
            assert_integers(&asking, &t, kinds[i].has_integers);
            free_case(&t);
        }
    }
}

static void direct_convolutions_in_integers_match_double(void **state)
{
    (void)state;
    for_each_tier(check_direct_in_integers);
}

static void check_winograd_in_integers(const struct kernels *kernels)
{
    struct kernels asking;
    if (!ask_for_integers(kernels, &asking)) return;
    asking.uses_winograd = true;
    for (int round = 0; round < 18; round++) {
        struct conv_case t = {.shape = {random_int(33, 140), random_int(1, 140), 3, 3, 1, 1, 1, 1},
                              .n = random_int(1, 3), .h = random_int(1, 9), .w = random_int(1, 13)};
        choose_options(&t);
        make_case(&t);
        check_case(&asking, &t, CONV2D_WINOGRAD);
        assert_integers(&asking, &t, padded(t.shape.c) >= 64);
        free_case(&t);
    }
}

static void winograd_convolutions_in_integers_match_double(void **state)
{
    (void)state;
    for_each_tier(check_winograd_in_integers);
}

/* ---- in tiles ---- */

/* The tier's table, asking for products in tiles; AMX asks the operating system first. */
static bool ask_for_tiles(const struct kernels *kernels, enum tile_numbers numbers, struct kernels *out)
{
    *out = *kernels;
    out->tiles = numbers;
    if (kernels->cpu == TRBA_CPU_AVX512AMX && !cpu_allow_tiles()) fail_msg("no leave to use tiles");
    return !kernels->uses_blas;
}

static void check_tiles(const struct kernels *kernels)
{
    /* The picture itself, and strides from left to right, are left to the direct convolution. */
    static const struct { struct conv2d_shape shape; bool is_input; enum conv2d_method method; } kinds[] = {
        {{3, 16, 3, 3, 1, 1, 1, 1}, true, CONV2D_DIRECT},    {{35, 7, 3, 3, 2, 2, 1, 1}, false, CONV2D_DIRECT},
        {{17, 70, 3, 3, 1, 1, 1, 1}, false, CONV2D_TILES},   {{70, 33, 3, 3, 1, 1, 1, 1}, false, CONV2D_TILES},
        {{20, 33, 2, 2, 2, 1, 0, 1}, false, CONV2D_TILES},   {{20, 33, 2, 2, 1, 1, 0, 0}, false, CONV2D_TILES},
        {{40, 40, 1, 1, 1, 1, 0, 0}, false, CONV2D_TILES},   {{33, 20, 3, 3, 2, 1, 1, 1}, false, CONV2D_TILES},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (enum tile_numbers numbers = TILES_BF16; numbers <= TILES_INT8X2; numbers++) {
            struct kernels asking;
            if (!ask_for_tiles(kernels, numbers, &asking)) return;
            for (int round = 0; round < 3; round++) {
                struct conv_case t = {.shape = kinds[i].shape, .is_input = kinds[i].is_input, .n = random_int(1, 3),
                                      .h = random_int(2, 9), .w = random_int(2, 37)};
                choose_options(&t);
                check_new_case(&asking, &t, kinds[i].method);
            }
        }
    }
}

static void convolutions_in_tiles_match_double(void **state)
{
    (void)state;
    for_each_tier(check_tiles);
}

/* 500 channels * 2 parts * 1,000 pixels are 1 MB an image, so a chunk is one image; small images are two in one. */
static void check_tile_chunks(const struct kernels *kernels)
{
    for (enum tile_numbers numbers = TILES_BF16; numbers <= TILES_INT8X2; numbers++) {
        struct kernels asking;
        if (!ask_for_tiles(kernels, numbers, &asking)) return;
        struct conv_case large = {.shape = {500, 2, 3, 3, 1, 1, 1, 1}, .n = 6, .h = 8, .w = 98, .has_bias = true};
        check_new_case(&asking, &large, CONV2D_TILES);
        struct conv_case small = {.shape = {70, 20, 3, 3, 1, 1, 1, 1}, .n = 19, .h = 3, .w = 11, .has_bias = true};
        check_new_case(&asking, &small, CONV2D_TILES);
    }
}

static void tiles_go_through_several_chunks(void **state)
{
    (void)state;
    for_each_tier(check_tile_chunks);
}

/* Of three images all threads make the rows, of four each its own. A black one has its bias, one with an infinity is
 * NaN throughout, and the others know nothing of them. */
static void check_scales_of_images(const struct kernels *kernels)
{
    for (int n = 3; n <= 4; n++) {
        struct kernels asking;
        if (!ask_for_tiles(kernels, TILES_INT8X2, &asking)) return;
        struct conv_case t = {.shape = {40, 32, 3, 3, 1, 1, 1, 1}, .n = n, .h = 4, .w = 9, .has_bias = true};
        struct arena arena;
        struct conv2d_weights weights;
        make_case(&t);
        const size_t in_floats = (size_t)(t.h * t.w * t.shape.c), out_floats = image_floats(&t);
        memset(t.in, 0, in_floats * sizeof(float));
        t.in[in_floats + 7] = INFINITY;
        arena_init(&arena, SIZE_MAX);
        pack_case(&asking, &arena, &t, 2, &weights);
        float *all = random_floats((size_t)n * out_floats), *alone = random_floats(out_floats);
        struct conv_run r = {.t = &t, .weights = &weights, .n_images = n, .out = all};
        run_layer(&asking, 2, forward, &r);
        for (size_t i = 0; i < out_floats; i++) {
            assert_float_equal(all[i], t.bias[i % (size_t)t.shape.oc], 0.0f);
            assert_true(isnan(all[out_floats + i]));
        }
        for (int image = 2; image < n; image++) {
            struct conv_run one = {.t = &t, .weights = &weights, .first_image = image, .n_images = 1, .out = alone};
            run_layer(&asking, 1, forward, &one);
            assert_same_bits(alone, all + (size_t)image * out_floats, out_floats, "an image without its neighbours");
        }
        free(all);
        free(alone);
        arena_free(&arena);
        free_case(&t);
    }
}

static void images_in_tiles_have_scales_of_their_own(void **state)
{
    (void)state;
    for_each_tier(check_scales_of_images);
}

/* The channels from `first` on as a convolution of their own. */
static void run_channels(const struct kernels *kernels, const struct conv_case *t, int first, int n_threads,
                         float *out)
{
    struct conv_case part = *t;
    struct arena arena;
    struct conv2d_weights weights;
    part.shape.oc -= first;
    part.kernel += (size_t)(first * t->shape.c * t->shape.kh * t->shape.kw);
    part.bias += first;
    arena_init(&arena, SIZE_MAX);
    pack_case(kernels, &arena, &part, n_threads, &weights);
    struct conv_run r = {.t = &part, .weights = &weights, .n_images = t->n, .out = out};
    run_layer(kernels, 1, forward, &r);
    arena_free(&arena);
}

/* 80 channels are a panel of 64 and one of 16, or five of 16. Among 100 channels of input there are 12 of padding. */
static void check_other_channels(const struct kernels *kernels)
{
    enum { ALL = 80, FIRST = 64, PART = ALL - FIRST };
    if (kernels->uses_blas) return;
    struct conv_case t = {.shape = {100, ALL, 3, 3, 1, 1, 1, 1}, .n = 1, .h = 5, .w = 6, .has_bias = true};
    make_case(&t);
    const size_t n_pixels = (size_t)(t.h * t.w);
    float *all = random_floats(n_pixels * ALL), *part = random_floats(n_pixels * PART);
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        run_channels(kernels, &t, 0, n_threads, all);
        run_channels(kernels, &t, FIRST, 1, part);
        for (size_t i = 0; i < n_pixels; i++)
            assert_same_bits(part + i * PART, all + i * ALL + FIRST, PART, "channels without their neighbours");
    }
    free(all);
    free(part);
    free_case(&t);
}

static void check_other_channels_both_ways(const struct kernels *kernels)
{
    struct kernels asking;
    check_other_channels(kernels);
    if (ask_for_integers(kernels, &asking)) check_other_channels(&asking);
    if (ask_for_tiles(kernels, TILES_BF16, &asking)) check_other_channels(&asking);
    if (ask_for_tiles(kernels, TILES_INT8X2, &asking)) check_other_channels(&asking);
}

static void a_channel_does_not_depend_on_the_others(void **state)
{
    (void)state;
    for_each_tier(check_other_channels_both_ways);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(direct_convolutions_match_double),
        cmocka_unit_test(winograd_convolutions_match_double_on_maps_of_any_size),
        cmocka_unit_test(winograd_reads_nothing_behind_the_map),
        cmocka_unit_test(winograd_convolutions_of_many_channels_match_double),
        cmocka_unit_test(winograd_multiplies_few_tiles_behind_many),
        cmocka_unit_test(winograd_makes_no_more_products_than_its_tiles_have),
        cmocka_unit_test(winograd_goes_through_several_chunks),
        cmocka_unit_test(direct_convolutions_in_integers_match_double),
        cmocka_unit_test(winograd_convolutions_in_integers_match_double),
        cmocka_unit_test(convolutions_in_tiles_match_double),
        cmocka_unit_test(tiles_go_through_several_chunks),
        cmocka_unit_test(images_in_tiles_have_scales_of_their_own),
        cmocka_unit_test(a_channel_does_not_depend_on_the_others),
    };
    print_message("seed %d\n", RANDOM_SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
