/* SPDX-License-Identifier: Apache-2.0 */
/* decode_ctc.c - connectionist temporal classification (Graves et al., 2006), greedy: the most probable class of every
 * frame. Dropping repeats and blanks is the business of read_text.c.
 *
 *   in [n][t][features] --linear--> logits [n][t][classes] --argmax, softmax--> class and probability per frame
 */
#include "layers/linear.h"
#include "model/stages.h"

void decoded_allocate(struct layer_run *run, int n, int max_steps, int n_columns, struct decoded *out)
{
    const size_t steps = (size_t)n * (size_t)max_steps;
    _Static_assert(sizeof(int) == sizeof(float), "integers are kept in rows of floats");
    *out = (struct decoded){.max_steps = max_steps, .n_columns = n_columns};
    out->n_steps = (int *)run_rows(run, (size_t)n);
    out->classes = (int *)run_rows(run, steps);
    out->probabilities = run_rows(run, steps);
    out->positions = run_rows(run, steps);
    out->logits = run_rows(run, steps * (size_t)n_columns);
}

void ctc_pack(struct packer *packer, const trba_architecture *arch, struct ctc_weights *out)
{
    const bool has_lstm = arch->sequence_modeling == TRBA_SEQUENCE_MODELING_BILSTM;
    const struct linear_shape shape = {.n_in = has_lstm ? arch->hidden_size : arch->output_channel,
                                       .n_segments = 1,
                                       .n_out = arch->num_class,
                                       .has_bias = true,
                                       .is_logits = true};
    pack_linear(packer, "Prediction", &shape, &out->linear);
}

void ctc_forward(struct layer_run *run, const struct ctc_weights *weights, int n, int t, const float *in,
                 struct decoded *out)
{
    const int n_columns = weights->linear.n_columns;
    decoded_allocate(run, n, t, n_columns, out);
    linear_forward(run, &weights->linear, n, t, in, (size_t)weights->linear.depth, out->logits, (size_t)n_columns,
                   false);
    if (run->is_planning) return;
    for (int i = 0; i < n; i++) {
        out->n_steps[i] = t;
        for (int frame = 0; frame < t; frame++) {
            const size_t at = (size_t)i * (size_t)t + (size_t)frame;
            out->classes[at] = run->kernels->argmax_softmax(out->logits + at * (size_t)n_columns, n_columns,
                                                            &out->probabilities[at]);
            out->positions[at] = ((float)frame + 0.5f) / (float)t;
        }
    }
}
