/* SPDX-License-Identifier: Apache-2.0 */
/* decode_attention.c - turn the encoder's sequence into characters, one per step (Bahdanau et al. 2015, as in RARE).
 *
 *   h_seq [t, input]  --i2h-->  keys [t, hidden]               once per image
 *   repeat up to max_steps:
 *     score  = tanh(keys + h2h(state)) . v                     [t]
 *     ctx    = softmax(score) . h_seq                          [input]
 *     state  = lstm(ctx, previous character)                   the one-hot input is a row lookup
 *     logits = generator(state)                                [classes]
 *   stop after the end token.                                (the reference always runs max_steps)
 *
 * The images of a task go through the steps together; one that has reached its end token drops out, and the others
 * close ranks. A row's numbers do not depend on its neighbours, so the text does not either.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layers/linear.h"
#include "model/stages.h"

enum { CLASS_GO = 0, CLASS_END = 1 };

/* ---- packing ---- */

/* W_ih [4 * hidden][input + num_class]: its left part multiplies the context, its right part is one column per
 * character, which is kept as a table of rows, biases included. */
static void pack_cell(struct packer *packer, int input, int hidden, struct attention_weights *out)
{
    static const char *const rnn = "Prediction.attention_cell.rnn";
    float *w_ih = pack_read(packer, "%s.weight_ih", rnn), *w_hh = pack_read(packer, "%s.weight_hh", rnn);
    float *b_ih = pack_read(packer, "%s.bias_ih", rnn), *b_hh = pack_read(packer, "%s.bias_hh", rnn);
    const int padded = padded_channels(hidden), width = input + out->num_class;
    struct gemm_source source = {
        .values = w_ih, .row_stride = (size_t)width, .n_segments = 1, .segment_length = input,
        .segment_padded = padded_channels(input), .element_stride = 1,
        .n_groups = LSTM_GATES, .group_length = hidden, .group_padded = padded,
    };
    pack_gemm(packer, "Prediction.attention_cell.rnn.weight_ih", &source, &out->context_gates);
    source.values = w_hh;
    source.row_stride = (size_t)hidden;
    source.segment_length = hidden;
    source.segment_padded = padded;
    pack_gemm(packer, "Prediction.attention_cell.rnn.weight_hh", &source, &out->hidden_gates);
    float *table = packer->failed ? NULL : arena_alloc_array(packer->arena, (size_t)out->num_class * LSTM_GATES,
                                                             (size_t)padded * sizeof(float));
    if (table == NULL) packer->failed = true;
    for (int k = 0; table != NULL && k < out->num_class; k++)
        for (int gate = 0; gate < LSTM_GATES; gate++)
            for (int i = 0; i < hidden; i++) {
                const int row = gate * hidden + i;
                table[((size_t)k * LSTM_GATES + (size_t)gate) * (size_t)padded + (size_t)i] =
                    w_ih[(size_t)row * (size_t)width + (size_t)(input + k)] + b_ih[row] + b_hh[row];
            }
    out->character_gates = table;
    free(w_ih);
    free(w_hh);
    free(b_ih);
    free(b_hh);
}

static void pack_score(struct packer *packer, int hidden, struct attention_weights *out)
{
    float *values = pack_read(packer, "Prediction.attention_cell.score.weight");
    float *score = packer->failed ? NULL
                                  : arena_alloc_array(packer->arena, (size_t)padded_channels(hidden), sizeof(float));
    if (score == NULL) packer->failed = true;
    else memcpy(score, values, (size_t)hidden * sizeof(float));
    out->score = score;
    free(values);
}

void attention_pack(struct packer *packer, const trba_architecture *arch, struct attention_weights *out)
{
    const bool has_lstm = arch->sequence_modeling == TRBA_SEQUENCE_MODELING_BILSTM;
    const int input = has_lstm ? arch->hidden_size : arch->output_channel, hidden = arch->hidden_size;
    out->input = padded_channels(input);
    out->hidden = padded_channels(hidden);
    out->num_class = arch->num_class;
    const struct linear_shape i2h = {.n_in = input, .n_segments = 1, .n_out = hidden};
    const struct linear_shape h2h = {.n_in = hidden, .n_segments = 1, .n_out = hidden, .has_bias = true};
    const struct linear_shape generator = {.n_in = hidden, .n_segments = 1, .n_out = arch->num_class, .has_bias = true,
                                           .is_logits = true};
    pack_linear(packer, "Prediction.attention_cell.i2h", &i2h, &out->i2h);
    pack_linear(packer, "Prediction.attention_cell.h2h", &h2h, &out->h2h);
    pack_cell(packer, input, hidden, out);
    pack_score(packer, hidden, out);
    pack_linear(packer, "Prediction.generator", &generator, &out->generator);
}

