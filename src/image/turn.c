/* SPDX-License-Identifier: Apache-2.0 */
/* turn.c - a picture turned by quarters: what EXIF's orientations do, by another name. */
#include "image/turn.h"

#include "image/exif.h"

trba_status image_turn(const struct image_view *in, int quarter_turns, struct image_buffer *buffer,
                       struct image_view *out, trba_error *err)
{
    static const int orientations[] = {1, 8, 3, 6}; /* EXIF's numbers for quarter turns counter-clockwise */
    if (quarter_turns == 0) {
        *out = *in;
        return TRBA_OK;
    }
    const size_t row_bytes = (size_t)in->width * (size_t)in->channels;
    const trba_status status = image_buffer_reserve(buffer, row_bytes * (size_t)in->height, err);
    if (status != TRBA_OK) return status;
    exif_apply_orientation(orientations[quarter_turns], in->pixels, in->stride_bytes, in->width, in->height,
                           in->channels, buffer->bytes);
    const bool is_transposed = quarter_turns % 2 != 0;
    const int width = is_transposed ? in->height : in->width, height = is_transposed ? in->width : in->height;
    *out = (struct image_view){buffer->bytes, width, height, in->channels, (size_t)width * (size_t)in->channels};
    return TRBA_OK;
}
