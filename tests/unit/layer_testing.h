/* SPDX-License-Identifier: Apache-2.0 */
/* layer_testing.h - what the tests of src/layers/ share: every tier, random numbers, a forward pass planned and run.
 *
 * A test runs its layer through run_layer(): once planning, then in memory full of NaN, so that a layer that reads what
 * it did not write gives NaN. */
#ifndef TRBA_LAYER_TESTING_H
#define TRBA_LAYER_TESTING_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/cpu.h"
#include "layers/blas.h"
#include "layers/gemm.h"

enum { RANDOM_SEED = 20191027 };
static uint32_t random_state = RANDOM_SEED;

/* xorshift32 (Marsaglia 2003). */
static inline uint32_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* low .. high, both included */
static inline int random_int(int low, int high) { return low + (int)(random_bits() % (uint32_t)(high - low + 1)); }

/* n numbers in -1 .. 1; the caller frees them. */
static inline float *random_floats(size_t n)
{
    float *values = malloc((n > 0 ? n : 1) * sizeof(float));
    assert_non_null(values);
    for (size_t i = 0; i < n; i++) values[i] = (float)random_bits() * 0x1p-31f - 1.0f;
    return values;
}

static inline double *new_doubles(size_t n)
{
    double *values = calloc(n > 0 ? n : 1, sizeof(double));
    assert_non_null(values);
    return values;
}

static inline int padded(int channels) { return (int)round_up((size_t)channels, CHANNEL_ALIGN); }

/* Rows of weights in memory, as packing reads them. */
struct matrix {
    const float *values;
    size_t row_floats;
};

static inline void read_rows(const void *arg, int first, int n, float *out, size_t stride)
{
    const struct matrix *matrix = arg;
    for (int i = 0; i < n; i++)
        memcpy(out + (size_t)i * stride, matrix->values + (size_t)(first + i) * matrix->row_floats,
               matrix->row_floats * sizeof(float));
}

/* Calls `body` with the kernels of every tier this machine has. */
static inline void for_each_tier(void (*body)(const struct kernels *kernels))
{
    for (int cpu = TRBA_CPU_REF; cpu <= (int)cpu_best(); cpu++) {
        struct kernels kernels;
        kernels_select(&kernels, (trba_cpu)cpu);
        assert_int_equal(kernels.cpu, cpu);
        trba_error err;
        if (kernels.uses_blas && blas_load(NULL, &kernels, &err) != TRBA_OK) fail_msg("%s", err.message);
        body(&kernels);
    }
    for (int cpu = (int)cpu_best() + 1; cpu <= TRBA_CPU_AVX512AMX; cpu++)
        print_message("tier %s is not run: this processor, or this build, lacks it\n", trba_cpu_name((trba_cpu)cpu));
}

/* The layer under test: asks for its maps and computes, or (run->is_planning) only asks. */
typedef void (*layer_body)(struct layer_run *run, void *arg);

static inline void run_layer(const struct kernels *kernels, int n_threads, layer_body body, void *arg)
{
    struct layer_run run = {.kernels = kernels, .is_planning = true};
    assert_int_equal(thread_pool_new(n_threads, &run.pool, NULL), TRBA_OK);
    run_begin(&run);
    body(&run, arg);
    assert_true(run_allocate(&run));
    float *memory = run.memory;
    for (size_t i = 0; i < run.memory_bytes / sizeof(float); i++) memory[i] = NAN;
    run.is_planning = false;
    run_begin(&run);
    body(&run, arg);
    assert_false(run_is_too_small(&run));
    run_free(&run);
    thread_pool_free(run.pool);
}

/* Fills a map's pixels with values [n][h][w][c]; the padding channels are zero. */
static inline void fill_map(const struct feature_map *map, const float *values, int c)
{
    for (int image = 0; image < map->n; image++)
        for (int y = 0; y < map->h; y++)
            for (int x = 0; x < map->w; x++, values += c) {
                float *pixel = map_pixel(map, image, y, x);
                for (int k = 0; k < map->c; k++) pixel[k] = k < c ? values[k] : 0.0f;
            }
}

/* The reverse. Border and padding channels must be zero. */
static inline void read_map(const struct feature_map *map, float *values, int c)
{
    for (int image = 0; image < map->n; image++)
        for (int y = -1; y <= map->h; y++)
            for (int x = -1; x <= map->w; x++) {
                const bool is_inside = y >= 0 && y < map->h && x >= 0 && x < map->w;
                const float *pixel = map_pixel(map, image, y, x);
                for (int k = 0; k < map->c; k++) {
                    if (is_inside && k < c) *values++ = pixel[k];
                    else if (pixel[k] != 0.0f)
                        fail_msg("image %d, pixel (%d, %d), channel %d of the border or padding is %g", image, y, x, k,
                                 (double)pixel[k]);
                }
            }
}

static inline void assert_same_bits(const float *a, const float *b, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof a[i]) != 0)
            fail_msg("%s: [%zu] is %.9g here, %.9g there", what, i, (double)a[i], (double)b[i]);
}

#endif
