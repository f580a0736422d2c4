/* SPDX-License-Identifier: Apache-2.0 */
/* strdemo_options.c - the table of strdemo's options, the rules that hold between them, and their translation into
 * trba_model_options.
 */
#include "strdemo_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(TRBA_PRESET_CLOVAAI == 1 && TRBA_PRESET_EASYOCR == 2, "order of the choices");
_Static_assert(TRBA_EXIF_ANY == 0 && TRBA_EXIF_IGNORE == 1 && TRBA_EXIF_APPLY == 2, "order of the choices");
_Static_assert(TRBA_ALPHA_IGNORE == 0 && TRBA_ALPHA_WHITE == 1 && TRBA_ALPHA_BLACK == 2, "order of the choices");
_Static_assert(TRBA_ROTATE_NONE == 0 && TRBA_ROTATE_AUTO == 1, "order of the choices");
_Static_assert(TRBA_CPU_AUTO == 0 && TRBA_CPU_REF == 1 && TRBA_CPU_BLAS == 2 && TRBA_CPU_AVX2 == 3 &&
               TRBA_CPU_AVX512 == 4, "order of the choices");

enum { MOST_THREADS = 64, MOST_BATCH = 1024, MOST_LENGTH = 1024, MOST_WORKERS = 1024 };

#define FIELD(name) offsetof(struct strdemo_settings, name)

static const struct option_spec own_specs[] = {
    {.group = "Model", .name = "model", .letter = 'm', .kind = OPTION_TEXT, .value = "FILE", .offset = FIELD(model),
     .help = "the checkpoint: a PyTorch .pth or a .safetensors file (default: $TRBA_MODEL, else english_g2)"},
    {.name = "charset", .kind = OPTION_TEXT, .value = "CHARSET", .offset = FIELD(charset),
     .help = "the alphabet: a preset's name (\"trba charsets\" lists them), else an existing file, else the characters "
             "themselves; preset:X, file:X and text:X leave no choice (default: the sidecar's, else the one preset "
             "that fits the number of classes)"},
    {.name = "preset", .kind = OPTION_CHOICE, .choices = "clovaai|easyocr", .offset = FIELD(preset),
     .help = "whose preprocessing and confidence (default: the sidecar's, else clovaai; easyocr for english_g2.pth)"},
    {.name = "pad", .kind = OPTION_FLAG, .offset = FIELD(pad),
     .help = "keep the picture's proportions, fill up to the right (default: off, or as the sidecar says)"},
    {.name = "compat", .kind = OPTION_CHOICE, .choices = "clovaai", .offset = FIELD(compat),
     .help = "do as clovaai's demo.py to the letter, its defects and its layout included (default: off)"},
    {.name = "batch-max-length", .kind = OPTION_NUMBER, .value = "N", .least = 1, .most = MOST_LENGTH,
     .offset = FIELD(batch_max_length),
     .help = "attention reads at most N characters (default: the sidecar's, else 25)"},
    {.name = "no-sidecar", .kind = OPTION_FLAG, .offset = FIELD(without_sidecar),
     .help = "do not read the .yaml or opt.txt beside the checkpoint (default: read it)"},

    {.group = "Pictures", .name = "boxes", .kind = OPTION_TEXT, .value = "FILE", .offset = FIELD(boxes),
     .help = "the INPUT is one page, and FILE says where its words are: JSON, CSV or ICDAR's text form; the manual "
             "page has the details (default: each picture is one word)"},
    {.name = "rotate", .kind = OPTION_CHOICE, .choices = "none|auto", .offset = FIELD(rotate),
     .help = "with --boxes: auto reads each region turned by 0, 90, 180 and 270 degrees and keeps the most confident "
             "reading (default: none)"},
    {.name = "vertical", .kind = OPTION_FLAG, .offset = FIELD(vertical),
     .help = "with --boxes: turn regions at least 1.5 times as tall as wide counter-clockwise, as PaddleOCR does "
             "(default: off)"},
    {.name = "exif", .kind = OPTION_CHOICE, .choices = "ignore|apply", .offset = FIELD(exif),
     .help = "whether pictures are turned as their EXIF orientation says (default: as the preset's program, clovaai "
             "ignore, easyocr apply)"},
    {.name = "alpha", .kind = OPTION_CHOICE, .choices = "ignore|white|black", .offset = FIELD(alpha),
     .help = "what shows where a picture is transparent: the stored colour, white or black (default: ignore)"},

    {.group = "Results", .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .choices = "table|tsv|jsonl",
     .offset = FIELD(format), .help = "layout of the results (default: table)"},
    {.name = "output", .letter = 'o', .kind = OPTION_TEXT, .value = "FILE", .offset = FIELD(output),
     .help = "write the results to FILE, each line as soon as it is known (default: to stdout)"},
    {.name = "time", .kind = OPTION_FLAG, .offset = FIELD(time),
     .help = "say on stderr how long opening and reading took (default: off)"},
    {.name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .offset = FIELD(verbose),
     .help = "say on stderr what the model is; list every tensor of a checkpoint that does not fit (default: off)"},
    {.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .offset = FIELD(quiet),
     .help = "no line on stderr for a picture that cannot be read, and no progress (default: off)"},

    {.group = "Machine", .name = "threads", .letter = 't', .kind = OPTION_NUMBER, .value = "N", .least = 0,
     .most = MOST_THREADS, .offset = FIELD(n_threads),
     .help = "threads that work together, 0 for one per processor (default: 0)"},
    {.name = "batch", .letter = 'b', .kind = OPTION_NUMBER, .value = "N", .least = 1, .most = MOST_BATCH,
     .offset = FIELD(batch),
     .help = "pictures read together; the answer does not depend on it (default: 16, 1 for one picture; with --compat "
             "clovaai 192)"},
    {.name = "cpu", .kind = OPTION_CHOICE, .choices = "auto|ref|blas|avx2|avx512", .offset = FIELD(cpu),
     .help = "use at most these instructions (default: auto, the best there are)"},

    {.group = "clovaai's names for the above", .name = "saved_model", .kind = OPTION_TEXT, .value = "FILE",
     .offset = FIELD(model), .help = "the same as --model (default: see there)"},
    {.name = "image_folder", .kind = OPTION_INPUT, .value = "INPUT", .help = "one more input (default: none)"},
    {.name = "character", .kind = OPTION_TEXT, .value = "TEXT", .offset = FIELD(character),
     .help = "the alphabet as text, never a file or a preset (default: see --charset)"},
    {.name = "sensitive", .kind = OPTION_FLAG, .offset = FIELD(sensitive),
     .help = "the alphabet of 94 printable characters; not together with --character (default: off)"},
    {.name = "PAD", .kind = OPTION_FLAG, .offset = FIELD(pad), .help = "the same as --pad (default: off)"},
    {.name = "batch_max_length", .kind = OPTION_NUMBER, .value = "N", .least = 1, .most = MOST_LENGTH,
     .offset = FIELD(batch_max_length), .help = "the same as --batch-max-length (default: see there)"},
    {.name = "batch_size", .kind = OPTION_NUMBER, .value = "N", .least = 1, .most = MOST_BATCH,
     .offset = FIELD(batch), .help = "the same as --batch (default: see there)"},
    {.name = "workers", .kind = OPTION_NUMBER, .value = "N", .least = 0, .most = MOST_WORKERS,
     .offset = FIELD(n_workers),
     .help = "accepted and without effect: the threads of --threads decode the pictures, too (default: 0)"},
};

