/* SPDX-License-Identifier: Apache-2.0 */
/* jpeg_segments.c - walks the segments of a JPEG once, from marker to marker.
 *
 *   FF D8                         begin of the picture
 *   FF marker, u16be n, n - 2     a segment: the length counts itself
 *   FF DA, u16be n, n - 2, data   a scan; in its data 00 or a restart marker follows on FF
 *   FF D9                         end of the picture
 *
 * What stands between segments, fill bytes (FF) and data alike, is passed over byte by byte, as libjpeg does. The cost
 * is that of reading the bytes once: libjpeg can keep segments in a list, but walks it to the end for each that it
 * adds, which takes hours when there are millions.
 */
#include "image/jpeg_segments.h"

#include <stdbool.h>

#include "image/exif.h"

enum { RESTART_FIRST = 0xD0, END_OF_IMAGE = 0xD9, SCAN = 0xDA, APP1 = 0xE1 };
enum { HEAD_BYTES = 4 };

struct jpeg_segment {
    unsigned marker;
    const uint8_t *data; /* [n_bytes]: behind the length, as far as the file goes */
    size_t n_bytes;
};

/* Finds the next marker from *at and moves *at behind its segment; false at the end of the file. */
static bool next_segment(const uint8_t *bytes, size_t n_bytes, size_t *at, struct jpeg_segment *out)
{
    while (n_bytes - *at >= HEAD_BYTES) {
        const uint8_t *head = bytes + *at;
        const unsigned marker = head[1];
        const bool is_marker = head[0] == 0xFF && marker != 0xFF && marker > 1;
        const bool has_length = is_marker && (marker < RESTART_FIRST || marker > END_OF_IMAGE);
        const size_t length = has_length ? 2 + ((size_t)head[2] << 8 | head[3]) : 1;
        const size_t taken = length < n_bytes - *at ? length : n_bytes - *at;
        *at += taken;
        if (!is_marker) continue;
        const size_t n_head = taken < HEAD_BYTES ? taken : HEAD_BYTES;
        *out = (struct jpeg_segment){.marker = marker, .data = head + n_head, .n_bytes = taken - n_head};
        return true;
    }
    return false;
}

uint64_t jpeg_count_scans(const uint8_t *bytes, size_t n_bytes)
{
    struct jpeg_segment segment;
    uint64_t n = 0;
    for (size_t at = 0; next_segment(bytes, n_bytes, &at, &segment) && segment.marker != END_OF_IMAGE;)
        n += segment.marker == SCAN;
    return n;
}

/* Tables may come in a stream of their own before the picture's: the end of that one is passed over. */
int jpeg_find_orientation(const uint8_t *bytes, size_t n_bytes)
{
    struct jpeg_segment segment;
    for (size_t at = 0; next_segment(bytes, n_bytes, &at, &segment) && segment.marker != SCAN;) {
        const int orientation =
            segment.marker == APP1 ? exif_orientation_in_app1(segment.data, segment.n_bytes) : 0;
        if (orientation != 0) return orientation;
    }
    return 1;
}
