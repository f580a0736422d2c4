/* SPDX-License-Identifier: Apache-2.0 */
/* resize_linear.h - OpenCV's resize(..., INTER_LINEAR) on 8-bit pixels, bit for bit. */
#ifndef TRBA_IMAGE_RESIZE_LINEAR_H
#define TRBA_IMAGE_RESIZE_LINEAR_H

#include "image/image.h"

/* Resizes `in` to out_w x out_h. `*out` then points into `resized`, or is `in` itself when the size is the same.
 * `scratch` holds the weights and two rows. `in` must not lie in either buffer. */
trba_status resize_linear(const struct image_view *in, int out_w, int out_h, struct image_buffer *scratch,
                          struct image_buffer *resized, struct image_view *out, trba_error *err);

#endif
