/* SPDX-License-Identifier: Apache-2.0 */
/* trba_session.c - reading images: the public trba_session_* functions.
 *
 *   images, or regions of a page, batch_size at a time:
 *     prepare   decode or crop, resize, normalise            one image per thread
 *     read      images of one width go through the network together
 *     text      classes -> text, confidence, characters      into the result store
 *     EASYOCR: words it was not sure of once more, with their contrast stretched, unless told not to
 *   a region that is read in several turns: the surest reading is kept
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/cpu.h"
#include "image/crop.h"
#include "model/model.h"
#include "model/result_store.h"
#include "page.h"
#include "session.h"

enum { MAX_THREADS = 64, MAX_BATCH = 4096, MAX_PASS_PIXELS = 1 << 28, QUARTER_DEGREES = 90 };

/* PaddleOCR turns a crop that is at least so many times as tall as wide. */
static const double vertical_ratio = 1.5;

/* EasyOCR reads a word again when its confidence is below this (contrast_ths, which is held against confidence). */
static const float easyocr_low_confidence = 0.1f;

/* Each thread's own, for preparing images. */
struct prepare_scratch {
    struct load_scratch load;
    struct image_buffer pixels;
    struct crop_scratch crop;
    struct preprocess_scratch preprocess;
};

/* One reading of a region. */
struct turned_region {
    size_t region;
    int quarter_turns; /* counter-clockwise */
};

