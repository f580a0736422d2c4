/* SPDX-License-Identifier: Apache-2.0 */
/* boxes_lines.c - one region a line: CSV, and the text files of ICDAR's competitions.
 *
 *   x1,y1,x2,y2,x3,y3,x4,y4[,text]     four corners (ICDAR 2015)
 *   x,y,w,h[,...]                      a box (CSV)
 *   left, top, right, bottom, "text"   a box (ICDAR 2013, also without commas): .txt, or CSV whose heading says so
 *
 * The numbers at the beginning of a line count, separated by a comma, a semicolon, tabs or blanks; what follows is
 * passed over. The first line of a CSV may be a heading: one of those below, and no other, since a guess would put the
 * regions elsewhere without a word.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boxes_file.h"

enum { MOST_NUMBERS = 8, NAMES_BYTES = 64 };

/* What the first four numbers of a line are, or all eight. */
enum form { FORM_UNKNOWN, FORM_BOX, FORM_CORNERS, FORM_POINTS };

/* The names that a heading may begin with; the longer ones come first. */
static const struct heading {
    const char *names;
    enum form form;
} headings[] = {
    {"x1,y1,x2,y2,x3,y3,x4,y4", FORM_POINTS}, {"x0,y0,x1,y1,x2,y2,x3,y3", FORM_POINTS},
    {"x,y,w,h", FORM_BOX},                    {"x,y,width,height", FORM_BOX},
    {"left,top,width,height", FORM_BOX},      {"left,top,right,bottom", FORM_CORNERS},
    {"xmin,ymin,xmax,ymax", FORM_CORNERS},    {"x1,y1,x2,y2", FORM_CORNERS},
    {"x0,y0,x1,y1", FORM_CORNERS},
};
static const char heading_list[] = "x y w h, x y width height, left top width height, left top right bottom, "
                                   "xmin ymin xmax ymax, x1 y1 x2 y2, x0 y0 x1 y1, x1 y1 ... x4 y4 or x0 y0 ... x3 y3";
static const char separators[] = ",; \t";

struct line_reader {
    const char *path;
    int number;       /* of the line; the first is 1 */
    int heading;      /* the number of the heading's line; 0: there is none, and eight numbers are four points */
    enum form form;
};

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* To the next field, over one comma or semicolon and any blanks. */
static const char *skip_separator(const char *at)
{
    at = skip_blanks(at);
    return *at == ',' || *at == ';' ? skip_blanks(at + 1) : at;
}

/* A decimal number up to a separator; NULL if there is none. "nan", "inf" and 0x10 are texts. */
static const char *take_number(const char *at, double *out)
{
    if (at[strspn(at, "+-.")] < '0' || at[strspn(at, "+-.")] > '9') return NULL;
    const size_t n = strspn(at, "0123456789+-.eE");
    char *end;
    *out = strtod(at, &end);
    if (end != at + n || (*end != '\0' && strchr(separators, *end) == NULL)) return NULL;
    return end;
}

/* The numbers at the line's beginning, at most eight. */
static int take_numbers(const char *line, double out[MOST_NUMBERS])
{
    int n = 0;
    for (const char *at = skip_blanks(line); n < MOST_NUMBERS; n++) {
        at = take_number(at, &out[n]);
        if (at == NULL) break;
        at = skip_separator(at);
    }
    return n;
}

/* ---- the heading ------------------------------------------------------------------------------------------------- */

static bool has_number(const char *line)
{
    double number;
    for (const char *at = line; *at != '\0'; at = skip_separator(at + strcspn(at, separators)))
        if (take_number(at, &number) != NULL) return true;
    return false;
}

/* The fields of the line as names in small letters, without _ and ", a comma behind each; of a long line only the
 * beginning, which is longer than any heading in the table. */
static void join_names(const char *line, char out[NAMES_BYTES])
{
    size_t n = 0;
    for (const char *at = line; *at != '\0' && n < NAMES_BYTES - 2;) {
        const char *end = at + strcspn(at, separators);
        for (; at < end && n < NAMES_BYTES - 2; at++)
            if (*at != '_' && *at != '"') out[n++] = (char)tolower((unsigned char)*at);
        out[n++] = ',';
        at = skip_separator(end);
    }
    out[n] = '\0';
}

/* x1,y1,x2,y2,x3: does the line go on with a point that the heading of points lacks? */
static bool has_more_points(const char *heading, const char *rest)
{
    return isdigit((unsigned char)heading[1]) && rest[0] == 'x' && isdigit((unsigned char)rest[1]);
}

/* NumPy writes a # before its headings. */
static enum form find_form(const char *line)
{
    char names[NAMES_BYTES];
    line = skip_blanks(line);
    if (*line == '#') line = skip_blanks(line + 1);
    if (has_number(line)) return FORM_UNKNOWN;
    join_names(line, names);
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) {
        const size_t n = strlen(headings[i].names);
        if (strncmp(names, headings[i].names, n) != 0 || names[n] != ',') continue;
        return has_more_points(headings[i].names, names + n + 1) ? FORM_UNKNOWN : headings[i].form;
    }
    return FORM_UNKNOWN;
}

static bool take_heading(struct line_reader *r, const char *line, char message[BOXES_MESSAGE_BYTES])
{
    r->form = find_form(line);
    r->heading = r->number;
    if (r->form == FORM_UNKNOWN)
        snprintf(message, BOXES_MESSAGE_BYTES, "%.300s:%d: the first line must begin with 4 or 8 numbers, or be a "
                 "heading, names only, that begins with %s", r->path, r->number, heading_list);
    return r->form != FORM_UNKNOWN;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

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

static bool take_region(const struct line_reader *r, const double *numbers, int n, struct boxes *out,
                        char message[BOXES_MESSAGE_BYTES])
{
    const bool are_points = r->heading == 0 ? n == MOST_NUMBERS : r->form == FORM_POINTS;
    if (are_points && n < MOST_NUMBERS) {
        snprintf(message, BOXES_MESSAGE_BYTES, "%.300s:%d: a line must begin with 8 numbers, as the heading says, and "
                 "this one begins with %d", r->path, r->number, n);
        return false;
    }
    if (n < 4) {
        snprintf(message, BOXES_MESSAGE_BYTES, "%.300s:%d: a line must begin with 4 or 8 numbers, and this one begins "
                 "with %d", r->path, r->number, n);
        return false;
    }
    const trba_region region = are_points                ? boxes_make_quadrilateral(numbers)
                               : r->form == FORM_CORNERS ? boxes_make_corners(numbers)
                                                         : boxes_make_box(numbers);
    boxes_add(out, &region);
    return true;
}

bool boxes_read_lines(const char *path, char *text, bool four_are_corners, struct boxes *out,
                      char message[BOXES_MESSAGE_BYTES])
{
    struct line_reader reader = {.path = path, .form = four_are_corners ? FORM_CORNERS : FORM_BOX};
    bool may_be_heading = !four_are_corners;
    while (*text != '\0') {
        const char *line = take_line(&text);
        double numbers[MOST_NUMBERS];
        reader.number++;
        if (*skip_blanks(line) == '\0') continue;
        const int n = take_numbers(line, numbers);
        if (n == 0 && may_be_heading) {
            if (!take_heading(&reader, line, message)) return false;
        } else if (!take_region(&reader, numbers, n, out, message)) {
            return false;
        }
        may_be_heading = false;
    }
    if (reader.heading == 0 || out->n > 0) return true;
    snprintf(message, BOXES_MESSAGE_BYTES, "%.300s:%d: there is nothing below this heading: each region needs a line",
             path, reader.heading);
    return false;
}
