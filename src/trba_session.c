/* SPDX-License-Identifier: Apache-2.0 */
/* trba_session.c - reading images: the public trba_session_* functions.
 *
 *   images, or regions of a page, batch_size at a time:
 *     prepare   decode or crop, then in each turn it is read in: turn, resize, normalise      one image per thread
 *     read      inputs of one width go through the network together, batch_size at a time
 *     text      classes -> text, confidence, characters      into the result store
 *     EASYOCR: words it was not sure of once more, with their contrast stretched, unless told not to
 *     of an image that is read in several turns, the surest reading is kept
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/cpu.h"
#include "image/crop.h"
#include "image/turn.h"
#include "model/model.h"
#include "model/result_store.h"
#include "page.h"
#include "session.h"

enum { MAX_THREADS = 64, MAX_BATCH = 4096, MAX_PASS_PIXELS = 1 << 28, MAX_TURNS = 4, QUARTER_DEGREES = 90 };

/* A picture is tall that is at least so many times as tall as wide: from there on PaddleOCR turns a crop. */
static const double tall_ratio = 1.5;

/* EasyOCR reads a word again when its confidence is below this (contrast_ths, which is held against confidence). */
static const float easyocr_low_confidence = 0.1f;

/* Each thread's own, for preparing images. */
struct prepare_scratch {
    struct load_scratch load;
    struct image_buffer pixels;
    struct crop_scratch crop;
    struct image_buffer turned;
    struct preprocess_scratch preprocess;
};

/* What one call reads: images, or regions of a page. */
struct sources {
    size_t n;
    const trba_image *images;   /* [n], or NULL */
    const trba_page *page;
    const trba_region *regions; /* [n] */
    trba_rotate rotate;         /* never ANY */
    bool turns_tall;            /* by 90 degrees, before all else */
};

/* The sources that are prepared together: at most batch_size. */
struct chunk {
    const struct sources *sources;
    size_t first;
    int n;
};

/* An image in one of its turns, ready for the network. */
struct network_input {
    int quarter_turns; /* counter-clockwise */
    int width;
    float *values;     /* [img_h][width][channels] */
    size_t capacity;   /* of values, in floats */
};

/* One image of the chunk. */
struct prepared_image {
    trba_error error;           /* status TRBA_OK: all is well */
    int width, height;          /* as decoded, or as cropped */
    int n_turns;
    struct network_input inputs[MAX_TURNS]; /* [n_turns]; of equally sure readings the first is kept */
    struct preprocess settings; /* this time's */
};

/* One way through the network: an image of the chunk in one of its turns. */
struct passage {
    int image, turn;
    bool is_done;
};

struct trba_session {
    const trba_model *model;
    struct thread_pool *pool;
    struct layer_run run;
    int batch_size;
    struct prepare_scratch *scratch; /* [threads] */
    struct prepared_image *prepared; /* [batch_size] */
    struct passage *passages;        /* [batch_size * MAX_TURNS] */
    trba_exif exif;
    trba_alpha alpha;
    trba_rotate rotate; /* of images; never ANY */
    bool retries_contrast;
    struct result_store store;
    network_trace trace;
    void *trace_user;
};

