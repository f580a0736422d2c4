/* SPDX-License-Identifier: Apache-2.0 */
/* lstm.c - the inputs of all steps in one product, then the recurrence, directions in parallel.
 *
 *   gates [n][t][2][4 * hidden] = W_ih x + b_ih + b_hh       all steps at once
 *   for each step:  gates + W_hh h  ->  i, f, g, o  ->  c = f c + i g,  h = o tanh(c)
 *
 * The hidden state of a step is written to its place in the result and read from there by the next step.
 */
#include "layers/lstm.h"

#include <string.h>

#include "base/integers.h"
#include "layers/linear.h"

struct lstm_job {
    const struct kernels *kernels;
    const struct bidirectional_lstm_weights *weights;
    int n, t;
    const float *gates;   /* [n][t][2][4 * hidden] */
    float *step_gates;    /* [2][n][4 * hidden] */
    float *cells;         /* [2][n][hidden] */
    const float *zero;    /* [hidden] */
    float *out;           /* [n][t][2 * hidden] */
    float *workspace;     /* per thread, for BLAS and integers */
    size_t workspace_per_thread;
    int images_per_task, tasks_per_direction;
};

/* All columns, in pieces; in every other step from the last to the first. The weights of a direction are about as large
 * as the second-level cache: read in circles they would never be in it, read to and fro most of them are. All at once
 * in integers, which are half as large, and where each piece would make the state integers anew; and with BLAS, which
 * may sum differently in pieces. */
static void multiply_to_and_fro(const struct lstm_job *job, const struct gemm_weights *weights,
                                const struct gemm_rows *rows, int step, float *workspace)
{
    enum { PIECE_COLUMNS = 128 };
    const int n_columns = weights->n_columns;
    const int piece = job->kernels->uses_blas || weights->packed_int16 != NULL ? n_columns : PIECE_COLUMNS;
    const int n_pieces = (n_columns + piece - 1) / piece;
    for (int i = 0; i < n_pieces; i++) {
        const int column = (step % 2 == 0 ? i : n_pieces - 1 - i) * piece;
        gemm_run_rows(job->kernels, weights, rows, column, smaller(piece, n_columns - column), workspace);
    }
}

/* One step of one direction for the images [first, first + n_images): the products. `before`: the step whose state it
 * goes on from; negative: none, the state is zero. */
static void recurrent_product(const struct lstm_job *job, int direction, int first, int n_images, int step, int before,
                              float *workspace)
{
    const size_t hidden = (size_t)job->weights->hidden, gates = LSTM_GATES * hidden;
    const struct gemm_weights *weights = &job->weights->recurrent[direction];
    struct gemm_rows rows = {.n_rows = n_images, .taps = linear_taps};
    for (int i = 0; i < n_images; i++) {
        const size_t image = (size_t)(first + i), sequence = image * (size_t)job->t;
        const size_t direction_at = (size_t)direction;
        rows.a[i] = before < 0 ? job->zero
                               : job->out + ((sequence + (size_t)before) * LSTM_DIRECTIONS + direction_at) * hidden;
        rows.residual[i] = job->gates + ((sequence + (size_t)step) * LSTM_DIRECTIONS + direction_at) * gates;
        rows.out[i] = job->step_gates + (direction_at * (size_t)job->n + image) * gates;
    }
    multiply_to_and_fro(job, weights, &rows, step, workspace);
}

static void run_step(const struct lstm_job *job, int direction, int first, int n_images, int step, int before,
                     float *workspace)
{
    const size_t hidden = (size_t)job->weights->hidden;
    recurrent_product(job, direction, first, n_images, step, before, workspace);
    for (int i = first; i < first + n_images; i++) {
        const size_t state = (size_t)direction * (size_t)job->n + (size_t)i;
        const size_t place = ((size_t)i * (size_t)job->t + (size_t)step) * LSTM_DIRECTIONS + (size_t)direction;
        job->kernels->lstm_cell(job->step_gates + state * LSTM_GATES * hidden, job->weights->hidden,
                                job->cells + state * hidden, job->out + place * hidden);
    }
}

static void lstm_task(void *arg, int task, int thread)
{
    const struct lstm_job *job = arg;
    const size_t hidden = (size_t)job->weights->hidden;
    const int direction = task / job->tasks_per_direction;
    const int first = task % job->tasks_per_direction * job->images_per_task;
    const int n_images = smaller(job->images_per_task, job->n - first);
    float *workspace = job->workspace + (size_t)thread * job->workspace_per_thread;
    memset(job->cells + ((size_t)direction * (size_t)job->n + (size_t)first) * hidden, 0,
           (size_t)n_images * hidden * sizeof(float));
    for (int s = 0, before = -1; s < job->t; s++) {
        const int step = direction == 0 ? s : job->t - 1 - s;
        run_step(job, direction, first, n_images, step, before, workspace);
        before = step;
    }
}

/* Images of one task: two directions times so many tasks that every thread has one. With BLAS one image, because BLAS
 * may sum a row differently beside others. */
static int choose_images_per_task(const struct layer_run *run, int n)
{
    if (run->kernels->uses_blas) return 1;
    const int tasks = (thread_pool_size(run->pool) + LSTM_DIRECTIONS - 1) / LSTM_DIRECTIONS;
    return smaller(GEMM_BLOCK_ROWS, (n + tasks - 1) / tasks);
}

void bidirectional_lstm_forward(struct layer_run *run, const struct bidirectional_lstm_weights *weights, int n, int t,
                                const float *in, size_t in_stride, float *out)
{
    const size_t hidden = (size_t)weights->hidden, all_gates = LSTM_DIRECTIONS * LSTM_GATES * hidden;
    const size_t n_states = LSTM_DIRECTIONS * (size_t)n;
    float *gates = run_rows(run, (size_t)n * (size_t)t * all_gates);
    float *step_gates = run_rows(run, n_states * LSTM_GATES * hidden);
    float *cells = run_rows(run, n_states * hidden);
    float *zero = run_rows(run, hidden);
    for (int d = 0; d < LSTM_DIRECTIONS; d++)
        linear_forward(run, &weights->input[d], n, t, in, in_stride,
                       gates == NULL ? NULL : gates + (size_t)d * LSTM_GATES * hidden, all_gates, false);

    struct lstm_job job = {.kernels = run->kernels, .weights = weights, .n = n, .t = t, .gates = gates,
                           .step_gates = step_gates, .cells = cells, .zero = zero, .out = out};
    job.images_per_task = choose_images_per_task(run, n);
    job.tasks_per_direction = (n + job.images_per_task - 1) / job.images_per_task;
    const int n_tasks = LSTM_DIRECTIONS * job.tasks_per_direction;
    job.workspace_per_thread = gemm_workspace(run->kernels, &weights->recurrent[0]);
    job.workspace = run_workspace(run, job.workspace_per_thread * (size_t)thread_pool_size(run->pool));
    if (run->is_planning) return;
    memset(zero, 0, hidden * sizeof(float));
    run_tasks(run, n_tasks, lstm_task, &job);
}
