/* SPDX-License-Identifier: Apache-2.0 */
/* grey.c - rows of pixels of any kind to grey or RGB, with Pillow's arithmetic (and one formula of OpenCV's).
 *
 *   RGB  -> grey  (19595 R + 38470 G + 7471 B + 0x8000) >> 16, the weights .299 .587 .114 in 16-bit fixed point
 *   CMYK -> RGB   each channel: (255 - K) - round(ink * (255 - K) / 255)
 *   16-bit grey   clipped at 255, not scaled: what Pillow's convert('L') and convert('RGB') make of mode I;16
 *
 * Checked against Pillow 13.0.0 and OpenCV 5.0.0 (opencv-python-headless) by tests/pixels.
 */
#include "image/grey.h"

#include <assert.h>
#include <string.h>

/* Where the colours stand in a pixel. */
struct rgb_order {
    size_t r, g, b, step;
};

static struct rgb_order rgb_order_of(enum pixel_kind kind)
{
    switch (kind) {
    case PIXEL_RGB: return (struct rgb_order){0, 1, 2, 3};
    case PIXEL_BGR: return (struct rgb_order){2, 1, 0, 3};
    case PIXEL_RGBA: return (struct rgb_order){0, 1, 2, 4};
    default: assert(kind == PIXEL_BGRA); return (struct rgb_order){2, 1, 0, 4};
    }
}

static inline uint8_t grey_of_rgb(uint8_t r, uint8_t g, uint8_t b)
{
    return (uint8_t)((r * 19595u + g * 38470u + b * 7471u + 0x8000u) >> 16);
}

/* Inlined once for each order with constant arguments, so that each copy is vectorised. */
static inline void rgb_row_to_grey(const uint8_t *in, size_t n, struct rgb_order at, uint8_t *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = grey_of_rgb(in[i * at.step + at.r], in[i * at.step + at.g], in[i * at.step + at.b]);
}

static inline void rgb_row_to_rgb(const uint8_t *in, size_t n, struct rgb_order at, uint8_t *restrict out)
{
    for (size_t i = 0; i < n; i++) {
        out[i * 3 + 0] = in[i * at.step + at.r];
        out[i * 3 + 1] = in[i * at.step + at.g];
        out[i * 3 + 2] = in[i * at.step + at.b];
    }
}

static void convert_rgb_row(enum pixel_kind kind, const uint8_t *in, size_t n, int channels, uint8_t *out)
{
    const struct rgb_order order = rgb_order_of(kind);
    if (channels == 3)
        rgb_row_to_rgb(in, n, order, out);
    else if (kind == PIXEL_RGB)
        rgb_row_to_grey(in, n, (struct rgb_order){0, 1, 2, 3}, out);
    else
        rgb_row_to_grey(in, n, order, out);
}

/* product / 255, rounded, for 0..255 * 255. */
static inline unsigned divide_255(unsigned product)
{
    product += 128;
    return (product + (product >> 8)) >> 8;
}

bool pixel_has_alpha(enum pixel_kind kind) { return kind == PIXEL_RGBA || kind == PIXEL_BGRA; }

void pixel_row_compose(enum pixel_kind kind, const uint8_t *in, size_t n, uint8_t background, uint8_t *out)
{
    assert(pixel_has_alpha(kind));
    const struct rgb_order at = rgb_order_of(kind);
    for (size_t i = 0; i < n; i++, in += 4, out += 3) {
        const unsigned alpha = in[3], behind = background * (255u - alpha);
        out[0] = (uint8_t)divide_255(in[at.r] * alpha + behind);
        out[1] = (uint8_t)divide_255(in[at.g] * alpha + behind);
        out[2] = (uint8_t)divide_255(in[at.b] * alpha + behind);
    }
}

static void convert_cmyk_row(const uint8_t *in, size_t n, int channels, uint8_t *out)
{
    for (size_t i = 0; i < n; i++, in += 4) {
        const unsigned light = in[3]; /* 255 - K */
        uint8_t rgb[3];
        for (int c = 0; c < 3; c++)
            rgb[c] = (uint8_t)(light - divide_255((255u - in[c]) * light));
        if (channels == 3)
            memcpy(out + i * 3, rgb, 3);
        else
            out[i] = grey_of_rgb(rgb[0], rgb[1], rgb[2]);
    }
}

/* OpenCV truncates where Pillow rounds, and has weights of 14 bits. */
static void convert_cmyk_row_opencv(const uint8_t *in, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++, in += 4) {
        const unsigned light = in[3];
        const unsigned r = light - ((255u - in[0]) * light >> 8);
        const unsigned g = light - ((255u - in[1]) * light >> 8);
        const unsigned b = light - ((255u - in[2]) * light >> 8);
        out[i] = (uint8_t)((r * 4899 + g * 9617 + b * 1868 + 0x2000) >> 14);
    }
}

static void convert_grey_row(enum pixel_kind kind, const uint8_t *in, size_t n, int channels, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t value = kind == PIXEL_GREY ? in[i] : in[i * 2] != 0 ? 255 : in[i * 2 + 1];
        for (int c = 0; c < channels; c++)
            *out++ = value;
    }
}

size_t pixel_bytes(enum pixel_kind kind)
{
    switch (kind) {
    case PIXEL_GREY: return 1;
    case PIXEL_GREY16: return 2;
    case PIXEL_RGB:
    case PIXEL_BGR: return 3;
    case PIXEL_RGBA:
    case PIXEL_BGRA:
    case PIXEL_CMYK_INVERTED:
    case PIXEL_CMYK_OPENCV: return 4;
    }
    assert(0 && "unknown pixel kind");
    return 0;
}

void pixel_row_convert(enum pixel_kind kind, const uint8_t *in, size_t n, int channels, uint8_t *out)
{
    assert(channels == 1 || (channels == 3 && kind != PIXEL_CMYK_OPENCV));
    if (kind == PIXEL_GREY && channels == 1)
        memcpy(out, in, n);
    else if (kind == PIXEL_GREY || kind == PIXEL_GREY16)
        convert_grey_row(kind, in, n, channels, out);
    else if (kind == PIXEL_CMYK_INVERTED)
        convert_cmyk_row(in, n, channels, out);
    else if (kind == PIXEL_CMYK_OPENCV)
        convert_cmyk_row_opencv(in, n, out);
    else
        convert_rgb_row(kind, in, n, channels, out);
}
