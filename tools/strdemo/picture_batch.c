/* SPDX-License-Identifier: Apache-2.0 */
/* picture_batch.c - two arrays that go together. */
#include "picture_batch.h"

#include <stdlib.h>

#include "common/console.h"
#include "common/tool_memory.h"

void picture_batch_init(struct picture_batch *batch, size_t capacity)
{
    *batch = (struct picture_batch){.items = memory_resize(NULL, capacity, sizeof *batch->items),
                                    .images = memory_resize(NULL, capacity, sizeof *batch->images),
                                    .capacity = capacity};
}

void picture_batch_free(struct picture_batch *batch)
{
    picture_batch_clear(batch);
    free(batch->images);
    free(batch->items);
}

void picture_batch_add(struct picture_batch *batch, const struct input_item *item)
{
    /* Half a picture from stdin is none: it counts as no bytes. */
    const size_t n_bytes = item->problem == NULL ? item->n_bytes : 0;
    batch->items[batch->n] = *item;
    batch->images[batch->n++] =
        item->bytes != NULL ? trba_image_encoded(item->bytes, n_bytes) : trba_image_file(item->path);
}

void picture_batch_append(struct picture_batch *to, struct picture_batch *from)
{
    for (size_t i = 0; i < from->n; i++) picture_batch_add(to, &from->items[i]);
    from->n = 0;
}

void picture_batch_clear(struct picture_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) input_item_free(&batch->items[i]);
    batch->n = 0;
}

/* The library's sentence names a file that cannot be opened, but not one whose bytes are no picture. */
void picture_batch_print_failure(const struct picture_batch *batch, size_t i, const trba_result *result,
                                 const char *note)
{
    const struct input_item *item = &batch->items[i];
    if (item->problem != NULL)
        console_print("%s%s", item->problem, note);
    else if (result->status == TRBA_ERROR_IO)
        console_print("%s%s", result->message, note);
    else
        console_print("%s: %s%s", item->bytes != NULL ? "standard input" : item->path, result->message, note);
}
