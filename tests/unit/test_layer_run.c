/* SPDX-License-Identifier: Apache-2.0 */
/* test_layer_run.c - what is planned is what is there: sizes, alignment, borders that stay zero. */
#include "layer_testing.h"

enum { WORKSPACE_FLOATS = 100 };

/* A pass that asks for two maps, a workspace twice and two stretches of rows, and keeps what it got. */
struct pass {
    int n, h, w;
    struct feature_map map, other;
    float *workspace, *rows, *more_rows;
};

static void ask(struct layer_run *run, struct pass *pass)
{
    run_begin(run);
    pass->map = run_map(run, 0, pass->n, pass->h, pass->w, 16);
    pass->other = run_map(run, 3, pass->n, pass->h, 2, 32);
    pass->workspace = run_workspace(run, 10);
    pass->workspace = run_workspace(run, WORKSPACE_FLOATS);
    pass->rows = run_rows(run, 5);
    pass->more_rows = run_rows(run, 21);
}

static struct layer_run planned(struct pass *pass)
{
    static struct kernels kernels;
    kernels_select(&kernels, TRBA_CPU_REF);
    struct layer_run run = {.kernels = &kernels, .is_planning = true};
    ask(&run, pass);
    return run;
}

static size_t map_floats(const struct feature_map *map) { return (size_t)map->n * map_image_stride(map); }

static void assert_border_is_zero(const struct feature_map *map)
{
    for (int image = 0; image < map->n; image++)
        for (int y = -1; y <= map->h; y++)
            for (int x = -1; x <= map->w; x++)
                for (int c = 0; c < map->c; c++)
                    if (y < 0 || x < 0 || y == map->h || x == map->w)
                        assert_true(map_pixel(map, image, y, x)[c] == 0.0f);
}

static void fill_inside(const struct feature_map *map, float value)
{
    for (int image = 0; image < map->n; image++)
        for (int y = 0; y < map->h; y++)
            for (int x = 0; x < map->w; x++)
                for (int c = 0; c < map->c; c++) map_pixel(map, image, y, x)[c] = value;
}

static void fill_memory_with_nan(const struct layer_run *run)
{
    float *memory = run->memory;
    for (size_t i = 0; i < run->memory_bytes / sizeof(float); i++) memory[i] = NAN;
}

static void planning_gives_no_memory_and_remembers_the_largest(void **state)
{
    (void)state;
    struct pass pass = {.n = 2, .h = 3, .w = 4};
    struct layer_run run = planned(&pass);
    assert_null(pass.map.base);
    assert_null(pass.workspace);
    assert_null(pass.rows);
    assert_int_equal(run.slots[0].planned, 2 * 5 * 6 * 16);
    assert_int_equal(run.slots[3].planned, 2 * 5 * 4 * 32);
    assert_int_equal(run.workspace.planned, WORKSPACE_FLOATS);
    assert_int_equal(run.rows.planned, 16 + 32);
    assert_true(run_is_too_small(&run));
    pass.n = 1;
    ask(&run, &pass);
    assert_int_equal(run.slots[0].planned, 2 * 5 * 6 * 16);
}

static void the_buffers_lie_apart_inside_the_memory(void **state)
{
    (void)state;
    struct pass pass = {.n = 2, .h = 3, .w = 4};
    struct layer_run run = planned(&pass);
    assert_true(run_allocate(&run));
    assert_false(run_is_too_small(&run));
    run.is_planning = false;
    ask(&run, &pass);
    const struct { const float *at; size_t n; } parts[] = {
        {pass.map.base, map_floats(&pass.map)}, {pass.other.base, map_floats(&pass.other)},
        {pass.workspace, WORKSPACE_FLOATS}, {pass.rows, 5}, {pass.more_rows, 21}};
    const float *memory = run.memory;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert_int_equal((uintptr_t)parts[i].at % 64, 0);
        assert_true(parts[i].at >= memory);
        assert_true(parts[i].at + parts[i].n <= memory + run.memory_bytes / sizeof(float));
        for (size_t k = 0; k < i; k++)
            assert_true(parts[k].at + parts[k].n <= parts[i].at || parts[i].at + parts[i].n <= parts[k].at);
    }
    run_free(&run);
}

static void a_pixel_lies_where_the_layout_says(void **state)
{
    (void)state;
    float base[1];
    const struct feature_map map = {.base = base, .n = 2, .h = 3, .w = 4, .c = 16};
    assert_ptr_equal(map_pixel(&map, 0, -1, -1), base);
    assert_int_equal(map_row_stride(&map), 6 * 16);
    assert_int_equal(map_image_stride(&map), 5 * 6 * 16);
    assert_int_equal((uintptr_t)map_pixel(&map, 1, 2, 3) - (uintptr_t)base, (5 * 6 + 3 * 6 + 4) * 16 * sizeof(float));
}

/* The same slot, maps of one shape, then of others, in memory that starts as NaN. */
static void borders_are_zero_whatever_the_slot_held(void **state)
{
    (void)state;
    static const int shapes[][3] = {{2, 3, 4}, {2, 3, 4}, {1, 3, 4}, {2, 3, 4}, {2, 4, 3}, {1, 4, 3}, {2, 4, 3},
                                    {1, 1, 1}, {2, 3, 4}};
    struct pass pass = {.n = 2, .h = 4, .w = 4};
    struct layer_run run = planned(&pass);
    assert_true(run_allocate(&run));
    fill_memory_with_nan(&run);
    run.is_planning = false;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const struct feature_map map = run_map(&run, 0, shapes[i][0], shapes[i][1], shapes[i][2], 16);
        assert_border_is_zero(&map);
        fill_inside(&map, NAN);
    }
    run_free(&run);
}

