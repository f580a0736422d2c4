/* SPDX-License-Identifier: Apache-2.0 */
/* architecture_tensors.c - the names and shapes of all tensors of a network, in the order of the reference's
 * state_dict(): a module's own parameters, its own buffers, then its children as they were made.
 *
 *   Transformation.LocalizationNetwork.conv.{0,4,8,12}, BatchNorm behind each, localization_fc1.0, localization_fc2
 *   Transformation.GridGenerator.{inv_delta_C, P_hat}                                  buffers, may be absent
 *   FeatureExtraction.ConvNet.*                                                        VGG, RCNN or ResNet
 *   SequenceModeling.{0,1}.{rnn, linear}
 *   Prediction.{weight, bias}                                                          CTC
 *   Prediction.attention_cell.{i2h, h2h, score, rnn}, Prediction.generator             Attn
 *
 * Every reduced channel count is rounded down, as the reference's int(output_channel / 8) does. */
#include "model/architecture.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where the walk is: `name` holds the path of the module, and each tensor's name is made behind it. */
struct walk {
    architecture_tensor_visitor visit;
    void *user;
    char name[128]; /* the longest is 68 bytes */
    size_t length;  /* of the module's path */
};

/* Goes into a child module; returns what walk_leave() needs to come back. */
__attribute__((format(printf, 2, 3))) static size_t walk_enter(struct walk *w, const char *format, ...)
{
    const size_t length = w->length;
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(w->name + length, sizeof w->name - length, format, args);
    va_end(args);
    w->length += (size_t)n;
    return length;
}

static void walk_leave(struct walk *w, size_t length)
{
    w->length = length;
}

static void emit(struct walk *w, const char *leaf, int n_dimensions, const int64_t *shape, bool is_required)
{
    snprintf(w->name + w->length, sizeof w->name - w->length, "%s", leaf);
    w->visit(w->user, w->name, n_dimensions, shape, is_required);
}

static void emit_vector(struct walk *w, const char *leaf, int64_t n)
{
    emit(w, leaf, 1, (const int64_t[]){n}, true);
}

static void emit_matrix(struct walk *w, const char *leaf, int64_t rows, int64_t columns)
{
    emit(w, leaf, 2, (const int64_t[]){rows, columns}, true);
}

/* A square kernel, k x k. */
static void emit_kernel(struct walk *w, const char *leaf, int64_t oc, int64_t c, int64_t k)
{
    emit(w, leaf, 4, (const int64_t[]){oc, c, k, k}, true);
}

static void emit_batch_norm(struct walk *w, const char *module, int64_t c)
{
    const size_t back = walk_enter(w, "%s.", module);
    emit_vector(w, "weight", c);
    emit_vector(w, "bias", c);
    emit_vector(w, "running_mean", c);
    emit_vector(w, "running_var", c);
    emit(w, "num_batches_tracked", 0, NULL, false); /* unknown to torch before 0.4.1, and of no use here */
    walk_leave(w, back);
}

static void emit_linear(struct walk *w, const char *module, int64_t out, int64_t in)
{
    const size_t back = walk_enter(w, "%s.", module);
    emit_matrix(w, "weight", out, in);
    emit_vector(w, "bias", out);
    walk_leave(w, back);
}

static void emit_grid_generator(struct walk *w, const trba_architecture *arch)
{
    const int64_t n_points = (int64_t)arch->img_h * arch->img_w;
    const int64_t size = (int64_t)arch->num_fiducial + 3;
    const size_t back = walk_enter(w, "GridGenerator.");
    emit(w, "inv_delta_C", 2, (const int64_t[]){size, size}, false);
    emit(w, "P_hat", 2, (const int64_t[]){n_points > 0 ? n_points : ARCHITECTURE_ANY_SIZE, size}, false);
    walk_leave(w, back);
}

static void emit_tps(struct walk *w, const trba_architecture *arch)
{
    static const struct { const char *conv, *batch_norm; int oc; } layers[] = {
        {"conv.0.weight", "conv.1", 64}, {"conv.4.weight", "conv.5", 128},
        {"conv.8.weight", "conv.9", 256}, {"conv.12.weight", "conv.13", 512},
    };
    const size_t back = walk_enter(w, "Transformation.");
    const size_t inner = walk_enter(w, "LocalizationNetwork.");
    int64_t c = arch->input_channel;
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        emit_kernel(w, layers[i].conv, layers[i].oc, c, 3);
        emit_batch_norm(w, layers[i].batch_norm, layers[i].oc);
        c = layers[i].oc;
    }
    emit_linear(w, "localization_fc1.0", 256, 512);
    emit_linear(w, "localization_fc2", 2 * (int64_t)arch->num_fiducial, 256);
    walk_leave(w, inner);
    emit_grid_generator(w, arch);
    walk_leave(w, back);
}

