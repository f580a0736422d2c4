/* SPDX-License-Identifier: Apache-2.0 */
/* resize_bicubic.c - Pillow's Image.resize(size, BICUBIC) on 8-bit pixels, bit for bit.
 *
 *   across first:  in [h][w][c]  -->  [rows that matter][out_w][c] u8  -->  out [out_h][out_w][c] u8
 *   down first:    in [h][w][c]  -->  [out_h][w][c] u8                  -->  out [out_h][out_w][c] u8
 *
 * Each output pixel is a weighted sum of the input pixels in a window round its centre. The weights are the cubic
 * convolution kernel with a = -0.5 (Keys 1981), stretched by the scale when shrinking (antialiasing), cut at the
 * image's borders and divided by their sum; then rounded to 22 fractional bits, so that the sum of a row of 8-bit
 * pixels with weights that overshoot still fits 32 bits.
 *
 * What would change pixels: the result of the first pass is clipped to 8 bits, so the order of the passes shows. Pillow
 * goes across first unless the height shrinks by more than twice as many pixels as the width (that exception is new in
 * Pillow 13; before, it always went across first). A pass whose size does not change is skipped. The weights are
 * computed in double in exactly the order of operations below, without fused multiply-add (the build sets
 * -ffp-contract=off). Checked against Pillow 13.0.0 by tests/pixels/test_pillow_parity.py.
 */
#include "image/resize_bicubic.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#include "base/checked.h"

enum { FRACTION_BITS = 32 - 8 - 2, ONE_HALF = 1 << (FRACTION_BITS - 1) };
static const double kernel_support = 2.0;

/* The windows and weights of one axis. */
struct filter_bank {
    int out_size, taps;     /* taps: room for the weights of one window */
    int32_t *first, *count; /* [out_size] the window: input pixels first to first + count - 1 */
    int32_t *weights;       /* [out_size][taps] */
};

/* ---- weights ---------------------------------------------------------------------------------------------------- */

