/* SPDX-License-Identifier: Apache-2.0 */
/* command_info.c - "trba info FILE": what is in a checkpoint.
 *
 *   facts    everything known about the file, gathered first
 *   text     the facts for people
 *   json     the same facts for programs; the keys are promised in trba.1
 */
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "common/alphabet_text.h"
#include "common/console.h"
#include "common/exit_codes.h"
#include "common/harmless_text.h"
#include "common/json_text.h"
#include "common/model_options.h"
#include "common/model_search.h"
#include "common/tool_memory.h"
#include "network_json.h"
#include "trba.h"
#include "trba_commands.h"

struct info_settings {
    int json, tensors, kernels, help;
    int cpu;       /* see model_options_choose_cpu() */
    int precision; /* see model_options_precision() */
};

static const struct option_spec info_specs[] = {
    {.group = "Options", .name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct info_settings, json),
     .help = "print JSON; its keys are in the manual page (default: off)"},
    {.name = "tensors", .kind = OPTION_FLAG, .offset = offsetof(struct info_settings, tensors),
     .help = "list the tensors, too (default: off)"},
    {.name = "kernels", .kind = OPTION_FLAG, .offset = offsetof(struct info_settings, kernels),
     .help = "list the layers and the kernels that compute them on this processor, too (default: off)"},
    {.name = "cpu", .kind = OPTION_CHOICE, .choices = CPU_OPTION_CHOICES,
     .offset = offsetof(struct info_settings, cpu),
     .help = "instruction sets to use at most (default: auto)"},
    {.name = "precision", .kind = OPTION_CHOICE, .choices = PRECISION_OPTION_CHOICES,
     .offset = offsetof(struct info_settings, precision),
     .help = "the numbers that are multiplied (default: fp32)"},
    {.name = "help", .letter = 'h', .kind = OPTION_FLAG, .offset = offsetof(struct info_settings, help),
     .help = "print this and end"},
};

/* What the options say about this machine. */
struct machine {
    trba_cpu cpu;
    trba_precision precision;
};

/* ---- facts ------------------------------------------------------------------------------------------------------- */

struct facts {
    const char *path;
    trba_checkpoint *checkpoint;
    trba_architecture architecture;
    char network[64];          /* its name */
    trba_error no_network;     /* status TRBA_OK: `architecture` is known */
    int64_t n_parameters;      /* as the reference counts them: without buffers */
    trba_model *model;         /* opened with default options; NULL if that is not possible */
    trba_error no_model;
    trba_model_info model_info;
    trba_model *stand_in;      /* without a model: opened with any alphabet and no sidecar; NULL if nothing helps */
    trba_error no_stand_in;
    const trba_model *layers;  /* to ask for its layers: `model`, else `stand_in`; NULL: not asked for */
};

static bool has_end(const char *name, const char *end)
{
    const size_t n = strlen(name), n_end = strlen(end);
    return n >= n_end && strcmp(name + n - n_end, end) == 0;
}

static bool is_buffer(const char *name)
{
    return has_end(name, ".running_mean") || has_end(name, ".running_var") || has_end(name, ".num_batches_tracked") ||
           has_end(name, "GridGenerator.P_hat") || has_end(name, "GridGenerator.inv_delta_C");
}

static int64_t count_parameters(const trba_checkpoint *checkpoint)
{
    int64_t total = 0;
    for (size_t i = 0; i < trba_checkpoint_tensor_count(checkpoint); i++) {
        trba_tensor_info tensor;
        if (trba_checkpoint_tensor(checkpoint, i, &tensor) != TRBA_OK || is_buffer(tensor.name)) continue;
        int64_t n_elements = 1;
        for (int d = 0; d < tensor.n_dimensions; d++) n_elements *= tensor.shape[d];
        total += n_elements;
    }
    return total;
}

/* What strdemo would do with the file and no options. */
static void try_model(const struct machine *machine, struct facts *facts)
{
    trba_model_options options = trba_model_options_default();
    options.cpu = machine->cpu;
    options.precision = machine->precision;
    facts->no_model.status = trba_model_open(facts->path, &options, &facts->model, &facts->no_model);
    if (facts->no_model.status == TRBA_OK) trba_model_get_info(facts->model, &facts->model_info);
}

/* Would it open with the right options? No option changes the weights, and neither they nor the layers depend on the
 * alphabet, so any of the right length will do. */
