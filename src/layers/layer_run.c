/* SPDX-License-Identifier: Apache-2.0 */
/* layer_run.c - planning, cutting up, and handing out the memory of a forward pass. */
#include "layers/layer_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/huge_pages.h"
#include "base/integers.h"

enum {
    RUN_ALIGNMENT = 64,
    RUN_ALIGNMENT_FLOATS = RUN_ALIGNMENT / sizeof(float),
    PART_FLOATS = 1024 * 1024 /* of a map; with a transformed one beside it, a few MB for each of two processors */
};

void run_begin(struct layer_run *run) { run->rows_used = 0; }

static struct run_buffer *run_buffer_at(struct layer_run *run, int i)
{
    if (i < N_MAP_SLOTS) return &run->slots[i];
    return i == N_MAP_SLOTS ? &run->workspace : &run->rows;
}
enum { N_RUN_BUFFERS = N_MAP_SLOTS + 2 };

bool run_is_too_small(const struct layer_run *run)
{
    for (int i = 0; i < N_MAP_SLOTS; i++)
        if (run->slots[i].planned > run->slots[i].capacity) return true;
    return run->workspace.planned > run->workspace.capacity || run->rows.planned > run->rows.capacity;
}

/* A smaller pass than the one there was no memory for may have room in what is there. */
static void forget_plan(struct layer_run *run)
{
    for (int i = 0; i < N_RUN_BUFFERS; i++) run_buffer_at(run, i)->planned = run_buffer_at(run, i)->capacity;
}

bool run_allocate(struct layer_run *run)
{
    size_t total = 0;
    for (int i = 0; i < N_RUN_BUFFERS; i++) total += round_up(run_buffer_at(run, i)->planned, RUN_ALIGNMENT_FLOATS);
    size_t bytes = larger_size(total, 1) * sizeof(float);
    void *memory = huge_pages_alloc(&bytes);
    if (memory == NULL) {
        forget_plan(run);
        return false;
    }

    free(run->memory);
    run->memory = memory;
    run->memory_bytes = bytes;
    float *at = memory;
    for (int i = 0; i < N_RUN_BUFFERS; i++) {
        struct run_buffer *buffer = run_buffer_at(run, i);
        buffer->base = at;
        buffer->capacity = buffer->planned;
        at += round_up(buffer->planned, RUN_ALIGNMENT_FLOATS);
    }
    memset(run->last_map, 0, sizeof run->last_map);
    return true;
}

void run_free(struct layer_run *run)
{
    free(run->memory);
    run->memory = NULL;
}

static void clear_border(const struct feature_map *map)
{
    const size_t row = map_row_stride(map), pixel = (size_t)map->c;
    for (int i = 0; i < map->n; i++) {
        float *image = map->base + (size_t)i * map_image_stride(map);
        memset(image, 0, row * sizeof(float));
        for (int y = 1; y <= map->h; y++) {
            memset(image + (size_t)y * row, 0, pixel * sizeof(float));
            memset(image + (size_t)(y + 1) * row - pixel, 0, pixel * sizeof(float));
        }
        memset(image + (size_t)(map->h + 1) * row, 0, row * sizeof(float));
    }
}

/* A border stays zero as long as the slot holds maps of one shape: layers write inside it only. */
static bool has_clean_border(const struct feature_map *last, const struct feature_map *map)
{
    return last->h == map->h && last->w == map->w && last->c == map->c && last->n >= map->n;
}

struct feature_map run_map(struct layer_run *run, int slot, int n, int h, int w, int c)
{
    struct feature_map map = {.base = run->slots[slot].base, .n = n, .h = h, .w = w, .c = c, .slot = slot};
    if (run->is_planning) {
        run->slots[slot].planned = larger_size(run->slots[slot].planned, (size_t)n * map_image_stride(&map));
    } else if (!has_clean_border(&run->last_map[slot], &map)) {
        clear_border(&map);
        run->last_map[slot] = map;
    }
    return map;
}

float *run_workspace(struct layer_run *run, size_t n)
{
    if (run->is_planning) run->workspace.planned = larger_size(run->workspace.planned, n);
    return run->is_planning ? NULL : run->workspace.base;
}

float *run_rows(struct layer_run *run, size_t n)
{
    float *at = run->is_planning ? NULL : run->rows.base + run->rows_used;
    run->rows_used += round_up(n, RUN_ALIGNMENT_FLOATS);
    if (run->is_planning) run->rows.planned = larger_size(run->rows.planned, run->rows_used);
    return at;
}

void run_in_parts(struct layer_run *run, const struct feature_map *in, const struct feature_map *out,
                  int channels, run_part forward, const void *arg)
{
    const size_t image_floats = (size_t)in->h * (size_t)in->w * (size_t)channels;
    const int n_threads = thread_pool_size(run->pool), fitting = (int)(PART_FLOATS / image_floats);
    const int n_images = larger(fitting / n_threads, 1) * n_threads; /* as many for every thread */
    for (int first = 0; first < in->n; first += n_images) {
        const int n = smaller(n_images, in->n - first);
        const struct feature_map some_in = map_images(in, first, n), some_out = map_images(out, first, n);
        forward(run, arg, &some_in, &some_out);
    }
}

void run_tasks(struct layer_run *run, int n_tasks, pool_task task, void *arg)
{
    if (!run->is_planning) thread_pool_run(run->pool, n_tasks, task, arg);
}
