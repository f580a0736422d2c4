/* SPDX-License-Identifier: Apache-2.0 */
/* trba_session.c - reading images: the public trba_session_* functions.
 *
 *   images, batch_size at a time:
 *     prepare   decode, resize, normalise                    one image per thread
 *     read      images of one width go through the network together
 *     text      classes -> text, confidence, characters      into the result store
 *     EASYOCR: words it was not sure of once more, with their contrast stretched
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/cpu.h"
#include "base/file_read.h"
#include "image/image.h"
#include "model/model.h"
#include "model/result_store.h"
#include "session.h"

enum { MAX_THREADS = 64, MAX_BATCH = 4096, IMAGE_FILE_LIMIT = 256 << 20 };

/* EasyOCR reads a word again when its confidence is below this (contrast_ths, which is held against confidence). */
static const float easyocr_low_confidence = 0.1f;

/* Each thread's own, for preparing images. */
struct prepare_scratch {
    struct file_buffer file;
    struct image_buffer pixels;
    struct preprocess_scratch preprocess;
};

/* One image of the batch, ready for the network. */
struct prepared_image {
    trba_error error;           /* status TRBA_OK: all is well */
    int width, height;          /* as decoded */
    int input_width;
    float *input;               /* [img_h][input_width][channels] */
    size_t capacity;            /* of input, in floats */
    struct preprocess settings; /* this time's */
};

struct trba_session {
    const trba_model *model;
    struct thread_pool *pool;
    struct layer_run run;
    int batch_size;
    struct prepare_scratch *scratch; /* [threads] */
    struct prepared_image *prepared; /* [batch_size] */
    struct result_store store;
    network_trace trace;
    void *trace_user;
};

trba_session_options trba_session_options_default(void)
{
    return (trba_session_options){.struct_size = sizeof(trba_session_options)};
}

void session_set_trace(trba_session *session, network_trace trace, void *user)
{
    session->trace = trace;
    session->trace_user = user;
}

/* ---- preparing ---- */

static trba_status load_pixels(const trba_model *model, const trba_image *image, struct prepare_scratch *scratch,
                               struct image_view *out, trba_error *err)
{
    const int channels = model->network.arch.input_channel;
    const void *bytes = image->bytes;
    size_t n_bytes = image->n_bytes;
    switch (image->kind) {
    case TRBA_IMAGE_PIXELS: return image_from_pixels(image, channels, &scratch->pixels, out, err);
    case TRBA_IMAGE_ENCODED:
        if (bytes == NULL) return error_set(err, TRBA_ERROR_ARGUMENT, "the encoded image is NULL");
        break;
    case TRBA_IMAGE_FILE: {
        if (image->path == NULL) return error_set(err, TRBA_ERROR_ARGUMENT, "the image's path is NULL");
        const trba_status status = file_read(image->path, IMAGE_FILE_LIMIT, &scratch->file, err);
        if (status != TRBA_OK) return status;
        bytes = scratch->file.bytes;
        n_bytes = scratch->file.n_bytes;
        break;
    }
    default: return error_set(err, TRBA_ERROR_ARGUMENT, "the image's kind is none of file, encoded and pixels");
    }
    const enum image_grey grey =
        model->rules.preset == TRBA_PRESET_EASYOCR ? IMAGE_GREY_OPENCV : IMAGE_GREY_PILLOW;
    return image_decode(bytes, n_bytes, channels, grey, &scratch->pixels, out, err);
}

static trba_status reserve_input(struct prepared_image *prepared, size_t n_floats, trba_error *err)
{
    if (n_floats <= prepared->capacity) return TRBA_OK;
    free(prepared->input);
    prepared->capacity = 0;
    prepared->input = malloc(n_floats * sizeof(float));
    if (prepared->input == NULL) return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for the image");
    prepared->capacity = n_floats;
    return TRBA_OK;
}

