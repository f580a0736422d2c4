/* SPDX-License-Identifier: Apache-2.0 */
/* eval_reading.c - set by set, batch by batch.
 *
 *   repeat: take up to --batch images of the set that are not filtered out -> trba_session_read_batch
 *           -> judge each answer against its truth -> all to the predictions, those that are wrong to the page
 *
 * Nothing but the current batch is held.
 */
#include "eval_reading.h"

#include <stdlib.h>
#include <unistd.h>

#include "alphabet.h"
#include "common/console.h"
#include "common/exit_codes.h"
#include "common/progress.h"
#include "common/tool_memory.h"

enum { MOST_LABEL_CHARACTERS = 10000 };

struct eval_reader {
    const struct eval_options *options;
    trba_session *session;
    struct alphabet alphabet;
    bool is_filtered;
    size_t most_characters;      /* of a label, with the filter */
    struct eval_judge judge;
    struct code_points truth, answer;
    bool has_truth;              /* of the current sample */
    size_t batch;                /* most images at a time */
    struct eval_sample *samples; /* [batch] */
    trba_image *images;          /* [batch] */
    size_t n_samples;            /* in the current batch */
    const struct eval_outputs *outputs;
    const struct eval_set *set;  /* the current one */
    struct progress progress;
    size_t n_read;
};

/* ---- one image --------------------------------------------------------------------------------------------------- */

/* The truth of a sample, into r->truth if it can be known; what is wrong with the sample, or NULL. */
static const char *take_truth(struct eval_reader *r, const struct eval_sample *sample)
{
    const bool is_text = code_points_decode(sample->label, &r->truth);
    const bool is_too_long = r->truth.n > MOST_LABEL_CHARACTERS;
    r->has_truth = is_text && !is_too_long && !sample->has_no_label;
    if (sample->problem != NULL) return sample->problem;
    return !is_text ? "its label is not UTF-8" : is_too_long ? "its label has more than 10,000 characters" : NULL;
}

static bool is_filtered_out(const struct eval_reader *r)
{
    return r->is_filtered && (r->truth.n > r->most_characters || !alphabet_has_text(&r->alphabet, &r->truth));
}

/* Writes down what came of it. `answer` is NULL if there is none, and `why` then says why. */
static void keep_prediction(struct eval_reader *r, const struct eval_sample *sample, const trba_result *answer,
                            enum eval_verdict verdict, const char *why)
{
    if (r->outputs->predictions == NULL) return;
    predictions_add(r->outputs->predictions, r->set, sample, answer, verdict, why);
}

/* An image without an answer, its truth taken. The sentence on a file that cannot be opened names it. */
static void judge_broken(struct eval_reader *r, const struct eval_sample *sample, trba_status status, const char *why,
                         struct eval_score *score)
{
    const bool is_named = status == TRBA_ERROR_IO;
    if (!r->options->settings.quiet)
        console_print("%s%s%s (it counts as read wrong)", is_named ? "" : sample->name, is_named ? "" : ": ", why);
    const struct code_points *truth = r->has_truth ? &r->truth : NULL;
    keep_prediction(r, sample, NULL, eval_judge_broken(&r->judge, truth, score), why);
    if (r->outputs->page != NULL) errors_page_add_broken(r->outputs->page, sample, why);
}

static void judge_result(struct eval_reader *r, const struct eval_sample *sample, const trba_result *result,
                         struct eval_score *score)
{
    const char *problem = take_truth(r, sample);
    if (problem != NULL || result->status != TRBA_OK) {
        judge_broken(r, sample, problem != NULL ? TRBA_ERROR_FORMAT : result->status,
                     problem != NULL ? problem : result->message, score);
        return;
    }
    code_points_decode(result->text, &r->answer);
    const enum eval_verdict verdict = eval_judge_answer(&r->judge, &r->truth, &r->answer, score);
    keep_prediction(r, sample, result, verdict, "");
    if (verdict == VERDICT_WRONG && r->outputs->page != NULL)
        errors_page_add(r->outputs->page, sample, &r->truth, &r->answer, result->confidence);
}

/* ---- one batch --------------------------------------------------------------------------------------------------- */

/* Takes samples of the set from *next on. Those with a problem go with the others, without a picture, so that all are
 * judged in their order. */