static double cubic_kernel(double x)
{
    const double a = -0.5;
    if (x < 0.0) x = -x;
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

/* Shrinking stretches the kernel, so that every input pixel counts; enlarging leaves it as it is. */
static double stretch_of(int in_size, int out_size)
{
    const double scale = (double)in_size / out_size;
    return scale < 1.0 ? 1.0 : scale;
}

static int count_taps(int in_size, int out_size)
{
    return (int)ceil(kernel_support * stretch_of(in_size, out_size)) * 2 + 1;
}

static int32_t round_to_fixed(double weight)
{
    const double scaled = weight * (1 << FRACTION_BITS);
    return (int32_t)(weight < 0 ? -0.5 + scaled : 0.5 + scaled);
}

/* The weights are computed twice, for their sum and for themselves: cheaper than room for doubles. */
static void fill_window(struct filter_bank *bank, int i, int in_size)
{
    const double scale = (double)in_size / bank->out_size;
    const double stretch = stretch_of(in_size, bank->out_size);
    const double inverse_stretch = 1.0 / stretch, support = kernel_support * stretch;
    const double center = (i + 0.5) * scale;
    int first = (int)(center - support + 0.5), end = (int)(center + support + 0.5);
    if (first < 0) first = 0;
    if (end > in_size) end = in_size;

    double sum = 0.0;
    for (int x = first; x < end; x++)
        sum += cubic_kernel((x - center + 0.5) * inverse_stretch);
    int32_t *const weights = bank->weights + (size_t)i * (size_t)bank->taps;
    for (int x = first; x < end; x++) {
        const double weight = cubic_kernel((x - center + 0.5) * inverse_stretch);
        weights[x - first] = round_to_fixed(sum != 0.0 ? weight / sum : weight);
    }
    bank->first[i] = first;
    bank->count[i] = end - first;
}

static size_t bank_bytes(int in_size, int out_size)
{
    size_t n;
    const bool fits = checked_mul((size_t)out_size, (size_t)count_taps(in_size, out_size) + 2, &n) &&
                      checked_mul(n, sizeof(int32_t), &n);
    return fits ? n : SIZE_MAX;
}

/* Lays the bank out in `memory` (of bank_bytes()) and computes it. */
static struct filter_bank make_bank(int in_size, int out_size, uint8_t *memory)
{
    int32_t *const words = (int32_t *)(void *)memory; /* malloc's memory, at a multiple of 4 */
    struct filter_bank bank = {.out_size = out_size, .taps = count_taps(in_size, out_size)};
    bank.first = words;
    bank.count = words + out_size;
    bank.weights = words + 2 * (size_t)out_size;
    for (int i = 0; i < out_size; i++)
        fill_window(&bank, i, in_size);
    return bank;
}

/* ---- passes ----------------------------------------------------------------------------------------------------- */

static inline uint8_t clip_to_u8(int32_t sum)
{
    const int32_t value = sum >> FRACTION_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void resize_row_grey(const uint8_t *restrict in, const struct filter_bank *bank, uint8_t *restrict out)
{
    for (int i = 0; i < bank->out_size; i++) {
        const uint8_t *const window = in + bank->first[i];
        const int32_t *const weights = bank->weights + (size_t)i * (size_t)bank->taps;
        int32_t sum = ONE_HALF;
        for (int x = 0; x < bank->count[i]; x++)
            sum += window[x] * weights[x];
        out[i] = clip_to_u8(sum);
    }
}

static void resize_row_rgb(const uint8_t *restrict in, const struct filter_bank *bank, uint8_t *restrict out)
{
    for (int i = 0; i < bank->out_size; i++, out += 3) {
        const uint8_t *const window = in + (size_t)bank->first[i] * 3;
        const int32_t *const weights = bank->weights + (size_t)i * (size_t)bank->taps;
        int32_t r = ONE_HALF, g = ONE_HALF, b = ONE_HALF;
        for (int x = 0; x < bank->count[i]; x++) {
            r += window[x * 3 + 0] * weights[x];
            g += window[x * 3 + 1] * weights[x];
            b += window[x * 3 + 2] * weights[x];
        }
        out[0] = clip_to_u8(r);
        out[1] = clip_to_u8(g);
        out[2] = clip_to_u8(b);
    }
}

static void resize_rows(const struct image_view *in, int first_row, int n_rows, const struct filter_bank *bank,
                        uint8_t *out)
{
    const size_t out_row_bytes = (size_t)bank->out_size * (size_t)in->channels;
    for (int y = 0; y < n_rows; y++, out += out_row_bytes) {
        const uint8_t *const row = in->pixels + (size_t)(first_row + y) * in->stride_bytes;
        if (in->channels == 1)
            resize_row_grey(row, bank, out);
        else
            resize_row_rgb(row, bank, out);
    }
}

/* One row of output from `count` rows of input, in strips of columns whose sums stay in the first-level cache. */
static void sum_rows(const uint8_t *in, size_t stride_bytes, const int32_t *weights, int count, size_t n,
                     uint8_t *restrict out)
{
    enum { STRIP = 256 };
    int32_t sums[STRIP];
    for (size_t at = 0; at < n; at += STRIP) {
        const size_t width = n - at < STRIP ? n - at : STRIP;
        for (size_t x = 0; x < width; x++)
            sums[x] = ONE_HALF;
        for (int y = 0; y < count; y++) {
            const uint8_t *const row = in + (size_t)y * stride_bytes + at;
            const int32_t weight = weights[y];
            for (size_t x = 0; x < width; x++)
                sums[x] += row[x] * weight;
        }
        for (size_t x = 0; x < width; x++)
            out[at + x] = clip_to_u8(sums[x]);
    }
}

/* `in` begins at row `first_row` of the image that the bank was made for. */
static void resize_columns(const struct image_view *in, int first_row, const struct filter_bank *bank, uint8_t *out)
{
    const size_t n = (size_t)in->width * (size_t)in->channels;
    for (int i = 0; i < bank->out_size; i++)
        sum_rows(in->pixels + (size_t)(bank->first[i] - first_row) * in->stride_bytes, in->stride_bytes,
                 bank->weights + (size_t)i * (size_t)bank->taps, bank->count[i], n, out + (size_t)i * n);
}

/* ---- both together ---------------------------------------------------------------------------------------------- */

/* Room in `buffer` for an image, described in *out. */
static trba_status reserve_image(int width, int height, int channels, struct image_buffer *buffer,
                                 struct image_view *out, trba_error *err)
{
    const size_t row_bytes = (size_t)width * (size_t)channels;
    size_t n_bytes;
    if (!checked_mul(row_bytes, (size_t)height, &n_bytes))
        return error_set(err, TRBA_ERROR_LIMIT, "resizing to %d x %d pixels is too large", width, height);
    const trba_status status = image_buffer_reserve(buffer, n_bytes, err);
    if (status == TRBA_OK) *out = (struct image_view){buffer->bytes, width, height, channels, row_bytes};
    return status;
}

/* The weights of both axes, in one buffer. */
struct filter_banks {
    struct filter_bank across, down;
};

static trba_status make_banks(const struct image_view *in, int out_w, int out_h, struct image_buffer *buffer,
                              struct filter_banks *out, trba_error *err)
{
    const size_t across_bytes = bank_bytes(in->width, out_w), down_bytes = bank_bytes(in->height, out_h);
    size_t n_bytes;
    if (!checked_add(across_bytes, down_bytes, &n_bytes))
        return error_set(err, TRBA_ERROR_LIMIT, "resizing %d x %d to %d x %d pixels is too large", in->width,
                         in->height, out_w, out_h);
    const trba_status status = image_buffer_reserve(buffer, n_bytes, err);
    if (status != TRBA_OK) return status;
    out->across = make_bank(in->width, out_w, buffer->bytes);
    out->down = make_bank(in->height, out_h, buffer->bytes + across_bytes);
    return TRBA_OK;
}

static trba_status resize_across_then_down(const struct image_view *in, const struct filter_banks *banks,
                                           struct image_buffer *between, struct image_buffer *resized,
                                           struct image_view *out, trba_error *err)
{
    const struct filter_bank *const down = &banks->down;
    const int last = down->out_size - 1, first_row = down->first[0];
    const int n_rows = down->first[last] + down->count[last] - first_row; /* only these will be read */
    struct image_view rows = {0};
    trba_status status = reserve_image(banks->across.out_size, n_rows, in->channels, between, &rows, err);
    if (status != TRBA_OK) return status;
    status = reserve_image(banks->across.out_size, down->out_size, in->channels, resized, out, err);
    if (status != TRBA_OK) return status;
    resize_rows(in, first_row, n_rows, &banks->across, between->bytes);
    resize_columns(&rows, first_row, down, resized->bytes);
    return TRBA_OK;
}

static trba_status resize_down_then_across(const struct image_view *in, const struct filter_banks *banks,
                                           struct image_buffer *between, struct image_buffer *resized,
                                           struct image_view *out, trba_error *err)
{
    struct image_view rows = {0};
    trba_status status = reserve_image(in->width, banks->down.out_size, in->channels, between, &rows, err);
    if (status != TRBA_OK) return status;
    status = reserve_image(banks->across.out_size, rows.height, in->channels, resized, out, err);
    if (status != TRBA_OK) return status;
    resize_columns(in, 0, &banks->down, between->bytes);
    resize_rows(&rows, 0, rows.height, &banks->across, resized->bytes);
    return TRBA_OK;
}

static trba_status resize_one_way(const struct image_view *in, const struct filter_banks *banks, bool across,
                                  struct image_buffer *resized, struct image_view *out, trba_error *err)
{
    const trba_status status =
        reserve_image(banks->across.out_size, banks->down.out_size, in->channels, resized, out, err);
    if (status != TRBA_OK) return status;
    if (across)
        resize_rows(in, 0, in->height, &banks->across, resized->bytes);
    else
        resize_columns(in, 0, &banks->down, resized->bytes);
    return TRBA_OK;
}

trba_status resize_bicubic(const struct image_view *in, int out_w, int out_h, struct image_buffer *between,
                           struct image_buffer *resized, struct image_buffer *coefficients, struct image_view *out,
                           trba_error *err)
{
    assert(in->width > 0 && in->height > 0 && out_w > 0 && out_h > 0);
    assert(in->channels == 1 || in->channels == 3);
    const bool across = out_w != in->width, down = out_h != in->height;
    if (!across && !down) {
        *out = *in;
        return TRBA_OK;
    }
    struct filter_banks banks;
    const trba_status status = make_banks(in, out_w, out_h, coefficients, &banks, err);
    if (status != TRBA_OK) return status;
    if (!across || !down) return resize_one_way(in, &banks, across, resized, out, err);

    const int64_t rows_saved = (int64_t)in->height - out_h, columns_saved = (int64_t)in->width - out_w;
    const bool down_first = rows_saved > 0 && rows_saved > 2 * columns_saved;
    return down_first ? resize_down_then_across(in, &banks, between, resized, out, err)
                      : resize_across_then_down(in, &banks, between, resized, out, err);
}