static trba_status prepare_image(const trba_model *model, const trba_image *image, struct prepare_scratch *scratch,
                                 struct prepared_image *prepared, trba_error *err)
{
    struct image_view view;
    trba_status status = load_pixels(model, image, scratch, &view, err);
    if (status != TRBA_OK) return status;
    prepared->width = view.width;
    prepared->height = view.height;
    status = preprocess_width(&prepared->settings, view.width, view.height, &prepared->input_width, err);
    if (status != TRBA_OK) return status;
    const size_t n_floats = (size_t)prepared->settings.img_h * (size_t)prepared->input_width * (size_t)view.channels;
    status = reserve_input(prepared, n_floats, err);
    if (status != TRBA_OK) return status;
    return preprocess_image(&prepared->settings, &view, &scratch->preprocess, prepared->input, err);
}

struct prepare_job {
    trba_session *session;
    const trba_image *images;
    const int *chosen; /* which of the batch */
    int adjust_contrast;
};

static void prepare_task(void *arg, int task, int thread)
{
    const struct prepare_job *job = arg;
    const trba_model *model = job->session->model;
    const int i = job->chosen[task];
    struct prepared_image *prepared = &job->session->prepared[i];
    prepared->settings = (struct preprocess){.preset = model->rules.preset,
                                             .channels = model->network.arch.input_channel,
                                             .img_h = model->img_h,
                                             .img_w = model->img_w,
                                             .pad = model->pads,
                                             .adjust_contrast = job->adjust_contrast};
    prepared->width = prepared->height = 0;
    prepared->error.status = prepare_image(model, &job->images[i], &job->session->scratch[thread], prepared,
                                           &prepared->error);
}

static void prepare_images(trba_session *session, const trba_image *images, const int *chosen, int n,
                           int adjust_contrast)
{
    struct prepare_job job = {.session = session, .images = images, .chosen = chosen, .adjust_contrast = adjust_contrast};
    thread_pool_run(session->pool, n, prepare_task, &job);
}

/* ---- the network ---- */

/* The pass for n images of that width: planned first, so that its memory is there. */
static trba_status plan_pass(trba_session *session, int n, int width, trba_error *err)
{
    struct layer_run *run = &session->run;
    const struct network *network = &session->model->network;
    const struct network_call call = {.max_steps = session->model->rules.max_length + 1};
    struct decoded decoded;
    run->is_planning = true;
    const struct feature_map in = run_map(run, SLOT_INPUT, n, session->model->img_h, width, network->arch.input_channel);
    network_forward(run, network, &in, &call, &decoded);
    run->is_planning = false;
    if (run_is_too_small(run) && !run_allocate(run))
        return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory to read %d images of width %d at once", n,
                         width);
    return TRBA_OK;
}

static void copy_input(const struct prepared_image *prepared, const struct feature_map *in, int i)
{
    const size_t row = (size_t)in->w * (size_t)in->c;
    for (int y = 0; y < in->h; y++)
        memcpy(map_pixel(in, i, y, 0), prepared->input + (size_t)y * row, row * sizeof(float));
}

/* Reads the text of the pass's image `i` into result `place`; a second reading replaces the first unless that was surer
 * (EasyOCR takes the second on a tie). */
static trba_status keep_reading(trba_session *session, const struct decoded *decoded, int i, size_t place,
                                bool is_second, trba_error *err)
{
    const trba_model *model = session->model;
    struct reading reading;
    const trba_status status = result_store_reserve(&session->store, read_text_bytes(model->charset, decoded->max_steps),
                                                    (size_t)decoded->max_steps, &reading, err);
    if (status != TRBA_OK) return status;
    read_text(&model->rules, model->charset, decoded, i, &reading);
    if (!is_second || reading.confidence >= session->store.results[place].confidence)
        result_store_keep(&session->store, place, &reading);
    return TRBA_OK;
}

/* One pass over the images members[0 .. n) of the batch, all of one width. */
static trba_status run_pass(trba_session *session, size_t first_result, const int *members, int n, bool is_second,
                            trba_error *err)
{
    struct layer_run *run = &session->run;
    const struct network *network = &session->model->network;
    const int width = session->prepared[members[0]].input_width;
    trba_status status = plan_pass(session, n, width, err);
    if (status != TRBA_OK) return status;
    const struct feature_map in = run_map(run, SLOT_INPUT, n, session->model->img_h, width, network->arch.input_channel);
    for (int i = 0; i < n; i++) copy_input(&session->prepared[members[i]], &in, i);
    const struct network_call call = {.max_steps = session->model->rules.max_length + 1,
                                      .stops_at_end = !session->model->rules.is_compatible,
                                      .trace = session->trace,
                                      .trace_user = session->trace_user};
    struct decoded decoded;
    network_forward(run, network, &in, &call, &decoded);
    for (int i = 0; i < n && status == TRBA_OK; i++)
        status = keep_reading(session, &decoded, i, first_result + (size_t)members[i], is_second, err);
    return status;
}

