/* SPDX-License-Identifier: Apache-2.0 */
/* jpeg_segments.h - what a JPEG's markers say, without decoding it. Internal to src/image. */
#ifndef TRBA_IMAGE_JPEG_SEGMENTS_H
#define TRBA_IMAGE_JPEG_SEGMENTS_H

#include <stddef.h>
#include <stdint.h>

/* How many scans begin before the file's end. */
uint64_t jpeg_count_scans(const uint8_t *bytes, size_t n_bytes);

/* The orientation, 1 to 8, in the first Exif block before the first scan that has one; 1 if none has. */
int jpeg_find_orientation(const uint8_t *bytes, size_t n_bytes);

#endif
