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
    *out = exif_apply_orientation(orientations[quarter_turns], in, buffer->bytes);
    return TRBA_OK;
}
