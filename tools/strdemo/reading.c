/* SPDX-License-Identifier: Apache-2.0 */
/* reading.c - batches of inputs through one or two sessions, results to the output in the inputs' order.
 *
 *   each lane, on a thread of its own:
 *     take    up to so many inputs, the lanes taking turns                            under input_lock
 *     read    trba_session_read_batch(), with the lane's share of the threads
 *     write   one line each, when all batches that were taken before are written      under output_lock
 *
 * Two lanes keep the processors busy: while one reads files, decodes them or has come to a layer that is too small for
 * its threads, the other works. One lane is left where two would not help (few inputs, a number of threads that cannot
 * be halved), where somebody waits for each line (--batch 1, inputs from stdin or a pipe) and with --compat clovaai,
 * whose batches stand under a heading each. What is read does not depend on it: a session's results are the same bits
 * for every batch and every number of threads.
 *
 * Sessions are made when the first batches are known, so that reading one picture takes the memory of one. Nothing but
 * the current batches is held; two lanes have half a batch each. With --compat clovaai a picture that cannot be read
 * becomes a black one, as in the reference.
 */
#include "reading.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/console.h"
#include "common/exit_codes.h"
#include "common/progress.h"
#include "common/tool_memory.h"
#include "picture_batch.h"

enum { COMPAT_BATCH = 192, MOST_LANES = 2 };

struct lane {
    struct reader *reader;
    pthread_t thread;            /* not of the first lane: that is the caller's */
    trba_session *session;
    struct picture_batch batch;
    size_t number;               /* of the batch: how many were taken before */
};

struct reader {
    const trba_model *model;
    const struct strdemo_options *options;
    void *black;                 /* pixels of the dummy picture; NULL without --compat clovaai */
    struct lane lanes[MOST_LANES];
    int n_lanes;

    pthread_mutex_t input_lock;  /* guards: */
    struct input_list *inputs;
    size_t lane_batch;           /* most inputs that a lane takes at a time */
    size_t n_taken;              /* batches */
    size_t n_failed_before;      /* inputs that could not be read by the run that this one goes on with */

    pthread_mutex_t output_lock; /* guards: */
    pthread_cond_t batch_written;
    size_t n_written;            /* batches */
    struct result_output *out;   /* what it held before belongs to input_lock */
    struct reading_time *time;
    size_t n_read, n_failed;
    struct progress progress;
    int code;                    /* PROGRAM_OK, or why the lanes stop */
    atomic_bool stops;           /* set under the lock, looked at without it, too */
};

/* Only for somebody who watches stderr and does not see the results appear. */
static bool wants_progress(const struct strdemo_options *options)
{
    const bool shows_results = options->settings.output == NULL && isatty(STDOUT_FILENO);
    return !options->settings.quiet && !shows_results && isatty(STDERR_FILENO);
}

/* ---- take -------------------------------------------------------------------------------------------------------- */

/* The next input that has no line in the results file yet; false past the last. */
static bool take_unfinished(struct reader *r, struct input_item *out)
{
    while (input_list_next(r->inputs, out)) {
        const enum finished finished = result_output_take_finished(r->out, out->path);
        if (finished == FINISHED_NOT) return true;
        r->n_failed_before += finished == FINISHED_BADLY;
        input_item_free(out);
    }
    return false;
}

/* Fills the lane's batch, which is empty; it stays so past the last input and when all is to stop. */
static void take_batch(struct lane *lane)
{
    struct reader *r = lane->reader;
    struct input_item item;
    pthread_mutex_lock(&r->input_lock);
    while (!r->stops && lane->batch.n < r->lane_batch && take_unfinished(r, &item))
        picture_batch_add(&lane->batch, &item);
    if (lane->batch.n > 0) lane->number = r->n_taken++;
    pthread_mutex_unlock(&r->input_lock);
}

/* ---- read -------------------------------------------------------------------------------------------------------- */

static void print_failure(const struct lane *lane, size_t i, const trba_result *result)
{
    const char *note = lane->reader->black != NULL ? " (read as a black picture)" : "";
    if (!lane->reader->options->settings.quiet) picture_batch_print_failure(&lane->batch, i, result, note);
}

