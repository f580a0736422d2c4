/* SPDX-License-Identifier: Apache-2.0 */
/* kernelbench.c - how long every kernel of kernels.inc takes, tier by tier, on the shapes of real layers.
 *
 *   shapes.txt  --read-->  layer, kernel, up to three sizes
 *   for each tier, for each shape:  repeat until a sample takes long enough; several samples
 *   -->  minimum and median time of the layer's work, GFLOP/s of the minimum
 *
 *   usage: kernelbench [--tier NAME] [--kernel NAME] [--samples N] [--markdown] SHAPES
 *
 * Times are processor time of this thread, so that other programs on the machine count only by what they take from the
 * caches. Inputs are warm: what they would cost from memory is for the benchmark of whole networks to tell. A kernel of
 * the list without a function here does not compile, and one without a shape in the file is an error. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "base/integers.h"
#include "kernels/kernels.h"

enum { MAX_SHAPES = 200, MAX_SAMPLES = 1000, MEMORY_FLOATS = 4 * 1024 * 1024, MAX_WINDOW = 9, MAX_TILE_ROWS = 1024 };

struct shape {
    char layer[40], kernel[32];
    int first, second, third; /* see shapes.txt; 0 where not used */
};

/* What the kernels work on: read only, read only (weights), written. Filled with numbers of order one. */
static float *inputs, *weights, *outputs;

/* ---- one layer's work, kernel by kernel ---- */

static void bench_gemm_block(const struct kernels *k, const struct shape *s)
{
    static const ptrdiff_t no_offset[1] = {0};
    for (int row = 0; row < s->first; row += k->gemm_rows) {
        struct gemm_block g = {.n_rows = smaller(k->gemm_rows, s->first - row), .taps = no_offset, .n_taps = 1,
                               .depth = s->second, .b = weights, .n_columns = s->third, .bias = weights,
                               .ahead_parts = 1};
        for (int i = 0; i < g.n_rows; i++) {
            g.a[i] = inputs + (size_t)(row + i) * (size_t)s->second;
            g.out[i] = outputs + (size_t)(row + i) * (size_t)s->third;
        }
        k->gemm_block(&g);
    }
}

/* A column of points. */
static void bench_gemm_panel(const struct kernels *k, const struct shape *s)
{
    const size_t rows = (size_t)s->first, depth = (size_t)s->second;
    struct gemm_panel g = {.n_points = WINOGRAD_AXIS_POINTS, .n_rows = s->first, .a = inputs,
                           .a_point_stride = rows * depth, .a_stride = depth, .depth = s->second, .b = weights,
                           .width = smaller(s->third, k->winograd_panel), .out = outputs, .continues = true};
    g.b_point_stride = depth * (size_t)g.width;
    g.out_point_stride = rows * (size_t)g.width;
    for (int column = 0; column < s->third; column += g.width) k->gemm_panel(&g);
}

/* The weights are whatever bits lie there; sums may wrap around, which takes no longer. */
static void bench_gemm_block_int16(const struct kernels *k, const struct shape *s)
{
    for (int row = 0; row < s->first; row += k->gemm_rows) {
        struct gemm_block_int16 g = {.n_rows = smaller(k->gemm_rows, s->first - row), .depth = s->second,
                                     .b = (const int16_t *)weights, .column_scales = weights, .n_columns = s->third,
                                     .bias = weights};
        for (int i = 0; i < g.n_rows; i++) {
            g.a[i] = (const int16_t *)inputs + (size_t)(row + i) * (size_t)s->second;
            g.out[i] = outputs + (size_t)(row + i) * (size_t)s->third;
        }
        k->gemm_block_int16(&g);
    }
}

static void bench_quantize_row(const struct kernels *k, const struct shape *s)
{
    static const ptrdiff_t no_offset[1] = {0};
    for (int row = 0; row < s->first; row++)
        k->quantize_row(inputs + (size_t)row * (size_t)s->second, no_offset, 1, s->second,
                        (int16_t *)outputs + (size_t)row * (size_t)s->second);
}

