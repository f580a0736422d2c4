/* SPDX-License-Identifier: Apache-2.0 */
/* preprocess.c - from pixels to the network's input, as the two original programs do it.
 *
 *   CLOVAAI        bicubic to img_w x img_h
 *   CLOVAAI, pad   bicubic to w' x img_h, w' = min(img_w, ceil(img_h * w / h)); the last column fills the rest
 *
 *   EASYOCR        with ratio = the longer side / the shorter:
 *                  OpenCV's linear to int(img_h * ratio) x img_h; a word taller than wide to img_h x int(img_h * ratio)
 *                  if asked for: the contrast stretched (contrast.c)
 *                  then as with pad, into img_w = img_h * ceil(ratio): bicubic changes only a tall word
 *
 *   then (x/255 - 0.5) / 0.5 in float, each operation rounded as PyTorch's is
 *
 * Ratios are computed in double with the operations of the Python programs, because int() and ceil() show the last bit.
 */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "image/contrast.h"
#include "image/image.h"
#include "image/resize_bicubic.h"
#include "image/resize_linear.h"

_Static_assert(FLT_EVAL_METHOD == 0, "float expressions must be rounded to float: see cmake/TrbaCompile.cmake");

enum { MAX_RATIO = 64 };

size_t preprocess_scratch_memory(const struct preprocess_scratch *scratch)
{
    return scratch->between.capacity + scratch->resized.capacity + scratch->coefficients.capacity +
           scratch->linear.capacity + scratch->contrast.capacity;
}

void preprocess_scratch_free(struct preprocess_scratch *scratch)
{
    image_buffer_free(&scratch->between);
    image_buffer_free(&scratch->resized);
    image_buffer_free(&scratch->coefficients);
    image_buffer_free(&scratch->linear);
    image_buffer_free(&scratch->contrast);
}

/* At least 1; for a tall word the reciprocal of width / height, which is not always height / width. */
static double easyocr_ratio(int width, int height)
{
    const double ratio = (double)width / height;
    return ratio < 1.0 ? 1. / ratio : ratio;
}

trba_status preprocess_width(const struct preprocess *p, int width, int height, int *out, trba_error *err)
{
    assert(width > 0 && height > 0);
    if (p->preset != TRBA_PRESET_EASYOCR) {
        *out = p->img_w;
        return TRBA_OK;
    }
    const double ratio = ceil(easyocr_ratio(width, height));
    if (ratio > MAX_RATIO)
        return error_set(err, TRBA_ERROR_LIMIT, "an image of %d x %d pixels: one side is over %d times the other",
                         width, height, MAX_RATIO);
    *out = (int)ratio * p->img_h;
    return TRBA_OK;
}

/* EasyOCR's own steps before those of clovaai's PAD. */
static trba_status resize_easyocr(const struct preprocess *p, const struct image_view *image,
                                  struct preprocess_scratch *scratch, struct image_view *out, trba_error *err)
{
    const int longer = (int)(p->img_h * easyocr_ratio(image->width, image->height));
    const bool is_tall = image->width < image->height;
    struct image_view resized = {0};
    const trba_status status = resize_linear(image, is_tall ? p->img_h : longer, is_tall ? longer : p->img_h,
                                             &scratch->coefficients, &scratch->linear, &resized, err);
    if (status != TRBA_OK) return status;
    if (p->adjust_contrast) return contrast_adjust(&resized, &scratch->contrast, out, err);
    *out = resized;
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
    const bool is_easyocr = p->preset == TRBA_PRESET_EASYOCR;
    int width = 0;
    struct image_view word = *image, resized = {0};
    trba_status status = preprocess_width(p, image->width, image->height, &width, err);
    if (status == TRBA_OK && is_easyocr) status = resize_easyocr(p, image, scratch, &word, err);
    if (status != TRBA_OK) return status;

    const bool keeps_ratio = is_easyocr || p->pad;
    const int resized_w = keeps_ratio ? proportional_width(p->img_h, word.width, word.height, width) : width;
    status = resize_bicubic(&word, resized_w, p->img_h, &scratch->between, &scratch->resized, &scratch->coefficients,
                            &resized, err);
    if (status != TRBA_OK) return status;
    normalise_and_pad(&resized, width, out);
    return TRBA_OK;
}
