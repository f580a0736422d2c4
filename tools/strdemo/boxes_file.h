/* SPDX-License-Identifier: Apache-2.0 */
/* boxes_file.h - where the words stand on a page, out of a file that a detector or an annotator wrote.
 *
 *   JSON    a list of regions, or an object that holds one: boxes_json.c
 *   lines   CSV and ICDAR's text files: boxes_lines.c
 */
#ifndef TRBA_STRDEMO_BOXES_FILE_H
#define TRBA_STRDEMO_BOXES_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "trba.h"

enum { BOXES_MESSAGE_BYTES = 768 };

struct boxes {
    trba_region *regions; /* [n]; allocated */
    size_t n, capacity;
};

/* Reads the file. What begins with [ or {, or has a name in .json, is JSON; a name in .txt is ICDAR's; else it is CSV.
 * A file may say that there are no regions. Returns false with a sentence that names the file and the line (JSON: the
 * region). Free in both cases. */
bool boxes_file_read(const char *path, struct boxes *out, char message[BOXES_MESSAGE_BYTES]);
void boxes_free(struct boxes *boxes);

/* For the two readers. A coordinate too large for a float becomes the largest: the library refuses it. */
void boxes_add(struct boxes *boxes, const trba_region *region);
trba_region boxes_make_box(const double numbers[4]);      /* x, y, w, h */
trba_region boxes_make_corners(const double numbers[4]);  /* left, top, right, bottom */
trba_region boxes_make_quadrilateral(const double numbers[8]); /* x1, y1, ... x4, y4 */

/* Each adds the regions in text[0 .. n), which is terminated; `path` is for messages. */
bool boxes_read_json(const char *path, const char *text, size_t n, struct boxes *out,
                     char message[BOXES_MESSAGE_BYTES]);
/* `four_are_corners`: four numbers are left, top, right, bottom, not x, y, w, h. Changes the text. */
bool boxes_read_lines(const char *path, char *text, bool four_are_corners, struct boxes *out,
                      char message[BOXES_MESSAGE_BYTES]);

#endif
