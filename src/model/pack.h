/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h - from named tensors to packed layers. Every stage's *_pack() uses these; they never fail on names or shapes,
 * because architecture_check() has been there before. */
#ifndef TRBA_MODEL_PACK_H
#define TRBA_MODEL_PACK_H

#include "base/file_map.h"
#include "layers/conv2d.h"
#include "layers/gemm.h"
#include "weights/tensor_table.h"

/* What one packed layer is and does, as text; in the arena. */
struct packed_layer {
    struct packed_layer *next;
    trba_layer_info info;
};

/* Where packing takes from and puts to. `failed` is sticky: after the first failure (memory, or weights that are not
 * finite or not once BatchNorm is folded in) every call does nothing, so a stage packs all its layers and its caller
 * looks once. */
struct packer {
    const struct tensor_table *table;
    const struct kernels *kernels;
    struct arena *arena;
    struct thread_pool *pool;
    const struct file_map *map; /* the table's bytes, whose pages are let go once packed; NULL: the caller owns them */
    struct packed_layer *layers, *last_layer; /* in the order of packing */
    bool failed;
    char problem[256]; /* which weights no network can have, and why; "": memory was the reason */
};

/* Has the system clear the pages that the weights of this network will take, on all threads. When they are touched
 * first by what packs them, one thread waits while the other's page is cleared: layers are a few pages each. A hint:
 * what is cleared in vain is less than a layer, and nothing is if the system cannot. */
void pack_clear_memory(struct packer *packer, const trba_architecture *arch);

/* The tensor's elements as floats, malloc'd; NULL after failure. The name is made as by printf. */
float *pack_read(struct packer *packer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A BatchNorm's scale and shift, y = scale * x + shift: gamma / sqrt(var + 1e-5) and beta - mean * scale. */
struct batch_norm {
    int n;
    float *scale, *shift; /* [n], one malloc at scale; NULL after failure */
};
struct batch_norm pack_batch_norm(struct packer *packer, const char *name, int n);
void batch_norm_free(struct batch_norm *norm);

/* Fails unless all are finite. For what was multiplied out of finite weights of the layer `name`. */
void pack_check_folded(struct packer *packer, const char *name, const float *values, int n);

/* NAME.weight (and NAME.bias if has_bias), with the BatchNorm of that name folded in (NULL: none). */
struct conv_names {
    const char *conv, *norm;
    bool has_bias;
};
void pack_conv2d(struct packer *packer, const struct conv_names *names, const struct conv2d_shape *shape, bool is_input,
                 struct conv2d_weights *out);

/* The tensor's rows, or the first of their numbers, by gemm_pack_suitably(), noted as the layer `name`; logits stay in
 * floats. shape: all of the source but its rows. */
void pack_gemm(struct packer *packer, const char *name, const char *tensor_name, const struct gemm_source *shape,
               struct gemm_weights *out);

/* NAME.weight [n_out][n_in] and NAME.bias if has_bias. The input may be n_segments padded pieces of n_in / n_segments.
 * is_logits: columns of padding give -infinity, and the weights stay floats. */
struct linear_shape {
    int n_in, n_segments, n_out;
    bool has_bias, is_logits;
};
void pack_linear(struct packer *packer, const char *name, const struct linear_shape *shape, struct gemm_weights *out);

/* Rounded up to CHANNEL_ALIGN. */
int padded_channels(int channels);

#endif
