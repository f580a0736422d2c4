/* SPDX-License-Identifier: Apache-2.0 */
/* backbone_resnet.c - the ResNet of FAN (Cheng et al., "Focusing Attention: Towards Accurate Text Recognition in
 * Natural Images", 2017), as clovaai writes it. Every convolution has its BatchNorm folded in.
 *
 *   conv0_1 c/16, conv0_2 c/8, pool 2x2                       [h/2, w/2]
 *   layer1: 1 block of c/4,  conv1,   pool 2x2                [h/4, w/4]
 *   layer2: 2 blocks of c/2, conv2,   pool 2x2 / (2,1) / (0,1)  [h/8, w/4 + 1]
 *   layer3: 5 blocks of c,   conv3
 *   layer4: 3 blocks of c,   conv4_1 2x2 / (2,1) / (0,1), conv4_2 2x2   [h/16 - 1, w/4 + 1]
 *
 * A block is relu(conv2(relu(conv1(x))) + x), x through a 1x1 convolution where the number of channels changes.
 */
#include <stdio.h>

#include "model/stages.h"

static const int blocks_in_stage[RESNET_N_STAGES] = {1, 2, 5, 3};
static const int channel_part[RESNET_N_STAGES] = {4, 2, 1, 1};

static struct conv2d_shape square_conv(int c, int oc, int side)
{
    const int pad = side == 3 ? 1 : 0;
    return (struct conv2d_shape){.c = c, .oc = oc, .kh = side, .kw = side, .stride_h = 1, .stride_w = 1, .pad_h = pad,
                                 .pad_w = pad};
}

/* FeatureExtraction.ConvNet.CONV with the BatchNorm FeatureExtraction.ConvNet.NORM. */
static void pack_named(struct packer *packer, const char *conv, const char *norm, const struct conv2d_shape *shape,
                       bool is_input, struct conv2d_weights *out)
{
    char conv_name[96], norm_name[96];
    snprintf(conv_name, sizeof conv_name, "FeatureExtraction.ConvNet.%s", conv);
    snprintf(norm_name, sizeof norm_name, "FeatureExtraction.ConvNet.%s", norm);
    const struct conv_names names = {.conv = conv_name, .norm = norm_name, .has_bias = false};
    pack_conv2d(packer, &names, shape, is_input, out);
}

static void pack_block(struct packer *packer, int stage, int number, int c, int oc, struct resnet_block *block)
{
    char conv[48], norm[48];
    const struct conv2d_shape first = square_conv(c, oc, 3), second = square_conv(oc, oc, 3);
    const struct conv2d_shape downsample = square_conv(c, oc, 1);
    snprintf(conv, sizeof conv, "layer%d.%d.conv1", stage + 1, number);
    snprintf(norm, sizeof norm, "layer%d.%d.bn1", stage + 1, number);
    pack_named(packer, conv, norm, &first, false, &block->conv1);
    snprintf(conv, sizeof conv, "layer%d.%d.conv2", stage + 1, number);
    snprintf(norm, sizeof norm, "layer%d.%d.bn2", stage + 1, number);
    pack_named(packer, conv, norm, &second, false, &block->conv2);
    block->has_downsample = number == 0 && c != oc;
    if (!block->has_downsample) return;
    snprintf(conv, sizeof conv, "layer%d.0.downsample.0", stage + 1);
    snprintf(norm, sizeof norm, "layer%d.0.downsample.1", stage + 1);
    pack_named(packer, conv, norm, &downsample, false, &block->downsample);
}

static void pack_blocks(struct packer *packer, int output_channel, struct resnet_weights *out)
{
    int c = output_channel / 8;
    struct resnet_block *block = out->blocks;
    for (int stage = 0; stage < RESNET_N_STAGES; stage++) {
        const int oc = output_channel / channel_part[stage];
        for (int number = 0; number < blocks_in_stage[stage]; number++, c = oc)
            pack_block(packer, stage, number, c, oc, block++);
    }
}

