/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - many small things with one lifetime: taken in turn, given back all at once. */
#ifndef TRBA_BASE_ARENA_H
#define TRBA_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/* Grows by blocks up to `limit_bytes` in all. Not shared between threads. */
struct arena {
    struct arena_block *blocks;
    size_t used_bytes;  /* handed out, alignment included, and charged */
    size_t limit_bytes;
    size_t block_bytes; /* of a new block, at least; may be changed after arena_init() */
    bool has_failed;    /* memory could not be had at least once, the limit apart */
    bool is_full;       /* the limit was in the way at least once */
};

/* Blocks of 64 KiB. */
void arena_init(struct arena *a, size_t limit_bytes);
/* 64-byte aligned, zeroed; NULL when over the limit or out of memory. */
void *arena_alloc(struct arena *a, size_t n_bytes);
/* A new block with room for n_bytes: what is handed out next lies there. Its start; or NULL, which does no harm: it is
 * not worth huge pages, over the limit, or not to be had. */
void *arena_reserve(struct arena *a, size_t n_bytes);
/* n items of item_bytes each; NULL also when the product overflows. */
void *arena_alloc_array(struct arena *a, size_t n, size_t item_bytes);
/* A terminated copy of n bytes. */
char *arena_copy_text(struct arena *a, const char *text, size_t n);
/* Counts n bytes that lie elsewhere against the limit; false when they are over it. */
bool arena_charge(struct arena *a, size_t n_bytes);
/* What was charged is there no more. */
void arena_refund(struct arena *a, size_t n_bytes);
void arena_free(struct arena *a);

#endif
