/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - from an encoded image, or raw pixels, to the network's input. */
#ifndef TRBA_IMAGE_IMAGE_H
#define TRBA_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file_read.h"
#include "base/status.h"
#include "image/codec_memory.h"

/* Pixels somebody else owns: [height][width][channels], channels 1 (grey) or 3 (RGB). */
struct image_view {
    const uint8_t *pixels;
    int width, height, channels;
    size_t stride_bytes;
};

/* A buffer that only grows, so that a session allocates until it has seen its largest image and then no more. */
struct image_buffer {
    uint8_t *bytes;
    size_t capacity;
};
/* Makes the capacity at least n_bytes; when it must grow, the old contents are lost. */
trba_status image_buffer_reserve(struct image_buffer *buffer, size_t n_bytes, trba_error *err);
void image_buffer_free(struct image_buffer *buffer);

/* Limits on what is decoded: a larger image is TRBA_ERROR_LIMIT before anything is allocated for its pixels. */
enum { IMAGE_MAX_SIDE = 65500, IMAGE_MAX_PIXELS = 100 * 1000 * 1000 };

/* Which program's grey values a colour image gets. */
enum image_grey {
    IMAGE_GREY_PILLOW, /* Image.open().convert('L'): JPEG through RGB */
    IMAGE_GREY_OPENCV  /* cv2.imread(IMREAD_GRAYSCALE): JPEG's own luma */
};

/* What to make of an image. */
struct image_rules {
    int channels;              /* 1, 3, or 0: 3 if the image has colour, else 1 */
    enum image_grey grey;
    bool applies_orientation;  /* that of EXIF; raw pixels have none */
    trba_alpha alpha;
};

/* What the two decoders keep from one picture to the next: memory, nothing else. Starts zeroed. Of one thread. */
struct image_codecs {
    struct codec_memory memory;
    struct jpeg_decoder *jpeg; /* made when it is first needed */
};
void image_codecs_free(struct image_codecs *codecs);
/* Bytes they hold. */
size_t image_codecs_memory(const struct image_codecs *codecs);

/* Decodes PNG or JPEG (told apart by their first bytes). With the alpha ignored, to exactly the bytes of Pillow's
 * convert('L') or convert('RGB'), or of OpenCV's imread. `out` points into `buffer`. */
trba_status image_decode(const void *bytes, size_t n_bytes, const struct image_rules *rules,
                         struct image_codecs *codecs, struct image_buffer *buffer, struct image_view *out,
                         trba_error *err);

/* The caller's raw pixels (kind TRBA_IMAGE_PIXELS). Copies only if it must. */
trba_status image_from_pixels(const trba_image *image, const struct image_rules *rules, struct image_buffer *buffer,
                              struct image_view *out, trba_error *err);

/* TRBA_ERROR_ARGUMENT unless both are of the header's values. */
trba_status image_check_policies(trba_exif exif, trba_alpha alpha, trba_error *err);

/* What loading needs beside the pixels: like them it only grows. Starts zeroed. */
struct load_scratch {
    struct file_buffer file; /* a file's bytes */
    struct image_codecs codecs;
};
void load_scratch_free(struct load_scratch *scratch);
size_t load_scratch_memory(const struct load_scratch *scratch);

/* An image of any kind. `out` points into `buffer`, or at the caller's raw pixels. */
trba_status image_load(const trba_image *image, const struct image_rules *rules, struct load_scratch *scratch,
                       struct image_buffer *buffer, struct image_view *out, trba_error *err);

/* How an image becomes the network's input. */
struct preprocess {
    trba_preset preset;
    int channels;        /* 1 or 3 */
    int img_h, img_w;    /* EASYOCR: img_w unused */
    int pad;             /* CLOVAAI: keep the ratio, replicate the last column */
    int adjust_contrast; /* EASYOCR: stretch the grey values, for the second reading of a word with confidence < 0.1 */
};

/* Scratch memory of preprocess_image(); zero-initialise. */
struct preprocess_scratch {
    struct image_buffer between, resized, coefficients, linear, contrast;
};
size_t preprocess_scratch_memory(const struct preprocess_scratch *scratch);
void preprocess_scratch_free(struct preprocess_scratch *scratch);

/* The width of the network's input for an image of this size: img_w, or with EASYOCR a multiple of img_h.
 * TRBA_ERROR_LIMIT if that is unreasonable (over 64 times img_h). */
trba_status preprocess_width(const struct preprocess *p, int width, int height, int *out, trba_error *err);

/* Writes out[img_h][preprocess_width][channels], each value (x/255 - 0.5)/0.5 computed as PyTorch does in float. */
trba_status preprocess_image(const struct preprocess *p, const struct image_view *image,
                             struct preprocess_scratch *scratch, float *out, trba_error *err);

#endif
