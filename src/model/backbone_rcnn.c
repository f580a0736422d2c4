/* SPDX-License-Identifier: Apache-2.0 */
/* backbone_rcnn.c - the gated recurrent convolution network (Wang and Hu, "Gated Recurrent Convolution Neural Network
 * for OCR", NIPS 2017), as clovaai writes it.
 *
 *   conv 3x3  c/8   pool 2x2                   [h/2, w/2]
 *   GRCL      c/8   pool 2x2                   [h/4, w/4]
 *   GRCL      c/4   pool 2x2 / (2,1) / (0,1)   [h/8, w/4 + 1]
 *   GRCL      c/2   pool 2x2 / (2,1) / (0,1)   [h/16, w/4 + 2]
 *   conv 2x2 + BatchNorm  c                    [h/16 - 1, w/4 + 1]
 *
 * A GRCL computes gate_u and u from its input once, starts with x = relu(BN(u)), and repeats five times with shared
 * convolutions and an own set of five BatchNorms each:
 *   gate = sigmoid(BN(gate_u) + BN(gate_x(x)))
 *   x    = relu(BN(u) + BN(BN(x(x)) * gate))
 */
#include <stdio.h>
#include <string.h>

#include "model/stages.h"

/* Positions in clovaai's nn.Sequential, and channels as parts of output_channel. */
static const struct grcl_layer {
    int position, c_part, oc_part;
    const struct pool2d_shape *pool;
} grcl_layers[RCNN_N_GRCL] = {{3, 8, 8, &pool_2x2}, {5, 8, 4, &pool_tall}, {7, 4, 2, &pool_tall}};

/* The slots of a GRCL: its input comes in one of the rotating slots, so it takes fixed ones behind them. */
enum { SLOT_GATE_X = 4, SLOT_X = 5 };

/* ---- packing ---- */

static float *padded_copy(struct packer *packer, const float *values, int n)
{
    if (packer->failed) return NULL;
    float *copy = arena_alloc_array(packer->arena, (size_t)padded_channels(n), sizeof(float));
    if (copy == NULL) packer->failed = true;
    else memcpy(copy, values, (size_t)n * sizeof(float));
    return copy;
}

/* The five BatchNorms of one iteration, multiplied out. */
static void pack_iteration(struct packer *packer, const char *grcl, int number, int oc, struct grcl_iteration *out)
{
    static const char *const kinds[5] = {"BN_gfu", "BN_grx", "BN_fu", "BN_rx", "BN_Gx"};
    enum { GATE_U, GATE_X, U, X, GATED };
    struct batch_norm norms[5];
    char name[96];
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "%s.GRCL.%d.%s", grcl, number, kinds[i]);
        norms[i] = pack_batch_norm(packer, name, oc);
    }
    snprintf(name, sizeof name, "%s.GRCL.%d", grcl, number);
    if (!packer->failed) {
        for (int i = 0; i < oc; i++) {
            norms[GATE_U].shift[i] += norms[GATE_X].shift[i];
            norms[U].shift[i] += norms[GATED].shift[i];
            norms[X].scale[i] *= norms[GATED].scale[i];
            norms[X].shift[i] *= norms[GATED].scale[i];
        }
        for (int i = 0; i < 5; i++) {
            pack_check_folded(packer, name, norms[i].scale, oc);
            pack_check_folded(packer, name, norms[i].shift, oc);
        }
        out->scale_gate_u = padded_copy(packer, norms[GATE_U].scale, oc);
        out->scale_gate_x = padded_copy(packer, norms[GATE_X].scale, oc);
        out->shift_gate = padded_copy(packer, norms[GATE_U].shift, oc);
        out->scale_u = padded_copy(packer, norms[U].scale, oc);
        out->shift_u = padded_copy(packer, norms[U].shift, oc);
        out->scale_x = padded_copy(packer, norms[X].scale, oc);
        out->shift_x = padded_copy(packer, norms[X].shift, oc);
    }
    for (int i = 0; i < 5; i++) batch_norm_free(&norms[i]);
}

static void pack_grcl_conv(struct packer *packer, const char *grcl, const char *kind, int c, int oc, int side,
                           struct conv2d_weights *out)
{
    char name[96];
    snprintf(name, sizeof name, "%s.%s", grcl, kind);
    const struct conv_names names = {.conv = name, .norm = NULL, .has_bias = false};
    const int pad = side / 2;
    const struct conv2d_shape shape = {.c = c, .oc = oc, .kh = side, .kw = side, .stride_h = 1, .stride_w = 1,
                                       .pad_h = pad, .pad_w = pad};
    pack_conv2d(packer, &names, &shape, false, out);
}

static void pack_grcl(struct packer *packer, int position, int c, int oc, struct grcl_weights *out)
{
    char grcl[64], name[96];
    snprintf(grcl, sizeof grcl, "FeatureExtraction.ConvNet.%d", position);
    pack_grcl_conv(packer, grcl, "wgf_u", c, oc, 1, &out->gate_u);
    pack_grcl_conv(packer, grcl, "wgr_x", oc, oc, 1, &out->gate_x);
    pack_grcl_conv(packer, grcl, "wf_u", c, oc, 3, &out->u);
    pack_grcl_conv(packer, grcl, "wr_x", oc, oc, 3, &out->x);
    snprintf(name, sizeof name, "%s.BN_x_init", grcl);
    struct batch_norm init = pack_batch_norm(packer, name, oc);
    out->init_scale = padded_copy(packer, init.scale, oc);
    out->init_shift = padded_copy(packer, init.shift, oc);
    batch_norm_free(&init);
    for (int i = 0; i < GRCL_N_ITERATIONS; i++) pack_iteration(packer, grcl, i, oc, &out->iterations[i]);
}

