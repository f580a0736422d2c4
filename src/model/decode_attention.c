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
 * close ranks. A row's numbers do not depend on its neighbours, so the text does not either. A single task is shared by
 * all threads, each with its columns of the products.
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
    static const char *const ih = "Prediction.attention_cell.rnn.weight_ih";
    static const char *const hh = "Prediction.attention_cell.rnn.weight_hh";
    float *w_ih = pack_read(packer, "%s", ih);
    float *b_ih = pack_read(packer, "%s.bias_ih", rnn), *b_hh = pack_read(packer, "%s.bias_hh", rnn);
    const int padded = padded_channels(hidden), width = input + out->num_class;
    struct gemm_source shape = {
        .n_segments = 1, .segment_length = input,
        .segment_padded = padded_channels(input), .element_stride = 1,
        .n_groups = LSTM_GATES, .group_length = hidden, .group_padded = padded,
    };
    pack_gemm(packer, ih, ih, &shape, &out->context_gates);
    shape.segment_length = hidden;
    shape.segment_padded = padded;
    pack_gemm(packer, hh, hh, &shape, &out->hidden_gates);
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
    struct thread_pool *pool;
    const struct attention_weights *weights;
    int n, t, t_padded, max_steps, images_per_task;
    int n_parts;                         /* of the columns of each product: threads that share one task */
    bool stops_at_end;
    const float *in, *keys;              /* [n][t][input], [n][t][hidden] */
    float *states, *cells;               /* [n][hidden] */
    float *queries, *contexts, *gates;   /* [n][hidden], [n][input], [n][4 * hidden] */
    float *alphas;                       /* [n][t_padded] */
    float *workspace;                    /* per thread, for BLAS and integers */
    size_t workspace_per_thread;
    const struct decoded *out;
};

/* The images of a task that have not ended, and where they are. */
struct decoding {
    const struct attention_job *job;
    int n;
    int image[GEMM_BLOCK_ROWS];
    int step;
    bool wants_logits, wants_next; /* of multiply_states(): what follows from the states */
    float *workspace;              /* [n_parts][workspace_per_thread] */
};

static size_t image_step(const struct decoding *d, int i, int step)
{
    return (size_t)d->image[i] * (size_t)d->job->max_steps + (size_t)step;
}

/* A part of the columns of a product: whole panels. */
static void multiply_part(const struct decoding *d, const struct gemm_weights *weights, struct gemm_rows *rows,
                          int part)
{
    const int width = d->job->n_parts == 1 ? weights->n_columns : d->job->kernels->gemm_columns;
    const int n_panels = (weights->n_columns + width - 1) / width;
    const int first = part * n_panels / d->job->n_parts * width;
    const int next = (part + 1) * n_panels / d->job->n_parts * width;
    const int end = next < weights->n_columns ? next : weights->n_columns;
    if (first >= end) return;
    rows->taps = linear_taps;
    gemm_run_rows(d->job->kernels, weights, rows, first, end - first,
                  d->workspace + (size_t)part * d->job->workspace_per_thread);
}

/* What the states are multiplied by: logits of the step before, queries = h2h(states), gates = W_hh states. */
static void multiply_states(void *arg, int part, int thread)
{
    (void)thread;
    const struct decoding *d = arg;
    const struct attention_job *job = d->job;
    const size_t hidden = (size_t)job->weights->hidden;
    struct gemm_rows rows = {.n_rows = d->n};
    for (int i = 0; i < d->n; i++) rows.a[i] = job->states + (size_t)d->image[i] * hidden;
    if (d->wants_logits) {
        for (int i = 0; i < d->n; i++)
            rows.out[i] = job->out->logits + image_step(d, i, d->step - 1) * (size_t)job->out->n_columns;
        multiply_part(d, &job->weights->generator, &rows, part);
    }
    if (!d->wants_next) return;
    for (int i = 0; i < d->n; i++) rows.out[i] = job->queries + (size_t)d->image[i] * hidden;
    multiply_part(d, &job->weights->h2h, &rows, part);
    for (int i = 0; i < d->n; i++) rows.out[i] = job->gates + (size_t)d->image[i] * LSTM_GATES * hidden;
    multiply_part(d, &job->weights->hidden_gates, &rows, part);
}

/* gates += W_ih contexts */
static void multiply_contexts(void *arg, int part, int thread)
{
    (void)thread;
    const struct decoding *d = arg;
    const struct attention_job *job = d->job;
    struct gemm_rows rows = {.n_rows = d->n};
    for (int i = 0; i < d->n; i++) {
        rows.a[i] = job->contexts + (size_t)d->image[i] * (size_t)job->weights->input;
        rows.out[i] = job->gates + (size_t)d->image[i] * LSTM_GATES * (size_t)job->weights->hidden;
        rows.residual[i] = rows.out[i];
    }
    multiply_part(d, &job->weights->context_gates, &rows, part);
}

static void run_parts(struct decoding *d, pool_task multiply)
{
    if (d->job->n_parts == 1) multiply(d, 0, 0);
    else thread_pool_run(d->job->pool, d->job->n_parts, multiply, d);
}

