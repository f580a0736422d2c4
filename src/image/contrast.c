/* SPDX-License-Identifier: Apache-2.0 */
/* contrast.c - EasyOCR's contrast stretch for words it was not sure of.
 *
 *   low, high  the 10th and 90th percentiles of the pixels, as numpy.percentile() interpolates them
 *   contrast   (high - low) / max(10, high + low); at 0.5 or more nothing is done
 *   pixel      (pixel - low + 25) * 200 / max(10, high - low), clipped to 0..255, truncated
 *
 * In double and in this order. The result depends on the pixel's value only, so it is computed for 256 values.
 */
#include "image/contrast.h"

#include <math.h>

static const double target_contrast = 0.5;

/* How many pixels have each value. */
struct histogram {
    size_t counts[256], total;
};

static void count_pixels(const struct image_view *image, struct histogram *out)
{
    const size_t row_bytes = (size_t)image->width * (size_t)image->channels;
    *out = (struct histogram){.total = row_bytes * (size_t)image->height};
    for (int y = 0; y < image->height; y++)
        for (size_t x = 0; x < row_bytes; x++)
            out->counts[image->pixels[(size_t)y * image->stride_bytes + x]]++;
}

/* The value at this index of the sorted pixels. */
static double value_at(const struct histogram *h, size_t index)
{
    int value = 0;
    for (size_t seen = h->counts[0]; seen <= index; seen += h->counts[value])
        value++;
    return value;
}

/* NumPy's default method: linear between the two nearest, from whichever is nearer (which rounds differently). */
static double percentile(const struct histogram *h, double percent)
{
    const double position = (double)(h->total - 1) * (percent / 100);
    const double below = floor(position), fraction = position - below;
    const double low = value_at(h, (size_t)below);
    const double high = (size_t)below + 1 < h->total ? value_at(h, (size_t)below + 1) : low;
    const double step = high - low;
    return fraction >= 0.5 ? high - step * (1 - fraction) : low + step * fraction;
}

static double at_least_10(double value) { return value > 10 ? value : 10; }

static void fill_table(double low, double high, uint8_t table[256])
{
    const double ratio = 200. / at_least_10(high - low);
    for (int value = 0; value < 256; value++) {
        const double stretched = (value - low + 25) * ratio;
        table[value] = (uint8_t)(stretched < 0 ? 0 : stretched > 255 ? 255 : stretched);
    }
}

trba_status contrast_adjust(const struct image_view *in, struct image_buffer *buffer, struct image_view *out,
                            trba_error *err)
{
    struct histogram histogram;
    count_pixels(in, &histogram);
    const double high = percentile(&histogram, 90), low = percentile(&histogram, 10);
    if ((high - low) / at_least_10(high + low) >= target_contrast) {
        *out = *in;
        return TRBA_OK;
    }
    const size_t row_bytes = (size_t)in->width * (size_t)in->channels; /* `in` is in memory: this cannot overflow */
    const trba_status status = image_buffer_reserve(buffer, row_bytes * (size_t)in->height, err);
    if (status != TRBA_OK) return status;
    uint8_t table[256];
    fill_table(low, high, table);
    uint8_t *to = buffer->bytes;
    for (int y = 0; y < in->height; y++)
        for (size_t x = 0; x < row_bytes; x++)
            *to++ = table[in->pixels[(size_t)y * in->stride_bytes + x]];
    *out = (struct image_view){buffer->bytes, in->width, in->height, in->channels, row_bytes};
    return TRBA_OK;
}
