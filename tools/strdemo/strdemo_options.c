/* SPDX-License-Identifier: Apache-2.0 */
/* strdemo_options.c - the tables of strdemo's options, and the rules that hold between them. */
#include "strdemo_options.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(struct strdemo_settings, name)

/* Goes on under the heading "Pictures". */
static const struct option_spec page_specs[] = {
    {.name = "boxes", .kind = OPTION_FILE, .value = "FILE", .offset = FIELD(boxes),
     .help = "the INPUT is one page, and FILE says where its words are: JSON, CSV or ICDAR's text form; the manual "
             "page has the details (default: each picture is one word)"},
    {.name = "vertical", .kind = OPTION_FLAG, .offset = FIELD(vertical),
     .help = "with --boxes: turn regions at least 1.5 times as tall as wide counter-clockwise, as PaddleOCR does "
             "(default: off)"},
};

static const struct option_spec result_specs[] = {
    {.group = "Results", .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .choices = "table|tsv|jsonl",
     .offset = FIELD(format), .help = "layout of the results (default: table)"},
    {.name = "output", .letter = 'o', .kind = OPTION_FILE, .value = "FILE", .offset = FIELD(output),
     .help = "write the results to FILE, each line as soon as it is known (default: -, to stdout)"},
    {.name = "resume", .kind = OPTION_FLAG, .offset = FIELD(resume),
     .help = "go on with the results in the file of --output, which an earlier run with the same arguments has left: "
             "only what has no line there is read, and a torn last line is repaired (default: the file is emptied)"},
    {.name = "time", .kind = OPTION_FLAG, .offset = FIELD(time),
     .help = "say on stderr how long opening and reading took (default: off)"},
    {.name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .offset = FIELD(verbose),
     .help = "say on stderr what the model is; list every tensor of a checkpoint that does not fit (default: off)"},
    {.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .offset = FIELD(quiet),
     .help = "no line on stderr for a picture that cannot be read, and no progress (default: off)"},
};

/* Goes on under clovaai's names. */
static const struct option_spec folder_specs[] = {
    {.name = "image_folder", .kind = OPTION_INPUT, .value = "INPUT", .help = "one more input (default: none)"},
};

static const struct option_spec help_specs[] = {
    {.group = "Help", .name = "help", .letter = 'h', .kind = OPTION_FLAG, .offset = FIELD(help),
     .help = "print this and end"},
    {.name = "version", .kind = OPTION_FLAG, .offset = FIELD(version),
     .help = "print the version and what this machine offers, and end"},
};

enum { N_SETS = 9 };

#define OWN_SET(specs) (struct option_set){specs, sizeof specs / sizeof *specs, &options->settings}

/* The tables in the order of the help. */
static void make_sets(struct strdemo_options *options, struct option_set sets[N_SETS])
{
    sets[0] = model_option_set(&options->model);
    sets[1] = picture_option_set(&options->model);
    sets[2] = OWN_SET(page_specs);
    sets[3] = OWN_SET(result_specs);
    sets[4] = machine_option_set(&options->model);
    sets[5] = clovaai_option_set(&options->model);
    sets[6] = OWN_SET(folder_specs);
    sets[7] = architecture_option_set(&options->architecture);
    sets[8] = OWN_SET(help_specs);
}

/* ---- rules between options --------------------------------------------------------------------------------------- */

/* "@" and nothing more. */
static bool has_nameless_list(const struct option_inputs *inputs)
{
    for (size_t i = 0; i < inputs->n_items; i++)
        if (strcmp(inputs->items[i], "@") == 0) return true;
    return false;
}

static bool check_together(const struct strdemo_options *options, char message[OPTION_MESSAGE_BYTES])
{
    const struct strdemo_settings *s = &options->settings;
    const char *problem = NULL;
    if (s->boxes == NULL && s->vertical)
        problem = "--vertical is for the regions of a page: add --boxes";
    else if (s->boxes != NULL && options->model.compat)
        problem = "--boxes and --compat clovaai contradict each other (demo.py knows no pages): leave out one";
    else if (s->resume && s->output == NULL)
        problem = "--resume goes on with a file of results: add --output FILE";
    else if (s->resume && s->format != FORMAT_TSV && s->format != FORMAT_JSONL)
        problem = "--resume cannot tell the lines of a table apart: add --format tsv or --format jsonl";
    else if (s->quiet && s->verbose)
        problem = "--quiet and --verbose contradict each other: leave out one";
    else if (options->inputs.n_items == 0)
        problem = "there is nothing to read: name pictures, folders, @LIST or - (--help lists the options)";
    else if (has_nameless_list(&options->inputs))
        problem = "the list that @ is to name has no name: write @LIST, or @- for a list on standard input";
    if (problem != NULL) snprintf(message, OPTION_MESSAGE_BYTES, "%s", problem);
    return problem == NULL;
}

bool strdemo_options_parse(int argc, char *const *argv, struct strdemo_options *out,
                           char message[OPTION_MESSAGE_BYTES])
{
    *out = (struct strdemo_options){.inputs = {.items = NULL}};
    struct option_set sets[N_SETS];
    make_sets(out, sets);
    if (!options_parse(&(struct option_sets){sets, N_SETS}, argc, argv, 1, &out->inputs, message)) return false;
    if (out->settings.help || out->settings.version) return true;
    if (out->settings.output != NULL && strcmp(out->settings.output, "-") == 0) out->settings.output = NULL;
    return architecture_options_finish(&out->architecture, message) && model_options_check(&out->model, message) &&
           check_together(out, message);
}

void strdemo_options_free(struct strdemo_options *options)
{
    free(options->inputs.items);
    options->inputs = (struct option_inputs){.items = NULL};
}

bool strdemo_option_next(int argc, char *const *argv, int at, bool *only_inputs, struct option_use *out)
{
    struct strdemo_options unused = {.inputs = {.items = NULL}};
    char message[OPTION_MESSAGE_BYTES];
    struct option_set sets[N_SETS];
    make_sets(&unused, sets);
    const struct option_sets all = {sets, N_SETS};
    const bool is_understood = option_next(&all, argc, argv, at, only_inputs, out, message);
    out->settings = NULL;
    return is_understood;
}

void strdemo_options_print_help(FILE *out)
{
    struct strdemo_options unused = {.inputs = {.items = NULL}};
    struct option_set sets[N_SETS];
    make_sets(&unused, sets);
    fputs("strdemo - read the text in pictures of words\n\n"
          "  strdemo [--model FILE] [options] INPUT...\n"
          "  strdemo [--model FILE] --boxes FILE [options] PAGE\n\n"
          "An INPUT is a .png or .jpg file, a folder (read with its subfolders, in natural order), @LIST (a\n"
          "file with one path per line; @- from stdin) or - (a picture on stdin). An option's value may follow\n"
          "after a space or after =; -- ends the options.\n", out);
    options_print_help(&(struct option_sets){sets, N_SETS}, out);
    fputs("\nExit codes: 0 everything was read; 1 some inputs could not be read; 2 bad option or model;\n"
          "3 the results could not be written.\n", out);
}