static void emit_vgg(struct walk *w, const trba_architecture *arch)
{
    const int64_t oc = arch->output_channel;
    emit_kernel(w, "0.weight", oc / 8, arch->input_channel, 3);
    emit_vector(w, "0.bias", oc / 8);
    emit_kernel(w, "3.weight", oc / 4, oc / 8, 3);
    emit_vector(w, "3.bias", oc / 4);
    emit_kernel(w, "6.weight", oc / 2, oc / 4, 3);
    emit_vector(w, "6.bias", oc / 2);
    emit_kernel(w, "8.weight", oc / 2, oc / 2, 3);
    emit_vector(w, "8.bias", oc / 2);
    emit_kernel(w, "11.weight", oc, oc / 2, 3);
    emit_batch_norm(w, "12", oc);
    emit_kernel(w, "14.weight", oc, oc, 3);
    emit_batch_norm(w, "15", oc);
    emit_kernel(w, "18.weight", oc, oc, 2);
    emit_vector(w, "18.bias", oc);
}

/* One gated recurrent convolution layer: its weights serve all five iterations, its BatchNorms do not. */
static void emit_grcl(struct walk *w, int module, int64_t c, int64_t oc)
{
    const size_t back = walk_enter(w, "%d.", module);
    emit_kernel(w, "wgf_u.weight", oc, c, 1);
    emit_kernel(w, "wgr_x.weight", oc, oc, 1);
    emit_kernel(w, "wf_u.weight", oc, c, 3);
    emit_kernel(w, "wr_x.weight", oc, oc, 3);
    emit_batch_norm(w, "BN_x_init", oc);
    for (int i = 0; i < 5; i++) {
        const size_t inner = walk_enter(w, "GRCL.%d.", i);
        emit_batch_norm(w, "BN_gfu", oc);
        emit_batch_norm(w, "BN_grx", oc);
        emit_batch_norm(w, "BN_fu", oc);
        emit_batch_norm(w, "BN_rx", oc);
        emit_batch_norm(w, "BN_Gx", oc);
        walk_leave(w, inner);
    }
    walk_leave(w, back);
}

static void emit_rcnn(struct walk *w, const trba_architecture *arch)
{
    const int64_t oc = arch->output_channel;
    emit_kernel(w, "0.weight", oc / 8, arch->input_channel, 3);
    emit_vector(w, "0.bias", oc / 8);
    emit_grcl(w, 3, oc / 8, oc / 8);
    emit_grcl(w, 5, oc / 8, oc / 4);
    emit_grcl(w, 7, oc / 4, oc / 2);
    emit_kernel(w, "9.weight", oc, oc / 2, 2);
    emit_batch_norm(w, "10", oc);
}

static void emit_residual_block(struct walk *w, int64_t c, int64_t oc)
{
    emit_kernel(w, "conv1.weight", oc, c, 3);
    emit_batch_norm(w, "bn1", oc);
    emit_kernel(w, "conv2.weight", oc, oc, 3);
    emit_batch_norm(w, "bn2", oc);
    if (c == oc) return;
    emit_kernel(w, "downsample.0.weight", oc, c, 1);
    emit_batch_norm(w, "downsample.1", oc);
}

static void emit_residual_layer(struct walk *w, int layer, int n_blocks, int64_t c, int64_t oc)
{
    for (int i = 0; i < n_blocks; i++) {
        const size_t back = walk_enter(w, "layer%d.%d.", layer, i);
        emit_residual_block(w, i == 0 ? c : oc, oc);
        walk_leave(w, back);
    }
}

