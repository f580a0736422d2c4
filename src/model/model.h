/* SPDX-License-Identifier: Apache-2.0 */
/* model.h - what is behind a trba_model: immutable once opened. */
#ifndef TRBA_MODEL_MODEL_H
#define TRBA_MODEL_MODEL_H

#include "model/charset.h"
#include "model/network.h"
#include "model/read_text.h"

struct trba_model {
    struct arena arena; /* of the packed weights */
    struct kernels kernels;
    struct network network;
    struct charset *charset;
    struct text_rules rules;
    const struct packed_layer *layers; /* in the arena */
    int img_h, img_w;   /* of the network's input; img_w 0: varies */
    bool pads;
    trba_rotate rotate; /* of images, unless the session says */
    char *sidecar_path; /* NULL: none was read */
};

#endif