void rcnn_pack(struct packer *packer, const trba_architecture *arch, struct rcnn_weights *out)
{
    const int c = arch->output_channel;
    const struct conv_names first = {.conv = "FeatureExtraction.ConvNet.0", .norm = NULL, .has_bias = true};
    const struct conv_names last = {.conv = "FeatureExtraction.ConvNet.9", .norm = "FeatureExtraction.ConvNet.10",
                                    .has_bias = false};
    const struct conv2d_shape first_shape = {.c = arch->input_channel, .oc = c / 8, .kh = 3, .kw = 3, .stride_h = 1,
                                             .stride_w = 1, .pad_h = 1, .pad_w = 1};
    const struct conv2d_shape last_shape = {.c = c / 2, .oc = c, .kh = 2, .kw = 2, .stride_h = 1, .stride_w = 1,
                                            .pad_h = 0, .pad_w = 0};
    pack_conv2d(packer, &first, &first_shape, true, &out->first);
    for (int i = 0; i < RCNN_N_GRCL; i++)
        pack_grcl(packer, grcl_layers[i].position, c / grcl_layers[i].c_part, c / grcl_layers[i].oc_part,
                  &out->grcl[i]);
    pack_conv2d(packer, &last, &last_shape, false, &out->last);
}

/* ---- running ---- */

/* What one pointwise pass over the maps needs. */
struct grcl_job {
    const struct kernels *kernels;
    const struct grcl_weights *weights;
    const struct grcl_iteration *iteration;
    const struct feature_map *gate_u, *gate_x, *u, *x, *out;
};

static void init_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct grcl_job *job = arg;
    const int image = task / job->out->h, y = task % job->out->h, c = job->out->c;
    const float *scale = job->weights->init_scale, *shift = job->weights->init_shift;
    for (int column = 0; column < job->out->w; column++) {
        const float *u = map_pixel(job->u, image, y, column);
        float *out = map_pixel(job->out, image, y, column);
        for (int i = 0; i < c; i++) {
            const float sum = scale[i] * u[i] + shift[i];
            out[i] = sum > 0.0f ? sum : 0.0f;
        }
    }
}

static void unit_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct grcl_job *job = arg;
    const int image = task / job->out->h, y = task % job->out->h;
    const struct grcl_iteration *norms = job->iteration;
    const struct grcl_unit unit = {
        .n_pixels = job->out->w,
        .channels = job->out->c,
        .gate_u = map_pixel(job->gate_u, image, y, 0),
        .gate_x = map_pixel(job->gate_x, image, y, 0),
        .u = map_pixel(job->u, image, y, 0),
        .x = map_pixel(job->x, image, y, 0),
        .scale_gate_u = norms->scale_gate_u,
        .scale_gate_x = norms->scale_gate_x,
        .shift_gate = norms->shift_gate,
        .scale_u = norms->scale_u,
        .shift_u = norms->shift_u,
        .scale_x = norms->scale_x,
        .shift_x = norms->shift_x,
        .out = map_pixel(job->out, image, y, 0),
    };
    job->kernels->grcl_unit(&unit);
}

static struct feature_map grcl_forward(struct layer_run *run, const struct grcl_weights *weights,
                                       const struct feature_map *in)
{
    const struct feature_map gate_u = conv2d_forward(run, &weights->gate_u, in, slot_after(in, 1), NULL, false);
    const struct feature_map u = conv2d_forward(run, &weights->u, in, slot_after(in, 2), NULL, false);
    const struct feature_map state = run_map(run, slot_after(in, 3), u.n, u.h, u.w, u.c);
    struct grcl_job job = {.kernels = run->kernels, .weights = weights, .gate_u = &gate_u, .u = &u, .out = &state};
    run_tasks(run, state.n * state.h, init_task, &job);
    for (int i = 0; i < GRCL_N_ITERATIONS; i++) {
        const struct feature_map gate_x = conv2d_forward(run, &weights->gate_x, &state, SLOT_GATE_X, NULL, false);
        const struct feature_map x = conv2d_forward(run, &weights->x, &state, SLOT_X, NULL, false);
        job.gate_x = &gate_x;
        job.x = &x;
        job.iteration = &weights->iterations[i];
        run_tasks(run, state.n * state.h, unit_task, &job);
    }
    return state;
}

/* Up to the second pooling. */
static void forward_first_layers(struct layer_run *run, const void *arg, const struct feature_map *in,
                                 const struct feature_map *out)
{
    const struct rcnn_weights *weights = arg;
    struct feature_map x = conv2d_forward(run, &weights->first, in, slot_after(in, 1), NULL, true);
    x = max_pool2d_forward(run, &pool_2x2, &x, slot_after(&x, 1));
    x = grcl_forward(run, &weights->grcl[0], &x);
    max_pool2d_into(run, grcl_layers[0].pool, &x, out);
}

struct feature_map rcnn_forward(struct layer_run *run, const struct rcnn_weights *weights,
                                const struct feature_map *in)
{
    struct feature_map x = first_layers_forward(run, in, weights->first.shape.oc, weights->grcl[0].u.shape.oc,
                                                forward_first_layers, weights);
    for (int i = 1; i < RCNN_N_GRCL; i++) {
        x = grcl_forward(run, &weights->grcl[i], &x);
        x = max_pool2d_forward(run, grcl_layers[i].pool, &x, slot_after(&x, 1));
    }
    return conv2d_forward(run, &weights->last, &x, slot_after(&x, 1), NULL, true);
}
