/* SPDX-License-Identifier: Apache-2.0 */
/* network.c - the network, as the paper draws it: transformation, feature extraction, sequence modelling, prediction
 * (Baek et al., "What Is Wrong With Scene Text Recognition Model Comparisons?", ICCV 2019, section 3). */
#include "model/network.h"

int slot_after(const struct feature_map *map, int k) { return (map->slot + k) % N_ROTATING_SLOTS; }

struct feature_map first_layers_forward(struct layer_run *run, const struct feature_map *in, int channels,
                                        int out_channels, run_part forward, const void *weights)
{
    const struct feature_map out = run_map(run, SLOT_FIRST_LAYERS, in->n, in->h / 4, in->w / 4,
                                           padded_channels(out_channels));
    run_in_parts(run, in, &out, channels, forward, weights);
    return out;
}

static void forward_two_convs(struct layer_run *run, const void *arg, const struct feature_map *in,
                              const struct feature_map *out)
{
    const struct conv2d_weights *convs = arg;
    struct feature_map x = conv2d_forward(run, &convs[0], in, slot_after(in, 1), NULL, true);
    x = max_pool2d_forward(run, &pool_2x2, &x, slot_after(&x, 1));
    x = conv2d_forward(run, &convs[1], &x, slot_after(&x, 1), NULL, true);
    max_pool2d_into(run, &pool_2x2, &x, out);
}

struct feature_map two_convs_forward(struct layer_run *run, const struct conv2d_weights convs[2],
                                     const struct feature_map *in)
{
    return first_layers_forward(run, in, convs[0].shape.oc, convs[1].shape.oc, forward_two_convs, convs);
}

int network_sequence_length(const trba_architecture *arch, int h, int w)
{
    if (h / 16 < 2) return 0; /* the last convolution takes two rows, four halvings down */
    if (arch->transformation == TRBA_TRANSFORMATION_TPS && w < 8) return 0; /* the localisation network halves thrice */
    if (w < 4) return 0;
    return arch->feature_extraction == TRBA_FEATURE_EXTRACTION_VGG ? w / 4 - 1 : w / 4 + 1;
}

bool network_pack(struct packer *packer, const trba_architecture *arch, struct network *out)
{
    out->arch = *arch;
    if (arch->transformation == TRBA_TRANSFORMATION_TPS) tps_pack(packer, arch, &out->tps);
    switch (arch->feature_extraction) {
    case TRBA_FEATURE_EXTRACTION_VGG: vgg_pack(packer, arch, &out->backbone.vgg); break;
    case TRBA_FEATURE_EXTRACTION_RCNN: rcnn_pack(packer, arch, &out->backbone.rcnn); break;
    default: resnet_pack(packer, arch, &out->backbone.resnet); break;
    }
    if (arch->sequence_modeling == TRBA_SEQUENCE_MODELING_BILSTM) bilstm_pack(packer, arch, &out->bilstm);
    if (arch->prediction == TRBA_PREDICTION_CTC) ctc_pack(packer, arch, &out->prediction.ctc);
    else attention_pack(packer, arch, &out->prediction.attention);
    return !packer->failed;
}

/* ---- tracing ---- */

static void trace_map(const struct network_call *call, const char *stage, const struct feature_map *map)
{
    if (call->trace != NULL)
        call->trace(call->trace_user, stage, map_pixel(map, 0, 0, 0), map->n, map->h, map->w, map->c, (size_t)map->c,
                    map_row_stride(map), map_image_stride(map));
}

/* [n][t][stride], the first c of each row. */
static void trace_rows(const struct network_call *call, const char *stage, const float *data, int n, int t, int c,
                       size_t stride)
{
    if (call->trace != NULL)
        call->trace(call->trace_user, stage, data, n, 1, t, c, stride, (size_t)t * stride, (size_t)t * stride);
}

static void trace_logits(const struct network_call *call, const struct network *network, int n,
                         const struct decoded *decoded)
{
    const size_t stride = (size_t)decoded->n_columns;
    if (network->arch.prediction == TRBA_PREDICTION_CTC) {
        trace_rows(call, "logits", decoded->logits, n, decoded->max_steps, network->arch.num_class, stride);
        return;
    }
    for (int i = 0; i < n; i++) /* attention: image by image, the steps that were run */
        trace_rows(call, "logits", decoded->logits + (size_t)i * (size_t)decoded->max_steps * stride, 1,
                   decoded->n_steps[i], network->arch.num_class, stride);
}

/* ---- running ---- */

static struct feature_map extract_features(struct layer_run *run, const struct network *network,
                                           const struct feature_map *in)
{
    switch (network->arch.feature_extraction) {
    case TRBA_FEATURE_EXTRACTION_VGG: return vgg_forward(run, &network->backbone.vgg, in);
    case TRBA_FEATURE_EXTRACTION_RCNN: return rcnn_forward(run, &network->backbone.rcnn, in);
    default: return resnet_forward(run, &network->backbone.resnet, in);
    }
}

void network_forward(struct layer_run *run, const struct network *network, const struct feature_map *in,
                     const struct network_call *call, struct decoded *out)
{
    const trba_architecture *arch = &network->arch;
    const bool traces = call->trace != NULL && !run->is_planning;
    const int n = in->n;
    run_begin(run);

    struct feature_map image = *in;
    if (traces) trace_map(call, "input", &image);
    if (arch->transformation == TRBA_TRANSFORMATION_TPS) {
        const float *points;
        image = tps_forward(run, &network->tps, in, &points);
        if (traces) {
            trace_rows(call, "fiducial_points", points, n, 1, 2 * arch->num_fiducial,
                       (size_t)network->tps.fc2.n_columns);
            trace_map(call, "rectified", &image);
        }
    }

    const struct feature_map map = extract_features(run, network, &image);
    float *sequence = run_rows(run, (size_t)n * (size_t)map.w * (size_t)map.c);
    mean_height_forward(run, &map, sequence);
    if (traces) trace_rows(call, "visual_feature", sequence, n, map.w, arch->output_channel, (size_t)map.c);

    if (arch->sequence_modeling == TRBA_SEQUENCE_MODELING_BILSTM) {
        sequence = bilstm_forward(run, &network->bilstm, n, map.w, sequence);
        if (traces)
            trace_rows(call, "contextual_feature", sequence, n, map.w, arch->hidden_size,
                       (size_t)network->bilstm.lstm[0].hidden);
    }

    if (arch->prediction == TRBA_PREDICTION_CTC)
        ctc_forward(run, &network->prediction.ctc, n, map.w, sequence, out);
    else
        attention_forward(run, &network->prediction.attention, n, map.w, sequence, call->max_steps,
                          call->stops_at_end, out);
    if (traces) trace_logits(call, network, n, out);
}
