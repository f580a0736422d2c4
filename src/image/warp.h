/* SPDX-License-Identifier: Apache-2.0 */
/* warp.h - draws a quadrilateral of a picture upright. */
#ifndef TRBA_IMAGE_WARP_H
#define TRBA_IMAGE_WARP_H

#include "image/image.h"

/* Output pixel (x, y) shows the point (m0 x + m1 y + m2, m3 x + m4 y + m5) / (m6 x + m7 y + m8) of the picture. */
struct warp {
    float m[9];
    int width, height;     /* of the output */
    bool is_black_outside; /* what lies outside the picture: black, else the nearest pixel of its edge */
};

/* The warp that puts the centres of the output's corner pixels on the four corners x, y (clockwise from the top left;
 * they make up a convex quadrilateral). A side of one pixel shows the middle. */
void warp_set_corners(struct warp *warp, const float x[4], const float y[4]);

/* Draws into `buffer`; `out` points there. Bilinear, in float: equal to cv2.warpPerspective(INTER_LINEAR) but for one
 * level where rounding decides. */
trba_status warp_draw(const struct warp *warp, const struct image_view *in, struct image_buffer *buffer,
                      struct image_view *out, trba_error *err);

#endif