/* --compat clovaai: puts the black dummy in the place of each image that failed. */
static void blacken_failures(struct lane *lane, const trba_result *results)
{
    trba_model_info info;
    trba_model_get_info(lane->reader->model, &info);
    const int w = info.architecture.img_w, h = info.architecture.img_h;
    for (size_t i = 0; i < lane->batch.n; i++) {
        if (results[i].status == TRBA_OK) continue;
        print_failure(lane, i, &results[i]);
        lane->batch.images[i] = trba_image_pixels(lane->reader->black, w, h, (size_t)w * 3, TRBA_PIXELS_RGB);
        lane->batch.items[i].problem = NULL;
    }
}

static size_t count_failures(const trba_result *results, size_t n)
{
    size_t n_failed = 0;
    for (size_t i = 0; i < n; i++) n_failed += results[i].status != TRBA_OK;
    return n_failed;
}

/* Runs the session over the batch; NULL with the reason. */
static const trba_result *read_images(struct lane *lane, trba_error *err)
{
    const struct picture_batch *batch = &lane->batch;
    const trba_result *results = NULL;
    trba_status status = trba_session_read_batch(lane->session, batch->images, batch->n, &results, err);
    if (status == TRBA_OK && lane->reader->black != NULL && count_failures(results, batch->n) > 0) {
        blacken_failures(lane, results);
        status = trba_session_read_batch(lane->session, batch->images, batch->n, &results, err);
    }
    return status == TRBA_OK ? results : NULL;
}

/* ---- write ------------------------------------------------------------------------------------------------------- */

static void write_results(struct lane *lane, const trba_result *results)
{
    struct reader *r = lane->reader;
    console_progress_clear();
    if (r->n_read == 0 || r->black != NULL) result_output_heading(r->out);
    for (size_t i = 0; i < lane->batch.n; i++) {
        trba_result result = results[i];
        if (result.status != TRBA_OK) {
            print_failure(lane, i, &result);
            r->n_failed++;
            if (lane->batch.items[i].problem != NULL) result.message = lane->batch.items[i].problem;
        }
        result_output_write(r->out, lane->batch.items[i].path, &result);
    }
    r->n_read += lane->batch.n;
    progress_show(&r->progress, r->n_read);
}

/* The batch's results, or NULL and why there are none: writes them, and says whether to go on. */
static bool write_batch(struct lane *lane, const trba_result *results, double ms, const trba_error *err)
{
    struct reader *r = lane->reader;
    if (results == NULL) {
        console_print("%s", err->message);
        r->code = PROGRAM_PARTIAL;
        return false;
    }
    /* The other lane was at work in that time, too. */
    reading_time_add(r->time, lane->batch.n, ms / r->n_lanes);
    write_results(lane, results);
    if (r->out->is_broken) r->code = PROGRAM_UNWRITTEN;
    return !r->out->is_broken;
}

/* Waits for the batch's turn, and lets the next one have it. */
static void write_in_turn(struct lane *lane, const trba_result *results, double ms, const trba_error *err)
{
    struct reader *r = lane->reader;
    pthread_mutex_lock(&r->output_lock);
    while (r->n_written != lane->number && !r->stops) pthread_cond_wait(&r->batch_written, &r->output_lock);
    if (!r->stops && !write_batch(lane, results, ms, err)) r->stops = true;
    r->n_written++;
    pthread_cond_broadcast(&r->batch_written);
    pthread_mutex_unlock(&r->output_lock);
}

/* ---- lanes ------------------------------------------------------------------------------------------------------- */

static void *run_lane(void *arg)
{
    struct lane *lane = arg;
    for (; lane->batch.n > 0; picture_batch_clear(&lane->batch), take_batch(lane)) {
        trba_error err = {.status = TRBA_OK};
        const double before = clock_ms();
        const trba_result *results = read_images(lane, &err);
        write_in_turn(lane, results, clock_ms() - before, &err);
    }
    return NULL;
}

/* Makes the session for batches no larger than the first. */
static bool open_session(struct lane *lane, int n_threads)
{
    const struct reader *r = lane->reader;
    const size_t n = lane->batch.n;
    /* What stands under one heading (--compat) may be more than is worth its memory in the network. */
    const size_t batch = n < DEFAULT_BATCH || r->black == NULL ? n : DEFAULT_BATCH;
    lane->session = model_options_open_session(&r->options->model, r->model, n_threads, batch);
    return lane->session != NULL;
}

static bool open_sessions(struct reader *r, int n_threads)
{
    size_t n_bytes = 0;
    for (int i = 0; i < r->n_lanes; i++) {
        if (!open_session(&r->lanes[i], n_threads)) return false;
        n_bytes += trba_session_memory(r->lanes[i].session);
    }
    if (r->options->settings.verbose)
        console_print_plain("%s: batches of up to %zu, %.1f MB", r->n_lanes > 1 ? "two sessions" : "session",
                            r->lanes[0].batch.n, (double)n_bytes / 1e6);
    return true;
}