static void take_batch(struct eval_reader *r, size_t *next, struct eval_score *score)
{
    for (r->n_samples = 0; r->n_samples < r->batch && *next < r->set->n_samples; ++*next) {
        struct eval_sample *sample = &r->samples[r->n_samples];
        eval_set_get(r->set, *next, sample);
        const bool has_problem = take_truth(r, sample) != NULL;
        if (has_problem || !is_filtered_out(r)) {
            r->images[r->n_samples++] = has_problem ? trba_image_encoded("", 0) : sample->image;
        } else {
            score->n_skipped++;
            eval_sample_free(sample);
        }
    }
}

static void drop_batch(struct eval_reader *r)
{
    for (size_t i = 0; i < r->n_samples; i++) eval_sample_free(&r->samples[i]);
    r->n_samples = 0;
}

/* Returns false after a line on stderr if nothing could be read for a reason that is no image's. */
static bool read_batch(struct eval_reader *r, struct eval_score *score)
{
    const trba_result *results;
    trba_error err;
    const double before = clock_ms();
    if (trba_session_read_batch(r->session, r->images, r->n_samples, &results, &err) != TRBA_OK) {
        console_print("%s", err.message);
        return false;
    }
    reading_time_add(&score->time, r->n_samples, clock_ms() - before);
    for (size_t i = 0; i < r->n_samples; i++) judge_result(r, &r->samples[i], &results[i], score);
    r->n_read += r->n_samples;
    progress_show(&r->progress, r->n_read);
    return true;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static bool read_set(struct eval_reader *r, const struct eval_set *set, struct eval_score *score)
{
    size_t next = 0;
    bool is_read = true;
    r->set = set;
    for (take_batch(r, &next, score); is_read && r->n_samples > 0; take_batch(r, &next, score)) {
        is_read = read_batch(r, score);
        drop_batch(r);
    }
    drop_batch(r);
    if (is_read && score->n_images == 0 && !r->options->settings.quiet)
        console_print("the filter leaves no image of %s", set->path);
    return is_read;
}

static size_t count_samples(const struct eval_sets *sets)
{
    size_t n = 0;
    for (size_t i = 0; i < sets->n; i++) n += sets->items[i].n_samples;
    return n;
}

static int read_sets(struct eval_reader *r, const struct eval_sets *sets, struct eval_score *scores)
{
    size_t n_unread = 0;
    r->progress.started_ms = clock_ms();
    for (size_t i = 0; i < sets->n; i++) {
        if (!read_set(r, &sets->items[i], &scores[i])) return PROGRAM_REFUSED;
        n_unread += scores[i].n_broken + (scores[i].n_images == 0);
    }
    console_progress_clear();
    return n_unread > 0 ? PROGRAM_PARTIAL : PROGRAM_OK;
}

int eval_read_sets(const trba_model *model, const struct eval_options *options, const struct eval_sets *sets,
                   enum eval_comparison wrong_by, struct eval_score *scores, const struct eval_outputs *outputs)
{
    const size_t n_samples = count_samples(sets), asked = (size_t)options->model.batch;
    const size_t batch = asked != 0 ? asked : DEFAULT_BATCH;
    trba_model_info info;
    trba_model_get_info(model, &info);
    struct eval_reader r = {.options = options, .outputs = outputs, .judge.wrong_by = wrong_by,
                            .is_filtered = eval_options_filter(options),
                            .most_characters = (size_t)info.batch_max_length,
                            .batch = batch < n_samples ? batch : n_samples,
                            .progress.is_wanted = !options->settings.quiet && isatty(STDERR_FILENO)};
    r.samples = memory_resize(NULL, r.batch, sizeof *r.samples);
    r.images = memory_resize(NULL, r.batch, sizeof *r.images);
    alphabet_make(model, &r.alphabet);
    r.session = model_options_open_session(&options->model, model, options->model.n_threads, r.batch);
    const int code = r.session != NULL ? read_sets(&r, sets, scores) : PROGRAM_REFUSED;
    trba_session_free(r.session);
    alphabet_free(&r.alphabet);
    eval_judge_free(&r.judge);
    code_points_free(&r.truth);
    code_points_free(&r.answer);
    free(r.images);
    free(r.samples);
    return code;
}
