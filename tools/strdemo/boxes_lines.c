/* SPDX-License-Identifier: Apache-2.0 */
/* boxes_lines.c - one region a line: CSV, and the text files of ICDAR's competitions.
 *
 *   x1,y1,x2,y2,x3,y3,x4,y4[,text]     four corners (ICDAR 2015)
 *   x,y,w,h[,...]                      a box (CSV)
 *   left, top, right, bottom, "text"   a box (ICDAR 2013, also without commas): .txt, or CSV whose heading says so
 *
 * The numbers at the beginning of a line count, separated by a comma, a semicolon, tabs or blanks; what follows is
 * passed over. The first line of a CSV may be a heading.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boxes_file.h"

enum { MOST_NUMBERS = 8 };

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* A decimal number up to a separator; NULL if there is none. "nan", "inf" and 0x10 are texts. */
static const char *take_number(const char *at, double *out)
{
    if (at[strspn(at, "+-.")] < '0' || at[strspn(at, "+-.")] > '9') return NULL;
    const size_t n = strspn(at, "0123456789+-.eE");
    char *end;
    *out = strtod(at, &end);
    if (end != at + n || (*end != '\0' && strchr(",; \t", *end) == NULL)) return NULL;
    return end;
}

/* The numbers at the line's beginning, at most eight. */
static int take_numbers(const char *line, double out[MOST_NUMBERS])
{
    int n = 0;
    for (const char *at = skip_blanks(line); n < MOST_NUMBERS; n++) {
        at = take_number(at, &out[n]);
        if (at == NULL) break;
        at = skip_blanks(at);
        if (*at == ',' || *at == ';') at = skip_blanks(at + 1);
    }
    return n;
}

/* Does the heading call the third number a right side? */
static bool heading_has_corners(char *heading)
{
    for (char *at = heading; *at != '\0'; at++) *at = (char)tolower((unsigned char)*at);
    return strstr(heading, "xmax") != NULL || strstr(heading, "x_max") != NULL || strstr(heading, "x2") != NULL ||
           strstr(heading, "right") != NULL;
}

/* Cuts the line off the text; returns it without its end. */
static char *take_line(char **text)
{
    char *line = *text;
    const size_t n = strcspn(line, "\n");
    *text = line + n + (line[n] == '\n');
    line[n] = '\0';
    if (n > 0 && line[n - 1] == '\r') line[n - 1] = '\0';
    return line;
}

bool boxes_read_lines(const char *path, char *text, bool four_are_corners, struct boxes *out,
                      char message[BOXES_MESSAGE_BYTES])
{
    bool may_be_heading = !four_are_corners;
    for (int number = 1; *text != '\0'; number++) {
        char *line = take_line(&text);
        double numbers[MOST_NUMBERS];
        if (*skip_blanks(line) == '\0') continue;
        const int n = take_numbers(line, numbers);
        if (n == 0 && may_be_heading) {
            four_are_corners = heading_has_corners(line);
        } else if (n < 4) {
            snprintf(message, BOXES_MESSAGE_BYTES, "%.300s:%d: a line must begin with 4 or 8 numbers, and this one "
                     "begins with %d", path, number, n);
            return false;
        } else {
            const trba_region region = n == MOST_NUMBERS  ? boxes_make_quadrilateral(numbers)
                                       : four_are_corners ? boxes_make_corners(numbers)
                                                          : boxes_make_box(numbers);
            boxes_add(out, &region);
        }
        may_be_heading = false;
    }
    return true;
}