/* Returns the exit code PROGRAM_OK, or why the lanes stopped before the last input. */
static int run_lanes(struct reader *r)
{
    int n_started = 1;
    for (; n_started < r->n_lanes; n_started++) {
        struct lane *lane = &r->lanes[n_started];
        if (pthread_create(&lane->thread, NULL, run_lane, lane) == 0) continue;
        console_print("cannot start a thread; try --threads 1");
        return PROGRAM_REFUSED;
    }
    run_lane(&r->lanes[0]);
    for (int i = 1; i < n_started; i++) pthread_join(r->lanes[i].thread, NULL);
    return r->code;
}

static bool wants_two_lanes(const struct reader *r, int n_threads, size_t batch)
{
    return n_threads % 2 == 0 && batch > 1 && r->black == NULL && !input_list_may_wait(&r->options->inputs);
}

/* Sets the lanes up with their first batches, of at most `batch` inputs together. */
static void fill_lanes(struct reader *r, int n_lanes, size_t batch)
{
    r->n_lanes = n_lanes;
    r->lane_batch = (batch + (size_t)n_lanes - 1) / (size_t)n_lanes;
    for (int i = 0; i < n_lanes; i++) {
        r->lanes[i].reader = r;
        picture_batch_init(&r->lanes[i].batch, batch);
        take_batch(&r->lanes[i]);
    }
    if (n_lanes == 1 || r->lanes[1].batch.n == r->lane_batch) return;
    /* That was all there is: one lane reads it, with all threads. */
    picture_batch_append(&r->lanes[0].batch, &r->lanes[1].batch);
    picture_batch_free(&r->lanes[1].batch);
    r->n_lanes = 1;
}

/* Returns the exit code. */
static int read_batches(struct reader *r, size_t batch)
{
    const int asked = r->options->model.n_threads, n_threads = asked != 0 ? asked : trba_cpu_count();
    fill_lanes(r, wants_two_lanes(r, n_threads, batch) ? 2 : 1, batch);
    if (r->lanes[0].batch.n > 0) {
        if (!open_sessions(r, r->n_lanes == 2 ? n_threads / 2 : asked)) return PROGRAM_REFUSED;
        if (!result_output_begin(r->out)) return PROGRAM_UNWRITTEN;
        const int code = run_lanes(r);
        if (code != PROGRAM_OK) return code;
    }
    const size_t n_bad = r->n_failed + r->n_failed_before + input_list_n_problems(r->inputs);
    return n_bad > 0 ? PROGRAM_PARTIAL : PROGRAM_OK;
}

static void free_lanes(struct reader *r)
{
    for (int i = 0; i < r->n_lanes; i++) {
        trba_session_free(r->lanes[i].session);
        picture_batch_free(&r->lanes[i].batch);
    }
}

static void *make_black_picture(const trba_model *model)
{
    trba_model_info info;
    trba_model_get_info(model, &info);
    const size_t n_bytes = (size_t)info.architecture.img_h * (size_t)info.architecture.img_w * 3;
    return memset(memory_resize(NULL, n_bytes, 1), 0, n_bytes);
}

int read_all(const trba_model *model, const struct strdemo_options *options, struct result_output *out,
             struct reading_time *time)
{
    const bool is_compat = options->model.compat != 0;
    const int asked = options->model.batch;
    struct reader r = {.model = model, .options = options, .out = out, .time = time,
                       .black = is_compat ? make_black_picture(model) : NULL,
                       .inputs = input_list_new(&options->inputs)};
    pthread_mutex_init(&r.input_lock, NULL);
    pthread_mutex_init(&r.output_lock, NULL);
    pthread_cond_init(&r.batch_written, NULL);
    time->started_ms = clock_ms();
    r.progress = (struct progress){.is_wanted = wants_progress(options), .started_ms = time->started_ms};
    const int code = read_batches(&r, asked != 0 ? (size_t)asked : is_compat ? COMPAT_BATCH : DEFAULT_BATCH);
    console_progress_clear();
    free_lanes(&r);
    pthread_cond_destroy(&r.batch_written);
    pthread_mutex_destroy(&r.output_lock);
    pthread_mutex_destroy(&r.input_lock);
    input_list_free(r.inputs);
    free(r.black);
    return code;
}
