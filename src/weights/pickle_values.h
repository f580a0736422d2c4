/* SPDX-License-Identifier: Apache-2.0 */
/* pickle_values.h - what a pickle builds here: plain data, nothing that can run.
 *
 *   scalars      None, bool, int, float, text, bytes     texts point into the pickle's own bytes
 *   containers   tuple, list, set, dict                  items by reference: shared, or even holding themselves
 *   global       a Python name, as text                  never imported
 *   persistent   "the thing with this id"                PyTorch's storages
 *   object       what a call would have made             callable, arguments, state, items are kept; nothing is called
 */
#ifndef TRBA_WEIGHTS_PICKLE_VALUES_H
#define TRBA_WEIGHTS_PICKLE_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "weights/known_globals.h"

enum pickle_kind {
    PICKLE_NONE, PICKLE_BOOL, PICKLE_INT,
    PICKLE_LONG, /* over 64 bits: its little-endian bytes */
    PICKLE_FLOAT, PICKLE_TEXT, PICKLE_BYTES,
    PICKLE_TUPLE, PICKLE_LIST, PICKLE_SET, PICKLE_DICT,
    PICKLE_GLOBAL, PICKLE_PERSISTENT, PICKLE_OBJECT
};

struct pickle_text {
    const char *bytes; /* not terminated */
    size_t n;
};

struct pickle_list {
    struct pickle_value **items;
    size_t n, capacity;
};

struct pickle_global {
    struct pickle_text module, name;
    const struct known_global *known; /* never NULL */
    struct pickle_global *next;       /* all globals of the heap, newest first */
};

struct pickle_object {
    struct pickle_value *callable, *arguments; /* arguments: a tuple, in files that are well formed */
    struct pickle_value *state;                /* of BUILD; NULL: none */
    struct pickle_list items;                  /* of APPEND(S): a subclass of list */
    struct pickle_list pairs;                  /* of SETITEM(S): a subclass of dict; key, value, key, value */
};

struct pickle_value {
    enum pickle_kind kind;
    bool is_visited; /* for the one walk over the graph */
    union {
        int64_t integer;             /* BOOL, INT */
        double number;               /* FLOAT */
        struct pickle_text text;     /* TEXT, BYTES, LONG */
        struct pickle_list list;     /* TUPLE, LIST, SET; DICT: key, value, key, value */
        struct pickle_global *global;
        struct pickle_value *id;     /* PERSISTENT */
        struct pickle_object *object;
    } as;
};

/* Where the values of one file live, and the lists that readers want afterwards. The arena's limit holds for all that
 * a hostile file can make grow: what lies outside the arena (stack, memo, lists of readers) is charged to it. */
struct pickle_heap {
    struct arena arena;
    struct pickle_value *slab; /* values are taken in slabs: the arena rounds every piece up to 64 bytes */
    size_t slab_left;
    struct pickle_global *globals;  /* every name the file mentions, known or not */
    struct pickle_list persistent;  /* every persistent value, in order */
};

void pickle_heap_init(struct pickle_heap *heap);
void pickle_heap_free(struct pickle_heap *heap);
/* After it refused: says whether there was no memory or its limit was in the way. */
trba_status pickle_heap_report(const struct pickle_heap *heap, trba_error *err);
/* The same for whatever else (`excess`) is over a limit. */
trba_status pickle_report_excess(const char *excess, trba_error *err);

/* Each returns NULL (or false) when the heap is over its limit. */
struct pickle_value *pickle_new(struct pickle_heap *heap, enum pickle_kind kind);
struct pickle_value *pickle_new_global(struct pickle_heap *heap, struct pickle_text module, struct pickle_text name);
struct pickle_value *pickle_new_object(struct pickle_heap *heap, struct pickle_value *callable,
                                       struct pickle_value *arguments);
bool pickle_list_add(struct pickle_heap *heap, struct pickle_list *list, struct pickle_value *value);

bool pickle_text_equals(struct pickle_text text, const char *expected);
/* For "%.*s": at most 80. */
int pickle_shown_length(struct pickle_text text);
bool pickle_is_text(const struct pickle_value *value, const char *expected);
/* What a GLOBAL means; KNOWN_NOTHING of anything else, NULL included. */
enum known_meaning pickle_meaning(const struct pickle_value *value);
/* The i-th item of a TUPLE or LIST, or NULL. */
struct pickle_value *pickle_item(const struct pickle_value *sequence, size_t i);
/* The value of a text key of a DICT (the last one, as in Python), or NULL. */
struct pickle_value *pickle_dict_find(const struct pickle_value *dict, const char *key);
/* "a dict", "an int", ... for messages. */
const char *pickle_kind_name(enum pickle_kind kind);

#endif
