/* SPDX-License-Identifier: Apache-2.0 */
/* code_points.h - texts as arrays of code points, to compare them character by character as Python does. */
#ifndef TRBA_PROGRAM_CODE_POINTS_H
#define TRBA_PROGRAM_CODE_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reused from text to text; zero-initialised at first. */
struct code_points {
    uint32_t *at; /* [n]; allocated */
    size_t n, capacity;
};

enum { CODE_POINT_BYTES = 8 }; /* enough for one in UTF-8, terminated */

/* Gives the calling thread the C library's UTF-8 character tables, which the functions below need. Returns false if
 * this system has none. */
bool code_points_prepare(void);
/* Takes them away again. */
void code_points_finish(void);

/* Takes UTF-8 apart. Returns false, with `out` empty, if the text is not valid. */
bool code_points_decode(const char *text, struct code_points *out);

void code_points_copy(const struct code_points *text, struct code_points *out);

/* Upper case to lower case, character by character. */
void code_points_lower(struct code_points *text);

/* Leaves a-z and 0-9 only. */
void code_points_keep_alnum(struct code_points *text);

/* One code point as UTF-8. */
void code_point_encode(uint32_t code_point, char out[CODE_POINT_BYTES]);

void code_points_free(struct code_points *text);

#endif
