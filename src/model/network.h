/* SPDX-License-Identifier: Apache-2.0 */
/* network.h - the stages of one network in their order. */
#ifndef TRBA_MODEL_NETWORK_H
#define TRBA_MODEL_NETWORK_H

#include "model/stages.h"

struct network {
    trba_architecture arch; /* complete, img_h and img_w included (img_w 0: any width) */
    struct tps_weights tps;
    union {
        struct vgg_weights vgg;
        struct rcnn_weights rcnn;
        struct resnet_weights resnet;
    } backbone;
    struct bilstm_weights bilstm;
    union {
        struct ctc_weights ctc;
        struct attention_weights attention;
    } prediction;
};

/* False when out of memory. */
bool network_pack(struct packer *packer, const trba_architecture *arch, struct network *out);

/* The length of the sequence for an input of that size; below 1: the input is too small for this network. */
int network_sequence_length(const trba_architecture *arch, int h, int w);

/* For tests: called with every stage's activations. Strides in floats. */
typedef void (*network_trace)(void *user, const char *stage, const float *data, int n, int h, int w, int c,
                              size_t pixel_stride, size_t row_stride, size_t image_stride);

struct network_call {
    int max_steps;     /* of attention */
    bool stops_at_end; /* attention stops an image at its end token */
    network_trace trace;
    void *trace_user;
};

/* in: a map in SLOT_INPUT, [n][h][w][input_channel]. Begins a pass: what earlier passes took from rows is gone. */
void network_forward(struct layer_run *run, const struct network *network, const struct feature_map *in,
                     const struct network_call *call, struct decoded *out);

#endif
