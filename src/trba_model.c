/* SPDX-License-Identifier: Apache-2.0 */
/* trba_model.c - opening a model: the public trba_model_* functions.
 *
 *   checkpoint -> architecture (from the tensors) -> held against the options and the sidecar
 *   settings: the options, else the sidecar, else what the tensors say, else the reference's default
 *   alphabet -> kernels of this processor -> packed weights
 */
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/float_environment.h"
#include "base/utf8.h"
#include "layers/blas.h"
#include "model/architecture.h"
#include "model/charset_presets.h"
#include "model/checkpoint.h"
#include "model/input_limits.h"
#include "model/model.h"
#include "model/sidecar.h"

enum {
    DEFAULT_IMG_H = 32, DEFAULT_IMG_W = 100, /* clovaai's --imgH, --imgW */
    EASYOCR_IMG_H = 64,                      /* every built-in model of EasyOCR */
    DEFAULT_MAX_LENGTH = 25,                 /* clovaai's --batch_max_length */
    MOST_TPS_FLOATS = 1 << 24,               /* of the basis of each pixel: 200 times those of 32 x 100 */
    MAX_PACKERS = 8,                         /* more would wait for memory */
    WEIGHTS_BLOCK_BYTES = 16 * 1024 * 1024 - 4096 /* huge pages, the block's header among them */
};

/* What the model is opened from. */
struct opening {
    const struct tensor_table *table;
    const struct file_map *map; /* of the table's bytes */
    const trba_model_options *options;
    const struct sidecar *sidecar;
    trba_error *err;
};

trba_model_options trba_model_options_default(void)
{
    trba_model_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    return options;
}

/* ---- settings ---- */

static int first_set(int a, int b, int c) { return a != 0 ? a : b != 0 ? b : c; }

static trba_status check_range(const char *name, int value, int least, int most, trba_error *err)
{
    if (value == 0 || (value >= least && value <= most)) return TRBA_OK;
    return error_set(err, TRBA_ERROR_ARGUMENT, "%s is %d; it must lie between %d and %d", name, value, least, most);
}

/* That enums have values that there are. */
static trba_status check_enums(const trba_model_options *options, trba_error *err)
{
    const trba_architecture *expect = &options->expect;
    if ((unsigned)options->preset > TRBA_PRESET_EASYOCR || (unsigned)options->cpu > TRBA_CPU_AVX512AMX ||
        (unsigned)options->precision > TRBA_PRECISION_AUTO)
        return error_set(err, TRBA_ERROR_ARGUMENT, "unknown value of preset, cpu or precision in trba_model_options");
    if ((unsigned)options->pad > TRBA_CHOICE_YES || (unsigned)options->compat > TRBA_CHOICE_YES ||
        (unsigned)options->use_sidecar > TRBA_CHOICE_YES)
        return error_set(err, TRBA_ERROR_ARGUMENT, "unknown value of pad, compat or use_sidecar in trba_model_options");
    if ((unsigned)expect->transformation > TRBA_TRANSFORMATION_TPS ||
        (unsigned)expect->feature_extraction > TRBA_FEATURE_EXTRACTION_RESNET ||
        (unsigned)expect->sequence_modeling > TRBA_SEQUENCE_MODELING_BILSTM ||
        (unsigned)expect->prediction > TRBA_PREDICTION_ATTN)
        return error_set(err, TRBA_ERROR_ARGUMENT, "unknown value of a stage of expect in trba_model_options");
    return TRBA_OK;
}

static trba_status check_numbers(const trba_model_options *options, trba_error *err)
{
    const trba_architecture *expect = &options->expect;
    const struct { const char *name; int value, most; } numbers[] = {
        {"imgH", expect->img_h, MAX_IMG_H},
        {"imgW", expect->img_w, MAX_IMG_W},
        {"batch_max_length", options->batch_max_length, MAX_MAX_LENGTH},
        {"input_channel", expect->input_channel, MAX_LAYER_SIZE},
        {"output_channel", expect->output_channel, MAX_LAYER_SIZE},
        {"hidden_size", expect->hidden_size, MAX_LAYER_SIZE},
        {"num_fiducial", expect->num_fiducial, MAX_LAYER_SIZE},
        {"num_class", expect->num_class, MAX_LAYER_SIZE},
    };
    trba_status status = TRBA_OK;
    for (size_t i = 0; status == TRBA_OK && i < sizeof numbers / sizeof numbers[0]; i++)
        status = check_range(numbers[i].name, numbers[i].value, 1, numbers[i].most, err);
    return status;
}