static void bench_quantize_panel(const struct kernels *k, const struct shape *s)
{
    k->quantize_panel(weights, s->first, s->second, (int16_t *)outputs, inputs);
}

/* 3x3 over `first` pixels in a row, `second` channels, every panel of `third` columns. */
static void run_tiles(const struct shape *s, int depth, int n_parts, void (*kernel)(const struct gemm_tiles *g))
{
    enum { N_TAPS = 9 };
    ptrdiff_t taps[N_TAPS], row_at[MAX_TILE_ROWS];
    for (int t = 0; t < N_TAPS; t++) taps[t] = t * TILE_BYTES;
    for (int i = 0; i < s->first; i++) row_at[i] = (ptrdiff_t)i * s->third;
    struct gemm_tiles g = {.n_rows = s->first, .a = (const uint8_t *)inputs, .taps = taps, .n_taps = N_TAPS,
                           .scale = 1.0f, .column_scales = weights, .bias = weights, .row_at = row_at};
    g.n_blocks = (s->second + depth - 1) / depth;
    g.block_stride = (size_t)(s->first + TILE_ROWS + N_TAPS) * TILE_BYTES;
    g.part_stride = g.block_stride * (size_t)g.n_blocks;
    const size_t panel = (size_t)(g.n_blocks * N_TAPS * n_parts) * TILE_ROWS * TILE_BYTES;
    for (int column = 0; column < s->third; column += TILE_COLUMNS) {
        g.b = (const uint8_t *)weights + (size_t)(column / TILE_COLUMNS) * panel;
        g.out = outputs + column;
        kernel(&g);
    }
}

static void bench_gemm_tiles_bf16(const struct kernels *k, const struct shape *s)
{
    run_tiles(s, BF16_DEPTH, 1, k->gemm_tiles_bf16);
}

static void bench_gemm_tiles_int8x2(const struct kernels *k, const struct shape *s)
{
    run_tiles(s, INT8X2_DEPTH, 2, k->gemm_tiles_int8x2);
}

static struct tile_pixels pixels_of(const struct shape *s, int depth)
{
    const size_t block_stride = (size_t)s->first * TILE_BYTES;
    const size_t n = block_stride * (size_t)((s->second + depth - 1) / depth);
    uint8_t *high = (uint8_t *)outputs;
    return (struct tile_pixels){.in = inputs, .n_pixels = s->first, .n_channels = s->second, .factor = 1000.0f,
                                .high = high, .low = high + n, .block_stride = block_stride};
}

static void bench_pixels_to_bf16(const struct kernels *k, const struct shape *s)
{
    const struct tile_pixels p = pixels_of(s, BF16_DEPTH);
    k->pixels_to_bf16(&p);
}

static void bench_pixels_to_int8x2(const struct kernels *k, const struct shape *s)
{
    const struct tile_pixels p = pixels_of(s, INT8X2_DEPTH);
    k->pixels_to_int8x2(&p);
}

static void bench_transpose(const struct kernels *k, const struct shape *s)
{
    k->transpose(inputs, (size_t)s->second + CHANNEL_ALIGN, s->first, s->second, outputs, (size_t)s->first);
}

static void bench_largest_magnitude(const struct kernels *k, const struct shape *s)
{
    outputs[0] = k->largest_magnitude(inputs, (size_t)s->first * (size_t)s->second);
}

/* All columns of points. */
static void bench_winograd_weights(const struct kernels *k, const struct shape *s)
{
    struct winograd_panel p = {.kernels = weights, .n_channels = s->second, .width = s->first, .points = outputs,
                               .point_stride = (size_t)s->first * (size_t)s->second + CHANNEL_ALIGN};
    for (; p.column < WINOGRAD_WIDE_POINTS; p.column++) k->winograd_weights(&p);
}

/* All columns of points. third: tiles. */
static void bench_winograd_product(const struct kernels *k, const struct shape *s)
{
    const size_t width = (size_t)k->winograd_panel, depth = (size_t)s->second, n_tiles = (size_t)s->third;
    const struct winograd_product p = {
        .kernels = weights, .n_channels = s->second, .point_columns = WINOGRAD_WIDE_POINTS, .n_rows = s->third,
        .n_last_rows = s->third, .a = inputs, .a_point_stride = n_tiles * depth, .a_stride = depth, .out = outputs,
        .out_point_stride = n_tiles * width, .continues = true,
        .scratch = outputs + WINOGRAD_MOST_POINTS * n_tiles * width};
    for (int column = 0; column < s->first; column += k->winograd_panel) k->winograd_product(&p);
}

