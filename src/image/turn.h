/* SPDX-License-Identifier: Apache-2.0 */
/* turn.h - a picture turned by quarters. */
#ifndef TRBA_IMAGE_TURN_H
#define TRBA_IMAGE_TURN_H

#include "image/image.h"

/* Turns a picture by `quarter_turns` (0 to 3) counter-clockwise. `out` points into `buffer`, which `in` must not; with
 * no turn it is `in`. */
trba_status image_turn(const struct image_view *in, int quarter_turns, struct image_buffer *buffer,
                       struct image_view *out, trba_error *err);

#endif
