/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pictures.c - decode, resize, and look at every number that the network would get. */
#include "fuzz_pictures.h"

#include <stdlib.h>

#include "image/image.h"

enum { CLOVAAI_H = 32, CLOVAAI_W = 100, EASYOCR_H = 16 };

/* Takes one of `n` off the choices. */
static unsigned choose(unsigned *choices, unsigned n)
{
    const unsigned choice = *choices % n;
    *choices /= n;
    return choice;
}

static void check_numbers(const float *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fuzz_require(numbers[i] >= -1.0f && numbers[i] <= 1.0f, "the network's input is not between -1 and 1");
}

static void preprocess_view(const struct preprocess *p, const struct image_view *view)
{
    struct preprocess_scratch scratch = {.between = {NULL, 0}};
    trba_error err = {.message = ""};
    int width = 0;
    if (!fuzz_check_status(preprocess_width(p, view->width, view->height, &width, &err), &err)) return;
    const size_t n = (size_t)p->img_h * (size_t)width * (size_t)p->channels;
    float *out = malloc(n * sizeof *out);
    if (out == NULL) abort();
    if (fuzz_check_status(preprocess_image(p, view, &scratch, out, &err), &err)) check_numbers(out, n);
    preprocess_scratch_free(&scratch);
    free(out);
}

/* The sum of all pixels: each is there to be read. */
static unsigned add_pixels(const struct image_view *view)
{
    unsigned sum = 0;
    for (int y = 0; y < view->height; y++)
        for (int x = 0; x < view->width * view->channels; x++)
            sum += view->pixels[(size_t)y * view->stride_bytes + (size_t)x];
    return sum;
}

void fuzz_picture_bytes(const uint8_t *bytes, size_t n_bytes, unsigned choices)
{
    static const int channels[] = {1, 3};
    struct image_rules rules = {.channels = channels[choose(&choices, 2)]};
    rules.alpha = (trba_alpha)choose(&choices, 3);
    rules.grey = choose(&choices, 2) ? IMAGE_GREY_OPENCV : IMAGE_GREY_PILLOW;
    rules.applies_orientation = choose(&choices, 2);
    const bool is_easyocr = choose(&choices, 2);
    const bool is_special = choose(&choices, 2);
    const bool is_any_colour = choose(&choices, 2);
    const struct preprocess p = {.preset = is_easyocr ? TRBA_PRESET_EASYOCR : TRBA_PRESET_CLOVAAI,
                                 .channels = rules.channels, .img_h = is_easyocr ? EASYOCR_H : CLOVAAI_H,
                                 .img_w = is_easyocr ? 0 : CLOVAAI_W, .pad = !is_easyocr && is_special,
                                 .adjust_contrast = is_easyocr && is_special};
    struct image_buffer buffer = {NULL, 0};
    struct image_codecs codecs = {.jpeg = NULL};
    struct image_view view = {.pixels = NULL};
    trba_error err = {.message = ""};
    if (is_any_colour) rules.channels = 0;
    if (fuzz_check_status(image_decode(bytes, n_bytes, &rules, &codecs, &buffer, &view, &err), &err)) {
        fuzz_require(view.width > 0 && view.height > 0, "a picture without pixels");
        fuzz_require(view.channels == rules.channels || (is_any_colour && (view.channels == 1 || view.channels == 3)),
                     "a picture with other channels than asked for");
        (void)add_pixels(&view);
        if (view.channels == p.channels) preprocess_view(&p, &view);
    }
    image_codecs_free(&codecs);
    image_buffer_free(&buffer);
}
