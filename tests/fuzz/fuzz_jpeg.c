/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_jpeg.c - a JPEG file, and a last byte of choices, to the network's input. */
#include "fuzz_pictures.h"

enum { FRAME_BYTES = 9 };

/* By whatever looks like a frame header (SOF0 to SOF2), wherever it stands. */
static bool is_too_large(const uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i + FRAME_BYTES <= n_bytes; i++) {
        if (bytes[i] != 0xFF || bytes[i + 1] < 0xC0 || bytes[i + 1] > 0xC2) continue;
        const unsigned h = bytes[i + 5] * 256u + bytes[i + 6], w = bytes[i + 7] * 256u + bytes[i + 8];
        if (w * h > FUZZ_MAX_PIXELS) return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    const unsigned choices = fuzz_take_last(bytes, &n_bytes);
    if (!is_too_large(bytes, n_bytes)) fuzz_picture_bytes(bytes, n_bytes, choices);
    return 0;
}