static void bench_winograd_taps_int16(const struct kernels *k, const struct shape *s)
{
    struct winograd_taps_int16 w = {.kernels = weights, .n_channels = s->second, .width = s->first,
                                    .taps = (int16_t *)outputs, .shifts = (int16_t *)inputs,
                                    .scales = inputs + WINOGRAD_AXIS_POINTS * WINOGRAD_SHIFTS * s->first};
    k->winograd_taps_int16(&w);
}

static void bench_winograd_points_int16(const struct kernels *k, const struct shape *s)
{
    const size_t n = (size_t)s->first * (size_t)s->second;
    const struct winograd_points_int16 w = {.taps = (const int16_t *)weights, .shifts = (const int16_t *)inputs,
                                            .n_channels = s->second, .width = s->first, .points = (int16_t *)outputs,
                                            .point_stride = n + 2 * CHANNEL_ALIGN};
    for (int row = 0; row < WINOGRAD_AXIS_POINTS; row++) k->winograd_points_int16(&w);
}

/* third: tiles. One row of points. */
static void bench_winograd_product_int16(const struct kernels *k, const struct shape *s)
{
    const size_t n_tiles = (size_t)s->third, width = (size_t)s->first, depth = (size_t)s->second;
    float *scales = inputs + WINOGRAD_SHIFTS * width;
    const struct winograd_product_int16 w = {
        .taps = (const int16_t *)weights, .shifts = (const int16_t *)inputs, .column_scales = scales,
        .n_channels = s->second, .width = s->first, .n_tiles = s->third,
        .a = (const int16_t *)weights + WINOGRAD_TAPS * width * depth, .a_stride = n_tiles * depth,
        .row_scales = scales, .scale_stride = n_tiles, .out = outputs, .out_stride = n_tiles * width};
    k->winograd_product_int16(&w);
}

/* Patches of a map of one row of tiles; products of all tiles side by side, as winograd.c has them. third: columns of
 * points. */
static void bench_winograd_input(const struct kernels *k, const struct shape *s)
{
    const size_t c = (size_t)s->second, tile_outputs = (size_t)s->third - 2;
    for (size_t tile = 0; tile < (size_t)s->first; tile++) {
        const struct winograd_input in = {
            .patch = inputs + tile * tile_outputs * c, .row_stride = ((size_t)s->first * tile_outputs + 2) * c,
            .pixel_stride = c, .channels = s->second, .point_columns = s->third, .points = outputs + tile * c,
            .point_stride = (size_t)s->first * c};
        k->winograd_input(&in);
    }
}

static void bench_winograd_output(const struct kernels *k, const struct shape *s)
{
    const size_t c = (size_t)s->second, tile_outputs = (size_t)s->third - 2;
    for (size_t tile = 0; tile < (size_t)s->first; tile++) {
        const struct winograd_output o = {
            .products = inputs + tile * c, .point_stride = (size_t)s->first * c, .point_columns = s->third,
            .channels = s->second, .bias = weights, .out = outputs + tile * tile_outputs * c,
            .row_stride = (size_t)s->first * tile_outputs * c, .pixel_stride = c, .n_rows = WINOGRAD_OUTPUTS,
            .n_columns = (int)tile_outputs, .has_relu = true};
        k->winograd_output(&o);
    }
}

static void bench_max_pool(const struct kernels *k, const struct shape *s)
{
    for (int pixel = 0; pixel < s->first; pixel++) {
        const float *in[MAX_WINDOW];
        for (int i = 0; i < s->third; i++) in[i] = inputs + (size_t)(pixel * s->third + i) * (size_t)s->second;
        k->max_pool(in, s->third, s->second, outputs + (size_t)pixel * (size_t)s->second);
    }
}