/* What one call reads: images, or turned regions of a page. */
struct sources {
    size_t n;
    const trba_image *images;           /* [n], or NULL */
    const trba_page *page;
    const trba_region *regions;
    const struct turned_region *turned; /* [n] */
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
    struct turned_region *turned;    /* [turned_capacity] */
    size_t turned_capacity;
    trba_exif exif;
    trba_alpha alpha;
    bool retries_contrast;
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

static trba_status load_image(const trba_session *session, const trba_image *image, struct prepare_scratch *scratch,
                              struct image_view *out, trba_error *err)
{
    const bool is_easyocr = session->model->rules.preset == TRBA_PRESET_EASYOCR;
    const struct image_rules rules = {
        .channels = session->model->network.arch.input_channel,
        .grey = is_easyocr ? IMAGE_GREY_OPENCV : IMAGE_GREY_PILLOW,
        .applies_orientation = session->exif == TRBA_EXIF_ANY ? is_easyocr : session->exif == TRBA_EXIF_APPLY,
        .alpha = session->alpha};
    return image_load(image, &rules, &scratch->load, &scratch->pixels, out, err);
}

/* What lies outside the page is black for EasyOCR's four_point_transform(). */
static trba_status plan_region(const trba_session *session, const trba_page *page, const trba_region *region,
                               struct crop *out, trba_error *err)
{
    return crop_plan(&page->view, region, session->model->rules.preset == TRBA_PRESET_EASYOCR, out, err);
}

static trba_status load_region(const trba_session *session, const struct sources *sources, size_t i,
                               struct prepare_scratch *scratch, struct image_view *out, trba_error *err)
{
    const struct turned_region *turned = &sources->turned[i];
    struct crop crop;
    const trba_status status = plan_region(session, sources->page, &sources->regions[turned->region], &crop, err);
    if (status != TRBA_OK) return status;
    return crop_draw(&sources->page->view, &crop, session->model->network.arch.input_channel, turned->quarter_turns,
                     &scratch->crop, out, err);
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

static trba_status prepare_image(const trba_session *session, const struct sources *sources, size_t i,
                                 struct prepare_scratch *scratch, struct prepared_image *prepared, trba_error *err)
{
    struct image_view view;
    trba_status status = sources->images != NULL ? load_image(session, &sources->images[i], scratch, &view, err)
                                                 : load_region(session, sources, i, scratch, &view, err);
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
    const struct sources *sources;
    size_t first;      /* source of the batch */
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
    prepared->error.status = prepare_image(job->session, job->sources, job->first + (size_t)i,
                                           &job->session->scratch[thread], prepared, &prepared->error);
}

static void prepare_images(trba_session *session, const struct sources *sources, size_t first, const int *chosen,
                           int n, int adjust_contrast)
{
    struct prepare_job job = {.session = session, .sources = sources, .first = first, .chosen = chosen,
                              .adjust_contrast = adjust_contrast};
    thread_pool_run(session->pool, n, prepare_task, &job);
}

/* ---- the network ---- */

/* Layers count pixels in int. */
static bool fits_in_pass(const trba_session *session, int n, int width)
{
    return (int64_t)n * session->model->img_h * width <= MAX_PASS_PIXELS;
}

/* The pass for n images of that width: planned first, so that its memory is there. */
static trba_status plan_pass(trba_session *session, int n, int width, trba_error *err)
{
    struct layer_run *run = &session->run;
    const struct network *network = &session->model->network;
    const struct network_call call = {.max_steps = session->model->rules.max_length + 1};
    struct decoded decoded;
    if (!fits_in_pass(session, n, width))
        return error_set(err, TRBA_ERROR_LIMIT, "%d images of %d x %d pixels are too many at once: make batch_size "
                         "smaller", n, width, session->model->img_h);
    run->is_planning = true;
    const int channels = network->arch.input_channel;
    const struct feature_map in = run_map(run, SLOT_INPUT, n, session->model->img_h, width, channels);
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
    const size_t text_bytes = read_text_bytes(model->charset, decoded->max_steps);
    const trba_status status =
        result_store_reserve(&session->store, text_bytes, (size_t)decoded->max_steps, &reading, err);
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
    const int channels = network->arch.input_channel;
    const struct feature_map in = run_map(run, SLOT_INPUT, n, session->model->img_h, width, channels);
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
            if (n_members > 0 && !fits_in_pass(session, n_members + 1, prepared->input_width)) continue;
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
static trba_status read_again(trba_session *session, const struct sources *sources, size_t first, int n,
                              trba_error *err)
{
    int unsure[MAX_BATCH], n_unsure = 0;
    for (int i = 0; i < n; i++) {
        const trba_result *result = &session->store.results[first + (size_t)i];
        if (result->status == TRBA_OK && result->confidence < easyocr_low_confidence) unsure[n_unsure++] = i;
    }
    if (n_unsure == 0) return TRBA_OK;
    prepare_images(session, sources, first, unsure, n_unsure, 1);
    return run_passes(session, first, unsure, n_unsure, true, err);
}

/* At most batch_size sources; their results have the same numbers. */
static trba_status read_chunk(trba_session *session, const struct sources *sources, size_t first, int n,
                              trba_error *err)
{
    int all[MAX_BATCH];
    for (int i = 0; i < n; i++) all[i] = i;
    prepare_images(session, sources, first, all, n, 0);
    trba_status status = TRBA_OK;
    for (int i = 0; i < n && status == TRBA_OK; i++) {
        const struct prepared_image *prepared = &session->prepared[i];
        trba_result *result = &session->store.results[first + (size_t)i];
        result->width = prepared->width;
        result->height = prepared->height;
        if (prepared->error.status != TRBA_OK)
            status = result_store_fail(&session->store, first + (size_t)i, &prepared->error, err);
    }
    if (status == TRBA_OK) status = run_passes(session, first, all, n, false, err);
    if (status == TRBA_OK && session->retries_contrast)
        status = read_again(session, sources, first, n, err);
    return status;
}

static trba_status read_sources(trba_session *session, const struct sources *sources, trba_error *err)
{
    trba_status status = result_store_begin(&session->store, sources->n, err);
    for (size_t first = 0; first < sources->n && status == TRBA_OK; first += (size_t)session->batch_size) {
        const size_t left = sources->n - first;
        const int n = left < (size_t)session->batch_size ? (int)left : session->batch_size;
        status = read_chunk(session, sources, first, n, err);
    }
    return status;
}

trba_status trba_session_read_batch(trba_session *session, const trba_image *images, size_t n_images,
                                    const trba_result **out, trba_error *err)
{
    if (session == NULL || out == NULL || (images == NULL && n_images > 0))
        return error_set(err, TRBA_ERROR_ARGUMENT, "session, images and out must not be NULL");
    const struct sources sources = {.n = n_images, .images = images};
    const trba_status status = read_sources(session, &sources, err);
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

/* ---- regions ---- */

static trba_status check_region_options(const trba_region_options *options, trba_error *err)
{
    if (options->struct_size != sizeof *options)
        return error_set(err, TRBA_ERROR_ARGUMENT, "trba_region_options was not made by trba_region_options_default()");
    if (options->rotate != TRBA_ROTATE_NONE && options->rotate != TRBA_ROTATE_AUTO)
        return error_set(err, TRBA_ERROR_ARGUMENT, "there is no way %d to rotate", (int)options->rotate);
    return TRBA_OK;
}

/* The turn that a region is read in first. One that cannot be cropped fails when it is read. */
static int first_turn(const trba_session *session, const trba_page *page, const trba_region *region,
                      const trba_region_options *options)
{
    struct crop crop;
    if (options->vertical != TRBA_CHOICE_YES || plan_region(session, page, region, &crop, NULL) != TRBA_OK) return 0;
    return (double)crop.height >= vertical_ratio * (double)crop.width ? 1 : 0;
}

/* Lists the readings of all regions, n_turns of each, in sources->turned. */
static trba_status list_turns(trba_session *session, const trba_region_options *options, size_t n_regions, int n_turns,
                              struct sources *sources, trba_error *err)
{
    size_t n_bytes;
    if (!checked_mul(n_regions, (size_t)n_turns, &sources->n) ||
        !checked_mul(sources->n, sizeof *session->turned, &n_bytes))
        return error_set(err, TRBA_ERROR_LIMIT, "%zu regions are too many", n_regions);
    if (sources->n > session->turned_capacity) {
        struct turned_region *turned = realloc(session->turned, n_bytes);
        if (turned == NULL) return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for the regions");
        session->turned = turned;
        session->turned_capacity = sources->n;
    }
    for (size_t i = 0; i < n_regions; i++) {
        const int first = first_turn(session, sources->page, &sources->regions[i], options);
        for (int k = 0; k < n_turns; k++)
            session->turned[i * (size_t)n_turns + (size_t)k] = (struct turned_region){i, (first + k) % 4};
    }
    sources->turned = session->turned;
    return TRBA_OK;
}

/* Which of a region's n readings is surest; the first of equals, as in EasyOCR. One that memory was missing for might
 * have been: then the region fails. */
static size_t surest(const trba_result *results, size_t n)
{
    size_t best = 0;
    for (size_t i = 0; i < n; i++)
        if (results[i].status == TRBA_ERROR_MEMORY) return i;
    for (size_t i = 1; i < n; i++) {
        const bool is_better = results[best].status != TRBA_OK || results[i].confidence > results[best].confidence;
        if (results[i].status == TRBA_OK && is_better) best = i;
    }
    return best;
}

static void keep_surest(struct result_store *store, const struct turned_region *turned, size_t n_regions,
                        size_t n_turns)
{
    for (size_t i = 0; i < n_regions; i++) {
        const size_t best = i * n_turns + surest(store->results + i * n_turns, n_turns);
        store->results[best].rotation = turned[best].quarter_turns * QUARTER_DEGREES;
        result_store_move(store, best, i);
    }
    store->n = n_regions;
}

trba_status trba_session_read_regions(trba_session *session, const trba_page *page, const trba_region *regions,
                                      size_t n_regions, const trba_region_options *options, const trba_result **out,
                                      trba_error *err)
{
    const trba_region_options defaults = trba_region_options_default();
    if (session == NULL || page == NULL || out == NULL || (regions == NULL && n_regions > 0))
        return error_set(err, TRBA_ERROR_ARGUMENT, "session, page, regions and out must not be NULL");
    if (options == NULL) options = &defaults;
    const int n_turns = options->rotate == TRBA_ROTATE_AUTO ? 4 : 1;
    struct sources sources = {.page = page, .regions = regions};
    trba_status status = check_region_options(options, err);
    if (status == TRBA_OK) status = list_turns(session, options, n_regions, n_turns, &sources, err);
    if (status == TRBA_OK) status = read_sources(session, &sources, err);
    if (status != TRBA_OK) return status;
    keep_surest(&session->store, sources.turned, n_regions, (size_t)n_turns);
    *out = result_store_finish(&session->store);
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
    return image_check_policies(options->exif, options->alpha, err);
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
    const int most_threads = processors < MAX_THREADS ? processors : MAX_THREADS;
    const int n_threads = options->n_threads > 0 ? options->n_threads : most_threads;
    trba_session *session = calloc(1, sizeof *session);
    if (session == NULL) return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for a session");
    session->model = model;
    session->batch_size = options->batch_size > 0 ? options->batch_size : 1;
    session->exif = options->exif;
    session->alpha = options->alpha;
    session->retries_contrast =
        model->rules.preset == TRBA_PRESET_EASYOCR && options->retry_contrast != TRBA_CHOICE_NO;
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
    load_scratch_free(&scratch->load);
    image_buffer_free(&scratch->pixels);
    crop_scratch_free(&scratch->crop);
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
    free(session->turned);
    result_store_free(&session->store);
    run_free(&session->run);
    thread_pool_free(session->pool);
    free(session);
}

size_t trba_session_memory(const trba_session *session)
{
    size_t total = sizeof *session + session->run.memory_bytes + result_store_memory(&session->store) +
                   session->turned_capacity * sizeof *session->turned;
    for (int i = 0; i < session->batch_size; i++)
        total += sizeof session->prepared[i] + session->prepared[i].capacity * sizeof(float);
    for (int i = 0; i < thread_pool_size(session->pool); i++)
        total += sizeof session->scratch[i] + load_scratch_memory(&session->scratch[i].load) +
                 session->scratch[i].pixels.capacity + crop_scratch_memory(&session->scratch[i].crop) +
                 preprocess_scratch_memory(&session->scratch[i].preprocess);
    return total;
}
