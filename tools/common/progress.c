/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c - when the progress line is drawn. */
#include "progress.h"

#include "console.h"
#include "reading_time.h"

enum { PROGRESS_FROM = 64 };
#define PROGRESS_INTERVAL_MS 200.0

void progress_show(struct progress *progress, size_t n_images)
{
    const double now = clock_ms();
    if (!progress->is_wanted || n_images < PROGRESS_FROM || now - progress->shown_ms < PROGRESS_INTERVAL_MS) return;
    console_progress(n_images, (double)n_images * 1e3 / (now - progress->started_ms));
    progress->shown_ms = now;
}