/* Passes over the chosen images of the batch, those of one width together. */
static trba_status run_passes(trba_session *session, size_t first_result, const int *chosen, int n, bool is_second,
                              trba_error *err)
{
    bool is_done[MAX_BATCH] = {false};
    int members[MAX_BATCH];
    for (int first = 0; first < n; first++) {
        int n_members = 0;
        for (int i = first; i < n; i++) {
            const struct prepared_image *prepared = &session->prepared[chosen[i]];
            if (is_done[i] || prepared->error.status != TRBA_OK) continue;
            if (n_members > 0 && prepared->input_width != session->prepared[members[0]].input_width) continue;
            is_done[i] = true;
            members[n_members++] = chosen[i];
        }
        if (n_members == 0) return TRBA_OK;
        const trba_status status = run_pass(session, first_result, members, n_members, is_second, err);
        if (status != TRBA_OK) return status;
    }
    return TRBA_OK;
}

/* ---- reading ---- */

/* EASYOCR: the words below the confidence that it takes for low contrast. */
static trba_status read_again(trba_session *session, const trba_image *images, int n, size_t first_result,
                              trba_error *err)
{
    int unsure[MAX_BATCH], n_unsure = 0;
    for (int i = 0; i < n; i++) {
        const trba_result *result = &session->store.results[first_result + (size_t)i];
        if (result->status == TRBA_OK && result->confidence < easyocr_low_confidence) unsure[n_unsure++] = i;
    }
    if (n_unsure == 0) return TRBA_OK;
    prepare_images(session, images, unsure, n_unsure, 1);
    return run_passes(session, first_result, unsure, n_unsure, true, err);
}

/* At most batch_size images; their results begin at first_result. */
static trba_status read_chunk(trba_session *session, const trba_image *images, int n, size_t first_result,
                              trba_error *err)
{
    int all[MAX_BATCH];
    for (int i = 0; i < n; i++) all[i] = i;
    prepare_images(session, images, all, n, 0);
    trba_status status = TRBA_OK;
    for (int i = 0; i < n && status == TRBA_OK; i++) {
        const struct prepared_image *prepared = &session->prepared[i];
        trba_result *result = &session->store.results[first_result + (size_t)i];
        result->width = prepared->width;
        result->height = prepared->height;
        if (prepared->error.status != TRBA_OK)
            status = result_store_fail(&session->store, first_result + (size_t)i, &prepared->error, err);
    }
    if (status == TRBA_OK) status = run_passes(session, first_result, all, n, false, err);
    if (status == TRBA_OK && session->model->rules.preset == TRBA_PRESET_EASYOCR)
        status = read_again(session, images, n, first_result, err);
    return status;
}

trba_status trba_session_read_batch(trba_session *session, const trba_image *images, size_t n_images,
                                    const trba_result **out, trba_error *err)
{
    if (session == NULL || out == NULL || (images == NULL && n_images > 0))
        return error_set(err, TRBA_ERROR_ARGUMENT, "session, images and out must not be NULL");
    trba_status status = result_store_begin(&session->store, n_images, err);
    for (size_t first = 0; first < n_images && status == TRBA_OK; first += (size_t)session->batch_size) {
        const size_t left = n_images - first;
        const int n = left < (size_t)session->batch_size ? (int)left : session->batch_size;
        status = read_chunk(session, images + first, n, first, err);
    }
    if (status == TRBA_OK) *out = result_store_finish(&session->store);
    return status;
}

