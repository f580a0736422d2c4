/* SPDX-License-Identifier: Apache-2.0 */
/* crop.c - regions of a page.
 *
 *   four corners -> finite? convex and clockwise? on the page? -> a cut, or a warp and its size
 *   cut or draw  -> the network's channels
 *
 * The size of what is drawn is that of EasyOCR's four_point_transform(): the longer of opposite sides, rounded down.
 */
#include "image/crop.h"

#include <math.h>

#include "image/grey.h"

/* A corner that takes up less than this part of the area is no corner: perspective would stretch without end. */
static const double least_corner = 1e-3;

size_t crop_scratch_memory(const struct crop_scratch *scratch)
{
    return scratch->drawn.capacity + scratch->converted.capacity;
}

void crop_scratch_free(struct crop_scratch *scratch)
{
    image_buffer_free(&scratch->drawn);
    image_buffer_free(&scratch->converted);
}

/* ---- what a region must be --------------------------------------------------------------------------------------- */

static trba_status check_corners(const trba_region *region, trba_error *err)
{
    for (int i = 0; i < 4; i++) {
        const double x = (double)region->x[i], y = (double)region->y[i];
        if (!isfinite(x) || !isfinite(y))
            return error_set(err, TRBA_ERROR_ARGUMENT, "corner %d of the region is not a finite number", i + 1);
        if (fabs(x) > CROP_MAX_COORDINATE || fabs(y) > CROP_MAX_COORDINATE)
            return error_set(err, TRBA_ERROR_LIMIT,
                             "corner %d of the region lies at (%.0f, %.0f); the limit is %d pixels from the page",
                             i + 1, x, y, CROP_MAX_COORDINATE);
    }
    return TRBA_OK;
}

/* Twice the area of the triangle a, b, c; positive when they run clockwise (y grows downwards). */
static double turn_at(const trba_region *r, int a, int b, int c)
{
    return ((double)r->x[b] - r->x[a]) * ((double)r->y[c] - r->y[b]) -
           ((double)r->y[b] - r->y[a]) * ((double)r->x[c] - r->x[b]);
}

/* Corners in the order of trba_region_box(), whose width and height may be negative? */
static bool is_upright(const trba_region *r)
{
    return r->x[0] == r->x[3] && r->x[1] == r->x[2] && r->y[0] == r->y[1] && r->y[2] == r->y[3];
}

/* A box whose width or height is negative looks the same as corners in the wrong order: its numbers are what helps. */
static trba_status fail_counter_clockwise(const trba_region *r, trba_error *err)
{
    const double width = (double)r->x[1] - r->x[0], height = (double)r->y[2] - r->y[1];
    if (is_upright(r))
        return error_set(err, TRBA_ERROR_ARGUMENT, "the region's %s is negative (%g x %g pixels): a box needs a "
                         "positive one, and four corners must run clockwise, not counter-clockwise",
                         width < 0 ? "width" : "height", width, height);
    return error_set(err, TRBA_ERROR_ARGUMENT, "the region's corners run counter-clockwise; they must be given "
                     "clockwise, from the top left of the text");
}

static trba_status check_shape(const trba_region *region, trba_error *err)
{
    const double area = turn_at(region, 0, 1, 2) + turn_at(region, 0, 2, 3); /* twice, with its sign */
    int n_right = 0, n_left = 0, n_flat = 0;
    for (int i = 0; i < 4; i++) {
        const double turn = turn_at(region, i, (i + 1) % 4, (i + 2) % 4);
        if (fabs(turn) <= least_corner * fabs(area)) n_flat++;
        else if (turn > 0) n_right++;
        else n_left++;
    }
    if (n_right == 4) return TRBA_OK;
    if (area == 0 && n_flat == 4) return error_set(err, TRBA_ERROR_ARGUMENT, "the region has no area");
    if (n_left == 4) return fail_counter_clockwise(region, err);
    if (n_right > 0 && n_left > 0)
        return error_set(err, TRBA_ERROR_ARGUMENT, "the region is not convex: its sides cross, or a corner points in");
    return error_set(err, TRBA_ERROR_ARGUMENT, "three corners of the region lie on a line");
}

/* Does the whole page lie on the outer side of one of the region's sides, or the region beyond one of the page's? The
 * page is the area of its pixels' centres, one pixel larger all round: so far do pixels show. */
static bool is_outside(const struct image_view *page, const trba_region *r)
{
    const double right = page->width, bottom = page->height;
    const double page_x[4] = {-1, right, right, -1}, page_y[4] = {-1, -1, bottom, bottom};
    int n_left = 0, n_right = 0, n_above = 0, n_below = 0;
    for (int i = 0; i < 4; i++) {
        n_left += (double)r->x[i] <= -1;
        n_right += (double)r->x[i] >= right;
        n_above += (double)r->y[i] <= -1;
        n_below += (double)r->y[i] >= bottom;
        const int next = (i + 1) % 4;
        const double side_x = (double)r->x[next] - r->x[i], side_y = (double)r->y[next] - r->y[i];
        int n_outer = 0;
        for (int k = 0; k < 4; k++)
            n_outer += side_x * (page_y[k] - r->y[i]) - side_y * (page_x[k] - r->x[i]) <= 0;
        if (n_outer == 4) return true;
    }
    return n_left == 4 || n_right == 4 || n_above == 4 || n_below == 4;
}

