/* SPDX-License-Identifier: Apache-2.0 */
/* session_inputs.c - images, or regions of a page, made ready for the network: one image per thread.
 *
 *   decode or crop  ->  the turns it is read in  ->  of each: turn, resize, normalise
 */
#include "session_inputs.h"

#include <stdlib.h>

#include "image/crop.h"
#include "image/turn.h"
#include "model/model.h"
#include "page.h"

/* A picture is tall that is at least so many times as tall as wide: from there on PaddleOCR turns a crop. */
static const double tall_ratio = 1.5;

/* Each thread's own, for preparing images. */
struct prepare_scratch {
    struct load_scratch load;
    struct image_buffer pixels;
    struct crop_scratch crop;
    struct image_buffer turned;
    struct preprocess_scratch preprocess;
};

static trba_status load_image(const struct session_inputs *inputs, const trba_image *image,
                              struct prepare_scratch *scratch, struct image_view *out, trba_error *err)
{
    const bool is_easyocr = inputs->model->rules.preset == TRBA_PRESET_EASYOCR;
    const struct image_rules rules = {
        .channels = inputs->model->network.arch.input_channel,
        .grey = is_easyocr ? IMAGE_GREY_OPENCV : IMAGE_GREY_PILLOW,
        .applies_orientation = inputs->exif == TRBA_EXIF_ANY ? is_easyocr : inputs->exif == TRBA_EXIF_APPLY,
        .alpha = inputs->alpha};
    return image_load(image, &rules, &scratch->load, &scratch->pixels, out, err);
}

/* What lies outside the page is black for EasyOCR's four_point_transform(). */
static trba_status load_region(const struct session_inputs *inputs, const trba_page *page, const trba_region *region,
                               struct crop_scratch *scratch, struct image_view *out, trba_error *err)
{
    struct crop crop;
    const bool is_black_outside = inputs->model->rules.preset == TRBA_PRESET_EASYOCR;
    const trba_status status = crop_plan(&page->view, region, is_black_outside, &crop, err);
    if (status != TRBA_OK) return status;
    return crop_draw(&page->view, &crop, inputs->model->network.arch.input_channel, scratch, out, err);
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

/* One time that images are prepared. */
struct prepare_job {
    struct session_inputs *inputs;
    const struct chunk *chunk;
    const int *chosen; /* which of the chunk */
    struct preprocess settings;
};

static trba_status load_source(const struct prepare_job *job, int i, struct prepare_scratch *scratch,
                               struct image_view *out, trba_error *err)
{
    const struct sources *sources = job->chunk->sources;
    const size_t source = job->chunk->first + (size_t)i;
    if (sources->images != NULL) return load_image(job->inputs, &sources->images[source], scratch, out, err);
    return load_region(job->inputs, sources->page, &sources->regions[source], &scratch->crop, out, err);
}

/* All turns or none: the one that memory was missing for might be the surest. */
static trba_status prepare_image(const struct prepare_job *job, int i, struct prepare_scratch *scratch,
                                 struct prepared_image *prepared, trba_error *err)
{
    struct image_view view;
    trba_status status = load_source(job, i, scratch, &view, err);
    if (status != TRBA_OK) return status;
    prepared->width = view.width;
    prepared->height = view.height;
    choose_turns(job->chunk->sources, prepared);
    for (int turn = 0; turn < prepared->n_turns && status == TRBA_OK; turn++)
        status = prepare_input(&job->settings, &view, scratch, &prepared->inputs[turn], err);
    return status;
}

static void prepare_task(void *arg, int task, int thread)
{
    const struct prepare_job *job = arg;
    const int i = job->chosen[task];
    struct prepared_image *prepared = &job->inputs->prepared[i];
    prepared->width = prepared->height = prepared->n_turns = 0;
    prepared->error.status = prepare_image(job, i, &job->inputs->scratch[thread], prepared, &prepared->error);
}

void session_inputs_prepare(struct session_inputs *inputs, const struct chunk *chunk, const int *chosen, int n,
                            bool is_second)
{
    const trba_model *model = inputs->model;
    struct prepare_job job = {.inputs = inputs, .chunk = chunk, .chosen = chosen,
                              .settings = {.preset = model->rules.preset,
                                           .channels = model->network.arch.input_channel,
                                           .img_h = model->img_h,
                                           .img_w = model->img_w,
                                           .pad = model->pads,
                                           .adjust_contrast = is_second}};
    thread_pool_run(inputs->pool, n, prepare_task, &job);
}

/* ---- memory ---- */

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

trba_status session_inputs_init(struct session_inputs *inputs, const trba_model *model, struct thread_pool *pool,
                                const trba_session_options *options, int batch_size, trba_error *err)
{
    *inputs = (struct session_inputs){.model = model, .pool = pool, .exif = options->exif, .alpha = options->alpha,
                                      .batch_size = batch_size};
    inputs->scratch = calloc((size_t)thread_pool_size(pool), sizeof *inputs->scratch);
    inputs->prepared = calloc((size_t)batch_size, sizeof *inputs->prepared);
    if (inputs->scratch != NULL && inputs->prepared != NULL) return TRBA_OK;
    return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for a session");
}

trba_status session_inputs_reserve(struct session_inputs *inputs, int width, trba_error *err)
{
    const trba_model *model = inputs->model;
    const size_t n_floats = (size_t)model->img_h * (size_t)width * (size_t)model->network.arch.input_channel;
    trba_status status = TRBA_OK;
    for (int i = 0; i < inputs->batch_size && status == TRBA_OK; i++)
        status = reserve_input(&inputs->prepared[i].inputs[0], n_floats, err);
    return status == TRBA_OK ? TRBA_OK : error_set(err, status, "there is not enough memory for a session");
}

size_t session_inputs_memory(const struct session_inputs *inputs)
{
    size_t total = 0;
    for (int i = 0; i < inputs->batch_size; i++) total += prepared_image_memory(&inputs->prepared[i]);
    for (int i = 0; i < thread_pool_size(inputs->pool); i++) total += prepare_scratch_memory(&inputs->scratch[i]);
    return total;
}

void session_inputs_free(struct session_inputs *inputs)
{
    const int n_threads = inputs->scratch != NULL ? thread_pool_size(inputs->pool) : 0;
    for (int i = 0; i < n_threads; i++) prepare_scratch_free(&inputs->scratch[i]);
    for (int i = 0; inputs->prepared != NULL && i < inputs->batch_size; i++) prepared_image_free(&inputs->prepared[i]);
    free(inputs->scratch);
    free(inputs->prepared);
}
