/* SPDX-License-Identifier: Apache-2.0 */
/* reading_time.h - how long things took. */
#ifndef TRBA_TOOLS_READING_TIME_H
#define TRBA_TOOLS_READING_TIME_H

#include <stddef.h>

struct reading_time {
    double open_ms;       /* of the model */
    double started_ms;    /* when reading began */
    double reading_ms;    /* inside the library, all images together */
    size_t n_images;
    float *image_ms;      /* [n_images], of an image: its batch's time divided by the batch's size, and by the
                             number of batches that were read side by side; allocated */
    size_t capacity;
};

/* A clock that never jumps. */
double clock_ms(void);

/* n images were read together in that time. Takes 4 bytes an image. */
void reading_time_add(struct reading_time *time, size_t n_images, double ms);

/* Adds the images of `part`. */
void reading_time_merge(struct reading_time *total, const struct reading_time *part);

/* The median and the mean of an image's time; 0 without images. Sorts image_ms. */
double reading_time_median(struct reading_time *time);
double reading_time_mean(const struct reading_time *time);

/* Writes the report to stderr. */
void reading_time_print(struct reading_time *time);

void reading_time_free(struct reading_time *time);

#endif
