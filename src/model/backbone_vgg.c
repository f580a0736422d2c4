/* SPDX-License-Identifier: Apache-2.0 */
/* backbone_vgg.c - the feature extractor of CRNN (Shi, Bai and Yao, "An End-to-End Trainable Neural Network for
 * Image-based Sequence Recognition", 2015), as clovaai writes it.
 *
 *   conv 3x3   c/8   pool 2x2          [h/2, w/2]
 *   conv 3x3   c/4   pool 2x2          [h/4, w/4]
 *   conv 3x3   c/2
 *   conv 3x3   c/2   pool 2x1          [h/8, w/4]
 *   conv 3x3 + BatchNorm   c
 *   conv 3x3 + BatchNorm   c   pool 2x1   [h/16, w/4]
 *   conv 2x2   c                       [h/16 - 1, w/4 - 1]
 */
#include <stdio.h>

#include "model/stages.h"

static const struct pool2d_shape pool_2x1 = {2, 1, 2, 1, 0, 0};

static const struct vgg_layer {
    int conv, norm;     /* positions in clovaai's nn.Sequential; norm 0: none, and the convolution has a bias */
    int c_part, oc_part; /* channels are output_channel / part; c_part 0: the input's */
    int side;           /* of the kernel */
    const struct pool2d_shape *pool;
} vgg_layers[VGG_N_CONVS] = {
    {0, 0, 0, 8, 3, &pool_2x2},  {3, 0, 8, 4, 3, &pool_2x2}, {6, 0, 4, 2, 3, NULL},      {8, 0, 2, 2, 3, &pool_2x1},
    {11, 12, 2, 1, 3, NULL},     {14, 15, 1, 1, 3, &pool_2x1}, {18, 0, 1, 1, 2, NULL},
};

void vgg_pack(struct packer *packer, const trba_architecture *arch, struct vgg_weights *out)
{
    for (int i = 0; i < VGG_N_CONVS; i++) {
        const struct vgg_layer *layer = &vgg_layers[i];
        char conv[64], norm[64];
        snprintf(conv, sizeof conv, "FeatureExtraction.ConvNet.%d", layer->conv);
        snprintf(norm, sizeof norm, "FeatureExtraction.ConvNet.%d", layer->norm);
        const struct conv_names names = {.conv = conv, .norm = layer->norm > 0 ? norm : NULL,
                                         .has_bias = layer->norm == 0};
        const int pad = layer->side == 3 ? 1 : 0;
        const struct conv2d_shape shape = {
            .c = layer->c_part > 0 ? arch->output_channel / layer->c_part : arch->input_channel,
            .oc = arch->output_channel / layer->oc_part,
            .kh = layer->side, .kw = layer->side, .stride_h = 1, .stride_w = 1, .pad_h = pad, .pad_w = pad,
        };
        pack_conv2d(packer, &names, &shape, i == 0, &out->convs[i]);
    }
}

struct feature_map vgg_forward(struct layer_run *run, const struct vgg_weights *weights, const struct feature_map *in)
{
    struct feature_map x = two_convs_forward(run, weights->convs, in);
    for (int i = 2; i < VGG_N_CONVS; i++) {
        x = conv2d_forward(run, &weights->convs[i], &x, slot_after(&x, 1), NULL, true);
        if (vgg_layers[i].pool != NULL) x = max_pool2d_forward(run, vgg_layers[i].pool, &x, slot_after(&x, 1));
    }
    return x;
}
