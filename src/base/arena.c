/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - blocks in a list; the newest is filled first.
 *
 * Small blocks come from calloc(), large ones in huge pages. Either way what has not been handed out is zero, and a
 * page is first touched by whoever uses it.
 */
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"
#include "base/huge_pages.h"

enum { ARENA_ALIGNMENT = 64, ARENA_BLOCK_BYTES = 64 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    uint8_t *data;       /* aligned, behind this header */
    size_t mapped_bytes; /* 0: from calloc() */
};

void arena_init(struct arena *a, size_t limit_bytes)
{
    *a = (struct arena){.blocks = NULL, .used_bytes = 0, .limit_bytes = limit_bytes,
                        .block_bytes = ARENA_BLOCK_BYTES};
}

static struct arena_block *arena_block_new(size_t n_bytes)
{
    size_t total;
    if (!checked_add(n_bytes, sizeof(struct arena_block) + ARENA_ALIGNMENT, &total)) return NULL;
    const bool is_mapped = huge_pages_suit(total);
    struct arena_block *block = is_mapped ? huge_pages_map(&total) : calloc(1, total);
    if (block == NULL) return NULL;
    const uintptr_t behind = (uintptr_t)(block + 1);
    const size_t skip = (ARENA_ALIGNMENT - behind % ARENA_ALIGNMENT) % ARENA_ALIGNMENT;
    *block = (struct arena_block){.next = NULL, .size = total - sizeof *block - skip, .used = 0,
                                  .data = (uint8_t *)(block + 1) + skip, .mapped_bytes = is_mapped ? total : 0};
    return block;
}

/* A block with room for n_bytes, which is filled next; NULL when there is no memory. */
static struct arena_block *arena_add_block(struct arena *a, size_t n_bytes)
{
    struct arena_block *block = arena_block_new(n_bytes);
    if (block == NULL) return NULL;
    block->next = a->blocks;
    a->blocks = block;
    return block;
}

static void arena_block_free(struct arena_block *block)
{
    if (block->mapped_bytes > 0) munmap(block, block->mapped_bytes);
    else free(block);
}

void *arena_alloc(struct arena *a, size_t n_bytes)
{
    if (n_bytes > a->limit_bytes - a->used_bytes || n_bytes > SIZE_MAX - ARENA_ALIGNMENT) {
        a->is_full = true;
        return NULL;
    }
    const size_t rounded = round_up(n_bytes == 0 ? 1 : n_bytes, ARENA_ALIGNMENT);
    struct arena_block *block = a->blocks;
    if (block == NULL || rounded > block->size - block->used) {
        block = arena_add_block(a, rounded > a->block_bytes ? rounded : a->block_bytes);
        if (block == NULL) {
            a->has_failed = true;
            return NULL;
        }
    }
    uint8_t *at = block->data + block->used;
    block->used += rounded;
    a->used_bytes += rounded < a->limit_bytes - a->used_bytes ? rounded : a->limit_bytes - a->used_bytes;
    return at;
}

void *arena_reserve(struct arena *a, size_t n_bytes)
{
    if (!huge_pages_suit(n_bytes) || n_bytes > a->limit_bytes - a->used_bytes) return NULL;
    const struct arena_block *block = arena_add_block(a, n_bytes);
    return block != NULL ? block->data : NULL;
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

bool arena_charge(struct arena *a, size_t n_bytes)
{
    if (n_bytes > a->limit_bytes - a->used_bytes) {
        a->is_full = true;
        return false;
    }
    a->used_bytes += n_bytes;
    return true;
}

void arena_refund(struct arena *a, size_t n_bytes) { a->used_bytes -= n_bytes; }

void arena_free(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *block = a->blocks;
        a->blocks = block->next;
        arena_block_free(block);
    }
    a->used_bytes = 0;
}
