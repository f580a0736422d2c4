/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - the progress line of a loop over many images. */
#ifndef TRBA_TOOLS_PROGRESS_H
#define TRBA_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
    bool is_wanted;    /* the caller decides: somebody watches stderr, and does not see results appear */
    double started_ms; /* by clock_ms(), when reading began */
    double shown_ms;   /* when the line was last drawn */
};

/* Draws the line after `n_images`, if it is time to: not for a handful of images, and a few times a second. */
void progress_show(struct progress *progress, size_t n_images);

#endif