/* ---- running ---- */

struct attention_job {
    const struct kernels *kernels;
    const struct attention_weights *weights;
    int n, t, t_padded, max_steps, images_per_task;
    bool stops_at_end;
    const float *in, *keys;              /* [n][t][input], [n][t][hidden] */
    float *states, *cells;               /* [n][hidden] */
    float *queries, *contexts, *gates;   /* [n][hidden], [n][input], [n][4 * hidden] */
    float *alphas;                       /* [n][t_padded] */
    float *workspace;                    /* per task, for BLAS */
    size_t workspace_per_task;
    const struct decoded *out;
};

/* The images of a task that have not ended. */
struct active_images {
    int n;
    int image[GEMM_BLOCK_ROWS];
};

static void product(const struct attention_job *job, const struct gemm_weights *weights, struct gemm_rows *rows,
                    float *workspace)
{
    rows->taps = linear_taps;
    gemm_run_rows(job->kernels, weights, rows, 0, weights->n_columns, workspace);
}

/* queries = h2h(states) */
static void compute_queries(const struct attention_job *job, const struct active_images *active, float *workspace)
{
    const size_t hidden = (size_t)job->weights->hidden;
    struct gemm_rows rows = {.n_rows = active->n};
    for (int i = 0; i < active->n; i++) {
        rows.a[i] = job->states + (size_t)active->image[i] * hidden;
        rows.out[i] = job->queries + (size_t)active->image[i] * hidden;
    }
    product(job, &job->weights->h2h, &rows, workspace);
}

/* Softmax over the sequence, and the mean of the sequence under it. Also where the attention lies. */
static void attend(const struct attention_job *job, int image, int step)
{
    const struct attention_weights *weights = job->weights;
    const size_t hidden = (size_t)weights->hidden, input = (size_t)weights->input, t = (size_t)job->t;
    float *alpha = job->alphas + (size_t)image * (size_t)job->t_padded;
    job->kernels->attention_scores(job->keys + (size_t)image * t * hidden, job->t, weights->hidden,
                                   job->queries + (size_t)image * hidden, weights->score, alpha);
    for (int i = job->t; i < job->t_padded; i++) alpha[i] = -INFINITY;
    job->kernels->softmax(alpha, job->t_padded);
    job->kernels->weighted_sum(alpha, job->in + (size_t)image * t * input, job->t, weights->input,
                               job->contexts + (size_t)image * input);
    float centre = 0.0f;
    for (int i = 0; i < job->t; i++) centre += alpha[i] * ((float)i + 0.5f);
    job->out->positions[(size_t)image * (size_t)job->max_steps + (size_t)step] = centre / (float)job->t;
}

/* The character chosen in the step before; [GO] before the first. */
static int previous_class(const struct attention_job *job, int image, int step)
{
    return step == 0 ? CLASS_GO : job->out->classes[(size_t)image * (size_t)job->max_steps + (size_t)(step - 1)];
}

/* gates = W_hh state + row of the previous character, then + W_ih context; then the cell. */
static void update_states(const struct attention_job *job, const struct active_images *active, int step,
                          float *workspace)
{
    const struct attention_weights *weights = job->weights;
    const size_t hidden = (size_t)weights->hidden, n_gates = LSTM_GATES * hidden;
    struct gemm_rows rows = {.n_rows = active->n};
    for (int i = 0; i < active->n; i++) {
        const size_t image = (size_t)active->image[i];
        rows.a[i] = job->states + image * hidden;
        rows.residual[i] = weights->character_gates + (size_t)previous_class(job, active->image[i], step) * n_gates;
        rows.out[i] = job->gates + image * n_gates;
    }
    product(job, &weights->hidden_gates, &rows, workspace);
    for (int i = 0; i < active->n; i++) {
        rows.a[i] = job->contexts + (size_t)active->image[i] * (size_t)weights->input;
        rows.residual[i] = rows.out[i];
    }
    product(job, &weights->context_gates, &rows, workspace);
    for (int i = 0; i < active->n; i++) {
        const size_t image = (size_t)active->image[i];
        job->kernels->lstm_cell(job->gates + image * n_gates, weights->hidden, job->cells + image * hidden,
                                job->states + image * hidden);
    }
}

