/* SPDX-License-Identifier: Apache-2.0 */
/* reading_time.c - times of the images, their median and mean. */
#include "reading_time.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "console.h"
#include "tool_memory.h"

double clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void reserve(struct reading_time *time, size_t n_more)
{
    if (time->n_images + n_more <= time->capacity) return;
    time->capacity = (time->n_images + n_more) * 2;
    time->image_ms = memory_resize(time->image_ms, time->capacity, sizeof *time->image_ms);
}

void reading_time_add(struct reading_time *time, size_t n_images, double ms)
{
    reserve(time, n_images);
    for (size_t i = 0; i < n_images; i++) time->image_ms[time->n_images++] = (float)(ms / (double)n_images);
    time->reading_ms += ms;
}

void reading_time_merge(struct reading_time *total, const struct reading_time *part)
{
    if (part->n_images == 0) return;
    reserve(total, part->n_images);
    memcpy(total->image_ms + total->n_images, part->image_ms, part->n_images * sizeof *part->image_ms);
    total->n_images += part->n_images;
    total->reading_ms += part->reading_ms;
}

static int compare_times(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

double reading_time_median(struct reading_time *time)
{
    const size_t n = time->n_images;
    if (n == 0) return 0;
    qsort(time->image_ms, n, sizeof *time->image_ms, compare_times);
    return ((double)time->image_ms[(n - 1) / 2] + (double)time->image_ms[n / 2]) / 2;
}

double reading_time_mean(const struct reading_time *time)
{
    return time->n_images > 0 ? time->reading_ms / (double)time->n_images : 0;
}

void reading_time_print(struct reading_time *time)
{
    const double elapsed_ms = clock_ms() - time->started_ms;
    const size_t n = time->n_images;
    if (n == 0) {
        console_print_plain("time: model opened in %.1f ms; no images", time->open_ms);
        return;
    }
    console_print_plain("time: model opened in %.1f ms; %zu images, per image %.3f ms median, %.3f ms mean; "
                        "%.1f images/s", time->open_ms, n, reading_time_median(time), reading_time_mean(time),
                        (double)n * 1e3 / elapsed_ms);
}

void reading_time_free(struct reading_time *time)
{
    free(time->image_ms);
    time->image_ms = NULL;
}