trba_session_options trba_session_options_default(void)
{
    return (trba_session_options){.struct_size = sizeof(trba_session_options), .rotate = TRBA_ROTATE_ANY};
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
static trba_status load_region(const trba_session *session, const trba_page *page, const trba_region *region,
                               struct crop_scratch *scratch, struct image_view *out, trba_error *err)
{
    struct crop crop;
    const bool is_black_outside = session->model->rules.preset == TRBA_PRESET_EASYOCR;
    const trba_status status = crop_plan(&page->view, region, is_black_outside, &crop, err);
    if (status != TRBA_OK) return status;
    return crop_draw(&page->view, &crop, session->model->network.arch.input_channel, scratch, out, err);
}

/* Which turns the image is read in. */
static void choose_turns(const struct sources *sources, struct prepared_image *prepared)
{
    const bool is_tall = (double)prepared->height >= tall_ratio * (double)prepared->width;
    const int first = sources->turns_tall && is_tall ? 1 : 0;
    prepared->n_turns = 0;
    for (int i = 0; i < MAX_TURNS; i++) {
        const int quarter_turns = (first + i) % MAX_TURNS;
        const bool may_be_text = sources->rotate == TRBA_ROTATE_AUTO ||
                                 (sources->rotate == TRBA_ROTATE_TALL && is_tall && quarter_turns != 2);
        if (i == 0 || may_be_text) prepared->inputs[prepared->n_turns++].quarter_turns = quarter_turns;
    }
}

static trba_status reserve_input(struct network_input *input, size_t n_floats, trba_error *err)
{
    if (n_floats <= input->capacity) return TRBA_OK;
    free(input->values);
    input->capacity = 0;
    input->values = malloc(n_floats * sizeof(float));
    if (input->values == NULL) return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for the image");
    input->capacity = n_floats;
    return TRBA_OK;
}

static trba_status prepare_input(const struct preprocess *settings, const struct image_view *upright,
                                 struct prepare_scratch *scratch, struct network_input *input, trba_error *err)
{
    struct image_view view;
    trba_status status = image_turn(upright, input->quarter_turns, &scratch->turned, &view, err);
    if (status == TRBA_OK) status = preprocess_width(settings, view.width, view.height, &input->width, err);
    if (status != TRBA_OK) return status;
    const size_t n_floats = (size_t)settings->img_h * (size_t)input->width * (size_t)view.channels;
    status = reserve_input(input, n_floats, err);
    if (status != TRBA_OK) return status;
    return preprocess_image(settings, &view, &scratch->preprocess, input->values, err);
}

/* All turns or none: the one that memory was missing for might be the surest. */
static trba_status prepare_image(const trba_session *session, const struct sources *sources, size_t i,
                                 struct prepare_scratch *scratch, struct prepared_image *prepared, trba_error *err)
{
    struct image_view view;
    trba_status status =
        sources->images != NULL ? load_image(session, &sources->images[i], scratch, &view, err)
                                : load_region(session, sources->page, &sources->regions[i], &scratch->crop, &view, err);
    if (status != TRBA_OK) return status;
    prepared->width = view.width;
    prepared->height = view.height;
    choose_turns(sources, prepared);
    for (int turn = 0; turn < prepared->n_turns && status == TRBA_OK; turn++)
        status = prepare_input(&prepared->settings, &view, scratch, &prepared->inputs[turn], err);
    return status;
}

struct prepare_job {
    trba_session *session;
    const struct chunk *chunk;
    const int *chosen; /* which of the chunk */
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
    prepared->width = prepared->height = prepared->n_turns = 0;
    prepared->error.status = prepare_image(job->session, job->chunk->sources, job->chunk->first + (size_t)i,
                                           &job->session->scratch[thread], prepared, &prepared->error);
}

static void prepare_images(trba_session *session, const struct chunk *chunk, const int *chosen, int n,
                           int adjust_contrast)
{
    struct prepare_job job = {.session = session, .chunk = chunk, .chosen = chosen, .adjust_contrast = adjust_contrast};
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

static struct network_input *input_of(const trba_session *session, const struct passage *passage)
{
    return &session->prepared[passage->image].inputs[passage->turn];
}

/* The result that a passage's reading becomes: the image's own, or, of a further turn, one behind those of the call. */
static size_t place_of(const struct chunk *chunk, const struct passage *passage)
{
    if (passage->turn == 0) return chunk->first + (size_t)passage->image;
    return chunk->sources->n + (size_t)passage->image * (MAX_TURNS - 1) + (size_t)passage->turn - 1;
}

static void copy_input(const struct network_input *input, const struct feature_map *in, int i)
{
    const size_t row = (size_t)in->w * (size_t)in->c;
    for (int y = 0; y < in->h; y++)
        memcpy(map_pixel(in, i, y, 0), input->values + (size_t)y * row, row * sizeof(float));
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

/* One pass over the passages members[0 .. n), all of one width. */
static trba_status run_pass(trba_session *session, const struct chunk *chunk, const struct passage *const *members,
                            int n, bool is_second, trba_error *err)
{
    struct layer_run *run = &session->run;
    const struct network *network = &session->model->network;
    const int width = input_of(session, members[0])->width;
    trba_status status = plan_pass(session, n, width, err);
    if (status != TRBA_OK) return status;
    const int channels = network->arch.input_channel;
    const struct feature_map in = run_map(run, SLOT_INPUT, n, session->model->img_h, width, channels);
    for (int i = 0; i < n; i++) copy_input(input_of(session, members[i]), &in, i);
    const struct network_call call = {.max_steps = session->model->rules.max_length + 1,
                                      .stops_at_end = !session->model->rules.is_compatible,
                                      .trace = session->trace,
                                      .trace_user = session->trace_user};
    struct decoded decoded;
    network_forward(run, network, &in, &call, &decoded);
    for (int i = 0; i < n && status == TRBA_OK; i++)
        status = keep_reading(session, &decoded, i, place_of(chunk, members[i]), is_second, err);
    return status;
}

/* Takes passages that are not done, of the width of the one at `first`; returns how many: a pass. */
static int take_members(trba_session *session, int first, int n_passages, const struct passage *members[MAX_BATCH])
{
    const int width = input_of(session, &session->passages[first])->width;
    int n = 0;
    for (int i = first; i < n_passages && n < session->batch_size; i++) {
        struct passage *passage = &session->passages[i];
        if (passage->is_done || input_of(session, passage)->width != width) continue;
        if (n > 0 && !fits_in_pass(session, n + 1, width)) break;
        passage->is_done = true;
        members[n++] = passage;
    }
    return n;
}

/* Passes over all passages that are not done. */
static trba_status run_passes(trba_session *session, const struct chunk *chunk, int n_passages, bool is_second,
                              trba_error *err)
{
    const struct passage *members[MAX_BATCH];
    trba_status status = TRBA_OK;
    for (int first = 0; first < n_passages && status == TRBA_OK; first++) {
        if (session->passages[first].is_done) continue;
        const int n = take_members(session, first, n_passages, members);
        status = run_pass(session, chunk, members, n, is_second, err);
    }
    return status;
}

/* ---- reading ---- */

static bool is_unsure(const trba_session *session, const struct chunk *chunk, const struct passage *passage)
{
    return session->store.results[place_of(chunk, passage)].confidence < easyocr_low_confidence;
}

/* EASYOCR: the passages below the confidence that it takes for low contrast; each turn for itself, as with
 * rotation_info there. */
static trba_status read_again(trba_session *session, const struct chunk *chunk, int n_passages, trba_error *err)
{
    int images[MAX_BATCH], n_images = 0;
    for (int i = 0; i < n_passages; i++) {
        const struct passage *passage = &session->passages[i];
        const bool is_listed = n_images > 0 && images[n_images - 1] == passage->image;
        if (!is_listed && is_unsure(session, chunk, passage)) images[n_images++] = passage->image;
    }
    if (n_images == 0) return TRBA_OK;
    prepare_images(session, chunk, images, n_images, 1);
    for (int i = 0; i < n_passages; i++) {
        struct passage *passage = &session->passages[i];
        const bool is_prepared = session->prepared[passage->image].error.status == TRBA_OK;
        passage->is_done = !is_prepared || !is_unsure(session, chunk, passage);
    }
    return run_passes(session, chunk, n_passages, true, err);
}

/* Lists the passages of an image that is prepared, and notes in their results what is known of it; returns how many
 * are listed then. */
static int list_passages(trba_session *session, const struct chunk *chunk, int image, int n_passages)
{
    const struct prepared_image *prepared = &session->prepared[image];
    for (int turn = 0; turn < prepared->n_turns; turn++) {
        struct passage *passage = &session->passages[n_passages++];
        *passage = (struct passage){.image = image, .turn = turn};
        trba_result *result = &session->store.results[place_of(chunk, passage)];
        const int quarter_turns = prepared->inputs[turn].quarter_turns;
        const bool changes_sides = quarter_turns % 2 != 0 && chunk->sources->images == NULL;
        result->width = changes_sides ? prepared->height : prepared->width;
        result->height = changes_sides ? prepared->width : prepared->height;
        result->rotation = quarter_turns * QUARTER_DEGREES;
    }
    return n_passages;
}

static trba_status fail_image(trba_session *session, const struct chunk *chunk, int image, trba_error *err)
{
    const struct prepared_image *prepared = &session->prepared[image];
    const size_t place = chunk->first + (size_t)image;
    session->store.results[place].width = prepared->width;
    session->store.results[place].height = prepared->height;
    return result_store_fail(&session->store, place, &prepared->error, err);
}

/* An image's surest reading becomes its result; of equals the first, as in EasyOCR. */
static void keep_surest(trba_session *session, const struct chunk *chunk, int n_passages)
{
    struct result_store *store = &session->store;
    for (int i = 0; i < n_passages; i++) {
        const struct passage *passage = &session->passages[i];
        const size_t place = place_of(chunk, passage), kept = chunk->first + (size_t)passage->image;
        if (store->results[place].confidence > store->results[kept].confidence) result_store_move(store, place, kept);
    }
}

static trba_status read_chunk(trba_session *session, const struct chunk *chunk, trba_error *err)
{
    int all[MAX_BATCH], n_passages = 0;
    for (int i = 0; i < chunk->n; i++) all[i] = i;
    prepare_images(session, chunk, all, chunk->n, 0);
    trba_status status = TRBA_OK;
    for (int i = 0; i < chunk->n && status == TRBA_OK; i++) {
        if (session->prepared[i].error.status == TRBA_OK) n_passages = list_passages(session, chunk, i, n_passages);
        else status = fail_image(session, chunk, i, err);
    }
    if (status == TRBA_OK) status = run_passes(session, chunk, n_passages, false, err);
    if (status == TRBA_OK && session->retries_contrast) status = read_again(session, chunk, n_passages, err);
    if (status == TRBA_OK) keep_surest(session, chunk, n_passages);
    return status;
}

/* Room for the result of each source, and of each further turn of a chunk's. */
static trba_status begin_results(trba_session *session, const struct sources *sources, trba_error *err)
{
    const size_t batch = (size_t)session->batch_size, n_together = sources->n < batch ? sources->n : batch;
    size_t n_results;
    if (!checked_add(sources->n, sources->rotate != TRBA_ROTATE_NONE ? n_together * (MAX_TURNS - 1) : 0, &n_results))
        return error_set(err, TRBA_ERROR_LIMIT, "%zu are too many to read in one call", sources->n);
    return result_store_begin(&session->store, n_results, err);
}

static trba_status read_sources(trba_session *session, const struct sources *sources, const trba_result **out,
                                trba_error *err)
{
    trba_status status = begin_results(session, sources, err);
    for (size_t first = 0; first < sources->n && status == TRBA_OK; first += (size_t)session->batch_size) {
        const size_t left = sources->n - first;
        const int n = left < (size_t)session->batch_size ? (int)left : session->batch_size;
        status = read_chunk(session, &(struct chunk){.sources = sources, .first = first, .n = n}, err);
    }
    if (status != TRBA_OK) return status;
    session->store.n = sources->n;
    *out = result_store_finish(&session->store);
    return TRBA_OK;
}

trba_status trba_session_read_batch(trba_session *session, const trba_image *images, size_t n_images,
                                    const trba_result **out, trba_error *err)
{
    if (session == NULL || out == NULL || (images == NULL && n_images > 0))
        return error_set(err, TRBA_ERROR_ARGUMENT, "session, images and out must not be NULL");
    const struct sources sources = {.n = n_images, .images = images, .rotate = session->rotate};
    return read_sources(session, &sources, out, err);
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

static trba_status check_rotate(trba_rotate rotate, trba_error *err)
{
    if ((int)rotate >= TRBA_ROTATE_NONE && rotate <= TRBA_ROTATE_ANY) return TRBA_OK;
    return error_set(err, TRBA_ERROR_ARGUMENT, "there is no way %d to rotate", (int)rotate);
}

static trba_rotate settle_rotate(const trba_model *model, trba_rotate asked)
{
    return asked != TRBA_ROTATE_ANY ? asked : model->rotate;
}

trba_status trba_session_read_regions(trba_session *session, const trba_page *page, const trba_region *regions,
                                      size_t n_regions, const trba_region_options *options, const trba_result **out,
                                      trba_error *err)
{
    const trba_region_options defaults = trba_region_options_default();
    if (session == NULL || page == NULL || out == NULL || (regions == NULL && n_regions > 0))
        return error_set(err, TRBA_ERROR_ARGUMENT, "session, page, regions and out must not be NULL");
    if (options == NULL) options = &defaults;
    if (options->struct_size != sizeof *options)
        return error_set(err, TRBA_ERROR_ARGUMENT, "trba_region_options was not made by trba_region_options_default()");
    const trba_status status = check_rotate(options->rotate, err);
    if (status != TRBA_OK) return status;
    const struct sources sources = {.n = n_regions, .page = page, .regions = regions,
                                    .rotate = settle_rotate(session->model, options->rotate),
                                    .turns_tall = options->vertical == TRBA_CHOICE_YES};
    return read_sources(session, &sources, out, err);
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
    const trba_status status = check_rotate(options->rotate, err);
    return status == TRBA_OK ? image_check_policies(options->exif, options->alpha, err) : status;
}

static trba_status fill_session(trba_session *session, int n_threads, trba_error *err)
{
    trba_status status = thread_pool_new(n_threads, &session->pool, err);
    if (status != TRBA_OK) return status;
    session->run.kernels = &session->model->kernels;
    session->run.pool = session->pool;
    session->scratch = calloc((size_t)n_threads, sizeof *session->scratch);
    session->prepared = calloc((size_t)session->batch_size, sizeof *session->prepared);
    session->passages = calloc((size_t)session->batch_size * MAX_TURNS, sizeof *session->passages);
    if (session->scratch == NULL || session->prepared == NULL || session->passages == NULL)
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
    session->rotate = settle_rotate(model, options->rotate);
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
    image_buffer_free(&scratch->turned);
    preprocess_scratch_free(&scratch->preprocess);
}

static void prepared_image_free(struct prepared_image *prepared)
{
    for (int turn = 0; turn < MAX_TURNS; turn++) free(prepared->inputs[turn].values);
}

void trba_session_free(trba_session *session)
{
    if (session == NULL) return;
    const int n_threads = session->pool != NULL ? thread_pool_size(session->pool) : 0;
    for (int i = 0; session->scratch != NULL && i < n_threads; i++) prepare_scratch_free(&session->scratch[i]);
    for (int i = 0; session->prepared != NULL && i < session->batch_size; i++)
        prepared_image_free(&session->prepared[i]);
    free(session->scratch);
    free(session->prepared);
    free(session->passages);
    result_store_free(&session->store);
    run_free(&session->run);
    thread_pool_free(session->pool);
    free(session);
}

static size_t prepare_scratch_memory(const struct prepare_scratch *scratch)
{
    return sizeof *scratch + load_scratch_memory(&scratch->load) + scratch->pixels.capacity +
           crop_scratch_memory(&scratch->crop) + scratch->turned.capacity +
           preprocess_scratch_memory(&scratch->preprocess);
}

static size_t prepared_image_memory(const struct prepared_image *prepared)
{
    size_t n_floats = 0;
    for (int turn = 0; turn < MAX_TURNS; turn++) n_floats += prepared->inputs[turn].capacity;
    return sizeof *prepared + n_floats * sizeof(float);
}

size_t trba_session_memory(const trba_session *session)
{
    size_t total = sizeof *session + session->run.memory_bytes + result_store_memory(&session->store) +
                   (size_t)session->batch_size * MAX_TURNS * sizeof *session->passages;
    for (int i = 0; i < session->batch_size; i++) total += prepared_image_memory(&session->prepared[i]);
    for (int i = 0; i < thread_pool_size(session->pool); i++) total += prepare_scratch_memory(&session->scratch[i]);
    return total;
}
