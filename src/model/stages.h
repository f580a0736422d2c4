/* SPDX-License-Identifier: Apache-2.0 */
/* stages.h - the stages a network is made of: each has its weights, a *_pack() that takes them from the checkpoint,
 * and a *_forward(). One file per stage.
 *
 *   input [n, h, w, c]  --tps-->  rectified  --vgg | rcnn | resnet-->  map [n, h', t, c']  --mean over h'-->
 *   visual feature [n, t, c']  --two BiLSTMs-->  contextual feature [n, t, hidden]  --ctc | attention-->  logits
 */
#ifndef TRBA_MODEL_STAGES_H
#define TRBA_MODEL_STAGES_H

#include "layers/conv2d.h"
#include "layers/lstm.h"
#include "layers/pool2d.h"
#include "model/pack.h"

/* Feature-map slots: backbones rotate through the first; the input and its rectified form have their own, and so has
 * what a network's first layers make of all images, a few at a time. */
enum { N_ROTATING_SLOTS = 4, SLOT_RECTIFIED = 6, SLOT_INPUT = 7, SLOT_FIRST_LAYERS = 8 };

/* The k-th slot after the one that holds `map`, among the rotating ones. */
int slot_after(const struct feature_map *map, int k);

/* The poolings that several stages have. */
static const struct pool2d_shape pool_2x2 = {2, 2, 2, 2, 0, 0}, pool_tall = {2, 2, 2, 1, 0, 1};

/* A network's layers up to the second pooling, which gives [h/4, w/4, out_channels], padded, in SLOT_FIRST_LAYERS: by
 * run_in_parts(), whose `channels`, forward() and `weights` these are. */
struct feature_map first_layers_forward(struct layer_run *run, const struct feature_map *in, int channels,
                                        int out_channels, run_part forward, const void *weights);

/* How VGG and the localisation network of TPS begin: twice a convolution with ReLU and pool 2x2. */
struct feature_map two_convs_forward(struct layer_run *run, const struct conv2d_weights convs[2],
                                     const struct feature_map *in);

/* ---- tps.c: spatial transformer (Shi et al., "Robust Scene Text Recognition with Automatic Rectification") ---- */

enum { TPS_N_CONVS = 4 };

struct tps_weights {
    struct conv2d_weights convs[TPS_N_CONVS];
    struct gemm_weights fc1, fc2;
    int num_fiducial, img_h, img_w;
    const float *basis;         /* P_hat transposed: [num_fiducial + 3][img_h * img_w] */
    const float *inv_delta_c;   /* [num_fiducial + 3][num_fiducial + 3] */
};
void tps_pack(struct packer *packer, const trba_architecture *arch, struct tps_weights *out);
/* *fiducial_points: [n][fc2 columns], 2 * num_fiducial of each row in use: x, y in [-1, 1]. */
struct feature_map tps_forward(struct layer_run *run, const struct tps_weights *weights, const struct feature_map *in,
                               const float **fiducial_points);

/* ---- backbones ---- */

enum { VGG_N_CONVS = 7, RESNET_N_STAGES = 4, RESNET_N_BLOCKS = 11, RCNN_N_GRCL = 3, GRCL_N_ITERATIONS = 5 };

struct vgg_weights {
    struct conv2d_weights convs[VGG_N_CONVS];
};
void vgg_pack(struct packer *packer, const trba_architecture *arch, struct vgg_weights *out);
struct feature_map vgg_forward(struct layer_run *run, const struct vgg_weights *weights, const struct feature_map *in);

struct resnet_block {
    struct conv2d_weights conv1, conv2, downsample;
    bool has_downsample;
};
struct resnet_weights {
    struct conv2d_weights conv0_1, conv0_2, conv1, conv2, conv3, conv4_1, conv4_2;
    struct resnet_block blocks[RESNET_N_BLOCKS];
};
void resnet_pack(struct packer *packer, const trba_architecture *arch, struct resnet_weights *out);
struct feature_map resnet_forward(struct layer_run *run, const struct resnet_weights *weights,
                                  const struct feature_map *in);

/* The BatchNorms of one iteration, folded: see struct grcl_unit. Each [channels padded]. */
struct grcl_iteration {
    const float *scale_gate_u, *scale_gate_x, *shift_gate, *scale_u, *shift_u, *scale_x, *shift_x;
};
struct grcl_weights {
    struct conv2d_weights gate_u, gate_x, u, x;
    const float *init_scale, *init_shift; /* BN_x_init; [channels padded] */
    struct grcl_iteration iterations[GRCL_N_ITERATIONS];
};
struct rcnn_weights {
    struct conv2d_weights first, last;
    struct grcl_weights grcl[RCNN_N_GRCL];
};
void rcnn_pack(struct packer *packer, const trba_architecture *arch, struct rcnn_weights *out);
struct feature_map rcnn_forward(struct layer_run *run, const struct rcnn_weights *weights,
                                const struct feature_map *in);

/* ---- bilstm.c ---- */

enum { BILSTM_N_LAYERS = 2 };

struct bilstm_weights {
    struct bidirectional_lstm_weights lstm[BILSTM_N_LAYERS];
    struct gemm_weights linear[BILSTM_N_LAYERS];
};
void bilstm_pack(struct packer *packer, const trba_architecture *arch, struct bilstm_weights *out);
/* in [n][t][output_channel padded] -> [n][t][hidden padded], in rows. */
float *bilstm_forward(struct layer_run *run, const struct bilstm_weights *weights, int n, int t, const float *in);

/* ---- decoders: what both give for each image ---- */

/* Step s of image i is entry i * max_steps + s. */
struct decoded {
    int max_steps, n_columns; /* columns of a logits row: num_class padded */
    int *n_steps;             /* [n] steps that were run */
    int *classes;             /* [n][max_steps] most probable class */
    float *probabilities;     /* [n][max_steps] its softmax probability */
    float *positions;         /* [n][max_steps] where in the sequence, 0..1 */
    float *logits;            /* [n][max_steps][n_columns] */
};

struct ctc_weights {
    struct gemm_weights linear;
};
void ctc_pack(struct packer *packer, const trba_architecture *arch, struct ctc_weights *out);
void ctc_forward(struct layer_run *run, const struct ctc_weights *weights, int n, int t, const float *in,
                 struct decoded *out);

struct attention_weights {
    int input, hidden, num_class;        /* input, hidden: padded */
    struct gemm_weights i2h, h2h;        /* keys; query */
    struct gemm_weights context_gates;   /* W_ih of the context: [input] -> [4 * hidden] */
    struct gemm_weights hidden_gates;    /* W_hh: [hidden] -> [4 * hidden] */
    struct gemm_weights generator;
    const float *score;                  /* [hidden] */
    const float *character_gates;        /* [num_class][4 * hidden]: W_ih of the one-hot character + b_ih + b_hh */
};
void attention_pack(struct packer *packer, const trba_architecture *arch, struct attention_weights *out);
/* At most max_steps; stops_at_end: an image stops at its end token (class 1), else all run max_steps as the reference
 * does. */
void attention_forward(struct layer_run *run, const struct attention_weights *weights, int n, int t, const float *in,
                       int max_steps, bool stops_at_end, struct decoded *out);

/* Takes the arrays of `out` from rows. */
void decoded_allocate(struct layer_run *run, int n, int max_steps, int n_columns, struct decoded *out);

#endif