static void borders_are_zero_in_new_memory(void **state)
{
    (void)state;
    struct pass pass = {.n = 1, .h = 3, .w = 4};
    struct layer_run run = planned(&pass);
    assert_true(run_allocate(&run));
    run.is_planning = false;
    ask(&run, &pass);
    run.is_planning = true;
    pass.n = 3;
    ask(&run, &pass);
    assert_true(run_is_too_small(&run));
    assert_true(run_allocate(&run));
    assert_false(run_is_too_small(&run));
    fill_memory_with_nan(&run);
    run.is_planning = false;
    pass.n = 1; /* the shape that the slot held in the old memory */
    ask(&run, &pass);
    assert_border_is_zero(&pass.map);
    assert_border_is_zero(&pass.other);
    run_free(&run);
}

static void a_pass_without_memory_leaves_room_for_a_smaller_one(void **state)
{
    (void)state;
    struct pass pass = {.n = 2, .h = 3, .w = 5};
    struct layer_run run = planned(&pass);
    assert_true(run_allocate(&run));
    const void *memory = run.memory;
    run_workspace(&run, SIZE_MAX / (2 * sizeof(float)));
    assert_true(run_is_too_small(&run));
    assert_false(run_allocate(&run));
    assert_ptr_equal(run.memory, memory);
    ask(&run, &pass);
    assert_false(run_is_too_small(&run));
    run_free(&run);
}

static void must_not_run(void *arg, int task, int thread)
{
    (void)arg;
    (void)task;
    (void)thread;
    fail_msg("a task ran while planning");
}

static void nothing_is_computed_while_planning(void **state)
{
    (void)state;
    struct layer_run run = {.is_planning = true}; /* there is not even a pool */
    run_tasks(&run, 3, must_not_run, NULL);
}

struct part_case {
    const struct feature_map *in, *out;
    int n_calls, n_images, largest;
};

/* The parts follow each other, of both maps. */
static void note_part(struct layer_run *run, const void *arg, const struct feature_map *in,
                      const struct feature_map *out)
{
    struct part_case *t = *(struct part_case *const *)arg;
    assert_int_equal(in->n, out->n);
    assert_true(in->n > 0);
    if (run->is_planning) {
        assert_true(in->base == NULL && out->base == NULL);
    } else {
        assert_ptr_equal(in->base, t->in->base + (size_t)t->n_images * map_image_stride(t->in));
        assert_ptr_equal(out->base, t->out->base + (size_t)t->n_images * map_image_stride(t->out));
    }
    t->n_calls++;
    t->n_images += in->n;
    if (in->n > t->largest) t->largest = in->n;
}

/* base NULL: while planning. */
static struct part_case run_parts(float *base, int h, int w, int channels, int n_threads, int n_images)
{
    const struct feature_map in = {.base = base, .n = n_images, .h = h, .w = w, .c = 16, .slot = 1};
    const struct feature_map out = {.base = base, .n = n_images, .h = 2, .w = 3, .c = 32, .slot = 2};
    struct part_case t = {.in = &in, .out = &out}, *arg = &t;
    struct layer_run run = {.is_planning = base == NULL};
    assert_int_equal(thread_pool_new(n_threads, &run.pool, NULL), TRBA_OK);
    run_in_parts(&run, &in, &out, channels, note_part, &arg);
    thread_pool_free(run.pool);
    assert_int_equal(t.n_images, n_images);
    return t;
}

/* A million floats of the largest map at a time, as many images for each thread, one at least. */
static void parts_have_every_image_once(void **state)
{
    (void)state;
    static float base[1];
    static const struct { int n_threads, n_images, channels, n_calls, largest; } cases[] = {
        {1, 32, 204800, 7, 5}, {2, 32, 204800, 8, 4}, {3, 32, 204800, 11, 3}, {4, 9, 204800, 3, 4},
        {2, 1, 204800, 1, 1},  {2, 3, 204800, 1, 3},  {2, 5, 9000000, 3, 2},  {8, 5, 9000000, 1, 5},
        {2, 1000, 1, 1, 1000}, {1, 3, 1048576, 3, 1}};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        const size_t at = i / 2;
        const struct part_case t = run_parts(i % 2 == 0 ? NULL : base, 1, 1, cases[at].channels, cases[at].n_threads,
                                             cases[at].n_images);
        assert_int_equal(t.n_calls, cases[at].n_calls);
        assert_int_equal(t.largest, cases[at].largest);
    }
}

/* 2^31 floats and more in a map of one image. */
static void parts_of_the_largest_images_have_one_for_each_thread(void **state)
{
    (void)state;
    for (int channels = 128; channels <= 1 << 20; channels *= 2)
        assert_int_equal(run_parts(NULL, 1024, 16384, channels, 2, 3).largest, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planning_gives_no_memory_and_remembers_the_largest),
        cmocka_unit_test(the_buffers_lie_apart_inside_the_memory),
        cmocka_unit_test(a_pixel_lies_where_the_layout_says),
        cmocka_unit_test(borders_are_zero_whatever_the_slot_held),
        cmocka_unit_test(borders_are_zero_in_new_memory),
        cmocka_unit_test(a_pass_without_memory_leaves_room_for_a_smaller_one),
        cmocka_unit_test(nothing_is_computed_while_planning),
        cmocka_unit_test(parts_have_every_image_once),
        cmocka_unit_test(parts_of_the_largest_images_have_one_for_each_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