/* The chosen class of every image in the step before; those that chose the end token leave. */
static void choose_classes(struct decoding *d)
{
    const struct decoded *out = d->job->out;
    int n_left = 0;
    for (int i = 0; i < d->n; i++) {
        const int image = d->image[i];
        const size_t at = image_step(d, i, d->step - 1);
        out->classes[at] = d->job->kernels->argmax_softmax(out->logits + at * (size_t)out->n_columns, out->n_columns,
                                                           &out->probabilities[at]);
        out->n_steps[image] = d->step;
        if (out->classes[at] != CLASS_END || !d->job->stops_at_end) d->image[n_left++] = image;
    }
    d->n = n_left;
}

/* Softmax over the sequence, and the mean of the sequence under it. Also where the attention lies. */
static void attend(const struct decoding *d, int i)
{
    const struct attention_job *job = d->job;
    const struct attention_weights *weights = job->weights;
    const size_t image = (size_t)d->image[i], t = (size_t)job->t;
    const size_t hidden = (size_t)weights->hidden, input = (size_t)weights->input;
    float *alpha = job->alphas + image * (size_t)job->t_padded;
    job->kernels->attention_scores(job->keys + image * t * hidden, job->t, weights->hidden,
                                   job->queries + image * hidden, weights->score, alpha);
    for (int k = job->t; k < job->t_padded; k++) alpha[k] = -INFINITY;
    job->kernels->softmax(alpha, job->t_padded);
    job->kernels->weighted_sum(alpha, job->in + image * t * input, job->t, weights->input,
                               job->contexts + image * input);
    float centre = 0.0f;
    for (int k = 0; k < job->t; k++) centre += alpha[k] * ((float)k + 0.5f);
    job->out->positions[image_step(d, i, d->step)] = centre / (float)job->t;
}

/* gates += row of the character chosen in the step before; [GO] before the first. */
static void add_character(const struct decoding *d, int i)
{
    const size_t n_gates = LSTM_GATES * (size_t)d->job->weights->hidden;
    const int previous = d->step == 0 ? CLASS_GO : d->job->out->classes[image_step(d, i, d->step - 1)];
    const float *row = d->job->weights->character_gates + (size_t)previous * n_gates;
    float *gates = d->job->gates + (size_t)d->image[i] * n_gates;
    for (size_t k = 0; k < n_gates; k++) gates[k] += row[k];
}

static void update_state(const struct decoding *d, int i)
{
    const struct attention_job *job = d->job;
    const size_t image = (size_t)d->image[i], hidden = (size_t)job->weights->hidden;
    job->kernels->lstm_cell(job->gates + image * LSTM_GATES * hidden, job->weights->hidden,
                            job->cells + image * hidden, job->states + image * hidden);
}

/* Products of the states. Threads that share a task meet seldom: they compute what only the images that go on need
 * before it is known which do. */
static void follow_states(struct decoding *d)
{
    const bool is_first = d->step == 0, is_last = d->step == d->job->max_steps, is_shared = d->job->n_parts > 1;
    d->wants_logits = !is_first;
    d->wants_next = !is_last && (is_first || is_shared);
    run_parts(d, multiply_states);
    if (!is_first) choose_classes(d);
    if (d->n == 0 || is_last || d->wants_next) return;
    d->wants_logits = false;
    d->wants_next = true;
    run_parts(d, multiply_states);
}

static void decode_task(void *arg, int task, int thread)
{
    const struct attention_job *job = arg;
    const size_t hidden = (size_t)job->weights->hidden;
    const int first = task * job->images_per_task;
    struct decoding d = {.job = job, .workspace = job->workspace + (size_t)thread * job->workspace_per_thread};
    for (int i = first; i < first + job->images_per_task && i < job->n; i++) d.image[d.n++] = i;
    memset(job->states + (size_t)first * hidden, 0, (size_t)d.n * hidden * sizeof(float));
    memset(job->cells + (size_t)first * hidden, 0, (size_t)d.n * hidden * sizeof(float));
    for (;; d.step++) {
        follow_states(&d);
        if (d.n == 0 || d.step == job->max_steps) return;
        for (int i = 0; i < d.n; i++) {
            add_character(&d, i);
            attend(&d, i);
        }
        run_parts(&d, multiply_contexts);
        for (int i = 0; i < d.n; i++) update_state(&d, i);
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
    struct attention_job job = {.kernels = run->kernels, .pool = run->pool, .weights = weights, .n = n, .t = t,
                                .max_steps = max_steps, .stops_at_end = stops_at_end, .in = in, .out = out};
    job.t_padded = padded_channels(t);
    job.images_per_task = choose_images_per_task(run, n);
    const int n_tasks = (n + job.images_per_task - 1) / job.images_per_task;
    job.n_parts = n_tasks == 1 && !run->kernels->uses_blas ? thread_pool_size(run->pool) : 1;
    float *keys = run_rows(run, rows * (size_t)t * hidden);
    linear_forward(run, &weights->i2h, n, t, in, input, keys, hidden, false);
    job.keys = keys;
    job.states = run_rows(run, rows * hidden);
    job.cells = run_rows(run, rows * hidden);
    job.queries = run_rows(run, rows * hidden);
    job.contexts = run_rows(run, rows * input);
    job.gates = run_rows(run, rows * LSTM_GATES * hidden);
    job.alphas = run_rows(run, rows * (size_t)job.t_padded);
    job.workspace_per_thread = largest_workspace(run->kernels, weights);
    job.workspace = run_workspace(run, job.workspace_per_thread * (size_t)thread_pool_size(run->pool));
    if (job.n_parts == 1) run_tasks(run, n_tasks, decode_task, &job);
    else if (!run->is_planning) decode_task(&job, 0, 0);
}