static trba_status check_options(const trba_model_options *options, trba_error *err)
{
    if (options->struct_size != sizeof *options)
        return error_set(err, TRBA_ERROR_ARGUMENT, "trba_model_options was not made by trba_model_options_default()");
    const int n_charsets =
        (options->charset_preset != NULL) + (options->charset_text != NULL) + (options->charset_file != NULL);
    if (n_charsets > 1)
        return error_set(err, TRBA_ERROR_ARGUMENT, "the alphabet is given %d times; give one of charset_preset, "
                         "charset_text and charset_file", n_charsets);
    const trba_status status = check_enums(options, err);
    return status == TRBA_OK ? check_numbers(options, err) : status;
}

/* Architecture from the tensors, held against the options, then against the sidecar. */
static trba_status settle_architecture(const struct opening *opening, trba_architecture *arch)
{
    trba_status status = architecture_infer(opening->table, arch, opening->err);
    if (status == TRBA_OK)
        status = architecture_check(opening->table, arch, &opening->options->expect, NULL, opening->err);
    if (status == TRBA_OK && opening->sidecar->path != NULL)
        status = architecture_check(opening->table, arch, &opening->sidecar->expect, opening->sidecar->path,
                                    opening->err);
    return status;
}

/* With TPS the buffers fix the size; else it is asked for. EASYOCR: any width. */
static trba_status settle_size(const struct opening *opening, trba_preset preset, trba_architecture *arch)
{
    const bool is_easyocr = preset == TRBA_PRESET_EASYOCR;
    const trba_architecture *asked = &opening->options->expect, *beside = &opening->sidecar->expect;
    if (is_easyocr && arch->transformation == TRBA_TRANSFORMATION_TPS)
        return error_set(opening->err, TRBA_ERROR_MISMATCH, "this network has a TPS stage, which needs one input "
                         "width; the easyocr preset has many: use the clovaai preset");
    const int default_img_h = is_easyocr ? EASYOCR_IMG_H : DEFAULT_IMG_H;
    if (arch->img_h == 0) arch->img_h = first_set(asked->img_h, beside->img_h, default_img_h);
    if (arch->img_w == 0) arch->img_w = first_set(asked->img_w, beside->img_w, DEFAULT_IMG_W);
    trba_status status = check_range("imgH", arch->img_h, 1, MAX_IMG_H, opening->err);
    if (status == TRBA_OK) status = check_range("imgW", arch->img_w, 1, MAX_IMG_W, opening->err);
    if (status != TRBA_OK) return status;
    const int64_t pixels = (int64_t)arch->img_h * arch->img_w;
    if (arch->transformation == TRBA_TRANSFORMATION_TPS && pixels * (arch->num_fiducial + 3) > MOST_TPS_FLOATS)
        return error_set(opening->err, TRBA_ERROR_LIMIT, "an input of %d x %d (imgH x imgW) with %d control points is "
                         "more than TPS is computed for here: make it smaller", arch->img_h, arch->img_w,
                         arch->num_fiducial);
    if (network_sequence_length(arch, arch->img_h, arch->img_w) < 1)
        return error_set(opening->err, TRBA_ERROR_MISMATCH, "an input of %d x %d (imgH x imgW) is too small for this "
                         "network: use at least 32 x 8", arch->img_h, arch->img_w);
    return TRBA_OK;
}

/* Has it the shape of EasyOCR's English model? What else has 97 classes has other 96 characters. */
static bool is_english_g2(const trba_architecture *arch)
{
    return arch->transformation == TRBA_TRANSFORMATION_NONE &&
           arch->feature_extraction == TRBA_FEATURE_EXTRACTION_VGG &&
           arch->sequence_modeling == TRBA_SEQUENCE_MODELING_BILSTM && arch->prediction == TRBA_PREDICTION_CTC &&
           arch->input_channel == 1 && arch->output_channel == 256 && arch->hidden_size == 256 && arch->num_class == 97;
}

