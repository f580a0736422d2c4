/* SPDX-License-Identifier: Apache-2.0 */
/* trba_page.c - the public functions on pages and regions: trba_page_*, trba_region_*. (Reading them is the session's.)
 *
 *   image -> decode (the preset's pixels, colour kept) -> [height][width][1 or 3], immutable from then on
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/float_environment.h"
#include "base/status.h"
#include "page.h"

trba_page_options trba_page_options_default(void)
{
    return (trba_page_options){.struct_size = sizeof(trba_page_options)};
}

static trba_status check_options(const trba_page_options *options, trba_error *err)
{
    if (options->struct_size != sizeof *options)
        return error_set(err, TRBA_ERROR_ARGUMENT, "trba_page_options was not made by trba_page_options_default()");
    if ((int)options->preset < TRBA_PRESET_ANY || options->preset > TRBA_PRESET_EASYOCR)
        return error_set(err, TRBA_ERROR_ARGUMENT, "there is no preset %d", (int)options->preset);
    return image_check_policies(options->exif, options->alpha, err);
}

/* EASYOCR: OpenCV's grey. Else Pillow's pixels, with colour if there is any. */
static struct image_rules choose_rules(const trba_page_options *options)
{
    const bool is_easyocr = options->preset == TRBA_PRESET_EASYOCR;
    return (struct image_rules){
        .channels = is_easyocr ? 1 : 0,
        .grey = is_easyocr ? IMAGE_GREY_OPENCV : IMAGE_GREY_PILLOW,
        .applies_orientation = options->exif == TRBA_EXIF_ANY ? is_easyocr : options->exif == TRBA_EXIF_APPLY,
        .alpha = options->alpha};
}

/* A page owns its pixels, so raw pixels that could be used as they are must be copied after all. */
static trba_status own_pixels(struct trba_page *page, trba_error *err)
{
    const struct image_view theirs = page->view;
    const size_t row_bytes = (size_t)theirs.width * (size_t)theirs.channels;
    const trba_status status = image_buffer_reserve(&page->buffer, row_bytes * (size_t)theirs.height, err);
    if (status != TRBA_OK) return status;
    for (int y = 0; y < theirs.height; y++)
        memcpy(page->buffer.bytes + (size_t)y * row_bytes, theirs.pixels + (size_t)y * theirs.stride_bytes, row_bytes);
    page->view.pixels = page->buffer.bytes;
    page->view.stride_bytes = row_bytes;
    return TRBA_OK;
}

static trba_status fill_page(struct trba_page *page, const trba_image *image, const trba_page_options *options,
                             trba_error *err)
{
    const struct image_rules rules = choose_rules(options);
    struct load_scratch scratch = {.file = {.bytes = NULL}};
    trba_status status = image_load(image, &rules, &scratch, &page->buffer, &page->view, err);
    load_scratch_free(&scratch);
    if (status == TRBA_OK && page->view.pixels == image->bytes) status = own_pixels(page, err);
    return status;
}

trba_status trba_page_open(const trba_image *image, const trba_page_options *options, trba_page **out, trba_error *err)
{
    const trba_page_options defaults = trba_page_options_default();
    if (image == NULL || out == NULL) return error_set(err, TRBA_ERROR_ARGUMENT, "image and out must not be NULL");
    if (options == NULL) options = &defaults;
    trba_status status = check_options(options, err);
    if (status != TRBA_OK) return status;
    trba_page *page = calloc(1, sizeof *page);
    if (page == NULL) return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for a page");
    fenv_t callers;
    float_environment_begin(&callers);
    status = fill_page(page, image, options, err);
    float_environment_end(&callers);
    if (status != TRBA_OK) {
        trba_page_free(page);
        return status;
    }
    *out = page;
    return TRBA_OK;
}

void trba_page_size(const trba_page *page, int *width, int *height)
{
    *width = page->view.width;
    *height = page->view.height;
}

size_t trba_page_memory(const trba_page *page)
{
    return sizeof *page + page->buffer.capacity;
}

void trba_page_free(trba_page *page)
{
    if (page == NULL) return;
    image_buffer_free(&page->buffer);
    free(page);
}

/* ---- regions ----------------------------------------------------------------------------------------------------- */

/* Cosine and sine of an angle clockwise; exact for multiples of 90. */
static void direction_of(double degrees, double *cosine, double *sine)
{
    static const double exact[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    const double quarters = degrees / 90.0;
    if (quarters == floor(quarters) && isfinite(quarters)) {
        const int turns = (int)fmod(fmod(quarters, 4.0) + 4.0, 4.0);
        *cosine = exact[turns][0];
        *sine = exact[turns][1];
        return;
    }
    const double radians = degrees * (3.14159265358979323846 / 180.0);
    *cosine = cos(radians);
    *sine = sin(radians);
}

/* Not inline, or the compiler might calculate outside of the floating-point environment around it. */
static __attribute__((noinline)) trba_region rotate_box(float cx, float cy, float w, float h, float degrees)
{
    static const double corners[4][2] = {{-0.5, -0.5}, {0.5, -0.5}, {0.5, 0.5}, {-0.5, 0.5}};
    double cosine, sine;
    direction_of((double)degrees, &cosine, &sine);
    trba_region region;
    for (int i = 0; i < 4; i++) {
        const double right = corners[i][0] * (double)w, down = corners[i][1] * (double)h;
        region.x[i] = (float)((double)cx + right * cosine - down * sine);
        region.y[i] = (float)((double)cy + right * sine + down * cosine);
    }
    return region;
}

trba_region trba_region_rotated(float cx, float cy, float w, float h, float degrees)
{
    fenv_t callers;
    float_environment_begin(&callers);
    const trba_region region = rotate_box(cx, cy, w, h, degrees);
    float_environment_end(&callers);
    return region;
}

trba_region_options trba_region_options_default(void)
{
    return (trba_region_options){.struct_size = sizeof(trba_region_options)};
}
