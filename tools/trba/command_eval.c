/* SPDX-License-Identifier: Apache-2.0 */
/* command_eval.c - "trba eval SET...": how well a model reads images whose texts are known.
 *
 *   options -> sets -> model -> read and judge -> total -> report
 *
 * Everything that can be refused is refused before the first image is read.
 */
#include <stdlib.h>
#include <string.h>

#include "alphabet.h"
#include "common/console.h"
#include "common/exit_codes.h"
#include "common/model_notes.h"
#include "common/overwriting.h"
#include "common/tool_memory.h"
#include "eval_reading.h"
#include "eval_report.h"
#include "trba_commands.h"

/* --compare, or what the network can tell apart. */
static enum eval_comparison choose_comparison(const trba_model *model, const struct eval_options *options)
{
    struct alphabet alphabet;
    if (options->settings.compare != 0) return (enum eval_comparison)(options->settings.compare - 1);
    alphabet_make(model, &alphabet);
    const bool has_upper_case = alphabet.has_upper_case;
    alphabet_free(&alphabet);
    return has_upper_case ? COMPARE_SENSITIVE : COMPARE_INSENSITIVE;
}

/* False, and said, if the file that this option has written is one to read. (A picture, or anything else that is no
 * output of an earlier run, is spared when it is opened.) */
static bool spares_inputs(const struct eval_report *report, const char *option, const char *path)
{
    bool is_input = model_options_reads(&report->options->model, report->model, report->model_path, path);
    for (size_t i = 0; i < report->sets->n; i++) is_input |= is_same_file(path, report->sets->items[i].path);
    if (is_input) say_input_would_be_lost(option, path);
    return !is_input;
}

/* Opens what is wanted beside the report. Returns false after a line on stderr. */
static bool open_outputs(const struct eval_report *report, struct errors_page *page, struct predictions *predictions,
                         struct eval_outputs *out)
{
    const struct eval_settings *s = &report->options->settings;
    *out = (struct eval_outputs){.page = NULL};
    if (s->errors != NULL && errors_page_open(page, s->errors, report->model_path)) out->page = page;
    if (s->errors != NULL && out->page == NULL) return false;
    if (s->predictions != NULL && predictions_open(predictions, s->predictions)) out->predictions = predictions;
    return s->predictions == NULL || out->predictions != NULL;
}

/* Returns false after a line on stderr if something written did not arrive. */
static bool close_outputs(const struct eval_outputs *outputs)
{
    const bool has_page = outputs->page == NULL || errors_page_close(outputs->page);
    return (outputs->predictions == NULL || predictions_close(outputs->predictions)) && has_page;
}

static int read_and_report(struct eval_report *report)
{
    const struct eval_settings *s = &report->options->settings;
    if (!spares_inputs(report, "--errors", s->errors) || !spares_inputs(report, "--predictions", s->predictions))
        return PROGRAM_REFUSED;
    struct errors_page page;
    struct predictions predictions;
    struct eval_outputs outputs;
    int code = PROGRAM_UNWRITTEN;
    const bool is_open = open_outputs(report, &page, &predictions, &outputs);
    if (is_open)
        code = eval_read_sets(report->model, report->options, report->sets, report->wrong_by, report->scores, &outputs);
    if (!close_outputs(&outputs)) code = PROGRAM_UNWRITTEN;
    if (!is_open || code == PROGRAM_REFUSED) return code;
    for (size_t i = 0; i < report->sets->n; i++) eval_score_merge(report->total, &report->scores[i]);
    return (s->json ? eval_report_print_json : eval_report_print)(report, code);
}

static int evaluate(const struct eval_options *options, const struct eval_sets *sets)
{
    char path[MODEL_PATH_BYTES];
    trba_status status;
    trba_model *model = model_options_open(&options->model, &options->architecture.expect, path, &status);
    if (model == NULL) return PROGRAM_REFUSED;
    model_note_unused(&options->model, &options->architecture.expect, model, eval_options_filter(options));
    if (options->settings.verbose) model_describe(model, path);
    struct eval_score total = {.n_images = 0}, *scores = memory_resize(NULL, sets->n, sizeof *scores);
    for (size_t i = 0; i < sets->n; i++) scores[i] = (struct eval_score){.n_images = 0};
    struct eval_report report = {.model = model, .model_path = path, .options = options, .sets = sets,
                                 .wrong_by = choose_comparison(model, options), .scores = scores, .total = &total};
    const int code = read_and_report(&report);
    for (size_t i = 0; i < sets->n; i++) eval_score_free(&scores[i]);
    eval_score_free(&total);
    free(scores);
    trba_model_free(model);
    return code;
}

int command_eval(int argc, char *const *argv)
{
    struct eval_options options;
    struct eval_sets sets = {.items = NULL};
    char message[OPTION_MESSAGE_BYTES];
    int code;
    if (eval_options_parse(argc, argv, &options, &code)) {
        code = PROGRAM_REFUSED;
        if (!code_points_prepare())
            console_print("this system has no locale C.UTF-8, which comparing texts needs");
        else if (!eval_sets_open(&options.inputs, options.settings.root, &sets, message))
            console_print("%s", message);
        else
            code = evaluate(&options, &sets);
        code_points_finish();
    }
    eval_sets_free(&sets);
    free(options.inputs.items);
    return code;
}