/* Does the last word of a key like "opt.character" mean an alphabet? */
static bool is_alphabet_key(const char *key)
{
    const char *dot = strrchr(key, '.'), *word = dot != NULL ? dot + 1 : key;
    return strcmp(word, "character") == 0 || strcmp(word, "character_list") == 0 || strcmp(word, "charset") == 0;
}

/* The first alphabet of that many characters that the trainer saved beside the weights, or NULL. */
static const struct tensor_metadata *find_noted_alphabet(const struct tensor_table *table, int n_characters)
{
    for (size_t i = 0; i < table->n_metadata; i++) {
        const struct tensor_metadata *noted = &table->metadata[i];
        if (!is_alphabet_key(noted->key)) continue;
        if (utf8_count(noted->value, strlen(noted->value)) == (size_t)n_characters) return noted;
    }
    return NULL;
}

static trba_status settle_charset(const struct opening *opening, const trba_architecture *arch, struct charset **out)
{
    const trba_model_options *options = opening->options;
    struct charset_request request = {.preset = options->charset_preset,
                                      .text = options->charset_text,
                                      .file = options->charset_file,
                                      .asked_by = "the options",
                                      .is_english_g2 = is_english_g2(arch)};
    if (request.preset == NULL && request.text == NULL && request.file == NULL && opening->sidecar->path != NULL) {
        request.preset = opening->sidecar->charset_preset;
        request.text = request.preset == NULL ? opening->sidecar->charset_text : NULL;
        request.asked_by = opening->sidecar->path;
        request.is_sidecar = true;
    }
    const struct tensor_metadata *noted =
        find_noted_alphabet(opening->table, charset_size(arch->num_class, arch->prediction));
    if (noted != NULL) {
        request.noted = noted->value;
        request.noted_as = noted->key;
    }
    return charset_new(&request, arch->num_class, arch->prediction, out, opening->err);
}

/* english_g2 reads nonsense from clovaai's pixels, and its package has no sidecar that could say so. Somebody's own
 * network of that shape has another alphabet. */
static trba_preset settle_preset(const struct opening *opening, const trba_architecture *arch,
                                 const struct charset *charset)
{
    const bool is_easyocr = is_english_g2(arch) && charset_spells(charset, charset_preset_find("english_g2")->text) &&
                            opening->options->compat != TRBA_CHOICE_YES;
    return (trba_preset)first_set((int)opening->options->preset, (int)opening->sidecar->preset,
                                  is_easyocr ? TRBA_PRESET_EASYOCR : TRBA_PRESET_CLOVAAI);
}

static bool choose(trba_choice asked, trba_choice beside)
{
    return (asked != TRBA_CHOICE_ANY ? asked : beside) == TRBA_CHOICE_YES;
}

/* Everything but the weights. */
static trba_status settle(const struct opening *opening, trba_model *model, trba_architecture *arch)
{
    const trba_model_options *options = opening->options;
    const struct sidecar *sidecar = opening->sidecar;
    trba_status status = settle_architecture(opening, arch);
    if (status == TRBA_OK) status = settle_charset(opening, arch, &model->charset);
    if (status != TRBA_OK) return status;
    model->rules = (struct text_rules){
        .prediction = arch->prediction,
        .preset = settle_preset(opening, arch, model->charset),
        .is_compatible = options->compat == TRBA_CHOICE_YES,
        .max_length = first_set(options->batch_max_length, sidecar->batch_max_length, DEFAULT_MAX_LENGTH),
    };
    status = settle_size(opening, model->rules.preset, arch);
    model->img_h = arch->img_h;
    model->img_w = model->rules.preset == TRBA_PRESET_EASYOCR ? 0 : arch->img_w;
    model->pads = choose(options->pad, sidecar->pad);
    model->rotate = model->rules.is_compatible ? TRBA_ROTATE_NONE : sidecar->rotate; /* demo.py turns nothing */
    return status;
}

/* ---- opening ---- */

