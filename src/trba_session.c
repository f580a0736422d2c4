/* SPDX-License-Identifier: Apache-2.0 */
/* trba_session.c - the public functions on sessions: trba_session_*. They check what they are given; session_reading.c
 * reads it.
 */
#include <stdlib.h>

#include "base/cpu.h"
#include "base/float_environment.h"
#include "model/model.h"
#include "session.h"

enum { MAX_THREADS = 64 };

trba_session_options trba_session_options_default(void)
{
    return (trba_session_options){.struct_size = sizeof(trba_session_options), .rotate = TRBA_ROTATE_ANY};
}

void session_set_trace(trba_session *session, network_trace trace, void *user)
{
    session->passes.trace = trace;
    session->passes.trace_user = user;
}

static trba_status check_rotate(trba_rotate rotate, trba_error *err)
{
    if ((int)rotate >= TRBA_ROTATE_NONE && rotate <= TRBA_ROTATE_ANY) return TRBA_OK;
    return error_set(err, TRBA_ERROR_ARGUMENT, "there is no way %d to rotate", (int)rotate);
}

static trba_rotate settle_rotate(const trba_model *model, trba_rotate asked)
{
    return asked != TRBA_ROTATE_ANY ? asked : model->rotate;
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
    if ((unsigned)options->retry_contrast > TRBA_CHOICE_YES)
        return error_set(err, TRBA_ERROR_ARGUMENT, "retry_contrast is %d, which is no trba_choice",
                         (int)options->retry_contrast);
    const trba_status status = check_rotate(options->rotate, err);
    return status == TRBA_OK ? image_check_policies(options->exif, options->alpha, err) : status;
}

static trba_status fill_session(trba_session *session, const trba_session_options *options, int n_threads,
                                trba_error *err)
{
    const trba_model *model = session->model;
    const int batch_size = session->batch_size;
    trba_status status = thread_pool_new(n_threads, &session->pool, err);
    if (status != TRBA_OK) return status;
    session->passages = calloc((size_t)batch_size * MAX_TURNS, sizeof *session->passages);
    if (session->passages == NULL)
        return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for a session");
    const int width = model->img_w > 0 ? model->img_w : model->network.arch.img_w;
    status = session_inputs_init(&session->inputs, model, session->pool, options, batch_size, err);
    if (status == TRBA_OK) status = session_passes_init(&session->passes, model, session->pool, batch_size, width, err);
    if (status == TRBA_OK) status = session_inputs_reserve(&session->inputs, width, err);
    return status;
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
    session->rotate = settle_rotate(model, options->rotate);
    session->retries_contrast =
        model->rules.preset == TRBA_PRESET_EASYOCR && options->retry_contrast != TRBA_CHOICE_NO;
    status = fill_session(session, options, n_threads, err);
    if (status != TRBA_OK) {
        trba_session_free(session);
        return status;
    }
    *out = session;
    return TRBA_OK;
}

void trba_session_free(trba_session *session)
{
    if (session == NULL) return;
    result_store_free(&session->store);
    session_passes_free(&session->passes);
    session_inputs_free(&session->inputs);
    free(session->passages);
    thread_pool_free(session->pool);
    free(session);
}

size_t trba_session_memory(const trba_session *session)
{
    return sizeof *session + session_inputs_memory(&session->inputs) + session->passes.run.memory_bytes +
           result_store_memory(&session->store) +
           (size_t)session->batch_size * MAX_TURNS * sizeof *session->passages;
}

/* ---- reading ---- */

static trba_status read_sources(trba_session *session, const struct sources *sources, const trba_result **out,
                                trba_error *err)
{
    fenv_t callers;
    float_environment_begin(&callers);
    const trba_status status = session_read(session, sources, out, err);
    float_environment_end(&callers);
    return status;
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
    if ((unsigned)options->vertical > TRBA_CHOICE_YES)
        return error_set(err, TRBA_ERROR_ARGUMENT, "vertical is %d, which is no trba_choice", (int)options->vertical);
    const trba_status status = check_rotate(options->rotate, err);
    if (status != TRBA_OK) return status;
    const struct sources sources = {.n = n_regions, .page = page, .regions = regions,
                                    .rotate = settle_rotate(session->model, options->rotate),
                                    .turns_tall = options->vertical == TRBA_CHOICE_YES};
    return read_sources(session, &sources, out, err);
}