void resnet_pack(struct packer *packer, const trba_architecture *arch, struct resnet_weights *out)
{
    const int c = arch->output_channel;
    const struct conv2d_shape conv0_1 = square_conv(arch->input_channel, c / 16, 3);
    const struct conv2d_shape conv0_2 = square_conv(c / 16, c / 8, 3);
    const struct conv2d_shape conv1 = square_conv(c / 4, c / 4, 3), conv2 = square_conv(c / 2, c / 2, 3);
    const struct conv2d_shape conv3 = square_conv(c, c, 3), conv4_2 = square_conv(c, c, 2);
    const struct conv2d_shape conv4_1 = {.c = c, .oc = c, .kh = 2, .kw = 2, .stride_h = 2, .stride_w = 1, .pad_h = 0,
                                         .pad_w = 1};
    pack_named(packer, "conv0_1", "bn0_1", &conv0_1, true, &out->conv0_1);
    pack_named(packer, "conv0_2", "bn0_2", &conv0_2, false, &out->conv0_2);
    pack_blocks(packer, c, out);
    pack_named(packer, "conv1", "bn1", &conv1, false, &out->conv1);
    pack_named(packer, "conv2", "bn2", &conv2, false, &out->conv2);
    pack_named(packer, "conv3", "bn3", &conv3, false, &out->conv3);
    pack_named(packer, "conv4_1", "bn4_1", &conv4_1, false, &out->conv4_1);
    pack_named(packer, "conv4_2", "bn4_2", &conv4_2, false, &out->conv4_2);
}

static struct feature_map conv_relu(struct layer_run *run, const struct conv2d_weights *weights,
                                    const struct feature_map *x)
{
    return conv2d_forward(run, weights, x, slot_after(x, 1), NULL, true);
}

static struct feature_map block_forward(struct layer_run *run, const struct resnet_block *block,
                                        const struct feature_map *x)
{
    struct feature_map residual = *x;
    const struct feature_map inner = conv2d_forward(run, &block->conv1, x, slot_after(x, 1), NULL, true);
    if (block->has_downsample)
        residual = conv2d_forward(run, &block->downsample, x, slot_after(x, 2), NULL, false);
    return conv2d_forward(run, &block->conv2, &inner, slot_after(x, 3), &residual, true);
}

static struct feature_map stage_forward(struct layer_run *run, const struct resnet_block *blocks, int n_blocks,
                                        struct feature_map x)
{
    for (int i = 0; i < n_blocks; i++) x = block_forward(run, &blocks[i], &x);
    return x;
}

/* Up to the second pooling. */
static void forward_first_layers(struct layer_run *run, const void *arg, const struct feature_map *in,
                                 const struct feature_map *out)
{
    const struct resnet_weights *weights = arg;
    struct feature_map x = conv_relu(run, &weights->conv0_1, in);
    x = conv_relu(run, &weights->conv0_2, &x);

    x = max_pool2d_forward(run, &pool_2x2, &x, slot_after(&x, 1));
    x = stage_forward(run, weights->blocks, blocks_in_stage[0], x);
    x = conv_relu(run, &weights->conv1, &x);
    max_pool2d_into(run, &pool_2x2, &x, out);
}

struct feature_map resnet_forward(struct layer_run *run, const struct resnet_weights *weights,
                                  const struct feature_map *in)
{
    struct feature_map x = first_layers_forward(run, in, weights->conv0_2.shape.oc, weights->conv1.shape.oc,
                                                forward_first_layers, weights);

    const struct resnet_block *blocks = weights->blocks;
    x = stage_forward(run, blocks += blocks_in_stage[0], blocks_in_stage[1], x);
    x = conv_relu(run, &weights->conv2, &x);

    x = max_pool2d_forward(run, &pool_tall, &x, slot_after(&x, 1));
    x = stage_forward(run, blocks += blocks_in_stage[1], blocks_in_stage[2], x);
    x = conv_relu(run, &weights->conv3, &x);

    x = stage_forward(run, blocks += blocks_in_stage[2], blocks_in_stage[3], x);
    x = conv_relu(run, &weights->conv4_1, &x);
    return conv_relu(run, &weights->conv4_2, &x);
}
