/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_png.c - a PNG file, and a last byte of choices, to the network's input. */
#include "fuzz_pictures.h"

enum { WIDTH_AT = 16, HEIGHT_AT = 20, HEADER_END = 24 };

static uint64_t load_big_endian(const uint8_t *p)
{
    return (uint64_t)p[0] << 24 | (uint64_t)p[1] << 16 | (uint64_t)p[2] << 8 | p[3];
}

/* By IHDR, which is at the same place in every PNG that is read. */
static bool is_too_large(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes < HEADER_END) return false;
    const uint64_t w = load_big_endian(bytes + WIDTH_AT), h = load_big_endian(bytes + HEIGHT_AT);
    return w <= 65500 && h <= 65500 && w * h > FUZZ_MAX_PIXELS;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    const unsigned choices = fuzz_take_last(bytes, &n_bytes);
    if (!is_too_large(bytes, n_bytes)) fuzz_picture_bytes(bytes, n_bytes, choices);
    return 0;
}