/* Integers are the faster choice where one instruction does both products of a pair and adds them; without, they save
 * memory only. */
static bool choose_int16(trba_cpu cpu, trba_precision precision)
{
    if (precision == TRBA_PRECISION_AUTO) return cpu >= TRBA_CPU_AVX512VNNI;
    return precision == TRBA_PRECISION_INT16 && cpu >= TRBA_CPU_AVX2;
}

/* What convolutions multiply in tiles. Without AMX, Winograd's convolutions are faster. */
static enum tile_numbers choose_tiles(const struct kernels *kernels, trba_precision precision)
{
    const bool is_bf16 = precision == TRBA_PRECISION_BF16;
    if (!is_bf16 && !kernels->uses_int16) return TILES_NONE;
#ifdef TRBA_BF16_EVERYWHERE /* for the tests: the same sums, at whatever speed */
    const bool has_tiles = kernels->cpu >= (is_bf16 ? TRBA_CPU_AVX2 : TRBA_CPU_AVX512AMX);
#else
    const bool has_tiles = kernels->cpu >= TRBA_CPU_AVX512AMX;
#endif
    if (!has_tiles || (kernels->cpu >= TRBA_CPU_AVX512AMX && !cpu_allow_tiles())) return TILES_NONE;
    return is_bf16 ? TILES_BF16 : TILES_INT8X2;
}

static trba_precision precision_in_use(const struct kernels *kernels)
{
    if (kernels->tiles == TILES_BF16) return TRBA_PRECISION_BF16;
    return kernels->uses_int16 ? TRBA_PRECISION_INT16 : TRBA_PRECISION_FP32;
}

static trba_status pack_weights(const struct opening *opening, const trba_architecture *arch, trba_model *model)
{
    kernels_select(&model->kernels, opening->options->cpu);
    model->kernels.uses_int16 = choose_int16(model->kernels.cpu, opening->options->precision);
    model->kernels.tiles = choose_tiles(&model->kernels, opening->options->precision);
    /* What is not a convolution is faster in 16-bit integers than in float32, and more exact than in bfloat16. */
    if (model->kernels.tiles == TILES_BF16) model->kernels.uses_int16 = true;
    trba_status status = model->kernels.uses_blas ? blas_load(NULL, &model->kernels, opening->err) : TRBA_OK;
    if (status != TRBA_OK) return status;
    struct packer packer = {.table = opening->table, .map = opening->map, .kernels = &model->kernels,
                            .arena = &model->arena};
    status = thread_pool_new_short(MAX_PACKERS, &packer.pool, opening->err);
    if (status != TRBA_OK) return status;
    pack_clear_memory(&packer, arch);
    const bool is_packed = network_pack(&packer, arch, &model->network);
    thread_pool_free(packer.pool);
    model->layers = packer.layers;
    if (is_packed) return TRBA_OK;
    if (packer.problem[0] != '\0')
        return error_set(opening->err, TRBA_ERROR_FORMAT, "%s: the training has diverged or the file is damaged",
                         packer.problem);
    return error_set(opening->err, TRBA_ERROR_MEMORY, "there is not enough memory for the weights");
}

static trba_status open_table(const struct opening *opening, trba_model **out)
{
    trba_model *model = calloc(1, sizeof *model);
    if (model == NULL) return error_set(opening->err, TRBA_ERROR_MEMORY, "there is not enough memory for a model");
    arena_init(&model->arena, SIZE_MAX);
    model->arena.block_bytes = WEIGHTS_BLOCK_BYTES;
    trba_architecture arch;
    trba_status status = settle(opening, model, &arch);
    if (status == TRBA_OK) status = pack_weights(opening, &arch, model);
    if (status != TRBA_OK) {
        trba_model_free(model);
        return status;
    }
    *out = model;
    return TRBA_OK;
}

static trba_status open_checkpoint(const trba_checkpoint *checkpoint, const trba_model_options *options,
                                   const struct sidecar *sidecar, trba_model **out, trba_error *err)
{
    const struct opening opening = {.table = checkpoint->table, .map = &checkpoint->map,
                                    .options = options, .sidecar = sidecar, .err = err};
    fenv_t callers;
    float_environment_begin(&callers);
    const trba_status status = open_table(&opening, out);
    float_environment_end(&callers);
    return status;
}