static void bench_lstm_cell(const struct kernels *k, const struct shape *s)
{
    for (int i = 0; i < s->first; i++) k->lstm_cell(inputs, s->second, outputs, outputs + s->second);
}

static void bench_attention_scores(const struct kernels *k, const struct shape *s)
{
    k->attention_scores(inputs, s->first, s->second, weights, weights + s->second, outputs);
}

static void bench_softmax(const struct kernels *k, const struct shape *s)
{
    memcpy(outputs, inputs, (size_t)s->first * sizeof(float));
    k->softmax(outputs, s->first);
}

static void bench_weighted_sum(const struct kernels *k, const struct shape *s)
{
    k->weighted_sum(weights, inputs, s->first, s->second, outputs);
}

static void bench_argmax_softmax(const struct kernels *k, const struct shape *s)
{
    k->argmax_softmax(inputs, s->first, outputs);
}

static void bench_grcl_unit(const struct kernels *k, const struct shape *s)
{
    const size_t all = (size_t)s->first * (size_t)s->second, each = (size_t)s->second;
    const struct grcl_unit g = {
        .n_pixels = s->first, .channels = s->second, .out = outputs,
        .gate_u = inputs, .gate_x = inputs + all, .u = inputs + 2 * all, .x = inputs + 3 * all,
        .scale_gate_u = weights, .scale_gate_x = weights + each, .shift_gate = weights + 2 * each,
        .scale_u = weights + 3 * each, .shift_u = weights + 4 * each, .scale_x = weights + 5 * each,
        .shift_x = weights + 6 * each};
    k->grcl_unit(&g);
}

static void bench_tps_grid(const struct kernels *k, const struct shape *s)
{
    k->tps_grid(inputs, weights, s->first, s->second, outputs, outputs + s->second);
}

static const struct bench {
    const char *kernel;
    void (*run)(const struct kernels *k, const struct shape *s);
} benches[] = {
#define KERNEL(returns, name, arguments, class) {#name, bench_##name},
#include "kernels/kernels.inc"
#undef KERNEL
};
enum { N_BENCHES = sizeof benches / sizeof benches[0] };

static const struct bench *find_bench(const char *kernel)
{
    for (int i = 0; i < N_BENCHES; i++)
        if (strcmp(kernel, benches[i].kernel) == 0) return &benches[i];
    return NULL;
}

static bool multiplies_tiles(const struct shape *s)
{
    return strncmp(s->kernel, "gemm_tiles", strlen("gemm_tiles")) == 0;
}

/* Multiplications and additions of the kernels that are products; 0: a rate would say nothing. */
static double count_operations(const struct shape *s)
{
    const double first = s->first, second = s->second;
    if (strcmp(s->kernel, "gemm_block") == 0 || strcmp(s->kernel, "gemm_block_int16") == 0)
        return 2.0 * first * second * s->third;
    if (strcmp(s->kernel, "gemm_panel") == 0) return 2.0 * WINOGRAD_AXIS_POINTS * first * second * s->third;
    if (strcmp(s->kernel, "winograd_product") == 0) return 2.0 * WINOGRAD_MOST_POINTS * first * second * s->third;
    if (multiplies_tiles(s)) return 2.0 * 9.0 * first * second * s->third;
    if (strcmp(s->kernel, "weighted_sum") == 0) return 2.0 * first * second;
    if (strcmp(s->kernel, "tps_grid") == 0) return 4.0 * first * second;
    return 0.0;
}

/* ---- shapes ---- */

static void die(const char *what, const char *which)
{
    fprintf(stderr, "kernelbench: %s%s\n", what, which);
    exit(2);
}

/* A transform of tiles needs to know how wide they are, a product of few how many. */
static bool has_tile(const struct shape *s)
{
    if (strcmp(s->kernel, "winograd_product") == 0) return s->third >= 1 && s->third <= WINOGRAD_FEW_ROWS;
    if (strcmp(s->kernel, "winograd_input") != 0 && strcmp(s->kernel, "winograd_output") != 0) return true;
    return s->third >= WINOGRAD_AXIS_POINTS && s->third <= WINOGRAD_WIDE_POINTS;
}

