/* SPDX-License-Identifier: Apache-2.0 */
/* strdemo.c - the program: reads the text in pictures of words.
 *
 *   options -> boxes -> model -> output -> read_all or read_page -> exit code
 *
 * Results go to stdout (or --output), everything else to stderr.
 */
#include <stdio.h>

#include "common/console.h"
#include "common/exit_codes.h"
#include "common/standard_files.h"
#include "boxes_file.h"
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

/* --verbose: what is about to read. */
static void describe_model(const trba_model *model, const char *path)
{
    trba_model_info info;
    char name[64], width[16] = "any width";
    trba_model_get_info(model, &info);
    trba_architecture_name(&info.architecture, name, sizeof name);
    if (info.architecture.img_w > 0) snprintf(width, sizeof width, "%d", info.architecture.img_w);
    console_print_plain("model: %s", path);
    console_print_plain("network: %s, input %d x %s, %d channel%s, %d classes", name, info.architecture.img_h, width,
                        info.architecture.input_channel, info.architecture.input_channel == 1 ? "" : "s",
                        info.architecture.num_class);
    console_print_plain("alphabet: %s, %d characters", info.charset_name, info.n_characters);
    console_print_plain("settings: preset %s, pad %s, compat %s, at most %d characters, sidecar %s",
                        info.preset == TRBA_PRESET_EASYOCR ? "easyocr" : "clovaai", info.pad ? "yes" : "no",
                        info.compat ? "clovaai" : "no", info.batch_max_length,
                        info.sidecar[0] != '\0' ? info.sidecar : "none");
    console_print_plain("machine: %s, %.1f MB of weights", trba_cpu_name(info.cpu), (double)info.packed_bytes / 1e6);
}

/* --compat clovaai needs the reference's preprocessing, which a sidecar may have put aside. */
static bool is_compat_possible(const trba_model *model, const struct strdemo_options *options)
{
    trba_model_info info;
    trba_model_get_info(model, &info);
    if (!options->settings.compat || info.preset == TRBA_PRESET_CLOVAAI) return true;
    console_print("%s asks for the preset easyocr, which --compat clovaai contradicts: add --preset clovaai or "
                  "--no-sidecar", info.sidecar);
    return false;
}

/* Opens the model, or says why that is not possible. */
static trba_model *open_model(const struct strdemo_options *options, int argc, char *const *argv)
{
    char path[MODEL_PATH_BYTES], message[OPTION_MESSAGE_BYTES];
    trba_model_options model_options;
    trba_model *model = NULL;
    trba_error err;
    if (!model_search(options->settings.model, path, message, sizeof message) ||
        !strdemo_model_options(options, path, &model_options, message)) {
        console_print("%s", message);
        return NULL;
    }
    const trba_status status = trba_model_open(path, &model_options, &model, &err);
    if (status != TRBA_OK) {
        console_print("%s", err.message);
        if (status == TRBA_ERROR_MISMATCH) mismatch_explain(options, argc, argv, path);
        return NULL;
    }
    if (options->settings.verbose) describe_model(model, path);
    if (is_compat_possible(model, options)) return model;
    trba_model_free(model);
    return NULL;
}

static int read_inputs(const trba_model *model, const struct strdemo_options *options, const struct boxes *boxes,
                       double open_ms)
{
    const struct strdemo_settings *s = &options->settings;
    struct result_output out;
    struct reading_time time = {.open_ms = open_ms};
    if (!result_output_open(&out, s->output, s->format != 0 ? (enum result_format)s->format : FORMAT_TABLE))
        return PROGRAM_UNWRITTEN;
    int code = s->boxes != NULL ? read_page(model, options, boxes, &out, &time) : read_all(model, options, &out, &time);
    if (!result_output_close(&out)) code = PROGRAM_UNWRITTEN;
    if (s->time) reading_time_print(&time);
    reading_time_free(&time);
    return code;
}

static int open_and_read(int argc, char *const *argv, const struct strdemo_options *options, const struct boxes *boxes)
{
    const double before = clock_ms();
    trba_model *model = open_model(options, argc, argv);
    if (model == NULL) return PROGRAM_REFUSED;
    const int code = read_inputs(model, options, boxes, clock_ms() - before);
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
