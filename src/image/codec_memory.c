/* SPDX-License-Identifier: Apache-2.0 */
/* codec_memory.c - blocks in a list; the newest is filled. */
#include "image/codec_memory.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/checked.h"

/* libpng takes about 60 KiB for a word's picture, libjpeg about 70. */
enum { ALIGNMENT = 64, BLOCK_BYTES = 128 * 1024, MOST_KEPT_BYTES = 64 * 1024 * 1024 };

struct codec_block {
    struct codec_block *next;
    uint8_t *pieces; /* aligned, behind this header */
    size_t size, used;
};

static struct codec_block *add_block(struct codec_memory *memory, size_t n_bytes)
{
    size_t total;
    if (!checked_add(n_bytes, sizeof(struct codec_block) + ALIGNMENT, &total)) return NULL;
    struct codec_block *block = malloc(total);
    if (block == NULL) return NULL;
    const size_t skip = ALIGNMENT - (uintptr_t)(block + 1) % ALIGNMENT;
    *block = (struct codec_block){.next = memory->blocks, .pieces = (uint8_t *)(block + 1) + skip, .size = n_bytes};
    memory->blocks = block;
    return block;
}

void *codec_memory_take(struct codec_memory *memory, size_t n_bytes)
{
    if (n_bytes > PTRDIFF_MAX / 2) return NULL; /* more than malloc() can have */
    const size_t rounded = round_up(n_bytes, ALIGNMENT);
    struct codec_block *block = memory->blocks;
    if (block == NULL || rounded > block->size - block->used)
        block = add_block(memory, rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES);
    if (block == NULL) return NULL;
    void *piece = block->pieces + block->used;
    block->used += rounded;
    return piece;
}

size_t codec_memory_size(const struct codec_memory *memory)
{
    size_t total = 0;
    for (const struct codec_block *block = memory->blocks; block != NULL; block = block->next) total += block->size;
    return total;
}

void codec_memory_free(struct codec_memory *memory)
{
    while (memory->blocks != NULL) {
        struct codec_block *block = memory->blocks;
        memory->blocks = block->next;
        free(block);
    }
}

/* Now, and not when the next picture comes: that one shall need no memory. */
void codec_memory_reset(struct codec_memory *memory)
{
    const size_t total = codec_memory_size(memory);
    const int is_one = memory->blocks != NULL && memory->blocks->next == NULL;
    if (is_one && total <= MOST_KEPT_BYTES) {
        memory->blocks->used = 0;
        return;
    }
    codec_memory_free(memory);
    if (total > 0 && total <= MOST_KEPT_BYTES) add_block(memory, total);
}
