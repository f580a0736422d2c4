/* SPDX-License-Identifier: Apache-2.0 */
/* codec_memory.h - the memory that libpng and libjpeg work in: piece after piece, and all taken back at once when the
 * picture is decoded. It stays where it is for the next picture, so that reading asks the system for none. */
#ifndef TRBA_IMAGE_CODEC_MEMORY_H
#define TRBA_IMAGE_CODEC_MEMORY_H

#include <stddef.h>

/* Starts zeroed. Not shared between threads. */
struct codec_memory {
    struct codec_block *blocks; /* the newest first */
};

/* n bytes at a multiple of 64, undefined; NULL when there are none to be had. */
void *codec_memory_take(struct codec_memory *memory, size_t n_bytes);
/* All pieces are free again. What was in several blocks will be in one; more than 64 MiB, which a progressive JPEG of
 * over ten million pixels takes, is given back to the system. */
void codec_memory_reset(struct codec_memory *memory);
/* Bytes that are held. */
size_t codec_memory_size(const struct codec_memory *memory);
void codec_memory_free(struct codec_memory *memory);

#endif
