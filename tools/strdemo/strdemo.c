/* SPDX-License-Identifier: Apache-2.0 */
/* strdemo.c - the program: reads the text in pictures of words.
 *
 *   options -> boxes -> model -> output -> read_all or read_page -> exit code
 *
 * Results go to stdout (or --output), everything else to stderr.
 */
#include <stdio.h>
#include <string.h>

#include "common/console.h"
#include "common/exit_codes.h"
#include "common/model_notes.h"
#include "common/overwriting.h"
#include "common/standard_files.h"
#include "boxes_file.h"
#include "input_list.h"
#include "mismatch.h"
#include "page_reading.h"
#include "reading.h"
#include "result_output.h"
#include "strdemo_options.h"

static int print_help(void)
{
    strdemo_options_print_help(stdout);
    return output_is_written(stdout, "standard output") ? PROGRAM_OK : PROGRAM_UNWRITTEN;
}

static int print_version(void)
{
    char info[1024];
    trba_system_info(info, sizeof info);
    printf("strdemo %s\n%s\n", trba_version(), info);
    return output_is_written(stdout, "standard output") ? PROGRAM_OK : PROGRAM_UNWRITTEN;
}

/* Opens the model, or says why that is not possible. */
static trba_model *open_model(const struct strdemo_options *options, int argc, char *const *argv,
                              char path[MODEL_PATH_BYTES])
{
    trba_status status;
    trba_model *model = model_options_open(&options->model, &options->architecture.expect, path, &status);
    if (model == NULL && status == TRBA_ERROR_MISMATCH) mismatch_explain(options, argc, argv, path);
    if (model == NULL) return NULL;
    model_note_unused(&options->model, &options->architecture.expect, model, false);
    if (options->settings.verbose) model_describe(model, path);
    return model;
}

/* Is the output a file on the command line, or the one that the shell has put on standard input? */
static bool is_input_file(const char *output, const char *input)
{
    const char *path = input[0] == '@' ? input + 1 : input;
    return strcmp(path, "-") == 0 ? is_standard_input(output) : is_same_file(output, path);
}

/* False, and said, if --output is a file that is read. Any picture counts: a list or a folder may name it. */
static bool spares_inputs(const struct strdemo_options *options, const trba_model *model, const char *model_path)
{
    const char *output = options->settings.output;
    bool is_input = model_options_reads(&options->model, model, model_path, output) ||
                    is_same_file(output, options->settings.boxes) || is_picture_file(output);
    for (size_t i = 0; i < options->inputs.n_items; i++) is_input |= is_input_file(output, options->inputs.items[i]);
    if (is_input) say_input_would_be_lost("--output", output);
    return !is_input;
}

/* --resume: has one of the pictures left the torn line? Those of a list from a pipe are known only when their turn
 * comes. Returns false after a line on stderr. */
static bool mend_output(struct result_output *out, const struct strdemo_options *options, const struct boxes *boxes)
{
    if (!result_output_wants_owner(out)) return true;
    struct input_list *list = input_list_rehearse(&options->inputs);
    struct input_item item;
    while (result_output_wants_owner(out) && input_list_next(list, &item)) {
        if (options->settings.boxes == NULL) result_output_expect(out, item.path);
        for (size_t i = 0; i < boxes->n; i++) result_output_expect_region(out, item.path, i);
        input_item_free(&item);
    }
    input_list_free(list);
    return (result_output_wants_owner(out) && input_list_may_wait(&options->inputs)) || result_output_mend(out);
}

/* --resume: what need not be read again. */
static void describe_finished(const struct result_output *out, const struct strdemo_settings *settings)
{
    if (out->finished == NULL || settings->quiet) return;
    console_print_plain("%s has %zu results already, %zu of them of pictures that could not be read", out->name,
                        finished_results_n(out->finished), finished_results_n_failed(out->finished));
}

/* Returns the exit code. */
static int read_to_output(const trba_model *model, const struct strdemo_options *options, const struct boxes *boxes,
                          struct result_output *out, struct reading_time *time)
{
    if (!mend_output(out, options, boxes)) return PROGRAM_UNWRITTEN;
    describe_finished(out, &options->settings);
    const int code = options->settings.boxes != NULL ? read_page(model, options, boxes, out, time)
                                                     : read_all(model, options, out, time);
    /* Also if there was nothing to read: old results are not to be taken for those of this run. */
    return code == PROGRAM_REFUSED || (result_output_begin(out) && result_output_mend(out)) ? code : PROGRAM_UNWRITTEN;
}

static int read_inputs(const trba_model *model, const struct strdemo_options *options, const struct boxes *boxes,
                       double open_ms)
{
    const struct strdemo_settings *s = &options->settings;
    struct result_output out;
    struct reading_time time = {.open_ms = open_ms};
    const enum result_format format = s->format != 0 ? (enum result_format)s->format : FORMAT_TABLE;
    if (!result_output_open(&out, s->output, format, s->resume != 0)) return PROGRAM_UNWRITTEN;
    int code = read_to_output(model, options, boxes, &out, &time);
    if (!result_output_close(&out)) code = PROGRAM_UNWRITTEN;
    if (s->time) reading_time_print(&time);
    reading_time_free(&time);
    return code;
}

static int open_and_read(int argc, char *const *argv, const struct strdemo_options *options, const struct boxes *boxes)
{
    char path[MODEL_PATH_BYTES];
    const double before = clock_ms();
    trba_model *model = open_model(options, argc, argv, path);
    if (model == NULL) return PROGRAM_REFUSED;
    const int code = spares_inputs(options, model, path) ? read_inputs(model, options, boxes, clock_ms() - before)
                                                         : PROGRAM_REFUSED;
    trba_model_free(model);
    return code;
}

static int run(int argc, char *const *argv, const struct strdemo_options *options)
{
    if (options->settings.help) return print_help();
    if (options->settings.version) return print_version();
    struct boxes boxes = {.regions = NULL};
    char message[BOXES_MESSAGE_BYTES];
    int code = PROGRAM_REFUSED;
    if (options->settings.boxes == NULL || boxes_file_read(options->settings.boxes, &boxes, message))
        code = open_and_read(argc, argv, options, &boxes);
    else
        console_print("%s", message);
    boxes_free(&boxes);
    return code;
}

int main(int argc, char **argv)
{
    struct strdemo_options options;
    char message[OPTION_MESSAGE_BYTES];
    console_set_program("strdemo");
    standard_files_prepare();
    const bool is_understood = strdemo_options_parse(argc, argv, &options, message);
    if (!is_understood) console_print("%s", message);
    const int code = is_understood ? run(argc, argv, &options) : PROGRAM_REFUSED;
    strdemo_options_free(&options);
    return code;
}
