/* SPDX-License-Identifier: Apache-2.0 */
/* crop.h - a region of a page as a picture of its own. */
#ifndef TRBA_IMAGE_CROP_H
#define TRBA_IMAGE_CROP_H

#include "image/warp.h"

/* Limits: a corner lies at most this far from the page's origin; a region that is drawn has at most so many pixels. */
enum { CROP_MAX_COORDINATE = 1000000, CROP_MAX_PIXELS = 16 * 1000 * 1000 };

/* A region that can be cropped, and how. */
struct crop {
    int width, height;
    bool is_cut;      /* a box of whole pixels, its left top pixel below; else drawn */
    int left, top;
    struct warp warp; /* when it is drawn */
};

/* Holds the region against the page. On failure one sentence on what is wrong with the region. */
trba_status crop_plan(const struct image_view *page, const trba_region *region, bool is_black_outside,
                      struct crop *out, trba_error *err);

struct crop_scratch {
    struct image_buffer drawn, converted;
};
size_t crop_scratch_memory(const struct crop_scratch *scratch);
void crop_scratch_free(struct crop_scratch *scratch);

/* Crops, and makes `channels` 1 or 3 of it. `out` points into `scratch`, or into the page. */
trba_status crop_draw(const struct image_view *page, const struct crop *crop, int channels,
                      struct crop_scratch *scratch, struct image_view *out, trba_error *err);

#endif
