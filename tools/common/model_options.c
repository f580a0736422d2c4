/* SPDX-License-Identifier: Apache-2.0 */
/* model_options.c - the tables of the model's options, the rules that hold between them, their translation into
 * trba_model_options, and opening the model with them.
 */
#include "model_options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "console.h"
#include "model_notes.h"
#include "overwriting.h"

_Static_assert(TRBA_PRESET_CLOVAAI == 1 && TRBA_PRESET_EASYOCR == 2, "order of the choices");
_Static_assert(TRBA_EXIF_ANY == 0 && TRBA_EXIF_IGNORE == 1 && TRBA_EXIF_APPLY == 2, "order of the choices");
_Static_assert(TRBA_ALPHA_IGNORE == 0 && TRBA_ALPHA_WHITE == 1 && TRBA_ALPHA_BLACK == 2, "order of the choices");
_Static_assert(TRBA_CPU_AUTO == 0 && TRBA_CPU_REF == 1 && TRBA_CPU_BLAS == 2 && TRBA_CPU_AVX2 == 3 &&
               TRBA_CPU_AVX512 == 4 && TRBA_CPU_AVX512VNNI == 5 && TRBA_CPU_AVX512AMX == 6, "order of the choices");
_Static_assert(TRBA_PRECISION_FP32 == 0 && TRBA_PRECISION_INT16 == 1 && TRBA_PRECISION_BF16 == 2 &&
               TRBA_PRECISION_AUTO == 3, "order of the choices");

enum { MOST_THREADS = 64, MOST_BATCH = 1024, MOST_LENGTH = 1024, MOST_WORKERS = 1024 };

#define FIELD(name) offsetof(struct model_settings, name)
#define SET(specs, settings) (struct option_set){specs, sizeof specs / sizeof *specs, settings}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const struct option_spec model_specs[] = {
    {.group = "Model", .name = "model", .letter = 'm', .kind = OPTION_FILE, .value = "FILE", .offset = FIELD(model),
     .help = "the checkpoint: a PyTorch .pth or a .safetensors file (default: $TRBA_MODEL, else trba)"},
    {.name = "charset", .kind = OPTION_TEXT, .value = "CHARSET", .offset = FIELD(charset),
     .help = "the alphabet: a preset's name (\"trba charsets\" lists them), else an existing file, else the characters "
             "themselves; preset:X, file:X and text:X leave no choice (default: the sidecar's, else the preset of "
             "which the network leaves no doubt)"},
    {.name = "preset", .kind = OPTION_CHOICE, .choices = "clovaai|easyocr", .offset = FIELD(preset),
     .help = "whose preprocessing and confidence (default: the sidecar's, else clovaai; easyocr for english_g2)"},
    {.name = "pad", .kind = OPTION_FLAG, .offset = FIELD(pad),
     .help = "keep the picture's proportions, fill up to the right (default: off, or as the sidecar says)"},
    {.name = "compat", .kind = OPTION_CHOICE, .choices = "clovaai", .offset = FIELD(compat),
     .help = "do as clovaai's demo.py to the letter, its defects and its layout included (default: off)"},
    {.name = "batch-max-length", .kind = OPTION_NUMBER, .value = "N", .least = 1, .most = MOST_LENGTH,
     .offset = FIELD(batch_max_length),
     .help = "attention reads at most N characters (default: the sidecar's, else 25)"},
    {.name = "no-sidecar", .kind = OPTION_FLAG, .offset = FIELD(without_sidecar),
     .help = "do not read the .yaml or opt.txt beside the checkpoint (default: read it)"},
};

static const struct option_spec picture_specs[] = {
    {.group = "Pictures", .name = "exif", .kind = OPTION_CHOICE, .choices = "ignore|apply", .offset = FIELD(exif),
     .help = "whether pictures are turned as their EXIF orientation says (default: as the preset's program, clovaai "
             "ignore, easyocr apply)"},
    {.name = "alpha", .kind = OPTION_CHOICE, .choices = "ignore|white|black", .offset = FIELD(alpha),
     .help = "what shows where a picture is transparent: the stored colour, white or black (default: ignore)"},
    {.name = "rotate", .kind = OPTION_CHOICE, .choices = "none|tall|auto", .offset = FIELD(rotate),
     .help = "read words that stand on their side, too, and keep the surest reading: tall, what is at least 1.5 times "
             "as tall as wide also turned by 90 and 270 degrees; auto, everything also by 90, 180 and 270 (default: "
             "as the model's sidecar says, else none; with --boxes and --compat none)"},
};

