/* SPDX-License-Identifier: Apache-2.0 */
/* result_store.h - the results of one call: built one after the other in memory that only grows, so their pointers are
 * set when the last one is in. */
#ifndef TRBA_MODEL_RESULT_STORE_H
#define TRBA_MODEL_RESULT_STORE_H

#include "base/status.h"
#include "model/read_text.h"

struct result_place {
    size_t text, message, characters; /* offsets of the result's parts */
};

struct result_store {
    trba_result *results;        /* [n] */
    struct result_place *places; /* [n] */
    size_t n, capacity;
    char *text;
    size_t text_bytes, text_capacity;
    trba_character *characters;
    size_t n_characters, characters_capacity;
};

/* Empties the store and makes room for n results, each TRBA_OK and empty. */
trba_status result_store_begin(struct result_store *store, size_t n, trba_error *err);
/* Makes room for one more reading of at most that size, and points `out`'s buffers at it. */
trba_status result_store_reserve(struct result_store *store, size_t text_bytes, size_t n_characters,
                                 struct reading *out, trba_error *err);
/* Keeps the reading made in the room reserved last as result i's. What i had before is forgotten. */
void result_store_keep(struct result_store *store, size_t i, const struct reading *reading);
/* Result i failed. */
trba_status result_store_fail(struct result_store *store, size_t i, const trba_error *why, trba_error *err);
/* Result `from` takes the place of result `to`. */
void result_store_move(struct result_store *store, size_t from, size_t to);
/* Sets all pointers. They are good until the next result_store_begin(). */
const trba_result *result_store_finish(struct result_store *store);

size_t result_store_memory(const struct result_store *store);
void result_store_free(struct result_store *store);

#endif
