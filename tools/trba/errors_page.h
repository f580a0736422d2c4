/* SPDX-License-Identifier: Apache-2.0 */
/* errors_page.h - one HTML file that shows what was read wrong: no script, and nothing outside the file. */
#ifndef TRBA_PROGRAM_ERRORS_PAGE_H
#define TRBA_PROGRAM_ERRORS_PAGE_H

#include <stdio.h>

#include "edit_matrix.h"
#include "eval_set.h"

struct errors_page {
    FILE *file;
    const char *path;
    size_t n_images;
    struct edit_matrix matrix; /* scratch */
};

/* Creates the file; `model` is for the heading. Returns false after a line on stderr. */
bool errors_page_open(struct errors_page *page, const char *path, const char *model);

/* Adds an image with its truth and the answer; the characters in which they differ are marked. */
void errors_page_add(struct errors_page *page, const struct eval_sample *sample, const struct code_points *truth,
                     const struct code_points *answer, float confidence);

/* Adds an image that could not be read. */
void errors_page_add_broken(struct errors_page *page, const struct eval_sample *sample, const char *why);

/* Returns false after a line on stderr if something written did not arrive. */
bool errors_page_close(struct errors_page *page);

#endif
