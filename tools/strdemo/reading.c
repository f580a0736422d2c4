/* SPDX-License-Identifier: Apache-2.0 */
/* reading.c - batches of inputs through a session, results to the output.
 *
 *   repeat: take up to --batch inputs -> trba_session_read_batch -> one line each, in order
 *
 * The session is made when the first batch is known, so that reading one picture takes the memory of one. Nothing but
 * the current batch is held. With --compat clovaai a picture that cannot be read becomes a black one, as in the
 * reference, and a batch is what stands under one heading.
 */
#include "reading.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/console.h"
#include "common/exit_codes.h"
#include "common/progress.h"
#include "common/tool_memory.h"
#include "input_list.h"

enum { BATCH = 16, COMPAT_BATCH = 192 };

struct reader {
    const trba_model *model;
    const struct strdemo_options *options;
    struct result_output *out;
    struct reading_time *time;
    trba_session *session;
    struct input_list *inputs;
    size_t batch;             /* most images at a time */
    struct input_item *items; /* [batch] */
    trba_image *images;       /* [batch] */
    size_t n_items;           /* in the current batch */
    void *black;              /* pixels of the dummy picture; NULL without --compat clovaai */
    size_t n_read, n_failed;
    struct progress progress;
};

/* ---- progress ---------------------------------------------------------------------------------------------------- */

/* Only for somebody who watches stderr and does not see the results appear. */
static bool wants_progress(const struct strdemo_options *options)
{
    const bool shows_results = options->settings.output == NULL && isatty(STDOUT_FILENO);
    return !options->settings.quiet && !shows_results && isatty(STDERR_FILENO);
}

/* ---- one batch --------------------------------------------------------------------------------------------------- */

/* The next input that has no line in the results file yet; false past the last. */
static bool take_unfinished(struct reader *r, struct input_item *out)
{
    while (input_list_next(r->inputs, out)) {
        const enum finished finished = result_output_take_finished(r->out, out->path);
        if (finished == FINISHED_NOT) return true;
        r->n_failed += finished == FINISHED_BADLY;
        input_item_free(out);
    }
    return false;
}

static void take_batch(struct reader *r)
{
    r->n_items = 0;
    while (r->n_items < r->batch && take_unfinished(r, &r->items[r->n_items])) {
        const struct input_item *item = &r->items[r->n_items];
        /* Half a picture from stdin is none: it counts as no bytes. */
        const size_t n_bytes = item->problem == NULL ? item->n_bytes : 0;
        r->images[r->n_items++] = item->bytes != NULL ? trba_image_encoded(item->bytes, n_bytes)
                                                      : trba_image_file(item->path);
    }
}

static void drop_batch(struct reader *r)
{
    for (size_t i = 0; i < r->n_items; i++) input_item_free(&r->items[i]);
    r->n_items = 0;
}

/* Why image i could not be read. The library's sentence names a file that cannot be opened, but not one whose bytes
 * are no picture. */
static void print_failure(const struct reader *r, size_t i, const trba_result *result)
{
    const struct input_item *item = &r->items[i];
    const char *note = r->black != NULL ? " (read as a black picture)" : "";
    if (r->options->settings.quiet) return;
    if (item->problem != NULL)
        console_print("%s%s", item->problem, note);
    else if (result->status == TRBA_ERROR_IO)
        console_print("%s%s", result->message, note);
    else
        console_print("%s: %s%s", item->bytes != NULL ? "standard input" : item->path, result->message, note);
}

/* --compat clovaai: puts the black dummy in the place of each image that failed. */
static void blacken_failures(struct reader *r, const trba_result *results)
{
    trba_model_info info;
    trba_model_get_info(r->model, &info);
    const int w = info.architecture.img_w, h = info.architecture.img_h;
    for (size_t i = 0; i < r->n_items; i++) {
        if (results[i].status == TRBA_OK) continue;
        print_failure(r, i, &results[i]);
        r->images[i] = trba_image_pixels(r->black, w, h, (size_t)w * 3, TRBA_PIXELS_RGB);
        r->items[i].problem = NULL;
    }
}

static size_t count_failures(const trba_result *results, size_t n)
{
    size_t n_failed = 0;
    for (size_t i = 0; i < n; i++) n_failed += results[i].status != TRBA_OK;
    return n_failed;
}

