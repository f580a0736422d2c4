/* SPDX-License-Identifier: Apache-2.0 */
/* architecture_infer.c - which network a table of tensors is.
 *
 *   names   ->  the four stages: the feature extractor whose list of names covers most of the file wins
 *   shapes  ->  the sizes, each from the first of several tensors that is there, so that one lost tensor hides nothing
 *   P_hat   ->  imgH and imgW: its columns 1 and 2 are the sampling grid, x = (2j + 1 - W) / W and y likewise
 *
 * Whether every tensor is there, in its shape, is architecture_check()'s business. What is none of the networks is
 * named as well as its tensors allow. */
#include "model/architecture.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "model/input_limits.h"

/* ---- names ------------------------------------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The first two components of the family's names; strict, since "Prediction." alone occurs in other networks. */
static bool is_known_name(const char *name)
{
    static const char *const prefixes[] = {
        "FeatureExtraction.ConvNet.", "Transformation.LocalizationNetwork.", "Transformation.GridGenerator.",
        "SequenceModeling.0.", "SequenceModeling.1.", "Prediction.attention_cell.", "Prediction.generator.",
        "Prediction.char_embeddings.",
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (starts_with(name, prefixes[i])) return true;
    return strcmp(name, "Prediction.weight") == 0 || strcmp(name, "Prediction.bias") == 0;
}

const char *architecture_recognise_name(const char *name)
{
    while (name != NULL) {
        if (strchr("FTSP", name[0]) != NULL && is_known_name(name)) return name; /* names may be nothing but dots */
        const char *dot = strchr(name, '.');
        name = dot != NULL ? dot + 1 : NULL;
    }
    return NULL;
}

static bool has_prefix(const struct tensor_table *table, const char *prefix)
{
    for (size_t i = 0; i < table->n_tensors; i++)
        if (starts_with(table->tensors[i].name, prefix)) return true;
    return false;
}

static bool has_fragment(const struct tensor_table *table, const char *fragment)
{
    for (size_t i = 0; i < table->n_tensors; i++)
        if (strstr(table->tensors[i].name, fragment) != NULL) return true;
    return false;
}

/* ---- what is none of the networks -------------------------------------------------------------------------------- */

/* Well-known neighbours, by a name that only they have. */
static const char *name_stranger(const struct tensor_table *table)
{
    static const char wrapped[] = "one of which a part was saved in its wrapper (torch.compile, DataParallel): take "
                                  "the wrapper out of the names";
    static const struct { const char *fragment, *is; } strangers[] = {
        {"FeatureExtraction._orig_mod.", wrapped},
        {"FeatureExtraction.module.", wrapped},
        {"basenet.slice", "a CRAFT text detector (as EasyOCR uses to find the words; the recogniser is another file)"},
        {"decoder.in5", "a DBNet text detector"},
        {"binarize.", "a DBNet text detector"},
        {"text_embed.embedding", "PARSeq, not one of the convolutional recognisers"},
        {"cnn.conv0.", "a CRNN in the layout of crnn.pytorch (cnn.*, rnn.*)"},
        {"head.ctc_head", "a PaddleOCR recogniser"},
        {"ctc_encoder", "a PaddleOCR recogniser"},
        {"feat_extractor.", "a docTR recogniser"},
        {"vitstr.", "ViTSTR"},
        {"encoder.layer.0.attention", "a Transformer of another library"},
        {"self_attn", "a Transformer of another library"},
        {"exp_avg", "the state of an optimizer, not of a network"},
    };
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        if (has_fragment(table, strangers[i].fragment)) return strangers[i].is;
    return NULL;
}

static trba_status refuse_stranger(const struct tensor_table *table, trba_error *err)
{
    if (table->n_tensors == 0)
        return error_set(err, TRBA_ERROR_MISMATCH, "this file holds no tensors, so it is none of the clovaai networks");
    struct message m = {.length = 0};
    message_add(&m, "this file is none of the clovaai networks: it holds %zu tensor%s such as ",
                table->n_tensors, table->n_tensors == 1 ? "" : "s");
    for (size_t i = 0; i < table->n_tensors && i < 3; i++)
        message_add(&m, "%s%s", i == 0 ? "" : ", ", show_name(table->tensors[i].name).text);
    message_add(&m, ", but none named FeatureExtraction.ConvNet.*");
    const char *is = name_stranger(table);
    if (is != NULL) message_add(&m, "; it looks like %s", is);
    return message_set_error(&m, TRBA_ERROR_MISMATCH, err);
}

/* ---- stages ------------------------------------------------------------------------------------------------------ */

struct vote {
    const struct tensor_table *table;
    size_t n_found;
};

static void count_if_found(void *user, const char *name, int n_dimensions, const int64_t *shape, bool is_required)
{
    (void)n_dimensions, (void)shape, (void)is_required;
    struct vote *vote = user;
    if (tensor_table_find(vote->table, name) != NULL) vote->n_found++;
}

/* VGG and RCNN share some names and lose tensors in damaged files, so the one with most names wins. */
static trba_feature_extraction infer_feature_extraction(const struct tensor_table *table)
{
    trba_feature_extraction best = TRBA_FEATURE_EXTRACTION_ANY;
    size_t most = 0;
    for (int kind = TRBA_FEATURE_EXTRACTION_VGG; kind <= TRBA_FEATURE_EXTRACTION_RESNET; kind++) {
        const trba_architecture only = {.feature_extraction = (trba_feature_extraction)kind,
                                        .input_channel = 1, .output_channel = 512};
        struct vote vote = {.table = table, .n_found = 0};
        architecture_for_each_tensor(&only, count_if_found, &vote);
        if (vote.n_found > most) {
            most = vote.n_found;
            best = (trba_feature_extraction)kind;
        }
    }
    return best;
}

static trba_prediction infer_prediction(const struct tensor_table *table)
{
    if (has_prefix(table, "Prediction.attention_cell.") || has_prefix(table, "Prediction.generator."))
        return TRBA_PREDICTION_ATTN;
    return has_prefix(table, "Prediction.") ? TRBA_PREDICTION_CTC : TRBA_PREDICTION_ANY;
}

static void infer_stages(const struct tensor_table *table, trba_architecture *arch)
{
    arch->transformation =
        has_prefix(table, "Transformation.") ? TRBA_TRANSFORMATION_TPS : TRBA_TRANSFORMATION_NONE;
    arch->feature_extraction = infer_feature_extraction(table);
    arch->sequence_modeling =
        has_prefix(table, "SequenceModeling.") ? TRBA_SEQUENCE_MODELING_BILSTM : TRBA_SEQUENCE_MODELING_NONE;
    arch->prediction = infer_prediction(table);
}

/* ---- sizes ------------------------------------------------------------------------------------------------------- */

/* A size of the network is (the tensor's shape[axis] - minus) / divisor. */
struct size_source {
    const char *name;
    int n_dimensions, axis, minus, divisor;
};

enum { MAX_SOURCES = 4 };

static const struct size_source input_channel_sources[][MAX_SOURCES] = {
    [TRBA_FEATURE_EXTRACTION_VGG] = {{"FeatureExtraction.ConvNet.0.weight", 4, 1, 0, 1},
                                     {"Transformation.LocalizationNetwork.conv.0.weight", 4, 1, 0, 1}},
    [TRBA_FEATURE_EXTRACTION_RCNN] = {{"FeatureExtraction.ConvNet.0.weight", 4, 1, 0, 1},
                                      {"Transformation.LocalizationNetwork.conv.0.weight", 4, 1, 0, 1}},
    [TRBA_FEATURE_EXTRACTION_RESNET] = {{"FeatureExtraction.ConvNet.conv0_1.weight", 4, 1, 0, 1},
                                        {"Transformation.LocalizationNetwork.conv.0.weight", 4, 1, 0, 1}},
};

static const struct size_source output_channel_sources[][MAX_SOURCES] = {
    [TRBA_FEATURE_EXTRACTION_VGG] = {{"FeatureExtraction.ConvNet.18.weight", 4, 0, 0, 1},
                                     {"FeatureExtraction.ConvNet.18.bias", 1, 0, 0, 1},
                                     {"FeatureExtraction.ConvNet.14.weight", 4, 0, 0, 1},
                                     {"FeatureExtraction.ConvNet.11.weight", 4, 0, 0, 1}},
    [TRBA_FEATURE_EXTRACTION_RCNN] = {{"FeatureExtraction.ConvNet.9.weight", 4, 0, 0, 1},
                                      {"FeatureExtraction.ConvNet.10.weight", 1, 0, 0, 1},
                                      {"FeatureExtraction.ConvNet.10.running_mean", 1, 0, 0, 1}},
    [TRBA_FEATURE_EXTRACTION_RESNET] = {{"FeatureExtraction.ConvNet.conv4_2.weight", 4, 0, 0, 1},
                                        {"FeatureExtraction.ConvNet.conv4_1.weight", 4, 0, 0, 1},
                                        {"FeatureExtraction.ConvNet.conv3.weight", 4, 0, 0, 1},
                                        {"FeatureExtraction.ConvNet.bn3.weight", 1, 0, 0, 1}},
};

static const struct size_source hidden_size_sources[][MAX_SOURCES] = {
    [TRBA_SEQUENCE_MODELING_BILSTM] = {{"SequenceModeling.0.rnn.weight_hh_l0", 2, 1, 0, 1},
                                       {"SequenceModeling.0.linear.weight", 2, 1, 0, 2},
                                       {"SequenceModeling.1.rnn.weight_hh_l0", 2, 1, 0, 1}},
    [TRBA_SEQUENCE_MODELING_NONE] = {{"Prediction.attention_cell.h2h.weight", 2, 0, 0, 1},
                                     {"Prediction.generator.weight", 2, 1, 0, 1}},
};

static const struct size_source num_fiducial_sources[MAX_SOURCES] = {
    {"Transformation.LocalizationNetwork.localization_fc2.weight", 2, 0, 0, 2},
    {"Transformation.LocalizationNetwork.localization_fc2.bias", 1, 0, 0, 2},
    {"Transformation.GridGenerator.inv_delta_C", 2, 0, 3, 1},
    {"Transformation.GridGenerator.P_hat", 2, 1, 3, 1},
};

static const struct size_source num_class_sources[][MAX_SOURCES] = {
    [TRBA_PREDICTION_CTC] = {{"Prediction.weight", 2, 0, 0, 1}, {"Prediction.bias", 1, 0, 0, 1}},
    [TRBA_PREDICTION_ATTN] = {{"Prediction.generator.weight", 2, 0, 0, 1}, {"Prediction.generator.bias", 1, 0, 0, 1}},
};

/* Returns 0 when none of the sources is there with a size that can be one. */
static int read_size(const struct tensor_table *table, const struct size_source sources[MAX_SOURCES])
{
    for (int i = 0; i < MAX_SOURCES && sources[i].name != NULL; i++) {
        const struct size_source *source = &sources[i];
        const struct tensor *tensor = tensor_table_find(table, source->name);
        if (tensor == NULL || tensor->n_dimensions != source->n_dimensions) continue;
        const int64_t size = tensor->shape[source->axis];
        if (size <= source->minus || size > MAX_LAYER_SIZE) continue;
        return (int)(size - source->minus) / source->divisor;
    }
    return 0;
}

/* ---- the image size out of P_hat --------------------------------------------------------------------------------- */

/* Columns 0, 1 and 2 of a row: 1, x and y of one point of the grid. Read as a view, so that nothing is allocated. */
static void read_grid_row(const struct tensor *p_hat, int64_t row, float out[3])
{
    struct tensor view = *p_hat;
    view.n_dimensions = 1;
    view.shape[0] = 3;
    view.strides[0] = p_hat->strides[1];
    view.n_elements = 3;
    view.data += (size_t)(row * p_hat->strides[0]) * tensor_dtype_bytes(p_hat->dtype);
    tensor_read_float(&view, out);
}

/* Is `value` the centre of cell `index` of `n` in [-1, 1]? Half a cell's width away it would be another cell's. So much
 * room lets a P_hat that was saved in half precision pass. */
static bool is_cell_centre(float value, int64_t index, int64_t n)
{
    const double expected = (double)(2 * index + 1 - n) / (double)n;
    return fabs((double)value - expected) < 0.5 / (double)n;
}

/* The number of points in the first row of the grid: x grows until the next row begins. */
static int64_t count_grid_columns(const struct tensor *p_hat)
{
    float before[3], here[3];
    read_grid_row(p_hat, 0, before);
    for (int64_t row = 1; row < p_hat->shape[0]; row++) {
        read_grid_row(p_hat, row, here);
        if (!(here[1] > before[1])) return row;
        memcpy(before, here, sizeof before);
    }
    return p_hat->shape[0];
}

static bool is_grid(const struct tensor *p_hat, int64_t h, int64_t w)
{
    for (int64_t row = 0; row < h * w; row++) {
        float point[3];
        read_grid_row(p_hat, row, point);
        if (!is_cell_centre(point[1], row % w, w) || !is_cell_centre(point[2], row / w, h)) return false;
    }
    return true;
}

/* Leaves both 0 if there is no P_hat, or if it is no grid. */
static void infer_image_size(const struct tensor_table *table, trba_architecture *arch)
{
    const struct tensor *p_hat = tensor_table_find(table, "Transformation.GridGenerator.P_hat");
    if (p_hat == NULL || p_hat->n_dimensions != 2 || p_hat->shape[1] < 3) return;
    if (p_hat->shape[0] < 1 || p_hat->shape[0] > (1 << 24)) return; /* 4096 x 4096 */
    const int64_t w = count_grid_columns(p_hat);
    const int64_t h = p_hat->shape[0] / w;
    if (h * w != p_hat->shape[0] || !is_grid(p_hat, h, w)) return;
    arch->img_h = (int)h;
    arch->img_w = (int)w;
}

/* ---- all together ------------------------------------------------------------------------------------------------ */

static bool has_hidden_size(const trba_architecture *arch)
{
    return arch->sequence_modeling == TRBA_SEQUENCE_MODELING_BILSTM || arch->prediction == TRBA_PREDICTION_ATTN;
}

static void infer_sizes(const struct tensor_table *table, trba_architecture *arch)
{
    arch->input_channel = read_size(table, input_channel_sources[arch->feature_extraction]);
    arch->output_channel = read_size(table, output_channel_sources[arch->feature_extraction]);
    arch->num_class = read_size(table, num_class_sources[arch->prediction]);
    if (has_hidden_size(arch)) arch->hidden_size = read_size(table, hidden_size_sources[arch->sequence_modeling]);
    if (arch->transformation == TRBA_TRANSFORMATION_TPS) {
        arch->num_fiducial = read_size(table, num_fiducial_sources);
        infer_image_size(table, arch);
    }
}

/* The feature extractor is one of ours, but nothing is left of the last stage. */
static trba_status refuse_without_prediction(const struct tensor_table *table, const trba_architecture *arch,
                                             trba_error *err)
{
    char name[64];
    trba_architecture_name(arch, name, sizeof name);
    const struct tensor *last = tensor_table_find(table, "SequenceModeling.1.linear.weight");
    const struct tensor *recurrent = tensor_table_find(table, "SequenceModeling.1.rnn.weight_hh_l0");
    if (last != NULL && last->n_dimensions == 2 && recurrent != NULL && recurrent->n_dimensions == 2 &&
        last->shape[0] != recurrent->shape[1])
        return error_set(err, TRBA_ERROR_MISMATCH,
                         "this is the CTC head of the paper, not of the public clovaai code: the second BiLSTM gives "
                         "%lld classes itself (SequenceModeling.1.linear.weight) and there is no Prediction layer; "
                         "this variant is not supported",
                         (long long)last->shape[0]);
    return error_set(err, TRBA_ERROR_MISMATCH,
                     "this file holds a part of a clovaai network (%s) in %zu tensors, but none named Prediction.*: "
                     "was it cut, or saved before the last stage was added?",
                     name, table->n_tensors);
}

/* A network of the same stages by another project (strhub, of parseq): it reads a learnt embedding of the previous
 * character where clovaai reads a one-hot vector, and its tokens are in another order. */
static trba_status refuse_strhub(const struct tensor *embeddings, trba_error *err)
{
    return error_set(err, TRBA_ERROR_MISMATCH,
                     "this is the TRBA of strhub/parseq, not clovaai's: its attention reads character embeddings "
                     "(Prediction.char_embeddings.weight with %lld rows), not one-hot characters; "
                     "this variant is not supported",
                     embeddings->n_dimensions > 0 ? (long long)embeddings->shape[0] : 0);
}

static trba_status require_size(const char *what, int size, int least, const struct size_source sources[MAX_SOURCES],
                                const trba_architecture *arch, trba_error *err)
{
    char name[64];
    if (size >= least) return TRBA_OK;
    trba_architecture_name(arch, name, sizeof name);
    if (size == 0)
        return error_set(err, TRBA_ERROR_MISMATCH,
                         "this looks like a %s network, but what shows its %s (%s) is missing or misshapen: is the "
                         "file damaged, or cut?", name, what, sources[0].name);
    return error_set(err, TRBA_ERROR_MISMATCH, "this looks like a %s network, but with %s %d; the least is %d", name,
                     what, size, least);
}

/* Clovaai's default is 20. TPS inverts a matrix of their number at least, in time that grows with its third power. */
enum { MOST_FIDUCIAL_POINTS = 1024 };

static trba_status require_sizes(const trba_architecture *arch, trba_error *err)
{
    /* int(output_channel / 16) channels must be left in ResNet's first layer, / 8 in the others'. */
    const int least_channels = arch->feature_extraction == TRBA_FEATURE_EXTRACTION_RESNET ? 16 : 8;
    trba_status status = require_size("input_channel", arch->input_channel, 1,
                                      input_channel_sources[arch->feature_extraction], arch, err);
    if (status == TRBA_OK)
        status = require_size("output_channel", arch->output_channel, least_channels,
                              output_channel_sources[arch->feature_extraction], arch, err);
    if (status == TRBA_OK && has_hidden_size(arch))
        status = require_size("hidden_size", arch->hidden_size, 1, hidden_size_sources[arch->sequence_modeling], arch,
                              err);
    if (status == TRBA_OK && arch->transformation == TRBA_TRANSFORMATION_TPS)
        status = require_size("num_fiducial", arch->num_fiducial, 4, num_fiducial_sources, arch, err);
    if (status == TRBA_OK && arch->num_fiducial > MOST_FIDUCIAL_POINTS)
        status = error_set(err, TRBA_ERROR_LIMIT, "num_fiducial is %d; at most %d are supported", arch->num_fiducial,
                           MOST_FIDUCIAL_POINTS);
    if (status == TRBA_OK && arch->num_fiducial % 2 != 0) /* half of the points lie on either edge of the word */
        status = error_set(err, TRBA_ERROR_MISMATCH, "num_fiducial is %d, but must be even", arch->num_fiducial);
    if (status == TRBA_OK)
        status = require_size("num_class", arch->num_class, 2, num_class_sources[arch->prediction], arch, err);
    return status;
}

static trba_status infer(const struct tensor_table *table, trba_architecture *out, trba_error *err)
{
    trba_architecture arch = {0};
    infer_stages(table, &arch);
    if (arch.feature_extraction == TRBA_FEATURE_EXTRACTION_ANY) return refuse_stranger(table, err);
    const struct tensor *embeddings = tensor_table_find(table, "Prediction.char_embeddings.weight");
    if (embeddings != NULL) return refuse_strhub(embeddings, err);
    if (arch.prediction == TRBA_PREDICTION_ANY) return refuse_without_prediction(table, &arch, err);
    infer_sizes(table, &arch);
    const trba_status status = require_sizes(&arch, err);
    if (status == TRBA_OK) *out = arch;
    return status;
}

trba_status architecture_infer(const struct tensor_table *table, trba_architecture *out, trba_error *err)
{
    const trba_status status = infer(table, out, err);
    if (status == TRBA_OK || !table->has_quantised) return status;
    return error_set(err, TRBA_ERROR_UNSUPPORTED,
                     "this network is quantised, and so has too few tensors: give the file from before quantisation");
}