/* Every array of a shape must fit: the largest is a product of two sizes, times at most 48 points. */
static void check_shape(const struct shape *s)
{
    if (find_bench(s->kernel) == NULL) die("there is no kernel ", s->kernel);
    const double first = s->first, second = s->second > 0 ? s->second : 1, third = s->third > 0 ? s->third : 1;
    const double points = strncmp(s->kernel, "winograd", 8) == 0 ? WINOGRAD_MOST_POINTS : MAX_WINDOW;
    const double products = strcmp(s->kernel, "gemm_panel") == 0 ? WINOGRAD_AXIS_POINTS : 1;
    if (s->first < 1 || s->second < 0 || s->third < 0 || s->third > MEMORY_FLOATS ||
        (strcmp(s->kernel, "max_pool") == 0 && s->third > MAX_WINDOW) || !has_tile(s) ||
        (multiplies_tiles(s) && s->first > MAX_TILE_ROWS) ||
        (first + 8) * second * points > MEMORY_FLOATS || second * third * products > MEMORY_FLOATS ||
        first * third * products > MEMORY_FLOATS)
        die("this shape is too large, or lacks a size: ", s->layer);
}

static int read_shapes(const char *path, struct shape *shapes)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) die("cannot open ", path);
    char line[200];
    int n = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        struct shape s = {.first = 0};
        if (line[0] == '#' || line[strspn(line, " \t\n")] == '\0') continue;
        if (sscanf(line, "%39s %31s %d %d %d", s.layer, s.kernel, &s.first, &s.second, &s.third) < 3)
            die("this line is no shape: ", line);
        if (n == MAX_SHAPES) die("too many shapes in ", path);
        check_shape(&s);
        shapes[n++] = s;
    }
    fclose(file);
    return n;
}

static void check_every_kernel_has_a_shape(const struct shape *shapes, int n)
{
    for (int i = 0; i < N_BENCHES; i++) {
        bool is_there = false;
        for (int k = 0; k < n; k++) is_there |= strcmp(shapes[k].kernel, benches[i].kernel) == 0;
        if (!is_there) die("no shape for ", benches[i].kernel);
    }
}

/* ---- timing ---- */

struct timing {
    double least_us, median_us;
};

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double time_repeats(const struct bench *bench, const struct kernels *k, const struct shape *s, long repeats)
{
    const double start = now_us();
    for (long i = 0; i < repeats; i++) bench->run(k, s);
    return now_us() - start;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Also warms up. A sample long enough that the clock's own cost, under a microsecond, does not show. */
static long choose_repeats(const struct bench *bench, const struct kernels *k, const struct shape *s)
{
    enum { SAMPLE_US = 300 };
    long repeats = 1;
    while (time_repeats(bench, k, s, repeats) < SAMPLE_US) repeats *= 2;
    return repeats;
}

static struct timing time_shape(const struct kernels *k, const struct shape *s, int n_samples)
{
    static double samples[MAX_SAMPLES];
    const struct bench *bench = find_bench(s->kernel);
    const long repeats = choose_repeats(bench, k, s);
    for (int i = 0; i < n_samples; i++) samples[i] = time_repeats(bench, k, s, repeats) / (double)repeats;
    qsort(samples, (size_t)n_samples, sizeof samples[0], compare_doubles);
    return (struct timing){.least_us = samples[0], .median_us = samples[n_samples / 2]};
}

/* ---- output ---- */

struct options {
    const char *tier, *kernel, *shapes; /* tier, kernel NULL: all */
    int n_samples;
    bool is_markdown;
};

static void print_header(bool is_markdown)
{
    if (is_markdown)
        printf("| tier | kernel | layer | sizes | least us | median us | GFLOP/s |\n|---|---|---|---|--:|--:|--:|\n");
    else printf("%-10s %-20s %-18s %-16s %10s %10s %9s\n", "tier", "kernel", "layer", "sizes", "least us", "median us",
                "GFLOP/s");
}

static void print_row(const char *tier, const struct shape *s, const struct timing *t, bool is_markdown)
{
    char sizes[48], rate[16] = "";
    int n = snprintf(sizes, sizeof sizes, "%d", s->first);
    if (s->second > 0) n += snprintf(sizes + n, sizeof sizes - (size_t)n, " x %d", s->second);
    if (s->third > 0) snprintf(sizes + n, sizeof sizes - (size_t)n, " x %d", s->third);
    if (count_operations(s) > 0.0) snprintf(rate, sizeof rate, "%.1f", count_operations(s) / t->least_us / 1e3);
    printf(is_markdown ? "| %s | %s | %s | %s | %.2f | %.2f | %s |\n" : "%-10s %-20s %-18s %-16s %10.2f %10.2f %9s\n",
           tier, s->kernel, s->layer, sizes, t->least_us, t->median_us, rate);
    fflush(stdout);
}

/* ---- running ---- */

/* The next of a linear congruential generator (Knuth), as -1 .. 1. */
static float next_value(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)*state * 0x1p-31f - 1.0f;
}