static const struct option_spec machine_specs[] = {
    {.group = "Machine", .name = "threads", .letter = 't', .kind = OPTION_NUMBER, .value = "N", .least = 0,
     .most = MOST_THREADS, .offset = FIELD(n_threads),
     .help = "threads that work together, 0 for one per processor (default: 0)"},
    {.name = "batch", .letter = 'b', .kind = OPTION_NUMBER, .value = "N", .least = 1, .most = MOST_BATCH,
     .offset = FIELD(batch),
     .help = "pictures read together; the answer does not depend on it (default: 16, 1 for one picture; strdemo with "
             "--compat clovaai 192)"},
    {.name = "cpu", .kind = OPTION_CHOICE, .choices = CPU_OPTION_CHOICES, .offset = FIELD(cpu),
     .help = "use at most these instructions (default: auto, the best there are)"},
    {.name = "precision", .kind = OPTION_CHOICE, .choices = PRECISION_OPTION_CHOICES, .offset = FIELD(precision),
     .help = "the numbers that are multiplied: fp32, PyTorch's answers; int16, 1.5 times as fast with AVX-512 VNNI, "
             "more with AMX, hardly a text changes; bf16, rougher, with AMX; auto, int16 where it is fast (default: "
             "fp32)"},
};

static const struct option_spec clovaai_specs[] = {
    {.group = "clovaai's names for the above", .name = "saved_model", .kind = OPTION_FILE, .value = "FILE",
     .offset = FIELD(model), .help = "the same as --model (default: see there)"},
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

struct option_set model_option_set(struct model_settings *settings)
{
    return SET(model_specs, settings);
}

struct option_set picture_option_set(struct model_settings *settings)
{
    return SET(picture_specs, settings);
}

struct option_set machine_option_set(struct model_settings *settings)
{
    return SET(machine_specs, settings);
}

struct option_set clovaai_option_set(struct model_settings *settings)
{
    return SET(clovaai_specs, settings);
}

static bool is_row_of(const struct option_spec *spec, const struct option_set *set)
{
    return spec >= set->specs && spec < set->specs + set->n_specs;
}

bool model_option_is_charset(const struct option_use *use)
{
    const struct option_set ours = SET(model_specs, NULL), theirs = SET(clovaai_specs, NULL);
    if (!is_row_of(use->spec, &ours) && !is_row_of(use->spec, &theirs)) return false;
    const size_t offset = use->spec->offset;
    return offset == FIELD(charset) || offset == FIELD(character) || offset == FIELD(sensitive);
}

/* ---- rules between options --------------------------------------------------------------------------------------- */

bool model_options_check(const struct model_settings *s, char message[OPTION_MESSAGE_BYTES])
{
    const char *problem = NULL;
    if (s->sensitive && s->character != NULL)
        problem = "--sensitive and --character are two alphabets (clovaai's programs silently ignore --character "
                  "then): leave out one";
    else if (s->charset != NULL && (s->character != NULL || s->sensitive))
        problem = "--charset together with --character or --sensitive gives two alphabets: leave out one";
    else if (s->compat && s->preset == TRBA_PRESET_EASYOCR)
        problem = "--compat clovaai and --preset easyocr contradict each other: leave out one";
    if (problem != NULL) snprintf(message, OPTION_MESSAGE_BYTES, "%s", problem);
    return problem == NULL;
}

/* ---- what the library is asked for ------------------------------------------------------------------------------- */

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

static bool has_list_ending(const char *text)
{
    static const char *const endings[] = {".txt", ".yaml", ".yml", ".csv", ".tsv", ".json", ".dict"};
    const char *dot = strrchr(text, '.');
    for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

static bool repeats_a_letter(const char *text)
{
    for (; *text != '\0'; text++)
        if (isalpha((unsigned char)*text) && strchr(text + 1, *text) != NULL) return true;
    return false;
}

/* A file that is not there, rather than an alphabet? Alphabets may have a slash in them, but hardly a letter twice. */
static bool looks_like_path(const char *text)
{
    return has_list_ending(text) || (strchr(text, '/') != NULL && repeats_a_letter(text));
}

trba_exif model_options_exif(const struct model_settings *settings)
{
    return (trba_exif)settings->exif; /* 0, not given: ANY */
}

trba_alpha model_options_alpha(const struct model_settings *settings)
{
    return settings->alpha != 0 ? (trba_alpha)(settings->alpha - 1) : TRBA_ALPHA_IGNORE;
}

trba_rotate model_options_rotate(const struct model_settings *settings, trba_rotate otherwise)
{
    const trba_rotate ways[] = {otherwise, TRBA_ROTATE_NONE, TRBA_ROTATE_TALL, TRBA_ROTATE_AUTO};
    return ways[settings->rotate];
}

const char *model_options_rotate_name(trba_rotate rotate)
{
    return rotate == TRBA_ROTATE_AUTO ? "auto" : rotate == TRBA_ROTATE_TALL ? "tall" : "none";
}

bool model_options_choose_cpu(int choice, trba_cpu *out, char message[OPTION_MESSAGE_BYTES])
{
    *out = TRBA_CPU_AUTO;
    if (choice == 0) return true;
    trba_error err;
    const char *name = trba_cpu_name((trba_cpu)(choice - 1));
    if (trba_cpu_from_name(name, out, &err) == TRBA_OK) return true;
    snprintf(message, OPTION_MESSAGE_BYTES, "--cpu %s: %.400s", name, err.message);
    return false;
}

trba_precision model_options_precision(int choice)
{
    return choice != 0 ? (trba_precision)(choice - 1) : TRBA_PRECISION_FP32;
}

bool model_options_make(const struct model_settings *s, const trba_architecture *expect, trba_model_options *out,
                        char message[OPTION_MESSAGE_BYTES])
{
    *out = trba_model_options_default();
    out->expect = *expect;
    if (s->charset != NULL) choose_charset(s->charset, out);
    if (out->charset_text != NULL && out->charset_text == s->charset && looks_like_path(s->charset)) {
        snprintf(message, OPTION_MESSAGE_BYTES, "there is no file %.200s for --charset; if these are the characters "
                 "themselves, write --charset text:%.200s", s->charset, s->charset);
        return false;
    }
    if (s->character != NULL) out->charset_text = s->character;
    if (s->sensitive) out->charset_preset = "printable94";
    out->preset = (trba_preset)s->preset;
    if (s->compat) out->compat = TRBA_CHOICE_YES;
    if (s->pad) out->pad = TRBA_CHOICE_YES;
    if (s->without_sidecar) out->use_sidecar = TRBA_CHOICE_NO;
    out->batch_max_length = s->batch_max_length;
    out->precision = model_options_precision(s->precision);
    return model_options_choose_cpu(s->cpu, &out->cpu, message);
}

/* ---- the model --------------------------------------------------------------------------------------------------- */

/* --compat clovaai needs the reference's preprocessing, which a sidecar may have put aside. */
static bool is_compat_possible(const trba_model *model, const struct model_settings *settings)
{
    trba_model_info info;
    trba_model_get_info(model, &info);
    if (!settings->compat || info.preset == TRBA_PRESET_CLOVAAI) return true;
    console_print("%s asks for the preset easyocr, which --compat clovaai contradicts: add --preset clovaai or "
                  "--no-sidecar", info.sidecar);
    return false;
}

/* The library does not know by which option an alphabet was chosen. */
static void say_not_opened(const struct model_settings *settings, const trba_error *err)
{
    const bool is_sensitive = settings->sensitive && err->status == TRBA_ERROR_CHARSET;
    console_print("%s%s", err->message, is_sensitive ? "; --sensitive asked for that alphabet: leave it away" : "");
}

trba_model *model_options_open(const struct model_settings *settings, const trba_architecture *expect,
                               char path[MODEL_PATH_BYTES], trba_status *status)
{
    char message[OPTION_MESSAGE_BYTES];
    trba_model_options options;
    trba_model *model = NULL;
    trba_error err;
    *status = TRBA_ERROR_ARGUMENT;
    if (!model_search(settings->model, path, message, sizeof message) ||
        !model_options_make(settings, expect, &options, message)) {
        console_print("%s", message);
        return NULL;
    }
    *status = trba_model_open(path, &options, &model, &err);
    if (*status != TRBA_OK) {
        say_not_opened(settings, &err);
        return NULL;
    }
    model_note_precision(model, options.precision);
    if (is_compat_possible(model, settings)) return model;
    trba_model_free(model);
    *status = TRBA_ERROR_ARGUMENT;
    return NULL;
}

bool model_options_reads(const struct model_settings *settings, const trba_model *model, const char *model_path,
                         const char *path)
{
    trba_model_options chosen = {.charset_file = NULL};
    trba_model_info info;
    if (settings->charset != NULL) choose_charset(settings->charset, &chosen);
    trba_model_get_info(model, &info);
    return is_same_file(path, model_path) || is_same_file(path, info.sidecar) ||
           is_same_file(path, chosen.charset_file);
}

trba_session *model_options_open_session(const struct model_settings *settings, const trba_model *model, int n_threads,
                                         size_t batch)
{
    trba_session_options options = trba_session_options_default();
    trba_session *session = NULL;
    trba_error err;
    options.n_threads = n_threads;
    options.exif = model_options_exif(settings);
    options.alpha = model_options_alpha(settings);
    options.rotate = model_options_rotate(settings, TRBA_ROTATE_ANY);
    options.batch_size = (int)batch;
    if (trba_session_new(model, &options, &session, &err) == TRBA_OK) return session;
    console_print("%s", err.message);
    return NULL;
}