trba_status trba_session_read(trba_session *session, const trba_image *image, const trba_result **out, trba_error *err)
{
    const trba_result *result;
    if (out == NULL) return error_set(err, TRBA_ERROR_ARGUMENT, "out must not be NULL");
    const trba_status status = trba_session_read_batch(session, image, 1, &result, err);
    if (status != TRBA_OK) return status;
    if (result->status != TRBA_OK) return error_set(err, result->status, "%s", result->message);
    *out = result;
    return TRBA_OK;
}

/* ---- lifetime ---- */

static trba_status check_options(const trba_session_options *options, trba_error *err)
{
    if (options->struct_size != sizeof *options)
        return error_set(err, TRBA_ERROR_ARGUMENT,
                         "trba_session_options was not made by trba_session_options_default()");
    if (options->n_threads < 0 || options->n_threads > MAX_THREADS)
        return error_set(err, TRBA_ERROR_ARGUMENT, "n_threads is %d; it must lie between 0 and %d", options->n_threads,
                         MAX_THREADS);
    if (options->batch_size < 0 || options->batch_size > MAX_BATCH)
        return error_set(err, TRBA_ERROR_ARGUMENT, "batch_size is %d; it must lie between 0 and %d",
                         options->batch_size, MAX_BATCH);
    return TRBA_OK;
}

static trba_status fill_session(trba_session *session, int n_threads, trba_error *err)
{
    trba_status status = thread_pool_new(n_threads, &session->pool, err);
    if (status != TRBA_OK) return status;
    session->run.kernels = &session->model->kernels;
    session->run.pool = session->pool;
    session->scratch = calloc((size_t)n_threads, sizeof *session->scratch);
    session->prepared = calloc((size_t)session->batch_size, sizeof *session->prepared);
    if (session->scratch == NULL || session->prepared == NULL)
        return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for a session");
    const int width = session->model->img_w > 0 ? session->model->img_w : session->model->network.arch.img_w;
    return plan_pass(session, session->batch_size, width, err);
}

trba_status trba_session_new(const trba_model *model, const trba_session_options *options, trba_session **out,
                             trba_error *err)
{
    const trba_session_options defaults = trba_session_options_default();
    if (model == NULL || out == NULL) return error_set(err, TRBA_ERROR_ARGUMENT, "model and out must not be NULL");
    if (options == NULL) options = &defaults;
    trba_status status = check_options(options, err);
    if (status != TRBA_OK) return status;
    const int processors = cpu_count();
    const int n_threads = options->n_threads > 0 ? options->n_threads : processors < MAX_THREADS ? processors : MAX_THREADS;
    trba_session *session = calloc(1, sizeof *session);
    if (session == NULL) return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for a session");
    session->model = model;
    session->batch_size = options->batch_size > 0 ? options->batch_size : 1;
    status = fill_session(session, n_threads, err);
    if (status != TRBA_OK) {
        trba_session_free(session);
        return status;
    }
    *out = session;
    return TRBA_OK;
}

static void prepare_scratch_free(struct prepare_scratch *scratch)
{
    file_buffer_free(&scratch->file);
    image_buffer_free(&scratch->pixels);
    preprocess_scratch_free(&scratch->preprocess);
}

void trba_session_free(trba_session *session)
{
    if (session == NULL) return;
    const int n_threads = session->pool != NULL ? thread_pool_size(session->pool) : 0;
    for (int i = 0; session->scratch != NULL && i < n_threads; i++) prepare_scratch_free(&session->scratch[i]);
    for (int i = 0; session->prepared != NULL && i < session->batch_size; i++) free(session->prepared[i].input);
    free(session->scratch);
    free(session->prepared);
    result_store_free(&session->store);
    run_free(&session->run);
    thread_pool_free(session->pool);
    free(session);
}

size_t trba_session_memory(const trba_session *session)
{
    size_t total = sizeof *session + session->run.memory_bytes + result_store_memory(&session->store);
    for (int i = 0; i < session->batch_size; i++)
        total += sizeof session->prepared[i] + session->prepared[i].capacity * sizeof(float);
    for (int i = 0; i < thread_pool_size(session->pool); i++)
        total += sizeof session->scratch[i] + session->scratch[i].file.capacity + session->scratch[i].pixels.capacity;
    return total;
}
