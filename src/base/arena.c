/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - blocks in a list; the newest is filled first.
 *
 * Blocks come from calloc(): what has not been handed out is zero, and a large block's pages are first touched by
 * whoever uses them. Large blocks ask for huge pages: walking 300 MB of weights in 4 KiB pages costs more in page
 * faults (when packing) and address translation (when reading) than it should.
 */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"

enum { ARENA_ALIGNMENT = 64, ARENA_BLOCK_BYTES = 64 * 1024, HUGE_PAGE_BYTES = 2 * 1024 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    uint8_t *data; /* aligned, behind this header */
};

void arena_init(struct arena *a, size_t limit_bytes)
{
    *a = (struct arena){.blocks = NULL, .used_bytes = 0, .limit_bytes = limit_bytes,
                        .block_bytes = ARENA_BLOCK_BYTES};
}

/* A hint, for the huge pages that lie wholly inside the block; it may be refused. */
static void ask_for_huge_pages(const struct arena_block *block)
{
    const uintptr_t first = round_up((uintptr_t)block->data, HUGE_PAGE_BYTES);
    const uintptr_t end = ((uintptr_t)block->data + block->size) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
    if (end > first) madvise((void *)first, end - first, MADV_HUGEPAGE);
}

static struct arena_block *arena_block_new(size_t n_bytes)
{
    size_t total;
    if (!checked_add(n_bytes, sizeof(struct arena_block) + ARENA_ALIGNMENT, &total)) return NULL;
    struct arena_block *block = calloc(1, total);
    if (block == NULL) return NULL;
    const uintptr_t behind = (uintptr_t)(block + 1);
    const size_t skip = (ARENA_ALIGNMENT - behind % ARENA_ALIGNMENT) % ARENA_ALIGNMENT;
    *block = (struct arena_block){.next = NULL, .size = n_bytes, .used = 0, .data = (uint8_t *)(block + 1) + skip};
    ask_for_huge_pages(block);
    return block;
}

void *arena_alloc(struct arena *a, size_t n_bytes)
{
    if (n_bytes > a->limit_bytes - a->used_bytes || n_bytes > SIZE_MAX - ARENA_ALIGNMENT) return NULL;
    const size_t rounded = round_up(n_bytes == 0 ? 1 : n_bytes, ARENA_ALIGNMENT);
    struct arena_block *block = a->blocks;
    if (block == NULL || rounded > block->size - block->used) {
        block = arena_block_new(rounded > a->block_bytes ? rounded : a->block_bytes);
        if (block == NULL) return NULL;
        block->next = a->blocks;
        a->blocks = block;
    }
    uint8_t *at = block->data + block->used;
    block->used += rounded;
    a->used_bytes += rounded < a->limit_bytes - a->used_bytes ? rounded : a->limit_bytes - a->used_bytes;
    return at;
}

void *arena_alloc_array(struct arena *a, size_t n, size_t item_bytes)
{
    size_t total;
    return checked_mul(n, item_bytes, &total) ? arena_alloc(a, total) : NULL;
}

char *arena_copy_text(struct arena *a, const char *text, size_t n)
{
    size_t total;
    char *copy = checked_add(n, 1, &total) ? arena_alloc(a, total) : NULL;
    if (copy != NULL && n > 0) memcpy(copy, text, n);
    return copy;
}

void arena_free(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *block = a->blocks;
        a->blocks = block->next;
        free(block);
    }
    a->used_bytes = 0;
}
