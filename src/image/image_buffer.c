/* SPDX-License-Identifier: Apache-2.0 */
/* image_buffer.c - memory that only grows. */
#include <stdlib.h>

#include "image/image.h"

trba_status image_buffer_reserve(struct image_buffer *buffer, size_t n_bytes, trba_error *err)
{
    if (n_bytes <= buffer->capacity) return TRBA_OK;
    image_buffer_free(buffer); /* first: the old contents are not wanted, and both at once might not fit */
    buffer->bytes = malloc(n_bytes);
    if (buffer->bytes == NULL)
        return error_set(err, TRBA_ERROR_MEMORY, "out of memory: %zu bytes for an image", n_bytes);
    buffer->capacity = n_bytes;
    return TRBA_OK;
}

void image_buffer_free(struct image_buffer *buffer)
{
    free(buffer->bytes);
    buffer->bytes = NULL;
    buffer->capacity = 0;
}
