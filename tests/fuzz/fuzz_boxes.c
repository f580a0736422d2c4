/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_boxes.c - a file of boxes, as JSON, CSV or ICDAR's text; and each of its regions on a small page. */
#include <string.h>

#include "fuzz.h"
#include "fuzz_folder.h"
#include "image/crop.h"
#include "strdemo/boxes_file.h"

enum { PAGE_W = 64, PAGE_H = 48, REGIONS_LIMIT = 16, MAX_PIXELS = 64 * 1024 };

static void draw_region(const trba_region *region, bool is_black_outside)
{
    static uint8_t pixels[PAGE_H * PAGE_W];
    const struct image_view page = {.pixels = pixels, .width = PAGE_W, .height = PAGE_H, .channels = 1,
                                    .stride_bytes = PAGE_W};
    struct crop_scratch scratch = {.drawn = {NULL, 0}};
    struct image_view out;
    struct crop crop;
    trba_error err = {.message = ""};
    if (!fuzz_check_status(crop_plan(&page, region, is_black_outside, &crop, &err), &err)) return;
    fuzz_require(crop.width > 0 && crop.height > 0, "a region without pixels");
    fuzz_require((long long)crop.width * crop.height <= CROP_MAX_PIXELS, "a region over the limit");
    if (crop.width * crop.height > MAX_PIXELS) return;
    if (fuzz_check_status(crop_draw(&page, &crop, 3, &scratch, &out, &err), &err))
        fuzz_require(out.width == crop.width && out.height == crop.height, "a region of another size");
    crop_scratch_free(&scratch);
}

static void read_boxes(const char *name, const uint8_t *bytes, size_t n_bytes)
{
    struct boxes boxes;
    char message[BOXES_MESSAGE_BYTES] = "";
    if (boxes_file_read(fuzz_folder_write(name, bytes, n_bytes), &boxes, message)) {
        for (size_t i = 0; i < boxes.n && i < REGIONS_LIMIT; i++) draw_region(&boxes.regions[i], i % 2 == 0);
    } else {
        fuzz_require(strlen(message) >= 10 && strlen(message) < sizeof message, "a failure without a sentence");
    }
    boxes_free(&boxes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    read_boxes("boxes.csv", bytes, n_bytes);
    read_boxes("boxes.txt", bytes, n_bytes);
    return 0;
}
