/* SPDX-License-Identifier: Apache-2.0 */
/* preprocess.c - from pixels to the network's input, as the two original programs do it.
 *
 *   CLOVAAI        bicubic to img_w x img_h
 *   CLOVAAI, pad   bicubic to w' x img_h, w' = min(img_w, ceil(img_h * w / h)); the last column fills the rest
 *
 *   then (x/255 - 0.5) / 0.5 in float, each operation rounded as PyTorch's is
 */
#include <assert.h>
#include <math.h>

#include "image/image.h"
#include "image/resize_bicubic.h"

void preprocess_scratch_free(struct preprocess_scratch *scratch)
{
    image_buffer_free(&scratch->between);
    image_buffer_free(&scratch->resized);
    image_buffer_free(&scratch->coefficients);
}

trba_status preprocess_width(const struct preprocess *p, int width, int height, int *out, trba_error *err)
{
    assert(width > 0 && height > 0);
    (void)err;
    *out = p->img_w;
    return TRBA_OK;
}

/* ceil(img_h * (width / height)), at most `limit`; in double and in this order, as in Python. */
static int proportional_width(int img_h, int width, int height, int limit)
{
    const double ratio = (double)width / height;
    const double proportional = ceil(img_h * ratio);
    return proportional > limit ? limit : (int)proportional;
}

static void normalise_row(const uint8_t *restrict in, size_t n, float *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = ((float)in[i] / 255.0f - 0.5f) / 0.5f;
}

/* Writes the image and repeats its last column up to `width`. */
static void normalise_and_pad(const struct image_view *image, int width, float *out)
{
    const size_t channels = (size_t)image->channels;
    const size_t n = (size_t)image->width * channels, padded = (size_t)width * channels;
    for (int y = 0; y < image->height; y++, out += padded) {
        normalise_row(image->pixels + (size_t)y * image->stride_bytes, n, out);
        for (size_t x = n; x < padded; x++)
            out[x] = out[x - channels];
    }
}

trba_status preprocess_image(const struct preprocess *p, const struct image_view *image,
                             struct preprocess_scratch *scratch, float *out, trba_error *err)
{
    assert(image->channels == p->channels);
    int width;
    trba_status status = preprocess_width(p, image->width, image->height, &width, err);
    if (status != TRBA_OK) return status;
    const int resized_w = p->pad ? proportional_width(p->img_h, image->width, image->height, width) : width;
    struct image_view resized;
    status = resize_bicubic(image, resized_w, p->img_h, &scratch->between, &scratch->resized,
                            &scratch->coefficients, &resized, err);
    if (status != TRBA_OK) return status;
    normalise_and_pad(&resized, width, out);
    return TRBA_OK;
}
