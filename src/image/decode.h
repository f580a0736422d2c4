/* SPDX-License-Identifier: Apache-2.0 */
/* decode.h - what image_decode.c asks of the two codecs. Internal to src/image. */
#ifndef TRBA_IMAGE_DECODE_H
#define TRBA_IMAGE_DECODE_H

#include "image/image.h"

/* Each decodes a whole file whose first bytes were recognised. `*out` points into `buffer` and is tightly packed.
 * `*orientation` becomes how the caller must turn it, 1 to 8 as in EXIF (1: not at all, as always when the rules do not
 * ask for it); then there is room for the turned image behind it. The caller resets codecs->memory afterwards. */
trba_status decode_png(const uint8_t *bytes, size_t n_bytes, struct image_rules rules,
                       struct image_codecs *codecs, struct image_buffer *buffer, struct image_view *out,
                       int *orientation, trba_error *err);
trba_status decode_jpeg(const uint8_t *bytes, size_t n_bytes, struct image_rules rules,
                        struct image_codecs *codecs, struct image_buffer *buffer, struct image_view *out,
                        int *orientation, trba_error *err);
void decode_jpeg_free(struct jpeg_decoder *decoder);
size_t decode_jpeg_memory(const struct jpeg_decoder *decoder);

/* TRBA_ERROR_LIMIT or TRBA_ERROR_FORMAT unless an image of this size may be decoded. `format` is "PNG" or "JPEG". */
trba_status decode_check_size(const char *format, uint32_t width, uint32_t height, trba_error *err);

/* Makes room for the pixels and `extra_bytes` behind them (the codec's scratch), and describes the pixels in *out. */
trba_status decode_reserve(int width, int height, int channels, size_t extra_bytes, struct image_buffer *buffer,
                           struct image_view *out, trba_error *err);

#endif
