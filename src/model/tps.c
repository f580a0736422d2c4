/* SPDX-License-Identifier: Apache-2.0 */
/* tps.c - the spatial transformer of RARE (Shi et al., "Robust Scene Text Recognition with Automatic Rectification",
 * CVPR 2016): find control points along the word's upper and lower edge, bend the image so that they lie on two
 * straight lines.
 *
 *   in [n, h, w, c] --four convolutions, mean--> [n, 512] --fc1, fc2--> control points C' [num_fiducial, 2]
 *   T = inv_delta_C . [C'; 0]                  thin-plate spline weights        [num_fiducial + 3, 2]
 *   grid = P_hat . T                           where each output pixel comes from, in [-1, 1]
 *   out = bilinear sample of in on the grid    border replicated, corners aligned
 *
 * P_hat and inv_delta_C do not depend on the image. They are buffers of the checkpoint. Some checkpoints lack them, or
 * they do not fit another input size, or they were rounded to 16 bits with the weights, which moves points by whole
 * pixels: then they are computed, in double, as the reference does.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layers/linear.h"
#include "model/stages.h"

enum {
    LOCALIZATION_FC = 256,
    MAP_CHANNELS = 512,
    AFFINE_TERMS = 3 /* 1, x, y before the radial terms */
};
static const int localization_channels[TPS_N_CONVS] = {64, 128, 256, MAP_CHANNELS};

/* ---- the buffers, computed ---- */

struct point {
    double x, y;
};

/* Control points of the straightened word: num_fiducial / 2 along the top edge, as many along the bottom. */
static struct point base_point(int num_fiducial, int i)
{
    const int half = num_fiducial / 2, k = i % half;
    const double x = half > 1 ? -1.0 + 2.0 * k / (half - 1) : -1.0;
    return (struct point){.x = x, .y = i < half ? -1.0 : 1.0};
}

/* Solves a . x = identity by Gauss-Jordan elimination with partial pivoting; a [n][2n] holds [a | identity], and
 * [identity | inverse] after. False if singular. */
static bool invert(double *a, int n)
{
    const int width = 2 * n;
    for (int column = 0; column < n; column++) {
        int pivot = column;
        for (int row = column + 1; row < n; row++)
            if (fabs(a[row * width + column]) > fabs(a[pivot * width + column])) pivot = row;
        if (a[pivot * width + column] == 0.0) return false;
        for (int j = 0; j < width; j++) {
            const double swap = a[pivot * width + j];
            a[pivot * width + j] = a[column * width + j];
            a[column * width + j] = swap;
        }
        const double scale = 1.0 / a[column * width + column];
        for (int j = 0; j < width; j++) a[column * width + j] *= scale;
        for (int row = 0; row < n; row++) {
            const double factor = a[row * width + column];
            if (row == column || factor == 0.0) continue;
            for (int j = 0; j < width; j++) a[row * width + j] -= factor * a[column * width + j];
        }
    }
    return true;
}

/* delta_C = [[1, C, r^2 log r], [0, C^T], [0, 1]], with r the distances between base points (0 where r is 0). */
static void fill_delta_c(int num_fiducial, double *a)
{
    const int n = num_fiducial + AFFINE_TERMS, width = 2 * n;
    for (int i = 0; i < num_fiducial; i++) {
        const struct point p = base_point(num_fiducial, i);
        a[i * width] = 1.0;
        a[i * width + 1] = p.x;
        a[i * width + 2] = p.y;
        a[num_fiducial * width + AFFINE_TERMS + i] = p.x;
        a[(num_fiducial + 1) * width + AFFINE_TERMS + i] = p.y;
        a[(num_fiducial + 2) * width + AFFINE_TERMS + i] = 1.0;
        for (int j = 0; j < num_fiducial; j++) {
            const struct point q = base_point(num_fiducial, j);
            const double r = hypot(p.x - q.x, p.y - q.y);
            a[i * width + AFFINE_TERMS + j] = r > 0.0 ? r * r * log(r) : 0.0;
        }
    }
    for (int i = 0; i < n; i++) a[i * width + n + i] = 1.0;
}

static bool compute_inv_delta_c(int num_fiducial, float *out)
{
    const int n = num_fiducial + AFFINE_TERMS;
    double *a = calloc((size_t)(2 * n * n), sizeof(double));
    if (a == NULL) return false;
    fill_delta_c(num_fiducial, a);
    const bool done = invert(a, n);
    for (int i = 0; done && i < n; i++)
        for (int j = 0; j < n; j++) out[i * n + j] = (float)a[i * 2 * n + n + j];
    free(a);
    return done;
}

