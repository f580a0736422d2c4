/* SPDX-License-Identifier: Apache-2.0 */
/* boxes_file.c - reads the file, tells what it is, and hands it to its reader. */
#include "boxes_file.h"

#include <errno.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

#include "common/tool_memory.h"

enum { FILE_MAX_BYTES = 64 * 1024 * 1024, FIRST_BYTES = 64 * 1024, FIRST_REGIONS = 64 };

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

/* All of it, terminated; NULL with a sentence. The caller frees it. */
static char *read_text(const char *path, size_t *n, char message[BOXES_MESSAGE_BYTES])
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t capacity = FIRST_BYTES, n_read;
    *n = 0;
    if (file == NULL) {
        snprintf(message, BOXES_MESSAGE_BYTES, "cannot read the boxes in %.300s: %s", path, strerror(errno));
        return NULL;
    }
    do {
        capacity *= 2;
        text = memory_resize(text, capacity, 1);
        n_read = fread(text + *n, 1, capacity - *n - 1, file);
        *n += n_read;
    } while (n_read > 0 && *n <= FILE_MAX_BYTES);
    text[*n] = '\0';
    const bool is_read = !ferror(file);
    if (!is_read) snprintf(message, BOXES_MESSAGE_BYTES, "cannot read the boxes in %.300s: %s", path, strerror(errno));
    fclose(file);
    if (is_read && *n <= FILE_MAX_BYTES) return text;
    if (is_read) snprintf(message, BOXES_MESSAGE_BYTES, "%.300s has more than 64 MiB", path);
    free(text);
    return NULL;
}

static bool has_extension(const char *path, const char *extension)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL && strcasecmp(dot, extension) == 0;
}

bool boxes_file_read(const char *path, struct boxes *out, char message[BOXES_MESSAGE_BYTES])
{
    size_t n;
    *out = (struct boxes){.regions = NULL};
    char *text = read_text(path, &n, message);
    if (text == NULL) return false;
    const size_t mark = strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    const char first = text[mark + strspn(text + mark, " \t\r\n")];
    if (strlen(text) != n) {
        snprintf(message, BOXES_MESSAGE_BYTES, "%.300s is no text file: it has zero bytes", path);
        free(text);
        return false;
    }
    const bool is_read = first == '[' || first == '{'
        ? boxes_read_json(path, text + mark, n - mark, out, message)
        : boxes_read_lines(path, text + mark, has_extension(path, ".txt"), out, message);
    free(text);
    return is_read;
}
