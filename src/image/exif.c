/* SPDX-License-Identifier: Apache-2.0 */
/* exif.c - which way up a picture is.
 *
 *   "Exif\0\0"  TIFF header ("II" or "MM", 42, offset of the first directory)
 *   directory:  u16 count, then entries of 12 bytes: u16 tag, u16 type, u32 count, value
 *   tag 0x112:  1 as stored, 2 mirrored, 3 upside down, 4 both, 5 to 8 the same with rows and columns exchanged
 */
#include "image/exif.h"

#include <stdbool.h>
#include <string.h>

#include "base/checked.h"

enum { TIFF_MAGIC = 42, TAG_ORIENTATION = 0x112, ENTRY_BYTES = 12 };

static unsigned load_u16(const uint8_t *p, bool is_big_endian)
{
    return is_big_endian ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static uint32_t load_u32(const uint8_t *p, bool is_big_endian)
{
    const uint32_t first = load_u16(p, is_big_endian), second = load_u16(p + 2, is_big_endian);
    return is_big_endian ? first << 16 | second : second << 16 | first;
}

int exif_orientation_in_tiff(const uint8_t *data, size_t n_bytes)
{
    if (n_bytes < 8 || (memcmp(data, "II", 2) != 0 && memcmp(data, "MM", 2) != 0)) return 0;
    const bool is_big_endian = data[0] == 'M';
    const uint32_t directory = load_u32(data + 4, is_big_endian);
    if (load_u16(data + 2, is_big_endian) != TIFF_MAGIC || !range_is_inside(directory, 2, n_bytes)) return 0;

    const unsigned n_entries = load_u16(data + directory, is_big_endian);
    uint64_t at = (uint64_t)directory + 2;
    for (unsigned i = 0; i < n_entries && range_is_inside(at, ENTRY_BYTES, n_bytes); i++, at += ENTRY_BYTES) {
        if (load_u16(data + at, is_big_endian) != TAG_ORIENTATION) continue;
        const unsigned value = load_u16(data + at + 8, is_big_endian);
        return value >= 1 && value <= 8 ? (int)value : 0;
    }
    return 0;
}

int exif_orientation_in_app1(const uint8_t *data, size_t n_bytes)
{
    if (n_bytes < 6 || memcmp(data, "Exif\0\0", 6) != 0) return 0;
    return exif_orientation_in_tiff(data + 6, n_bytes - 6);
}

struct image_view exif_apply_orientation(int orientation, const struct image_view *in, uint8_t *out)
{
    const bool is_transposed = orientation >= 5;
    const bool flips_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool flips_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const int width = is_transposed ? in->height : in->width, height = is_transposed ? in->width : in->height;
    const size_t pixel = (size_t)in->channels;
    const struct image_view turned = {out, width, height, in->channels, (size_t)width * pixel};
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, out += pixel) {
            /* Where the pixel shown at (x, y) is stored. */
            const int column = is_transposed ? y : x, row = is_transposed ? x : y;
            const int from_x = flips_x ? in->width - 1 - column : column;
            const int from_y = flips_y ? in->height - 1 - row : row;
            memcpy(out, in->pixels + (size_t)from_y * in->stride_bytes + (size_t)from_x * pixel, pixel);
        }
    return turned;
}
