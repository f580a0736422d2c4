/* SPDX-License-Identifier: Apache-2.0 */
/* bilstm.c - the sequence model: two bidirectional LSTMs, each followed by a linear layer that joins the directions.
 *
 *   [n][t][input] --LSTM--> [n][t][2 * hidden] --linear--> [n][t][hidden] --LSTM--> --linear--> [n][t][hidden]
 */
#include <stdio.h>
#include <stdlib.h>

#include "layers/linear.h"
#include "model/stages.h"

/* One direction's W_ih with both biases, or W_hh: four gates of `hidden` rows, each padded. */
static void pack_gates(struct packer *packer, const char *name, int n_in, int hidden, const float *bias,
                       struct gemm_weights *out)
{
    const struct gemm_source shape = {
        .n_segments = 1,
        .segment_length = n_in,
        .segment_padded = padded_channels(n_in),
        .element_stride = 1,
        .n_groups = LSTM_GATES,
        .group_length = hidden,
        .group_padded = padded_channels(hidden),
        .bias = bias,
    };
    pack_gemm(packer, name, name, &shape, out);
}

static void pack_direction(struct packer *packer, const char *rnn, const char *suffix, int n_in, int hidden,
                           struct gemm_weights *input, struct gemm_weights *recurrent)
{
    float *b_ih = pack_read(packer, "%s.bias_ih_l0%s", rnn, suffix);
    float *b_hh = pack_read(packer, "%s.bias_hh_l0%s", rnn, suffix);
    if (!packer->failed)
        for (int i = 0; i < LSTM_GATES * hidden; i++) b_ih[i] += b_hh[i];
    char name[64];
    snprintf(name, sizeof name, "%s.weight_ih_l0%s", rnn, suffix);
    pack_gates(packer, name, n_in, hidden, b_ih, input);
    snprintf(name, sizeof name, "%s.weight_hh_l0%s", rnn, suffix);
    pack_gates(packer, name, hidden, hidden, NULL, recurrent);
    free(b_ih);
    free(b_hh);
}

void bilstm_pack(struct packer *packer, const trba_architecture *arch, struct bilstm_weights *out)
{
    static const char *const suffixes[LSTM_DIRECTIONS] = {"", "_reverse"};
    const int hidden = arch->hidden_size;
    for (int layer = 0; layer < BILSTM_N_LAYERS; layer++) {
        char rnn[48], linear[48];
        snprintf(rnn, sizeof rnn, "SequenceModeling.%d.rnn", layer);
        snprintf(linear, sizeof linear, "SequenceModeling.%d.linear", layer);
        struct bidirectional_lstm_weights *lstm = &out->lstm[layer];
        lstm->hidden = padded_channels(hidden);
        for (int d = 0; d < LSTM_DIRECTIONS; d++)
            pack_direction(packer, rnn, suffixes[d], layer == 0 ? arch->output_channel : hidden, hidden,
                           &lstm->input[d], &lstm->recurrent[d]);
        const struct linear_shape shape = {.n_in = LSTM_DIRECTIONS * hidden, .n_segments = LSTM_DIRECTIONS,
                                           .n_out = hidden, .has_bias = true};
        pack_linear(packer, linear, &shape, &out->linear[layer]);
    }
}

float *bilstm_forward(struct layer_run *run, const struct bilstm_weights *weights, int n, int t, const float *in)
{
    const size_t n_rows = (size_t)n * (size_t)t, hidden = (size_t)weights->lstm[0].hidden;
    float *both = run_rows(run, n_rows * LSTM_DIRECTIONS * hidden);
    float *joined[BILSTM_N_LAYERS];
    for (int layer = 0; layer < BILSTM_N_LAYERS; layer++) {
        joined[layer] = run_rows(run, n_rows * hidden);
        const size_t in_stride = (size_t)weights->lstm[layer].input[0].depth;
        bidirectional_lstm_forward(run, &weights->lstm[layer], n, t, layer == 0 ? in : joined[layer - 1], in_stride,
                                   both);
        linear_forward(run, &weights->linear[layer], n, t, both, LSTM_DIRECTIONS * hidden, joined[layer], hidden,
                       false);
    }
    return joined[BILSTM_N_LAYERS - 1];
}
