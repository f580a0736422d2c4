/* SPDX-License-Identifier: Apache-2.0 */
/* grey.h - rows of pixels of any kind to grey or RGB, with Pillow's arithmetic. */
#ifndef TRBA_IMAGE_GREY_H
#define TRBA_IMAGE_GREY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a row of pixels consists of. */
enum pixel_kind {
    PIXEL_GREY,
    PIXEL_GREY16, /* two bytes, the high one first */
    PIXEL_RGB,
    PIXEL_BGR,
    PIXEL_RGBA, /* alpha is ignored, not composited */
    PIXEL_BGRA,
    PIXEL_CMYK_INVERTED, /* 255 is no ink, as Adobe's programs store CMYK in JPEG */
    PIXEL_CMYK_OPENCV    /* the same bytes, to grey by OpenCV's formula; not to RGB */
};

size_t pixel_bytes(enum pixel_kind kind);

/* Is it RGBA or BGRA? */
bool pixel_has_alpha(enum pixel_kind kind);

/* Lays n pixels of RGBA or BGRA on a grey `background`, to RGB: colour * alpha + background * (255 - alpha), divided by
 * 255 and rounded, as Pillow's Image.paste() with a mask does. */
void pixel_row_compose(enum pixel_kind kind, const uint8_t *in, size_t n, uint8_t background, uint8_t *out);

/* Writes n pixels with `channels` 1 (grey) or 3 (RGB) to `out`. `in` and `out` do not overlap. */
void pixel_row_convert(enum pixel_kind kind, const uint8_t *in, size_t n, int channels, uint8_t *out);

#endif