/* Column p: 1, x, y and r^2 log(r + 1e-6) for each base point, of pixel p's centre in [-1, 1]. */
static void compute_basis(int num_fiducial, int img_h, int img_w, float *out)
{
    const int n_points = img_h * img_w;
    for (int p = 0; p < n_points; p++) {
        const double x = (double)(2 * (p % img_w) + 1 - img_w) / img_w;
        const double y = (double)(2 * (p / img_w) + 1 - img_h) / img_h;
        out[p] = 1.0f;
        out[n_points + p] = (float)x;
        out[2 * n_points + p] = (float)y;
        for (int i = 0; i < num_fiducial; i++) {
            const struct point base = base_point(num_fiducial, i);
            const double r = hypot(x - base.x, y - base.y);
            out[(size_t)(AFFINE_TERMS + i) * (size_t)n_points + (size_t)p] = (float)(r * r * log(r + 1e-6));
        }
    }
}

/* ---- packing ---- */

static const char *const inv_delta_c_name = "Transformation.GridGenerator.inv_delta_C";
static const char *const p_hat_name = "Transformation.GridGenerator.P_hat";

/* The buffer of the checkpoint, or NULL: to be computed. */
static const struct tensor *find_buffer(const struct packer *packer, const char *name, size_t n_elements)
{
    const struct tensor *buffer = tensor_table_find(packer->table, name);
    const bool is_exact = buffer != NULL && tensor_dtype_bytes(buffer->dtype) >= sizeof(float);
    return is_exact && buffer->n_elements == n_elements ? buffer : NULL;
}

static void pack_inv_delta_c(struct packer *packer, struct tps_weights *out)
{
    const size_t n = (size_t)(out->num_fiducial + AFFINE_TERMS);
    float *matrix = arena_alloc_array(packer->arena, n * n, sizeof(float));
    out->inv_delta_c = matrix;
    if (matrix == NULL) {
        packer->failed = true;
    } else if (find_buffer(packer, inv_delta_c_name, n * n) == NULL) {
        packer->failed = !compute_inv_delta_c(out->num_fiducial, matrix);
    } else {
        float *values = pack_read(packer, "%s", inv_delta_c_name);
        if (values != NULL) memcpy(matrix, values, n * n * sizeof(float));
        free(values);
    }
}

static void pack_basis(struct packer *packer, struct tps_weights *out)
{
    const size_t n_terms = (size_t)(out->num_fiducial + AFFINE_TERMS), n_points = (size_t)(out->img_h * out->img_w);
    float *basis = arena_alloc_array(packer->arena, n_terms * n_points, sizeof(float));
    out->basis = basis;
    if (basis == NULL) {
        packer->failed = true;
    } else if (find_buffer(packer, p_hat_name, n_terms * n_points) == NULL) {
        compute_basis(out->num_fiducial, out->img_h, out->img_w, basis);
    } else {
        float *values = pack_read(packer, "%s", p_hat_name);
        for (size_t p = 0; values != NULL && p < n_points; p++)
            for (size_t k = 0; k < n_terms; k++) basis[k * n_points + p] = values[p * n_terms + k];
        free(values);
    }
}

static void pack_convs(struct packer *packer, const trba_architecture *arch, struct tps_weights *out)
{
    static const char *const convs[TPS_N_CONVS] = {"0", "4", "8", "12"};
    static const char *const norms[TPS_N_CONVS] = {"1", "5", "9", "13"};
    for (int i = 0; i < TPS_N_CONVS; i++) {
        char conv[80] = "Transformation.LocalizationNetwork.conv.", norm[80];
        memcpy(norm, conv, sizeof norm);
        strncat(conv, convs[i], 4);
        strncat(norm, norms[i], 4);
        const struct conv_names names = {.conv = conv, .norm = norm, .has_bias = false};
        const struct conv2d_shape shape = {.c = i > 0 ? localization_channels[i - 1] : arch->input_channel,
                                           .oc = localization_channels[i],
                                           .kh = 3, .kw = 3, .stride_h = 1, .stride_w = 1, .pad_h = 1, .pad_w = 1};
        pack_conv2d(packer, &names, &shape, i == 0, &out->convs[i]);
    }
}

/* Where the picture is read from decides everything after: 8 bits of fraction would move points by a pixel. */
static void pack_convs_exactly(struct packer *packer, const trba_architecture *arch, struct tps_weights *out)
{
    const struct kernels *kernels = packer->kernels;
    struct kernels exact = *kernels;
    if (exact.tiles == TILES_BF16) exact.tiles = TILES_INT8X2;
    packer->kernels = &exact;
    pack_convs(packer, arch, out);
    packer->kernels = kernels;
}

void tps_pack(struct packer *packer, const trba_architecture *arch, struct tps_weights *out)
{
    pack_convs_exactly(packer, arch, out);
    const struct linear_shape fc1 = {.n_in = MAP_CHANNELS, .n_segments = 1, .n_out = LOCALIZATION_FC, .has_bias = true};
    const struct linear_shape fc2 = {.n_in = LOCALIZATION_FC, .n_segments = 1, .n_out = 2 * arch->num_fiducial,
                                     .has_bias = true};
    pack_linear(packer, "Transformation.LocalizationNetwork.localization_fc1.0", &fc1, &out->fc1);
    pack_linear(packer, "Transformation.LocalizationNetwork.localization_fc2", &fc2, &out->fc2);
    out->num_fiducial = arch->num_fiducial;
    out->img_h = arch->img_h;
    out->img_w = arch->img_w;
    if (packer->failed) return;
    pack_inv_delta_c(packer, out);
    pack_basis(packer, out);
}

