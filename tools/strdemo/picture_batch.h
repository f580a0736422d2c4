/* SPDX-License-Identifier: Apache-2.0 */
/* picture_batch.h - a few inputs that are read together, as the library wants them. */
#ifndef TRBA_STRDEMO_PICTURE_BATCH_H
#define TRBA_STRDEMO_PICTURE_BATCH_H

#include "input_list.h"
#include "trba.h"

struct picture_batch {
    struct input_item *items; /* [capacity] */
    trba_image *images;       /* [capacity]: the same as the library is given them; they point into `items` */
    size_t n, capacity;
};

void picture_batch_init(struct picture_batch *batch, size_t capacity);
/* Frees the items, too. */
void picture_batch_free(struct picture_batch *batch);

/* Takes the item; there must be room. */
void picture_batch_add(struct picture_batch *batch, const struct input_item *item);
/* Moves everything in `from` to the end of `to`, which must have room. */
void picture_batch_append(struct picture_batch *to, struct picture_batch *from);
/* Frees the items; the room stays. */
void picture_batch_clear(struct picture_batch *batch);

/* Says on stderr why picture i could not be read; `note` is put behind it. */
void picture_batch_print_failure(const struct picture_batch *batch, size_t i, const trba_result *result,
                                 const char *note);

#endif
