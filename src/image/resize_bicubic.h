/* SPDX-License-Identifier: Apache-2.0 */
/* resize_bicubic.h - Pillow's Image.resize(size, BICUBIC) on 8-bit pixels, bit for bit. */
#ifndef TRBA_IMAGE_RESIZE_BICUBIC_H
#define TRBA_IMAGE_RESIZE_BICUBIC_H

#include "image/image.h"

/* Resizes `in` to out_w x out_h. `*out` then points into `resized`, or is `in` itself when the size is the same.
 * `between` (the passes) and `coefficients` are scratch. `in` must not lie in any of the three buffers. */
trba_status resize_bicubic(const struct image_view *in, int out_w, int out_h, struct image_buffer *between,
                           struct image_buffer *resized, struct image_buffer *coefficients, struct image_view *out,
                           trba_error *err);

#endif