static const struct option_spec help_specs[] = {
    {.group = "Help", .name = "help", .letter = 'h', .kind = OPTION_FLAG, .offset = FIELD(help),
     .help = "print this and end"},
    {.name = "version", .kind = OPTION_FLAG, .offset = FIELD(version),
     .help = "print the version and what this machine offers, and end"},
};

/* The tables in the order of the help. */
static void make_sets(struct strdemo_options *options, struct option_set sets[3])
{
    sets[0] = (struct option_set){own_specs, sizeof own_specs / sizeof *own_specs, &options->settings};
    sets[1] = architecture_option_set(&options->architecture);
    sets[2] = (struct option_set){help_specs, sizeof help_specs / sizeof *help_specs, &options->settings};
}

/* ---- rules between options --------------------------------------------------------------------------------------- */

static bool check_together(const struct strdemo_options *options, char message[OPTION_MESSAGE_BYTES])
{
    const struct strdemo_settings *s = &options->settings;
    const char *problem = NULL;
    if (s->sensitive && s->character != NULL)
        problem = "--sensitive and --character are two alphabets (clovaai's programs silently ignore --character "
                  "then): leave out one";
    else if (s->charset != NULL && (s->character != NULL || s->sensitive))
        problem = "--charset together with --character or --sensitive gives two alphabets: leave out one";
    else if (s->compat && s->preset == TRBA_PRESET_EASYOCR)
        problem = "--compat clovaai and --preset easyocr contradict each other: leave out one";
    else if (s->boxes == NULL && (s->rotate || s->vertical))
        problem = "--rotate and --vertical are for the regions of a page: add --boxes";
    else if (s->boxes != NULL && s->compat)
        problem = "--boxes and --compat clovaai contradict each other (demo.py knows no pages): leave out one";
    else if (s->quiet && s->verbose)
        problem = "--quiet and --verbose contradict each other: leave out one";
    else if (options->inputs.n_items == 0)
        problem = "there is nothing to read: name pictures, folders, @LIST or - (--help lists the options)";
    if (problem != NULL) snprintf(message, OPTION_MESSAGE_BYTES, "%s", problem);
    return problem == NULL;
}

