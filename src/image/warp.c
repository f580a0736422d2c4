/* SPDX-License-Identifier: Apache-2.0 */
/* warp.c - the perspective that lays a rectangle on a quadrilateral, and bilinear sampling through it.
 *
 *   corners       -> the matrix that takes (u, v) in the unit square to the picture, in double (Heckbert, "Fundamentals
 *                    of Texture Mapping and Image Warping", 1989, section 2.2.3)
 *   u = x / (w - 1), v = y / (h - 1) -> the matrix for output pixels, in float like OpenCV's
 *   for every output pixel: its point in the picture -> four neighbours -> left, right, then up, down
 *
 * cv2.getPerspectiveTransform() gives the same matrix the other way round, and warpPerspective() inverts it; the last
 * bits differ. tests/pixels holds the result against OpenCV's.
 */
#include "image/warp.h"

#include <math.h>

#include "base/checked.h"

/* ---- the matrix -------------------------------------------------------------------------------------------------- */

/* (u, v) of the unit square to the quadrilateral. */
static void map_unit_square(const float x[4], const float y[4], double m[9])
{
    const double dx1 = (double)x[1] - x[2], dx2 = (double)x[3] - x[2], sx = (double)x[0] - x[1] + x[2] - x[3];
    const double dy1 = (double)y[1] - y[2], dy2 = (double)y[3] - y[2], sy = (double)y[0] - y[1] + y[2] - y[3];
    const double determinant = dx1 * dy2 - dx2 * dy1;
    const double g = (sx * dy2 - dx2 * sy) / determinant, h = (dx1 * sy - sx * dy1) / determinant;
    const double rows[9] = {x[1] - x[0] + g * x[1], x[3] - x[0] + h * x[3], x[0],
                            y[1] - y[0] + g * y[1], y[3] - y[0] + h * y[3], y[0], g, h, 1.0};
    for (int i = 0; i < 9; i++) m[i] = rows[i];
}

void warp_set_corners(struct warp *warp, const float x[4], const float y[4])
{
    double m[9];
    map_unit_square(x, y, m);
    for (int row = 0; row < 9; row += 3) {
        if (warp->width == 1) m[row + 2] += 0.5 * m[row];
        if (warp->height == 1) m[row + 2] += 0.5 * m[row + 1];
        m[row] /= warp->width > 1 ? warp->width - 1 : 1;
        m[row + 1] /= warp->height > 1 ? warp->height - 1 : 1;
    }
    for (int i = 0; i < 9; i++) warp->m[i] = (float)(m[i] / m[8]);
}

/* ---- sampling ---------------------------------------------------------------------------------------------------- */

/* A whole number in -2 .. limit + 1 at or below `value`: beyond that nothing changes, and every float fits. */
static int floor_within(float value, int limit, float *fraction)
{
    if (!(value > -2.0f)) value = -2.0f;
    if (value > (float)limit + 1.0f) value = (float)limit + 1.0f;
    const float below = floorf(value);
    *fraction = value - below;
    return (int)below;
}

static int clamp(int value, int limit)
{
    return value < 0 ? 0 : value >= limit ? limit - 1 : value;
}

/* The pixel there, or what stands for it outside the picture. */
static const uint8_t *pixel_at(const struct image_view *in, int x, int y, bool is_black_outside)
{
    static const uint8_t black[3];
    const int inside_x = clamp(x, in->width), inside_y = clamp(y, in->height);
    if (is_black_outside && (inside_x != x || inside_y != y)) return black;
    return in->pixels + (size_t)inside_y * in->stride_bytes + (size_t)inside_x * (size_t)in->channels;
}

static void sample(const struct image_view *in, float x, float y, bool is_black_outside, uint8_t *out)
{
    float right, down; /* how far between the neighbours */
    const int left = floor_within(x, in->width, &right), top = floor_within(y, in->height, &down);
    const uint8_t *const top_left = pixel_at(in, left, top, is_black_outside);
    const uint8_t *const top_right = pixel_at(in, left + 1, top, is_black_outside);
    const uint8_t *const bottom_left = pixel_at(in, left, top + 1, is_black_outside);
    const uint8_t *const bottom_right = pixel_at(in, left + 1, top + 1, is_black_outside);
    for (int c = 0; c < in->channels; c++) {
        const float above = (float)top_left[c] + right * (float)(top_right[c] - top_left[c]);
        const float below = (float)bottom_left[c] + right * (float)(bottom_right[c] - bottom_left[c]);
        out[c] = (uint8_t)lrintf(above + down * (below - above));
    }
}

static void draw_row(const struct warp *warp, const struct image_view *in, int y, uint8_t *out)
{
    const float *m = warp->m;
    const float at_y = (float)y;
    const float row_x = m[1] * at_y + m[2], row_y = m[4] * at_y + m[5], row_w = m[7] * at_y + m[8];
    for (int x = 0; x < warp->width; x++, out += in->channels) {
        const float at_x = (float)x, w = m[6] * at_x + row_w;
        sample(in, (m[0] * at_x + row_x) / w, (m[3] * at_x + row_y) / w, warp->is_black_outside, out);
    }
}

trba_status warp_draw(const struct warp *warp, const struct image_view *in, struct image_buffer *buffer,
                      struct image_view *out, trba_error *err)
{
    const size_t row_bytes = (size_t)warp->width * (size_t)in->channels;
    const trba_status status = image_buffer_reserve(buffer, row_bytes * (size_t)warp->height, err);
    if (status != TRBA_OK) return status;
    for (int y = 0; y < warp->height; y++) draw_row(warp, in, y, buffer->bytes + (size_t)y * row_bytes);
    *out = (struct image_view){buffer->bytes, warp->width, warp->height, in->channels, row_bytes};
    return TRBA_OK;
}
