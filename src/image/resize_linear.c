/* SPDX-License-Identifier: Apache-2.0 */
/* resize_linear.c - OpenCV's resize(..., INTER_LINEAR) on 8-bit pixels, bit for bit.
 *
 *   for each output row: two input rows  --across-->  i16 [2][out_w][c]  --down-->  u8 [out_w][c]
 *
 * No antialiasing: whatever the scale, a pixel comes from the 2 x 2 input pixels round its centre. Weights are rounded
 * to 11 fractional bits. Across, the sum of two products (19 bits) loses its low 4 bits; down, each product loses 16
 * and the sum is rounded from the 2 bits that are left. Beyond the left and right border the weights are moved to the
 * border pixel, beyond the top and bottom the border row is read twice: the rounding shows the difference.
 *
 * Halving both sides exactly is another rule: the mean of 2 x 2, rounded (OpenCV turns it into INTER_AREA).
 *
 * Checked against OpenCV 5.0.0 (opencv-python-headless) by tests/pixels/test_opencv_parity.py.
 */
#include "image/resize_linear.h"

#include <assert.h>
#include <math.h>

#include "base/checked.h"

enum { FRACTION_BITS = 11, DROPPED_BITS = 4 };

/* Where an output pixel comes from: input pixel `at` (may be -1, or the last) and its neighbour, and their weights. */
struct tap {
    int32_t at;
    int16_t weight, next_weight;
};

static struct tap make_tap(int i, int in_size, int out_size)
{
    const double scale = 1.0 / ((double)out_size / in_size); /* not in/out: OpenCV rounds twice */
    const float center = (float)((i + 0.5) * scale - 0.5);
    const int at = (int)floorf(center);
    const float fraction = center - (float)at;
    return (struct tap){
        .at = at,
        .weight = (int16_t)lrintf((1.0f - fraction) * (1 << FRACTION_BITS)),
        .next_weight = (int16_t)lrintf(fraction * (1 << FRACTION_BITS)),
    };
}

static struct tap make_tap_inside(int i, int in_size, int out_size)
{
    const struct tap tap = make_tap(i, in_size, out_size);
    if (tap.at < 0) return (struct tap){.at = 0, .weight = 1 << FRACTION_BITS};
    if (tap.at >= in_size - 1) return (struct tap){.at = in_size - 1, .weight = 1 << FRACTION_BITS};
    return tap;
}

static void resize_row(const uint8_t *restrict in, int in_w, const struct tap *taps, int out_w, int channels,
                       int16_t *restrict out)
{
    for (int x = 0; x < out_w; x++) {
        const struct tap tap = taps[x];
        const uint8_t *const pixel = in + (size_t)tap.at * (size_t)channels;
        const uint8_t *const next = tap.at + 1 < in_w ? pixel + channels : pixel;
        for (int c = 0; c < channels; c++)
            *out++ = (int16_t)((pixel[c] * tap.weight + next[c] * tap.next_weight) >> DROPPED_BITS);
    }
}

static void mix_rows(const int16_t *restrict upper, const int16_t *restrict lower, struct tap tap, size_t n,
                     uint8_t *restrict out)
{
    for (size_t x = 0; x < n; x++) {
        const int sum = ((upper[x] * tap.weight) >> 16) + ((lower[x] * tap.next_weight) >> 16);
        out[x] = (uint8_t)((sum + 2) >> 2); /* at most 255: the weights sum to 2048 or a little less */
    }
}

/* The two rows resized last, so that none is resized twice on the way down. */
struct row_cache {
    const struct image_view *in;
    const struct tap *taps; /* [out_w] */
    int out_w;
    int row[2]; /* what is there; -1 for nothing */
    int16_t *values[2];
};

/* The values of input row y. Those of row `kept` are not overwritten. */
static const int16_t *get_row(struct row_cache *cache, int y, int kept)
{
    if (cache->row[0] == y) return cache->values[0];
    if (cache->row[1] == y) return cache->values[1];
    const int slot = cache->row[0] == kept ? 1 : 0;
    resize_row(cache->in->pixels + (size_t)y * cache->in->stride_bytes, cache->in->width, cache->taps, cache->out_w,
               cache->in->channels, cache->values[slot]);
    cache->row[slot] = y;
    return cache->values[slot];
}

static int clamp(int value, int last) { return value < 0 ? 0 : value > last ? last : value; }

static void resize_all(const struct image_view *in, int out_w, int out_h, uint8_t *scratch, uint8_t *out)
{
    const size_t n = (size_t)out_w * (size_t)in->channels;
    struct tap *const taps = (struct tap *)(void *)scratch; /* malloc's memory */
    int16_t *const rows = (int16_t *)(void *)(taps + out_w);
    struct row_cache cache = {in, taps, out_w, {-1, -1}, {rows, rows + n}};
    for (int x = 0; x < out_w; x++)
        taps[x] = make_tap_inside(x, in->width, out_w);
    for (int y = 0; y < out_h; y++, out += n) {
        const struct tap tap = make_tap(y, in->height, out_h);
        const int upper = clamp(tap.at, in->height - 1), lower = clamp(tap.at + 1, in->height - 1);
        const int16_t *const upper_values = get_row(&cache, upper, lower);
        const int16_t *const lower_values = get_row(&cache, lower, upper);
        mix_rows(upper_values, lower_values, tap, n, out);
    }
}

static void halve(const struct image_view *in, uint8_t *out)
{
    const size_t c = (size_t)in->channels, n = (size_t)(in->width / 2) * c;
    for (int y = 0; y < in->height / 2; y++, out += n) {
        const uint8_t *const upper = in->pixels + 2 * (size_t)y * in->stride_bytes;
        const uint8_t *const lower = upper + in->stride_bytes;
        for (size_t x = 0; x < n; x++) {
            const size_t at = x / c * 2 * c + x % c;
            out[x] = (uint8_t)((upper[at] + upper[at + c] + lower[at] + lower[at + c] + 2) >> 2);
        }
    }
}

trba_status resize_linear(const struct image_view *in, int out_w, int out_h, struct image_buffer *scratch,
                          struct image_buffer *resized, struct image_view *out, trba_error *err)
{
    assert(in->width > 0 && in->height > 0 && out_w > 0 && out_h > 0);
    if (out_w == in->width && out_h == in->height) {
        *out = *in;
        return TRBA_OK;
    }
    const size_t row_bytes = (size_t)out_w * (size_t)in->channels;
    const size_t scratch_bytes = (size_t)out_w * sizeof(struct tap) + 2 * row_bytes * sizeof(int16_t);
    size_t n_bytes;
    if (!checked_mul(row_bytes, (size_t)out_h, &n_bytes))
        return error_set(err, TRBA_ERROR_LIMIT, "resizing to %d x %d pixels is too large", out_w, out_h);
    trba_status status = image_buffer_reserve(resized, n_bytes, err);
    if (status == TRBA_OK) status = image_buffer_reserve(scratch, scratch_bytes, err);
    if (status != TRBA_OK) return status;
    if (in->width % 2 == 0 && in->height % 2 == 0 && in->width / 2 == out_w && in->height / 2 == out_h)
        halve(in, resized->bytes);
    else
        resize_all(in, out_w, out_h, scratch->bytes, resized->bytes);
    *out = (struct image_view){resized->bytes, out_w, out_h, in->channels, row_bytes};
    return TRBA_OK;
}
