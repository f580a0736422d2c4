/* SPDX-License-Identifier: Apache-2.0 */
/* boxes_file.c - reads the file, tells what it is, and hands it to its reader. */
#include "boxes_file.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/tool_memory.h"
#include "common/whole_file.h"

enum { FILE_MAX_BYTES = 64 * 1024 * 1024, FIRST_REGIONS = 64 };

_Static_assert((int)BOXES_MESSAGE_BYTES >= (int)FILE_MESSAGE_BYTES, "a sentence about the file fits");

void boxes_free(struct boxes *boxes)
{
    free(boxes->regions);
    *boxes = (struct boxes){.regions = NULL};
}

void boxes_add(struct boxes *boxes, const trba_region *region)
{
    if (boxes->n == boxes->capacity) {
        boxes->capacity = boxes->capacity == 0 ? FIRST_REGIONS : boxes->capacity * 2;
        boxes->regions = memory_resize(boxes->regions, boxes->capacity, sizeof *boxes->regions);
    }
    boxes->regions[boxes->n++] = *region;
}

static float to_float(double value)
{
    return value > (double)FLT_MAX ? FLT_MAX : value < -(double)FLT_MAX ? -FLT_MAX : (float)value;
}

trba_region boxes_make_quadrilateral(const double numbers[8])
{
    trba_region region;
    for (int i = 0; i < 4; i++) {
        region.x[i] = to_float(numbers[2 * i]);
        region.y[i] = to_float(numbers[2 * i + 1]);
    }
    return region;
}

trba_region boxes_make_corners(const double numbers[4])
{
    const double left = numbers[0], top = numbers[1], right = numbers[2], bottom = numbers[3];
    return boxes_make_quadrilateral((const double[]){left, top, right, top, right, bottom, left, bottom});
}

trba_region boxes_make_box(const double numbers[4])
{
    return boxes_make_corners((const double[]){numbers[0], numbers[1], numbers[0] + numbers[2],
                                               numbers[1] + numbers[3]});
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static bool has_extension(const char *path, const char *extension)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL && strcasecmp(dot, extension) == 0;
}

bool boxes_file_read(const char *path, struct boxes *out, char message[BOXES_MESSAGE_BYTES])
{
    size_t n;
    *out = (struct boxes){.regions = NULL};
    char *text = whole_text_read(path, FILE_MAX_BYTES, &n, message);
    if (text == NULL) return false;
    const char first = text[strspn(text, " \t\r\n")];
    const bool is_read = first == '[' || first == '{' || has_extension(path, ".json")
        ? boxes_read_json(path, text, n, out, message)
        : boxes_read_lines(path, text, has_extension(path, ".txt"), out, message);
    free(text);
    return is_read;
}