static void emit_resnet(struct walk *w, const trba_architecture *arch)
{
    const int64_t oc = arch->output_channel;
    emit_kernel(w, "conv0_1.weight", oc / 16, arch->input_channel, 3);
    emit_batch_norm(w, "bn0_1", oc / 16);
    emit_kernel(w, "conv0_2.weight", oc / 8, oc / 16, 3);
    emit_batch_norm(w, "bn0_2", oc / 8);
    emit_residual_layer(w, 1, 1, oc / 8, oc / 4);
    emit_kernel(w, "conv1.weight", oc / 4, oc / 4, 3);
    emit_batch_norm(w, "bn1", oc / 4);
    emit_residual_layer(w, 2, 2, oc / 4, oc / 2);
    emit_kernel(w, "conv2.weight", oc / 2, oc / 2, 3);
    emit_batch_norm(w, "bn2", oc / 2);
    emit_residual_layer(w, 3, 5, oc / 2, oc);
    emit_kernel(w, "conv3.weight", oc, oc, 3);
    emit_batch_norm(w, "bn3", oc);
    emit_residual_layer(w, 4, 3, oc, oc);
    emit_kernel(w, "conv4_1.weight", oc, oc, 2);
    emit_batch_norm(w, "bn4_1", oc);
    emit_kernel(w, "conv4_2.weight", oc, oc, 2);
    emit_batch_norm(w, "bn4_2", oc);
}

static void emit_feature_extraction(struct walk *w, const trba_architecture *arch)
{
    const size_t back = walk_enter(w, "FeatureExtraction.ConvNet.");
    switch (arch->feature_extraction) {
    case TRBA_FEATURE_EXTRACTION_VGG: emit_vgg(w, arch); break;
    case TRBA_FEATURE_EXTRACTION_RCNN: emit_rcnn(w, arch); break;
    case TRBA_FEATURE_EXTRACTION_RESNET: emit_resnet(w, arch); break;
    case TRBA_FEATURE_EXTRACTION_ANY: break;
    }
    walk_leave(w, back);
}

/* One direction of an LSTM, in PyTorch's order: four gates stacked in the rows. */
static void emit_lstm_direction(struct walk *w, const char *suffix, int64_t in, int64_t hidden)
{
    char leaf[32];
    snprintf(leaf, sizeof leaf, "weight_ih%s", suffix);
    emit_matrix(w, leaf, 4 * hidden, in);
    snprintf(leaf, sizeof leaf, "weight_hh%s", suffix);
    emit_matrix(w, leaf, 4 * hidden, hidden);
    snprintf(leaf, sizeof leaf, "bias_ih%s", suffix);
    emit_vector(w, leaf, 4 * hidden);
    snprintf(leaf, sizeof leaf, "bias_hh%s", suffix);
    emit_vector(w, leaf, 4 * hidden);
}

static void emit_bilstm(struct walk *w, int module, int64_t in, int64_t hidden)
{
    const size_t back = walk_enter(w, "SequenceModeling.%d.", module);
    const size_t inner = walk_enter(w, "rnn.");
    emit_lstm_direction(w, "_l0", in, hidden);
    emit_lstm_direction(w, "_l0_reverse", in, hidden);
    walk_leave(w, inner);
    emit_linear(w, "linear", hidden, 2 * hidden);
    walk_leave(w, back);
}

/* `in` is the length of one step of the sequence that is read. */
static void emit_attention(struct walk *w, const trba_architecture *arch, int64_t in)
{
    const int64_t hidden = arch->hidden_size;
    const size_t back = walk_enter(w, "Prediction.");
    const size_t inner = walk_enter(w, "attention_cell.");
    emit_matrix(w, "i2h.weight", hidden, in);
    emit_linear(w, "h2h", hidden, hidden);
    emit_matrix(w, "score.weight", 1, hidden);
    const size_t innermost = walk_enter(w, "rnn.");
    emit_lstm_direction(w, "", in + arch->num_class, hidden); /* the previous character comes as a one-hot vector */
    walk_leave(w, innermost);
    walk_leave(w, inner);
    emit_linear(w, "generator", arch->num_class, hidden);
    walk_leave(w, back);
}

void architecture_for_each_tensor(const trba_architecture *arch, architecture_tensor_visitor visit, void *user)
{
    struct walk w = {.visit = visit, .user = user, .name = "", .length = 0};
    const bool has_bilstm = arch->sequence_modeling == TRBA_SEQUENCE_MODELING_BILSTM;
    const int64_t sequence = has_bilstm ? arch->hidden_size : arch->output_channel;
    if (arch->transformation == TRBA_TRANSFORMATION_TPS) emit_tps(&w, arch);
    emit_feature_extraction(&w, arch);
    if (has_bilstm) {
        emit_bilstm(&w, 0, arch->output_channel, arch->hidden_size);
        emit_bilstm(&w, 1, arch->hidden_size, arch->hidden_size);
    }
    if (arch->prediction == TRBA_PREDICTION_CTC) emit_linear(&w, "Prediction", arch->num_class, sequence);
    if (arch->prediction == TRBA_PREDICTION_ATTN) emit_attention(&w, arch, sequence);
}