/* Logits and the chosen class of every active image; those that chose the end token leave. */
static void predict(const struct attention_job *job, struct active_images *active, int step, float *workspace)
{
    const struct decoded *out = job->out;
    const size_t hidden = (size_t)job->weights->hidden, n_columns = (size_t)out->n_columns;
    struct gemm_rows rows = {.n_rows = active->n};
    for (int i = 0; i < active->n; i++) {
        const size_t image = (size_t)active->image[i], at = image * (size_t)job->max_steps + (size_t)step;
        rows.a[i] = job->states + image * hidden;
        rows.out[i] = out->logits + at * n_columns;
    }
    product(job, &job->weights->generator, &rows, workspace);
    int n_left = 0;
    for (int i = 0; i < active->n; i++) {
        const int image = active->image[i];
        const size_t at = (size_t)image * (size_t)job->max_steps + (size_t)step;
        out->classes[at] = job->kernels->argmax_softmax(rows.out[i], out->n_columns, &out->probabilities[at]);
        out->n_steps[image] = step + 1;
        if (out->classes[at] != CLASS_END || !job->stops_at_end) active->image[n_left++] = image;
    }
    active->n = n_left;
}

static void decode_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct attention_job *job = arg;
    const size_t hidden = (size_t)job->weights->hidden;
    const int first = task * job->images_per_task;
    float *workspace = job->workspace + (size_t)task * job->workspace_per_task;
    struct active_images active = {.n = 0};
    for (int i = first; i < first + job->images_per_task && i < job->n; i++) active.image[active.n++] = i;
    memset(job->states + (size_t)first * hidden, 0, (size_t)active.n * hidden * sizeof(float));
    memset(job->cells + (size_t)first * hidden, 0, (size_t)active.n * hidden * sizeof(float));
    for (int step = 0; step < job->max_steps && active.n > 0; step++) {
        compute_queries(job, &active, workspace);
        for (int i = 0; i < active.n; i++) attend(job, active.image[i], step);
        update_states(job, &active, step, workspace);
        predict(job, &active, step, workspace);
    }
}

static size_t largest_workspace(const struct kernels *kernels, const struct attention_weights *weights)
{
    const struct gemm_weights *const all[] = {&weights->h2h, &weights->hidden_gates, &weights->context_gates,
                                              &weights->generator};
    size_t largest = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const size_t needed = gemm_workspace(kernels, all[i]);
        if (needed > largest) largest = needed;
    }
    return largest;
}

/* With BLAS one image per task, because BLAS may sum a row differently beside others. */
static int choose_images_per_task(const struct layer_run *run, int n)
{
    if (run->kernels->uses_blas) return 1;
    const int n_threads = thread_pool_size(run->pool), share = (n + n_threads - 1) / n_threads;
    return share < GEMM_BLOCK_ROWS ? share : GEMM_BLOCK_ROWS;
}

void attention_forward(struct layer_run *run, const struct attention_weights *weights, int n, int t, const float *in,
                       int max_steps, bool stops_at_end, struct decoded *out)
{
    const size_t rows = (size_t)n, hidden = (size_t)weights->hidden, input = (size_t)weights->input;
    decoded_allocate(run, n, max_steps, weights->generator.n_columns, out);
    struct attention_job job = {.kernels = run->kernels, .weights = weights, .n = n, .t = t, .max_steps = max_steps,
                                .stops_at_end = stops_at_end, .in = in, .out = out};
    job.t_padded = padded_channels(t);
    job.images_per_task = choose_images_per_task(run, n);
    const int n_tasks = (n + job.images_per_task - 1) / job.images_per_task;
    float *keys = run_rows(run, rows * (size_t)t * hidden);
    linear_forward(run, &weights->i2h, n, t, in, input, keys, hidden, false);
    job.keys = keys;
    job.states = run_rows(run, rows * hidden);
    job.cells = run_rows(run, rows * hidden);
    job.queries = run_rows(run, rows * hidden);
    job.contexts = run_rows(run, rows * input);
    job.gates = run_rows(run, rows * LSTM_GATES * hidden);
    job.alphas = run_rows(run, rows * (size_t)job.t_padded);
    job.workspace_per_task = largest_workspace(run->kernels, weights);
    job.workspace = run_workspace(run, job.workspace_per_task * (size_t)n_tasks);
    run_tasks(run, n_tasks, decode_task, &job);
}
