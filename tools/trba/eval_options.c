/* SPDX-License-Identifier: Apache-2.0 */
/* eval_options.c - eval's own tables, beside those that it shares with strdemo. */
#include "eval_options.h"

#include <string.h>

#include "common/console.h"
#include "common/exit_codes.h"
#include "common/overwriting.h"
#include "eval_score.h"

_Static_assert(COMPARE_SENSITIVE == 0 && COMPARE_INSENSITIVE == 1 && COMPARE_ALNUM == 2, "order of the choices");

enum { DEFAULT_CONFUSIONS = 10, MOST_CONFUSIONS = 10000, MOST_SETS = 1 << 20 };

#define FIELD(name) offsetof(struct eval_settings, name)
#define OWN_SET(specs) (struct option_set){specs, sizeof specs / sizeof *specs, &out->settings}

static const struct option_spec eval_specs[] = {
    {.group = "Sets", .name = "root", .kind = OPTION_FILE, .value = "FOLDER", .offset = FIELD(root),
     .help = "where the paths in gt.txt and labels.csv start (default: the folder of the file)"},
    {.name = "filter", .kind = OPTION_FLAG, .offset = FIELD(filter),
     .help = "skip what clovaai's test.py skips: labels longer than --batch-max-length, and labels with characters "
             "outside the alphabet (default: off; with --compat clovaai on)"},
    {.name = "eval_data", .kind = OPTION_INPUT, .value = "SET", .help = "one more set (default: none)"},
    {.name = "data_filtering_off", .kind = OPTION_FLAG, .offset = FIELD(is_unfiltered),
     .help = "every image counts, also with --compat clovaai (default: off)"},
    {.name = "benchmark_all_eval", .kind = OPTION_FLAG, .offset = FIELD(all_sets),
     .help = "accepted and without effect: the sets below a folder are always told apart (default: off)"},

    {.group = "Report", .name = "json", .kind = OPTION_FLAG, .offset = FIELD(json),
     .help = "print JSON; its keys are in the manual page (default: off)"},
    {.name = "errors", .kind = OPTION_FILE, .value = "FILE", .offset = FIELD(errors),
     .help = "write a page of HTML with the images that were read wrong, their truth and the answer (default: none)"},
    {.name = "predictions", .kind = OPTION_FILE, .value = "FILE", .offset = FIELD(predictions),
     .help = "write a line of JSON for each image: its truth, the answer, whether it is right (default: none)"},
    {.name = "compare", .kind = OPTION_CHOICE, .choices = "sensitive|insensitive|alnum", .offset = FIELD(compare),
     .help = "what counts as wrong for --errors, --predictions and the confusions: every difference, all but that of "
             "upper and lower case, or that of letters and digits in lower case (default: sensitive, or insensitive "
             "if the alphabet has no upper case)"},
    {.name = "confusions", .kind = OPTION_NUMBER, .value = "N", .least = 0, .most = MOST_CONFUSIONS,
     .offset = FIELD(n_confusions), .help = "show the N most frequent confusions of characters (default: 10)"},
    {.name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .offset = FIELD(verbose),
     .help = "say on stderr what the model is (default: off)"},
    {.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .offset = FIELD(quiet),
     .help = "no line on stderr for an image that cannot be read, and no progress (default: off)"},
};

static const struct option_spec help_specs[] = {
    {.group = "Help", .name = "help", .letter = 'h', .kind = OPTION_FLAG, .offset = FIELD(help),
     .help = "print this and end"},
};

static const struct command command = {
    .usage = "trba eval [--model FILE] [options] SET...",
    .text = "Reads the images of data sets whose texts are known, and says how many were read right: accuracy,\n"
            "normalised edit distance and character error rate, per set and in total.\n\n"
            "A SET is an LMDB folder as clovaai's programs use it, a gt.txt (PATH<TAB>LABEL), EasyOCR's\n"
            "labels.csv, a folder with such a file, or a folder with such folders below it.\n",
    .least_inputs = 1, .most_inputs = MOST_SETS};

/* Standard output has the report. */
static bool is_dash(const char *file)
{
    return file != NULL && strcmp(file, "-") == 0;
}

static bool check_together(const struct eval_options *options, char message[OPTION_MESSAGE_BYTES])
{
    const struct eval_settings *s = &options->settings;
    const char *problem = NULL;
    if (s->filter && s->is_unfiltered)
        problem = "--filter and --data_filtering_off contradict each other: leave out one";
    else if (s->quiet && s->verbose)
        problem = "--quiet and --verbose contradict each other: leave out one";
    else if (is_dash(s->errors) || is_dash(s->predictions))
        problem = "--errors and --predictions need the name of a file: the report goes to standard output";
    else if (s->errors != NULL && s->predictions != NULL && is_same_place(s->errors, s->predictions))
        problem = "--errors and --predictions name the same file: name two";
    if (problem != NULL) snprintf(message, OPTION_MESSAGE_BYTES, "%s", problem);
    return problem == NULL;
}

bool eval_options_parse(int argc, char *const *argv, struct eval_options *out, int *code)
{
    *out = (struct eval_options){.settings = {.n_confusions = DEFAULT_CONFUSIONS}};
    char message[OPTION_MESSAGE_BYTES];
    const struct option_set sets[] = {model_option_set(&out->model), OWN_SET(eval_specs),
                                      picture_option_set(&out->model), machine_option_set(&out->model),
                                      clovaai_option_set(&out->model), architecture_option_set(&out->architecture),
                                      OWN_SET(help_specs)};
    const struct option_sets all = {sets, sizeof sets / sizeof *sets};
    if (!command_line_parse(&command, &all, &out->settings.help, argc, argv, &out->inputs, code)) return false;
    if (architecture_options_finish(&out->architecture, message) && model_options_check(&out->model, message) &&
        check_together(out, message))
        return true;
    console_print("%s", message);
    *code = PROGRAM_REFUSED;
    return false;
}

bool eval_options_filter(const struct eval_options *options)
{
    return options->settings.filter || (options->model.compat && !options->settings.is_unfiltered);
}