static trba_status fail_outside(const struct image_view *page, trba_error *err)
{
    return error_set(err, TRBA_ERROR_ARGUMENT, "the region lies outside the page of %d x %d pixels", page->width,
                     page->height);
}

/* ---- how it is cropped ------------------------------------------------------------------------------------------- */

static bool is_whole(float value) { return value == floorf(value); }

static bool is_box_of_pixels(const trba_region *r)
{
    return is_upright(r) && is_whole(r->x[0]) && is_whole(r->x[1]) && is_whole(r->y[0]) && is_whole(r->y[2]) &&
           r->x[0] < r->x[1] && r->y[0] < r->y[2];
}

/* What the box has in common with the page. */
static trba_status plan_cut(const struct image_view *page, const trba_region *r, struct crop *out, trba_error *err)
{
    const int left = r->x[0] > 0 ? (int)r->x[0] : 0, top = r->y[0] > 0 ? (int)r->y[0] : 0;
    const int right = r->x[1] < (float)page->width ? (int)r->x[1] : page->width;
    const int bottom = r->y[2] < (float)page->height ? (int)r->y[2] : page->height;
    if (left >= right || top >= bottom) return fail_outside(page, err);
    *out = (struct crop){.width = right - left, .height = bottom - top, .is_cut = true, .left = left, .top = top};
    return TRBA_OK;
}

/* The longer of the sides a-b and c-d. */
static double longer_side(const trba_region *r, int a, int b, int c, int d)
{
    return fmax(hypot((double)r->x[a] - r->x[b], (double)r->y[a] - r->y[b]),
                hypot((double)r->x[c] - r->x[d], (double)r->y[c] - r->y[d]));
}

static trba_status plan_warp(const trba_region *region, bool is_black_outside, struct crop *out, trba_error *err)
{
    const double width = floor(longer_side(region, 0, 1, 3, 2)), height = floor(longer_side(region, 0, 3, 1, 2));
    if (width < 1 || height < 1)
        return error_set(err, TRBA_ERROR_ARGUMENT, "the region is less than one pixel %s", width < 1 ? "wide" : "high");
    if (width * height > CROP_MAX_PIXELS)
        return error_set(err, TRBA_ERROR_LIMIT, "the region has %.0f x %.0f pixels; the limit is %d million", width,
                         height, CROP_MAX_PIXELS / (1000 * 1000));
    *out = (struct crop){.width = (int)width, .height = (int)height};
    out->warp = (struct warp){.width = out->width, .height = out->height, .is_black_outside = is_black_outside};
    warp_set_corners(&out->warp, region->x, region->y);
    return TRBA_OK;
}

trba_status crop_plan(const struct image_view *page, const trba_region *region, bool is_black_outside,
                      struct crop *out, trba_error *err)
{
    trba_status status = check_corners(region, err);
    if (status == TRBA_OK) status = check_shape(region, err);
    if (status != TRBA_OK) return status;
    if (is_box_of_pixels(region)) return plan_cut(page, region, out, err);
    if (is_outside(page, region)) return fail_outside(page, err);
    return plan_warp(region, is_black_outside, out, err);
}

/* ---- cropping ---------------------------------------------------------------------------------------------------- */

static struct image_view cut(const struct image_view *page, const struct crop *crop)
{
    const uint8_t *pixels = page->pixels + (size_t)crop->top * page->stride_bytes +
                            (size_t)crop->left * (size_t)page->channels;
    return (struct image_view){pixels, crop->width, crop->height, page->channels, page->stride_bytes};
}

/* Tightly packed, with the channels asked for. */
static trba_status convert(const struct image_view *in, int channels, struct image_buffer *buffer,
                           struct image_view *out, trba_error *err)
{
    const size_t width = (size_t)in->width, row_bytes = width * (size_t)channels;
    const trba_status status = image_buffer_reserve(buffer, row_bytes * (size_t)in->height, err);
    if (status != TRBA_OK) return status;
    for (int y = 0; y < in->height; y++)
        pixel_row_convert(in->channels == 1 ? PIXEL_GREY : PIXEL_RGB, in->pixels + (size_t)y * in->stride_bytes, width,
                          channels, buffer->bytes + (size_t)y * row_bytes);
    *out = (struct image_view){buffer->bytes, in->width, in->height, channels, row_bytes};
    return TRBA_OK;
}

trba_status crop_draw(const struct image_view *page, const struct crop *crop, int channels,
                      struct crop_scratch *scratch, struct image_view *out, trba_error *err)
{
    struct image_view view = {0};
    trba_status status = TRBA_OK;
    if (crop->is_cut) view = cut(page, crop);
    else status = warp_draw(&crop->warp, page, &scratch->drawn, &view, err);
    if (status == TRBA_OK && view.channels != channels)
        status = convert(&view, channels, &scratch->converted, &view, err);
    if (status == TRBA_OK) *out = view;
    return status;
}
