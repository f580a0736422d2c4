/* SPDX-License-Identifier: Apache-2.0 */
/* result_store.c - three arrays that grow by doubling; offset 0 of the text is the empty text. */
#include "model/result_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

/* Room for `wanted` items in all; at least doubles, so that growing stays cheap. */
static trba_status grow(void **array, size_t *capacity, size_t wanted, size_t item_bytes, trba_error *err)
{
    if (wanted <= *capacity) return TRBA_OK;
    const size_t items = wanted > 2 * *capacity ? wanted : 2 * *capacity;
    size_t bytes;
    void *grown = checked_mul(items, item_bytes, &bytes) ? realloc(*array, bytes) : NULL;
    if (grown == NULL) return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory for the results");
    *array = grown;
    *capacity = items;
    return TRBA_OK;
}

static trba_status grow_text(struct result_store *store, size_t more, trba_error *err)
{
    void *text = store->text;
    const trba_status status = grow(&text, &store->text_capacity, store->text_bytes + more, 1, err);
    store->text = text;
    return status;
}

static trba_status grow_results(struct result_store *store, size_t n, trba_error *err)
{
    void *results = store->results, *places = store->places;
    size_t capacity = store->capacity;
    trba_status status = grow(&results, &capacity, n, sizeof *store->results, err);
    store->results = results;
    if (status != TRBA_OK) return status;
    capacity = store->capacity;
    status = grow(&places, &capacity, n, sizeof *store->places, err);
    store->places = places;
    if (status == TRBA_OK) store->capacity = capacity;
    return status;
}

trba_status result_store_begin(struct result_store *store, size_t n, trba_error *err)
{
    store->text_bytes = 0;
    store->n_characters = 0;
    trba_status status = grow_results(store, n > 0 ? n : 1, err);
    if (status == TRBA_OK) status = grow_text(store, 1, err);
    if (status != TRBA_OK) return status;
    store->text[store->text_bytes++] = '\0';
    store->n = n;
    memset(store->results, 0, n * sizeof *store->results);
    memset(store->places, 0, n * sizeof *store->places);
    return TRBA_OK;
}

trba_status result_store_reserve(struct result_store *store, size_t text_bytes, size_t n_characters,
                                 struct reading *out, trba_error *err)
{
    trba_status status = grow_text(store, text_bytes, err);
    if (status != TRBA_OK) return status;
    void *characters = store->characters;
    status = grow(&characters, &store->characters_capacity, store->n_characters + n_characters,
                  sizeof *store->characters, err);
    store->characters = characters;
    out->text = store->text + store->text_bytes;
    out->characters = store->characters + store->n_characters;
    return status;
}

void result_store_keep(struct result_store *store, size_t i, const struct reading *reading)
{
    trba_result *result = &store->results[i];
    result->status = TRBA_OK;
    result->confidence = reading->confidence;
    result->score = reading->score;
    result->n_characters = reading->n_characters;
    result->truncated = reading->is_truncated;
    store->places[i] = (struct result_place){.text = store->text_bytes, .characters = store->n_characters};
    store->text_bytes += reading->text_bytes + 1;
    store->n_characters += reading->n_characters;
}

trba_status result_store_fail(struct result_store *store, size_t i, const trba_error *why, trba_error *err)
{
    const size_t n = strlen(why->message) + 1;
    const trba_status status = grow_text(store, n, err);
    if (status != TRBA_OK) return status;
    memcpy(store->text + store->text_bytes, why->message, n);
    store->results[i].status = why->status;
    store->places[i].message = store->text_bytes;
    store->text_bytes += n;
    return TRBA_OK;
}

void result_store_move(struct result_store *store, size_t from, size_t to)
{
    store->results[to] = store->results[from];
    store->places[to] = store->places[from];
}

const trba_result *result_store_finish(struct result_store *store)
{
    for (size_t i = 0; i < store->n; i++) {
        store->results[i].text = store->text + store->places[i].text;
        store->results[i].message = store->text + store->places[i].message;
        store->results[i].characters = store->results[i].n_characters > 0
                                           ? store->characters + store->places[i].characters : NULL;
    }
    return store->results;
}

size_t result_store_memory(const struct result_store *store)
{
    return store->capacity * (sizeof *store->results + sizeof *store->places) + store->text_capacity +
           store->characters_capacity * sizeof *store->characters;
}

void result_store_free(struct result_store *store)
{
    free(store->results);
    free(store->places);
    free(store->text);
    free(store->characters);
}
