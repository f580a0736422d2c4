/* SPDX-License-Identifier: Apache-2.0 */
/* lstm.h - a bidirectional LSTM over sequences (Hochreiter and Schmidhuber 1997; PyTorch's nn.LSTM, gates in the order
 * input, forget, cell, output). */
#ifndef TRBA_LAYERS_LSTM_H
#define TRBA_LAYERS_LSTM_H

#include "layers/gemm.h"

enum { LSTM_DIRECTIONS = 2, LSTM_GATES = 4 };

struct bidirectional_lstm_weights {
    int hidden;                                     /* padded to CHANNEL_ALIGN */
    struct gemm_weights input[LSTM_DIRECTIONS];     /* [in] -> [4 * hidden], both biases summed in */
    struct gemm_weights recurrent[LSTM_DIRECTIONS]; /* [hidden] -> [4 * hidden] */
};

/* in [n][t][in_stride] -> out [n][t][2 * hidden], forward direction first. Takes rows. */
void bidirectional_lstm_forward(struct layer_run *run, const struct bidirectional_lstm_weights *weights, int n, int t,
                                const float *in, size_t in_stride, float *out);

#endif