static void try_stand_in(const struct machine *machine, struct facts *facts)
{
    const int n_characters = architecture_n_characters(&facts->architecture);
    facts->no_stand_in = facts->no_model;
    if (n_characters < 1) return;
    char *charset = memory_resize(NULL, (size_t)n_characters + 1, 1);
    trba_model_options options = trba_model_options_default();
    memset(charset, 'x', (size_t)n_characters);
    charset[n_characters] = '\0';
    options.charset_text = charset;
    options.cpu = machine->cpu;
    options.precision = machine->precision;
    options.use_sidecar = TRBA_CHOICE_NO;
    trba_model_open(facts->path, &options, &facts->stand_in, &facts->no_stand_in);
    free(charset);
}

/* Returns false after a sentence if the file cannot be opened at all. */
static bool gather_facts(const char *path, bool with_layers, const struct machine *machine, struct facts *out)
{
    trba_error err;
    *out = (struct facts){.path = path};
    if (trba_checkpoint_open(path, &out->checkpoint, &err) != TRBA_OK) {
        console_print("%s", err.message);
        return false;
    }
    out->n_parameters = count_parameters(out->checkpoint);
    out->no_network.status = trba_checkpoint_architecture(out->checkpoint, &out->architecture, &out->no_network);
    if (out->no_network.status != TRBA_OK) return true;
    trba_architecture_name(&out->architecture, out->network, sizeof out->network);
    try_model(machine, out);
    if (out->model == NULL) try_stand_in(machine, out);
    if (with_layers) out->layers = out->model != NULL ? out->model : out->stand_in;
    return true;
}

static void drop_facts(struct facts *facts)
{
    trba_model_free(facts->model);
    trba_model_free(facts->stand_in);
    trba_checkpoint_free(facts->checkpoint);
}

static int exit_code(const struct facts *facts)
{
    return facts->model != NULL || facts->stand_in != NULL ? PROGRAM_OK : PROGRAM_PARTIAL;
}

/* Why it does not open without options; if none helps, that. */
static const char *why_not_opened(const struct facts *facts)
{
    if (facts->no_network.status != TRBA_OK) return facts->no_network.message;
    return facts->stand_in != NULL ? facts->no_model.message : facts->no_stand_in.message;
}

