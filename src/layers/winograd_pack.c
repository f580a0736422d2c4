/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_pack.c - the weights of a Winograd convolution as winograd.c reads them: panels of kernels, in floats; or in
 * integers, transformed from top to bottom. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/integers.h"
#include "layers/winograd_job.h"

/* One task per panel of columns: its kernels are read into the thread's own memory and transposed into place. For
 * integers they are transposed in the thread's memory, too, and made integers from there. */
struct winograd_packing {
    const struct kernels *kernels;
    const struct conv2d_source *source;
    const struct conv2d_weights *weights;
    float *panels;          /* of all columns, [depth][9][columns] each; NULL: integers */
    int columns;            /* of a panel */
    size_t depth;           /* channels, padded */
    size_t kernel_stride;   /* floats from one kernel [c][3][3] to the next in memory */
    size_t thread_floats;   /* [columns][kernel_stride]; with integers also a panel */
    float *memory;          /* [threads][thread_floats] */
};

static void quantize_kernels(const struct winograd_packing *packing, int first_column, int width, const float *panel)
{
    struct winograd_taps_int16 taps = winograd_panel_taps(packing->weights, first_column, width, 0);
    taps.kernels = panel;
    packing->kernels->winograd_taps_int16(&taps);
}

static void pack_panel_task(void *arg, int task, int thread)
{
    const struct winograd_packing *packing = arg;
    const struct conv2d_shape *s = &packing->weights->shape;
    const int columns = packing->columns, first = task * columns;
    const int n_columns = smaller(columns, s->oc - first);
    const int width = smaller(columns, (int)round_up((size_t)s->oc, CHANNEL_ALIGN) - first);
    float *memory = packing->memory + (size_t)thread * packing->thread_floats;
    float *scratch = memory + (size_t)columns * packing->kernel_stride;
    packing->source->rows.read(packing->source->rows.arg, first, n_columns, memory, packing->kernel_stride);
    float *panel = packing->panels != NULL ? packing->panels + (size_t)first * packing->depth * 9 : scratch;
    if (packing->panels == NULL) /* what becomes padding may hold another panel's kernels */
        memset(panel, 0, packing->depth * 9 * (size_t)width * sizeof(float));
    packing->kernels->transpose(memory, packing->kernel_stride, n_columns, s->c * 9, panel, (size_t)width);
    if (packing->panels == NULL) quantize_kernels(packing, first, width, panel);
}

static bool pack_panels(const struct kernels *kernels, struct thread_pool *pool, const struct conv2d_source *source,
                        const struct conv2d_weights *weights, float *panels)
{
    struct winograd_packing packing = {.kernels = kernels, .source = source, .weights = weights, .panels = panels};
    packing.columns = winograd_panel_columns(kernels, panels == NULL);
    const size_t columns = (size_t)packing.columns;
    packing.depth = round_up((size_t)weights->shape.c, CHANNEL_ALIGN);
    packing.kernel_stride = (size_t)weights->shape.c * 9 + WINOGRAD_PADDING;
    packing.thread_floats = columns * packing.kernel_stride;
    if (panels == NULL) packing.thread_floats += 9 * packing.depth * columns;
    packing.memory = weights_scratch(pool, packing.thread_floats);
    if (packing.memory == NULL) return false;
    thread_pool_run(pool, divide_up(weights->shape.oc, packing.columns), pack_panel_task, &packing);
    free(packing.memory);
    return true;
}

bool winograd_pack(const struct kernels *kernels, struct arena *arena, struct thread_pool *pool,
                   const struct conv2d_source *source, struct conv2d_weights *weights)
{
    const struct conv2d_shape *s = &weights->shape;
    const int n_columns = (int)round_up((size_t)s->oc, CHANNEL_ALIGN);
    const int depth = (int)round_up((size_t)s->c, CHANNEL_ALIGN);
    const bool is_int16 = gemm_suits_int16(kernels, depth);
    if (is_int16) {
        const size_t n_all = (size_t)WINOGRAD_AXIS_POINTS * (size_t)n_columns;
        weights->taps = arena_alloc_array(arena, n_all * (size_t)depth, WINOGRAD_TAPS * sizeof(int16_t));
        weights->shifts = arena_alloc_array(arena, n_all, WINOGRAD_SHIFTS * 2 * sizeof(int16_t));
        weights->point_scales = arena_alloc_array(arena, n_all, WINOGRAD_AXIS_POINTS * sizeof(float));
        return weights->taps != NULL && weights->shifts != NULL && weights->point_scales != NULL &&
               pack_panels(kernels, pool, source, weights, NULL);
    }
    float *panels = arena_alloc_array(arena, (size_t)depth * 9 * (size_t)n_columns, sizeof(float));
    weights->kernels = panels;
    return panels != NULL && pack_panels(kernels, pool, source, weights, panels);
}
