/* SPDX-License-Identifier: Apache-2.0 */
/* session_passes.c - inputs through the network, and what is read from them into the results.
 *
 *   passages -> those of one width, at most batch_size: a pass -> classes -> text, confidence, characters
 */
#include "session_passes.h"

#include <string.h>

#include "model/model.h"

enum { MAX_PASS_PIXELS = 1 << 28 };

/* Layers count pixels in int. */
static bool fits_in_pass(const trba_model *model, int n, int width)
{
    return (int64_t)n * model->img_h * width <= MAX_PASS_PIXELS;
}

/* The pass for n inputs of that width: planned first, so that its memory is there. */
static trba_status plan_pass(struct session_passes *passes, int n, int width, trba_error *err)
{
    struct layer_run *run = &passes->run;
    const trba_model *model = passes->model;
    const struct network_call call = {.max_steps = model->rules.max_length + 1};
    struct decoded decoded;
    if (!fits_in_pass(model, n, width))
        return error_set(err, TRBA_ERROR_LIMIT, "%d images of %d x %d pixels are too many at once: make batch_size "
                         "smaller", n, width, model->img_h);
    run->is_planning = true;
    const int channels = model->network.arch.input_channel;
    const struct feature_map in = run_map(run, SLOT_INPUT, n, model->img_h, width, channels);
    network_forward(run, &model->network, &in, &call, &decoded);
    run->is_planning = false;
    if (run_is_too_small(run) && !run_allocate(run))
        return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory to read %d images of width %d at once", n,
                         width);
    return TRBA_OK;
}

static void copy_input(const struct network_input *input, const struct feature_map *in, int i)
{
    const size_t row = (size_t)in->w * (size_t)in->c;
    for (int y = 0; y < in->h; y++)
        memcpy(map_pixel(in, i, y, 0), input->values + (size_t)y * row, row * sizeof(float));
}

/* Reads the text of the pass's input `i` into result `place`; a second reading replaces the first unless that was surer
 * (EasyOCR takes the second on a tie). */
static trba_status keep_reading(const trba_model *model, const struct decoded *decoded, int i, size_t place,
                                bool is_second, struct result_store *store, trba_error *err)
{
    struct reading reading;
    const size_t text_bytes = read_text_bytes(model->charset, decoded->max_steps);
    const trba_status status = result_store_reserve(store, text_bytes, (size_t)decoded->max_steps, &reading, err);
    if (status != TRBA_OK) return status;
    read_text(&model->rules, model->charset, decoded, i, &reading);
    if (!is_second || reading.confidence >= store->results[place].confidence)
        result_store_keep(store, place, &reading);
    return TRBA_OK;
}

/* One pass over the passages members[0 .. n), all of one width. */
static trba_status run_pass(struct session_passes *passes, const struct passage *const *members, int n, bool is_second,
                            struct result_store *store, trba_error *err)
{
    struct layer_run *run = &passes->run;
    const trba_model *model = passes->model;
    const int width = members[0]->input->width;
    trba_status status = plan_pass(passes, n, width, err);
    if (status != TRBA_OK) return status;
    const int channels = model->network.arch.input_channel;
    const struct feature_map in = run_map(run, SLOT_INPUT, n, model->img_h, width, channels);
    for (int i = 0; i < n; i++) copy_input(members[i]->input, &in, i);
    const struct network_call call = {.max_steps = model->rules.max_length + 1,
                                      .stops_at_end = !model->rules.is_compatible,
                                      .trace = passes->trace,
                                      .trace_user = passes->trace_user};
    struct decoded decoded;
    network_forward(run, &model->network, &in, &call, &decoded);
    for (int i = 0; i < n && status == TRBA_OK; i++)
        status = keep_reading(model, &decoded, i, members[i]->place, is_second, store, err);
    return status;
}

/* Takes passages of candidates[0 .. n) that are not done, of the width of the first; returns how many: a pass. */
static int take_members(const struct session_passes *passes, struct passage *candidates, int n,
                        const struct passage *members[MAX_BATCH])
{
    const int width = candidates[0].input->width;
    int n_members = 0;
    for (int i = 0; i < n && n_members < passes->batch_size; i++) {
        struct passage *passage = &candidates[i];
        if (passage->is_done || passage->input->width != width) continue;
        if (n_members > 0 && !fits_in_pass(passes->model, n_members + 1, width)) break;
        passage->is_done = true;
        members[n_members++] = passage;
    }
    return n_members;
}

trba_status session_passes_run(struct session_passes *passes, struct passage *passages, int n, bool is_second,
                               struct result_store *store, trba_error *err)
{
    const struct passage *members[MAX_BATCH];
    trba_status status = TRBA_OK;
    for (int first = 0; first < n && status == TRBA_OK; first++) {
        if (passages[first].is_done) continue;
        const int n_members = take_members(passes, passages + first, n - first, members);
        status = run_pass(passes, members, n_members, is_second, store, err);
    }
    return status;
}

trba_status session_passes_init(struct session_passes *passes, const trba_model *model, struct thread_pool *pool,
                                int batch_size, int width, trba_error *err)
{
    passes->model = model;
    passes->batch_size = batch_size;
    passes->run.kernels = &model->kernels;
    passes->run.pool = pool;
    return plan_pass(passes, batch_size, width, err);
}

void session_passes_free(struct session_passes *passes)
{
    run_free(&passes->run);
}