/* Runs the session over the batch; NULL after a line on stderr. */
static const trba_result *read_images(struct reader *r)
{
    const trba_result *results = NULL;
    trba_error err;
    const double before = clock_ms();
    trba_status status = trba_session_read_batch(r->session, r->images, r->n_items, &results, &err);
    if (status == TRBA_OK && r->black != NULL && count_failures(results, r->n_items) > 0) {
        blacken_failures(r, results);
        status = trba_session_read_batch(r->session, r->images, r->n_items, &results, &err);
    }
    reading_time_add(r->time, r->n_items, clock_ms() - before);
    if (status == TRBA_OK) return results;
    console_print("%s", err.message);
    return NULL;
}

static void write_results(struct reader *r, const trba_result *results)
{
    console_progress_clear();
    if (r->n_read == 0 || r->black != NULL) result_output_heading(r->out);
    for (size_t i = 0; i < r->n_items; i++) {
        trba_result result = results[i];
        if (result.status != TRBA_OK) {
            print_failure(r, i, &result);
            r->n_failed++;
            if (r->items[i].problem != NULL) result.message = r->items[i].problem;
        }
        result_output_write(r->out, r->items[i].path, &result);
    }
    r->n_read += r->n_items;
    progress_show(&r->progress, r->n_read);
}

/* ---- all batches ------------------------------------------------------------------------------------------------- */

/* Makes the session for batches no larger than the first. */
static bool open_session(struct reader *r)
{
    trba_session_options options = trba_session_options_default();
    trba_error err;
    options.n_threads = r->options->model.n_threads;
    options.exif = model_options_exif(&r->options->model);
    options.alpha = model_options_alpha(&r->options->model);
    /* What stands under one heading (--compat) may be more than is worth its memory in the network. */
    options.batch_size = (int)(r->n_items < BATCH || r->black == NULL ? r->n_items : BATCH);
    if (trba_session_new(r->model, &options, &r->session, &err) == TRBA_OK) return true;
    console_print("%s", err.message);
    return false;
}

static void describe_session(const struct reader *r)
{
    if (!r->options->settings.verbose) return;
    console_print_plain("session: batches of up to %zu, %.1f MB", r->n_items,
                        (double)trba_session_memory(r->session) / 1e6);
}

/* Returns the exit code so far. */
static int read_batches(struct reader *r)
{
    for (take_batch(r); r->n_items > 0; drop_batch(r), take_batch(r)) {
        if (r->session == NULL) {
            if (!open_session(r)) return PROGRAM_REFUSED;
            describe_session(r);
        }
        const trba_result *results = read_images(r);
        if (results == NULL) return PROGRAM_PARTIAL;
        write_results(r, results);
        if (r->out->is_broken) return PROGRAM_UNWRITTEN;
    }
    return r->n_failed > 0 || input_list_n_problems(r->inputs) > 0 ? PROGRAM_PARTIAL : PROGRAM_OK;
}

static void make_black_picture(struct reader *r)
{
    trba_model_info info;
    trba_model_get_info(r->model, &info);
    const size_t n_bytes = (size_t)info.architecture.img_h * (size_t)info.architecture.img_w * 3;
    r->black = memset(memory_resize(NULL, n_bytes, 1), 0, n_bytes);
}

int read_all(const trba_model *model, const struct strdemo_options *options, struct result_output *out,
             struct reading_time *time)
{
    const bool is_compat = options->model.compat != 0;
    const int asked = options->model.batch;
    struct reader r = {.model = model, .options = options, .out = out, .time = time,
                       .batch = asked != 0 ? (size_t)asked : is_compat ? COMPAT_BATCH : BATCH,
                       .progress.is_wanted = wants_progress(options)};
    r.items = memory_resize(NULL, r.batch, sizeof *r.items);
    r.images = memory_resize(NULL, r.batch, sizeof *r.images);
    r.inputs = input_list_new(&options->inputs);
    if (is_compat) make_black_picture(&r);
    time->started_ms = r.progress.started_ms = clock_ms();
    const int code = read_batches(&r);
    console_progress_clear();
    drop_batch(&r);
    trba_session_free(r.session);
    input_list_free(r.inputs);
    free(r.black);
    free(r.images);
    free(r.items);
    return code;
}
