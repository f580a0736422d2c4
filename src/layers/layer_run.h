/* SPDX-License-Identifier: Apache-2.0 */
/* layer_run.h - what a forward pass works in: kernels, threads, and buffers planned before the first image.
 *
 * A forward pass is first run in planning mode: every layer asks for its buffers and computes nothing; the largest
 * request to each buffer is remembered. Then one block of memory is taken and cut up. Since the same code asks both
 * times, the plan cannot disagree with the run.
 *
 *   slots      feature maps. A layer reads one slot and writes another; a network rotates through a few of them.
 *   workspace  one layer's private scratch; the next layer overwrites it.
 *   rows       sequences and the like, handed out one after the other until the pass ends.
 */
#ifndef TRBA_LAYERS_LAYER_RUN_H
#define TRBA_LAYERS_LAYER_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/thread_pool.h"
#include "kernels/kernels.h"

enum { N_MAP_SLOTS = 9 };

/* [n][h + 2][w + 2][c]: channels innermost, with a border of one zero pixel all round, so that a 3x3 window never
 * leaves the map. c is padded to CHANNEL_ALIGN, except for the network's input. */
struct feature_map {
    float *base;
    int n, h, w, c;
    int slot;
};

static inline size_t map_row_stride(const struct feature_map *map) { return (size_t)(map->w + 2) * (size_t)map->c; }
static inline size_t map_image_stride(const struct feature_map *map)
{
    return (size_t)(map->h + 2) * map_row_stride(map);
}
static inline float *map_pixel(const struct feature_map *map, int image, int y, int x)
{
    return map->base + (size_t)image * map_image_stride(map) + (size_t)(y + 1) * map_row_stride(map) +
           (size_t)(x + 1) * (size_t)map->c;
}

/* Images first .. first + n - 1. */
static inline struct feature_map map_images(const struct feature_map *map, int first, int n)
{
    struct feature_map images = *map;
    if (map->base != NULL) images.base += (size_t)first * map_image_stride(map); /* while planning it may be NULL */
    images.n = n;
    return images;
}

struct run_buffer {
    float *base;
    size_t planned, capacity; /* in floats */
};

struct layer_run {
    const struct kernels *kernels;
    struct thread_pool *pool;
    bool is_planning;
    struct run_buffer slots[N_MAP_SLOTS];
    struct feature_map last_map[N_MAP_SLOTS]; /* whose border is known to be zero */
    struct run_buffer workspace, rows;
    size_t rows_used;
    void *memory;        /* what the buffers are cut from */
    size_t memory_bytes;
};

/* The pass begins: rows are empty again. */
void run_begin(struct layer_run *run);
/* Takes the memory that planning asked for. False when there is none to be had; the old memory is kept then, and the
 * plan forgotten. */
bool run_allocate(struct layer_run *run);
/* Has more been planned than there is? */
bool run_is_too_small(const struct layer_run *run);
void run_free(struct layer_run *run);

/* A map in that slot, its border zero, its inside undefined. What the slot held is gone. */
struct feature_map run_map(struct layer_run *run, int slot, int n, int h, int w, int c);
/* n floats until the next layer asks; undefined. NULL while planning. */
float *run_workspace(struct layer_run *run, size_t n);
/* n floats until the pass ends, 64-byte aligned; undefined. NULL while planning. */
float *run_rows(struct layer_run *run, size_t n);

/* Layers whose maps are large: forward() is called for a few images of `in` at a time, so that what one layer writes is
 * still in the cache when the next reads it, and writes theirs of `out`. It may take any slot but those of the two.
 * channels: of the largest map between, which is as high and wide as `in`. */
typedef void (*run_part)(struct layer_run *run, const void *arg, const struct feature_map *in,
                         const struct feature_map *out);
void run_in_parts(struct layer_run *run, const struct feature_map *in, const struct feature_map *out,
                  int channels, run_part forward, const void *arg);

/* Runs tasks on the pool, or nothing while planning. */
void run_tasks(struct layer_run *run, int n_tasks, pool_task task, void *arg);

#endif