/* ---- running ---- */

static const float *locate_points(struct layer_run *run, const struct tps_weights *weights,
                                  const struct feature_map *in)
{
    struct feature_map x = two_convs_forward(run, weights->convs, in);
    for (int i = 2; i < TPS_N_CONVS; i++) {
        x = conv2d_forward(run, &weights->convs[i], &x, slot_after(&x, 1), NULL, true);
        if (i < TPS_N_CONVS - 1) x = max_pool2d_forward(run, &pool_2x2, &x, slot_after(&x, 1));
    }
    float *features = run_rows(run, (size_t)in->n * MAP_CHANNELS);
    float *hidden = run_rows(run, (size_t)in->n * LOCALIZATION_FC);
    float *points = run_rows(run, (size_t)in->n * (size_t)weights->fc2.n_columns);
    mean_map_forward(run, &x, features);
    linear_forward(run, &weights->fc1, in->n, 1, features, MAP_CHANNELS, hidden, LOCALIZATION_FC, true);
    linear_forward(run, &weights->fc2, in->n, 1, hidden, LOCALIZATION_FC, points, (size_t)weights->fc2.n_columns,
                   false);
    return points;
}

/* spline [num_fiducial + 3][2] = inv_delta_C . [points; 0], in double: large terms cancel, and what is left of their
 * rounding is most of what the grid would be off. */
static void solve_spline(const struct tps_weights *weights, const float *points, float *spline)
{
    const int n = weights->num_fiducial + AFFINE_TERMS;
    for (int i = 0; i < n; i++) {
        double x = 0.0, y = 0.0;
        for (int k = 0; k < weights->num_fiducial; k++) {
            const double factor = (double)weights->inv_delta_c[i * n + k];
            x += factor * (double)points[2 * k];
            y += factor * (double)points[2 * k + 1];
        }
        spline[2 * i] = (float)x;
        spline[2 * i + 1] = (float)y;
    }
}

/* A coordinate in [-1, 1] (corners aligned) to pixels, clipped to the image. NaN goes to 0. */
static float to_pixels(float coordinate, int size)
{
    const float pixels = (coordinate + 1.0f) * ((float)(size - 1) / 2.0f);
    const float last = (float)(size - 1);
    return pixels > 0.0f ? (pixels < last ? pixels : last) : 0.0f;
}

static void sample_pixel(const struct feature_map *in, int image, float x, float y, float *out)
{
    const int x0 = (int)x, y0 = (int)y; /* not negative: truncation is floor */
    const float right = x - (float)x0, below = y - (float)y0;
    /* The pixel past the edge is the zero border, and its weight is zero. */
    const float *top = map_pixel(in, image, y0, x0), *bottom = map_pixel(in, image, y0 + 1, x0);
    for (int c = 0; c < in->c; c++) {
        const float upper = top[c] * (1.0f - right) + top[in->c + c] * right;
        const float lower = bottom[c] * (1.0f - right) + bottom[in->c + c] * right;
        out[c] = upper * (1.0f - below) + lower * below;
    }
}

struct tps_job {
    const struct kernels *kernels;
    const struct tps_weights *weights;
    const struct feature_map *in, *out;
    const float *points;
    float *workspace; /* per image: spline, grid_x, grid_y */
    size_t workspace_per_image;
};

static void rectify_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct tps_job *job = arg;
    const struct tps_weights *weights = job->weights;
    const int n_points = weights->img_h * weights->img_w, n_terms = weights->num_fiducial + AFFINE_TERMS;
    float *spline = job->workspace + (size_t)task * job->workspace_per_image;
    float *grid_x = spline + 2 * n_terms, *grid_y = grid_x + n_points;
    solve_spline(weights, job->points + (size_t)task * (size_t)weights->fc2.n_columns, spline);
    job->kernels->tps_grid(weights->basis, spline, n_terms, n_points, grid_x, grid_y);
    for (int p = 0; p < n_points; p++)
        sample_pixel(job->in, task, to_pixels(grid_x[p], job->in->w), to_pixels(grid_y[p], job->in->h),
                     map_pixel(job->out, task, p / weights->img_w, p % weights->img_w));
}

struct feature_map tps_forward(struct layer_run *run, const struct tps_weights *weights, const struct feature_map *in,
                               const float **fiducial_points)
{
    const float *points = locate_points(run, weights, in);
    const struct feature_map out = run_map(run, SLOT_RECTIFIED, in->n, weights->img_h, weights->img_w, in->c);
    struct tps_job job = {.kernels = run->kernels, .weights = weights, .in = in, .out = &out, .points = points};
    job.workspace_per_image =
        2 * (size_t)(weights->num_fiducial + AFFINE_TERMS) + 2 * (size_t)(weights->img_h * weights->img_w);
    job.workspace = run_workspace(run, (size_t)in->n * job.workspace_per_image);
    run_tasks(run, in->n, rectify_task, &job);
    *fiducial_points = points;
    return out;
}