static const char *preset_name(trba_preset preset)
{
    return preset == TRBA_PRESET_EASYOCR ? "easyocr" : "clovaai";
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* One after the other, what stands in the file or in its path included. Sentences may have more than one line. */
static void print_line(const char *first, const char *second)
{
    harmless_text_write(first, "\n", stdout);
    harmless_text_write(second, "\n", stdout);
    fputc('\n', stdout);
}

static void print_size(const char *name, int value, const char *when_zero)
{
    if (value > 0)
        printf("  %-18s %d\n", name, value);
    else
        printf("  %-18s %s\n", name, when_zero);
}

static void print_network(const struct facts *facts)
{
    const trba_architecture *a = &facts->architecture;
    printf("network     %s\n", facts->network);
    printf("  %-18s %s\n", "Transformation", transformation_option(a->transformation));
    printf("  %-18s %s\n", "FeatureExtraction", feature_extraction_option(a->feature_extraction));
    printf("  %-18s %s\n", "SequenceModeling", sequence_modeling_option(a->sequence_modeling));
    printf("  %-18s %s\n", "Prediction", prediction_option(a->prediction));
    print_size("input_channel", a->input_channel, "?");
    print_size("output_channel", a->output_channel, "?");
    print_size("hidden_size", a->hidden_size, "none");
    print_size("num_fiducial", a->num_fiducial, "none");
    print_size("num_class", a->num_class, "?");
    print_size("imgH", a->img_h, "not in the file");
    print_size("imgW", a->img_w, "not in the file");
}

/* The presets that have as many characters as the network. */
static void print_alphabets(const struct facts *facts)
{
    const int n_characters = architecture_n_characters(&facts->architecture);
    const bool is_known = facts->model != NULL;
    int n_fitting = 0;
    printf("alphabet    %d characters\n", n_characters);
    for (size_t i = 0; trba_charset_preset_at(i) != NULL; i++) {
        const trba_charset_preset *preset = trba_charset_preset_at(i);
        if (preset->n_characters != n_characters) continue;
        printf("  %-18s fits: %s%s\n", preset->name, preset->description,
               preset->text != NULL ? "" : is_known ? " (only the size is known)"
               : " (only the size is known: give the characters with --charset)");
        n_fitting++;
    }
    if (n_fitting == 0) printf("  no preset has as many%s\n", is_known ? "" : ": give the characters with --charset");
}

static void print_opening(const struct facts *facts)
{
    const trba_model_info *info = &facts->model_info;
    if (facts->model == NULL) {
        print_line(facts->stand_in != NULL ? "opens       not without options: "
                                              : "opens       no, this checkpoint cannot be opened: ",
                      why_not_opened(facts));
        return;
    }
    char *characters = alphabet_text_show(facts->model);
    printf("opens       without options\n");
    print_line("  sidecar            ", info->sidecar[0] != '\0' ? info->sidecar : "none");
    printf("  %-18s %s\n", "preset", preset_name(info->preset));
    printf("  %-18s %s\n", "alphabet", info->charset_name);
    print_line("  characters         ", characters);
    free(characters);
    printf("  %-18s %d\n", "imgH", info->architecture.img_h);
    print_size("imgW", info->architecture.img_w, "varies");
    printf("  %-18s %s\n", "pad", info->pad ? "yes" : "no");
    printf("  %-18s %d\n", "batch_max_length", info->batch_max_length);
    printf("  %-18s %s\n", "rotate", model_options_rotate_name(info->rotate));
    printf("  %-18s %s\n", "cpu", trba_cpu_name(info->cpu));
    printf("  %-18s %s\n", "precision", trba_precision_name(info->precision));
    printf("  %-18s %.1f MB packed\n", "weights", (double)info->packed_bytes / 1e6);
}

static void print_tensors(const trba_checkpoint *checkpoint)
{
    printf("tensors\n");
    for (size_t i = 0; i < trba_checkpoint_tensor_count(checkpoint); i++) {
        trba_tensor_info tensor;
        if (trba_checkpoint_tensor(checkpoint, i, &tensor) != TRBA_OK) continue;
        fputs("  ", stdout);
        harmless_text_write(tensor.name, "", stdout);
        printf("  %s [", tensor.dtype);
        for (int d = 0; d < tensor.n_dimensions; d++) printf("%s%lld", d > 0 ? "," : "", (long long)tensor.shape[d]);
        printf("]\n");
    }
}

static void print_layers(const trba_model *model)
{
    trba_model_info info;
    trba_model_get_info(model, &info);
    printf("layers      %s, %s\n", trba_cpu_name(info.cpu), trba_precision_name(info.precision));
    for (size_t i = 0; i < trba_model_layer_count(model); i++) {
        trba_layer_info layer;
        if (trba_model_layer(model, i, &layer) != TRBA_OK) continue;
        print_line("  ", layer.name);
        printf("      %s; %.2f MB\n      %s\n", layer.work, (double)layer.packed_bytes / 1e6, layer.kernels);
    }
}

static int print_text(const struct facts *facts, bool with_tensors)
{
    const char *root = trba_checkpoint_root(facts->checkpoint), *prefix = trba_checkpoint_prefix(facts->checkpoint);
    print_line("file        ", facts->path);
    printf("format      %s\n", trba_checkpoint_format(facts->checkpoint));
    print_line("root        ", root[0] != '\0' ? root : "top level");
    fputs("prefix      ", stdout);
    print_line(prefix[0] != '\0' ? prefix : "none", prefix[0] != '\0' ? " (removed)" : "");
    printf("contents    %zu tensors, %lld parameters\n", trba_checkpoint_tensor_count(facts->checkpoint),
           (long long)facts->n_parameters);
    if (facts->no_network.status == TRBA_OK) {
        print_network(facts);
        print_alphabets(facts);
        print_opening(facts);
    } else {
        print_line("network     not known: ", facts->no_network.message);
    }
    if (with_tensors) print_tensors(facts->checkpoint);
    if (facts->layers != NULL) print_layers(facts->layers);
    return finish_output(exit_code(facts));
}

/* ---- json -------------------------------------------------------------------------------------------------------- */

static json_t *make_alphabet(const struct facts *facts)
{
    if (facts->no_network.status != TRBA_OK) return json_null();
    const int n_characters = architecture_n_characters(&facts->architecture);
    json_t *presets = json_array();
    for (size_t i = 0; trba_charset_preset_at(i) != NULL; i++) {
        const trba_charset_preset *preset = trba_charset_preset_at(i);
        if (preset->n_characters == n_characters)
            json_array_append_new(presets, json_pack("{s:s, s:b}", "name", preset->name, "has_text",
                                                     preset->text != NULL));
    }
    return json_pack("{s:i, s:o}", "n_characters", n_characters, "presets", presets);
}

static json_t *make_characters(const trba_model *model)
{
    json_t *characters = json_array();
    for (size_t i = 0; trba_model_character(model, i) != NULL; i++)
        json_array_append_new(characters, json_text(trba_model_character(model, i)));
    return characters;
}

static json_t *make_opening(const struct facts *facts)
{
    const trba_model_info *info = &facts->model_info;
    if (facts->model == NULL)
        return json_pack("{s:b, s:b, s:o}", "ok", 0, "with_options", facts->stand_in != NULL, "message",
                         json_text(why_not_opened(facts)));
    return json_pack("{s:b, s:o, s:s, s:s, s:o, s:i, s:o, s:b, s:i, s:s, s:s, s:s, s:I}", "ok", 1, "sidecar",
                     info->sidecar[0] != '\0' ? json_text(info->sidecar) : json_null(), "preset",
                     preset_name(info->preset), "charset", info->charset_name, "characters",
                     make_characters(facts->model), "imgH", info->architecture.img_h, "imgW",
                     size_or_null(info->architecture.img_w), "pad", info->pad, "batch_max_length",
                     info->batch_max_length, "rotate", model_options_rotate_name(info->rotate), "cpu",
                     trba_cpu_name(info->cpu), "precision",
                     trba_precision_name(info->precision), "packed_bytes", (json_int_t)info->packed_bytes);
}

static json_t *make_tensors(const trba_checkpoint *checkpoint)
{
    json_t *tensors = json_array();
    for (size_t i = 0; i < trba_checkpoint_tensor_count(checkpoint); i++) {
        trba_tensor_info tensor;
        if (trba_checkpoint_tensor(checkpoint, i, &tensor) != TRBA_OK) continue;
        json_t *shape = json_array();
        for (int d = 0; d < tensor.n_dimensions; d++)
            json_array_append_new(shape, json_integer((json_int_t)tensor.shape[d]));
        json_array_append_new(tensors, json_pack("{s:o, s:s, s:o}", "name", json_text(tensor.name), "dtype",
                                                 tensor.dtype, "shape", shape));
    }
    return tensors;
}

static json_t *make_layers(const trba_model *model)
{
    json_t *layers = json_array();
    for (size_t i = 0; i < trba_model_layer_count(model); i++) {
        trba_layer_info layer;
        if (trba_model_layer(model, i, &layer) != TRBA_OK) continue;
        json_array_append_new(layers, json_pack("{s:o, s:s, s:s, s:I}", "name", json_text(layer.name), "work",
                                                layer.work, "kernels", layer.kernels, "packed_bytes",
                                                (json_int_t)layer.packed_bytes));
    }
    return layers;
}

static int print_facts_as_json(const struct facts *facts, bool with_tensors)
{
    const trba_checkpoint *checkpoint = facts->checkpoint;
    json_t *network = facts->no_network.status == TRBA_OK ? network_json(&facts->architecture) : json_null();
    json_t *all = json_pack("{s:o, s:s, s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "file", json_text(facts->path), "format",
                            trba_checkpoint_format(checkpoint), "root", json_text(trba_checkpoint_root(checkpoint)),
                            "prefix_removed", json_text(trba_checkpoint_prefix(checkpoint)), "n_tensors",
                            (json_int_t)trba_checkpoint_tensor_count(checkpoint), "n_parameters",
                            (json_int_t)facts->n_parameters, "architecture", network, "alphabet",
                            make_alphabet(facts), "opens", make_opening(facts));
    if (all != NULL && with_tensors) json_object_set_new(all, "tensors", make_tensors(checkpoint));
    if (all != NULL && facts->layers != NULL) json_object_set_new(all, "layers", make_layers(facts->layers));
    return print_json(all, exit_code(facts));
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int show_file(const char *asked, const struct info_settings *settings)
{
    char path[MODEL_PATH_BYTES], message[OPTION_MESSAGE_BYTES];
    struct facts facts;
    struct machine machine = {.precision = model_options_precision(settings->precision)};
    if (!model_search(asked, path, message, sizeof message) ||
        !model_options_choose_cpu(settings->cpu, &machine.cpu, message)) {
        console_print("%s", message);
        return PROGRAM_REFUSED;
    }
    if (!gather_facts(path, settings->kernels != 0, &machine, &facts)) return PROGRAM_REFUSED;
    const int code = settings->json ? print_facts_as_json(&facts, settings->tensors != 0)
                                    : print_text(&facts, settings->tensors != 0);
    drop_facts(&facts);
    return code;
}

int command_info(int argc, char *const *argv)
{
    static const struct command command = {
        .usage = "trba info FILE [options]",
        .text = "Says what is in a checkpoint: its format, the network it holds, the alphabets that fit, and how\n"
                "it opens without options. FILE may be trba, the default model, trba-ctc or english_g2.\n",
        .least_inputs = 1, .most_inputs = 1};
    struct info_settings settings = {.json = 0};
    const struct option_set set = {info_specs, sizeof info_specs / sizeof *info_specs, &settings};
    struct option_inputs inputs;
    int code;
    if (command_line_parse(&command, &(struct option_sets){&set, 1}, &settings.help, argc, argv, &inputs, &code))
        code = show_file(inputs.items[0], &settings);
    free(inputs.items);
    return code;
}