/* Is it about the file, or what was asked of it, rather than about the machine? */
static bool is_of_the_file(trba_status status)
{
    return status == TRBA_ERROR_FORMAT || status == TRBA_ERROR_MISMATCH;
}

trba_status trba_model_open(const char *path, const trba_model_options *options, trba_model **out, trba_error *err)
{
    const trba_model_options defaults = trba_model_options_default();
    if (path == NULL || out == NULL)
        return error_set(err, TRBA_ERROR_ARGUMENT, "trba_model_open needs a path and a place for the model");
    if (options == NULL) options = &defaults;
    struct sidecar sidecar = {.path = NULL};
    trba_checkpoint *checkpoint = NULL;
    trba_status status = check_options(options, err);
    if (status == TRBA_OK) status = trba_checkpoint_open(path, &checkpoint, err);
    if (status == TRBA_OK && options->use_sidecar != TRBA_CHOICE_NO) status = sidecar_read(path, &sidecar, err);
    trba_model *model = NULL;
    if (status == TRBA_OK) {
        status = open_checkpoint(checkpoint, options, &sidecar, &model, err);
        if (is_of_the_file(status)) error_prefix(err, path);
    }
    if (status == TRBA_OK) {
        model->sidecar_path = sidecar.path; /* handed over */
        sidecar.path = NULL;
        *out = model;
    }
    sidecar_free(&sidecar);
    trba_checkpoint_free(checkpoint);
    return status;
}

trba_status trba_model_open_memory(const void *bytes, size_t n_bytes, const trba_model_options *options,
                                   trba_model **out, trba_error *err)
{
    const trba_model_options defaults = trba_model_options_default();
    if (bytes == NULL || out == NULL)
        return error_set(err, TRBA_ERROR_ARGUMENT, "trba_model_open_memory needs the bytes and a place for the model");
    if (options == NULL) options = &defaults;
    const struct sidecar none = {.path = NULL};
    trba_checkpoint *checkpoint = NULL;
    trba_status status = check_options(options, err);
    if (status == TRBA_OK) status = trba_checkpoint_open_memory(bytes, n_bytes, &checkpoint, err);
    if (status == TRBA_OK) status = open_checkpoint(checkpoint, options, &none, out, err);
    trba_checkpoint_free(checkpoint);
    return status;
}

void trba_model_free(trba_model *model)
{
    if (model == NULL) return;
    arena_free(&model->arena);
    charset_free(model->charset);
    free(model->sidecar_path);
    free(model);
}

void trba_model_get_info(const trba_model *model, trba_model_info *out)
{
    *out = (trba_model_info){
        .architecture = model->network.arch,
        .preset = model->rules.preset,
        .pad = model->pads,
        .compat = model->rules.is_compatible,
        .batch_max_length = model->rules.max_length,
        .cpu = model->kernels.cpu,
        .precision = precision_in_use(&model->kernels),
        .charset_name = model->charset->name,
        .n_characters = model->charset->n_characters,
        .sidecar = model->sidecar_path != NULL ? model->sidecar_path : "",
        .rotate = model->rotate,
        .packed_bytes = model->arena.used_bytes,
    };
    out->architecture.img_h = model->img_h;
    out->architecture.img_w = model->img_w;
}

const char *trba_model_character(const trba_model *model, size_t index)
{
    return index < (size_t)model->charset->n_characters ? model->charset->text[index] : NULL;
}

size_t trba_model_layer_count(const trba_model *model)
{
    size_t count = 0;
    for (const struct packed_layer *layer = model->layers; layer != NULL; layer = layer->next) count++;
    return count;
}

trba_status trba_model_layer(const trba_model *model, size_t index, trba_layer_info *out)
{
    if (model == NULL || out == NULL) return TRBA_ERROR_ARGUMENT;
    const struct packed_layer *layer = model->layers;
    for (; layer != NULL && index > 0; index--) layer = layer->next;
    if (layer == NULL) return TRBA_ERROR_ARGUMENT;
    *out = layer->info;
    return TRBA_OK;
}
