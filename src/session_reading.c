/* SPDX-License-Identifier: Apache-2.0 */
/* session_reading.c - one call: images, or regions of a page, batch_size at a time, and which of an image's readings
 * becomes its result.
 *
 *   prepare    in each turn it is read in
 *   read       through the network
 *   EASYOCR: words it was not sure of once more, with their contrast stretched, unless told not to
 *   keep       of an image that is read in several turns, the surest reading
 */
#include "base/checked.h"
#include "session.h"

enum { QUARTER_DEGREES = 90 };

/* EasyOCR reads a word again when its confidence is below this (contrast_ths, which is held against confidence). */
static const float easyocr_low_confidence = 0.1f;

/* The result that an image's reading in that turn becomes: the image's own, or, of a further turn, one behind those of
 * the call. */
static size_t place_of(const struct chunk *chunk, int image, int turn)
{
    if (turn == 0) return chunk->first + (size_t)image;
    return chunk->sources->n + (size_t)image * (MAX_TURNS - 1) + (size_t)turn - 1;
}

/* Lists the passages of an image that is prepared, and notes in their results what is known of it; returns how many
 * are listed then. */
static int list_passages(trba_session *session, const struct chunk *chunk, int image, int n_passages)
{
    const struct prepared_image *prepared = &session->inputs.prepared[image];
    for (int turn = 0; turn < prepared->n_turns; turn++) {
        const struct network_input *input = &prepared->inputs[turn];
        const size_t place = place_of(chunk, image, turn);
        session->passages[n_passages++] = (struct passage){.input = input, .place = place, .image = image};
        trba_result *result = &session->store.results[place];
        const bool changes_sides = input->quarter_turns % 2 != 0 && chunk->sources->images == NULL;
        result->width = changes_sides ? prepared->height : prepared->width;
        result->height = changes_sides ? prepared->width : prepared->height;
        result->rotation = input->quarter_turns * QUARTER_DEGREES;
    }
    return n_passages;
}

static trba_status fail_image(trba_session *session, const struct chunk *chunk, int image, trba_error *err)
{
    const struct prepared_image *prepared = &session->inputs.prepared[image];
    const size_t place = chunk->first + (size_t)image;
    session->store.results[place].width = prepared->width;
    session->store.results[place].height = prepared->height;
    return result_store_fail(&session->store, place, &prepared->error, err);
}

static bool is_unsure(const trba_session *session, const struct passage *passage)
{
    return session->store.results[passage->place].confidence < easyocr_low_confidence;
}

/* EASYOCR: the passages below the confidence that it takes for low contrast; each turn for itself, as with
 * rotation_info there. */
static trba_status read_again(trba_session *session, const struct chunk *chunk, int n_passages, trba_error *err)
{
    int images[MAX_BATCH], n_images = 0;
    for (int i = 0; i < n_passages; i++) {
        const struct passage *passage = &session->passages[i];
        const bool is_listed = n_images > 0 && images[n_images - 1] == passage->image;
        if (!is_listed && is_unsure(session, passage)) images[n_images++] = passage->image;
    }
    if (n_images == 0) return TRBA_OK;
    session_inputs_prepare(&session->inputs, chunk, images, n_images, true);
    for (int i = 0; i < n_passages; i++) {
        struct passage *passage = &session->passages[i];
        const bool is_prepared = session->inputs.prepared[passage->image].error.status == TRBA_OK;
        passage->is_done = !is_prepared || !is_unsure(session, passage);
    }
    return session_passes_run(&session->passes, session->passages, n_passages, true, &session->store, err);
}

/* An image's surest reading becomes its result; of equals the first, as in EasyOCR. */
static void keep_surest(trba_session *session, const struct chunk *chunk, int n_passages)
{
    struct result_store *store = &session->store;
    for (int i = 0; i < n_passages; i++) {
        const size_t place = session->passages[i].place, kept = chunk->first + (size_t)session->passages[i].image;
        if (store->results[place].confidence > store->results[kept].confidence) result_store_move(store, place, kept);
    }
}

static trba_status read_chunk(trba_session *session, const struct chunk *chunk, trba_error *err)
{
    int all[MAX_BATCH], n_passages = 0;
    for (int i = 0; i < chunk->n; i++) all[i] = i;
    session_inputs_prepare(&session->inputs, chunk, all, chunk->n, false);
    trba_status status = TRBA_OK;
    for (int i = 0; i < chunk->n && status == TRBA_OK; i++) {
        const bool is_prepared = session->inputs.prepared[i].error.status == TRBA_OK;
        if (is_prepared) n_passages = list_passages(session, chunk, i, n_passages);
        else status = fail_image(session, chunk, i, err);
    }
    if (status != TRBA_OK) return status;
    status = session_passes_run(&session->passes, session->passages, n_passages, false, &session->store, err);
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

trba_status session_read(trba_session *session, const struct sources *sources, const trba_result **out,
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