bool strdemo_options_parse(int argc, char *const *argv, struct strdemo_options *out,
                           char message[OPTION_MESSAGE_BYTES])
{
    *out = (struct strdemo_options){.inputs = {.items = NULL}};
    struct option_set sets[3];
    make_sets(out, sets);
    if (!options_parse(&(struct option_sets){sets, 3}, argc, argv, 1, &out->inputs, message)) return false;
    if (out->settings.help || out->settings.version) return true;
    return architecture_options_finish(&out->architecture, message) && check_together(out, message);
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
    struct option_set sets[3];
    make_sets(&unused, sets);
    const bool is_understood = option_next(&(struct option_sets){sets, 3}, argc, argv, at, only_inputs, out, message);
    out->settings = NULL;
    return is_understood;
}

void strdemo_options_print_help(FILE *out)
{
    struct strdemo_options unused = {.inputs = {.items = NULL}};
    struct option_set sets[3];
    make_sets(&unused, sets);
    fputs("strdemo - read the text in pictures of words\n\n"
          "  strdemo [--model FILE] [options] INPUT...\n"
          "  strdemo [--model FILE] --boxes FILE [options] PAGE\n\n"
          "An INPUT is a .png or .jpg file, a folder (read with its subfolders, in natural order), @LIST (a\n"
          "file with one path per line; @- from stdin) or - (a picture on stdin). An option's value may follow\n"
          "after a space or after =; -- ends the options.\n", out);
    options_print_help(&(struct option_sets){sets, 3}, out);
    fputs("\nExit codes: 0 everything was read; 1 some inputs could not be read; 2 bad option or model;\n"
          "3 the results could not be written.\n", out);
}

/* ---- what the library is asked for ------------------------------------------------------------------------------- */

bool strdemo_option_is_charset(const struct option_use *use)
{
    if (use->spec < own_specs || use->spec >= own_specs + sizeof own_specs / sizeof *own_specs) return false;
    const size_t offset = use->spec->offset;
    return use->spec->kind != OPTION_INPUT &&
           (offset == FIELD(charset) || offset == FIELD(character) || offset == FIELD(sensitive));
}

static bool is_charset_preset(const char *name)
{
    for (size_t i = 0; trba_charset_preset_at(i) != NULL; i++)
        if (strcmp(trba_charset_preset_at(i)->name, name) == 0) return true;
    return false;
}

/* preset:X, file:X, text:X, or what X is: a preset, an existing file, the characters themselves. */
static void choose_charset(const char *charset, trba_model_options *out)
{
    if (strncmp(charset, "preset:", 7) == 0)
        out->charset_preset = charset + 7;
    else if (strncmp(charset, "file:", 5) == 0)
        out->charset_file = charset + 5;
    else if (strncmp(charset, "text:", 5) == 0)
        out->charset_text = charset + 5;
    else if (is_charset_preset(charset))
        out->charset_preset = charset;
    else if (access(charset, F_OK) == 0)
        out->charset_file = charset;
    else
        out->charset_text = charset;
}

trba_exif strdemo_exif(const struct strdemo_options *options)
{
    return (trba_exif)options->settings.exif; /* 0, not given: ANY */
}

trba_alpha strdemo_alpha(const struct strdemo_options *options)
{
    return options->settings.alpha != 0 ? (trba_alpha)(options->settings.alpha - 1) : TRBA_ALPHA_IGNORE;
}

trba_rotate strdemo_rotate(const struct strdemo_options *options)
{
    return options->settings.rotate != 0 ? (trba_rotate)(options->settings.rotate - 1) : TRBA_ROTATE_NONE;
}

static bool choose_cpu(int choice, trba_model_options *out, char message[OPTION_MESSAGE_BYTES])
{
    if (choice == 0) return true;
    trba_error err;
    const char *name = trba_cpu_name((trba_cpu)(choice - 1));
    if (trba_cpu_from_name(name, &out->cpu, &err) == TRBA_OK) return true;
    snprintf(message, OPTION_MESSAGE_BYTES, "--cpu %s: %.400s", name, err.message);
    return false;
}

bool strdemo_model_options(const struct strdemo_options *options, const char *path, trba_model_options *out,
                           char message[OPTION_MESSAGE_BYTES])
{
    const struct strdemo_settings *s = &options->settings;
    *out = trba_model_options_default();
    out->expect = options->architecture.expect;
    if (s->charset != NULL) choose_charset(s->charset, out);
    if (s->character != NULL) out->charset_text = s->character;
    if (s->sensitive) out->charset_preset = "printable94";
    out->preset = (trba_preset)s->preset;
    /* This checkpoint cannot say that it wants EasyOCR's preprocessing, and its package has no sidecar for it. */
    if (s->preset == 0 && !s->compat && model_is_english_g2(path)) out->preset = TRBA_PRESET_EASYOCR;
    if (s->compat) out->compat = TRBA_CHOICE_YES;
    if (s->pad) out->pad = TRBA_CHOICE_YES;
    if (s->without_sidecar) out->use_sidecar = TRBA_CHOICE_NO;
    out->batch_max_length = s->batch_max_length;
    return choose_cpu(s->cpu, out, message);
}
