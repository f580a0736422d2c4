/* SPDX-License-Identifier: Apache-2.0 */
/* contrast.h - EasyOCR's contrast stretch for words it was not sure of. */
#ifndef TRBA_IMAGE_CONTRAST_H
#define TRBA_IMAGE_CONTRAST_H

#include "image/image.h"

/* EasyOCR's adjust_contrast_grey(img, target = 0.5). `*out` points into `buffer`, or is `in` itself when the contrast
 * is good enough already. `in` must not lie in `buffer`. */
trba_status contrast_adjust(const struct image_view *in, struct image_buffer *buffer, struct image_view *out,
                            trba_error *err);

#endif