static float *new_memory(void)
{
    float *memory = aligned_alloc(64, MEMORY_FLOATS * sizeof(float));
    if (memory == NULL) die("out of memory", "");
    uint32_t state = 1;
    for (int i = 0; i < MEMORY_FLOATS; i++) memory[i] = next_value(&state);
    return memory;
}

static void usage(void)
{
    fprintf(stderr, "usage: kernelbench [--tier NAME] [--kernel NAME] [--samples N] [--markdown] SHAPES\n");
    exit(2);
}

static struct options parse_options(int argc, char **argv)
{
    struct options options = {.n_samples = 15};
    for (int i = 1; i < argc; i++) {
        const bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--markdown") == 0) options.is_markdown = true;
        else if (has_value && strcmp(argv[i], "--tier") == 0) options.tier = argv[++i];
        else if (has_value && strcmp(argv[i], "--kernel") == 0) options.kernel = argv[++i];
        else if (has_value && strcmp(argv[i], "--samples") == 0) options.n_samples = atoi(argv[++i]);
        else if (argv[i][0] != '-' && options.shapes == NULL) options.shapes = argv[i];
        else usage();
    }
    if (options.shapes == NULL || options.n_samples < 1 || options.n_samples > MAX_SAMPLES) usage();
    if (options.kernel != NULL && find_bench(options.kernel) == NULL) die("there is no kernel ", options.kernel);
    return options;
}

static void run_tier(trba_cpu cpu, const struct shape *shapes, int n_shapes, const struct options *options)
{
    struct kernels kernels;
    kernels_select(&kernels, cpu);
    for (int i = 0; i < n_shapes; i++) {
        if (options->kernel != NULL && strcmp(options->kernel, shapes[i].kernel) != 0) continue;
        const struct timing timing = time_shape(&kernels, &shapes[i], options->n_samples);
        print_row(trba_cpu_name(cpu), &shapes[i], &timing, options->is_markdown);
    }
}

int main(int argc, char **argv)
{
    /* BLAS has the kernels of REF. */
    static const trba_cpu tiers[] = {TRBA_CPU_REF, TRBA_CPU_AVX2, TRBA_CPU_AVX512,
                                      TRBA_CPU_AVX512VNNI, TRBA_CPU_AVX512AMX};
    static struct shape shapes[MAX_SHAPES];
    const struct options options = parse_options(argc, argv);
    const int n_shapes = read_shapes(options.shapes, shapes);
    check_every_kernel_has_a_shape(shapes, n_shapes);
    inputs = new_memory();
    weights = new_memory();
    outputs = new_memory();
    int n_tiers = 0;
    print_header(options.is_markdown);
    for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++) {
        if (tiers[i] > cpu_best() || (tiers[i] == TRBA_CPU_AVX512AMX && !cpu_allow_tiles())) continue;
        if (options.tier != NULL && strcmp(options.tier, trba_cpu_name(tiers[i])) != 0) continue;
        run_tier(tiers[i], shapes, n_shapes, &options);
        n_tiers++;
    }
    free(outputs);
    free(weights);
    free(inputs);
    if (n_tiers == 0) die("this processor, or this build, has no tier ", options.tier);
    return 0;
}
