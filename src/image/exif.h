/* SPDX-License-Identifier: Apache-2.0 */
/* exif.h - which way up a picture is. */
#ifndef TRBA_IMAGE_EXIF_H
#define TRBA_IMAGE_EXIF_H

#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

/* The orientation, 1 to 8, in the data of a JPEG APP1 marker, or in a TIFF block as a PNG's eXIf chunk holds it;
 * 0 if it does not say. */
int exif_orientation_in_app1(const uint8_t *data, size_t n_bytes);
int exif_orientation_in_tiff(const uint8_t *data, size_t n_bytes);

/* Turns and mirrors a picture to what orientation 1 would look like; for 5 to 8 width and height change places. The
 * result is tightly packed in `out`, which does not overlap with the picture's pixels. */
struct image_view exif_apply_orientation(int orientation, const struct image_view *in, uint8_t *out);

#endif
