/* SPDX-License-Identifier: Apache-2.0 */
/* pickle_values.c - making and looking at the values of pickle_values.h. */
#include "weights/pickle_values.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"

enum { SLAB_VALUES = 256 };
/* TPS-ResNet-BiLSTM-Attn needs 0.3 MB, with the state of Adam 0.8 MB: a hostile file may take 60 times as much. */
static const size_t heap_limit_bytes = (size_t)48 << 20;

void pickle_heap_init(struct pickle_heap *heap)
{
    *heap = (struct pickle_heap){.slab = NULL};
    arena_init(&heap->arena, heap_limit_bytes);
}

void pickle_heap_free(struct pickle_heap *heap) { arena_free(&heap->arena); }

trba_status pickle_report_excess(const char *excess, trba_error *err)
{
    return error_set(err, TRBA_ERROR_LIMIT,
                     "this checkpoint holds too much beside its weights (%s): save the state_dict alone", excess);
}

trba_status pickle_heap_report(const struct pickle_heap *heap, trba_error *err)
{
    if (heap->arena.has_failed) return error_set(err, TRBA_ERROR_MEMORY, "no memory for what is in the checkpoint");
    char excess[64];
    snprintf(excess, sizeof excess, "it needs more than %zu MiB of memory", heap->arena.limit_bytes >> 20);
    return pickle_report_excess(excess, err);
}

struct pickle_value *pickle_new(struct pickle_heap *heap, enum pickle_kind kind)
{
    if (heap->slab_left == 0) {
        heap->slab = arena_alloc_array(&heap->arena, SLAB_VALUES, sizeof *heap->slab);
        if (heap->slab == NULL) return NULL;
        heap->slab_left = SLAB_VALUES;
    }
    struct pickle_value *value = &heap->slab[SLAB_VALUES - heap->slab_left--];
    value->kind = kind;
    return value;
}

struct pickle_value *pickle_new_global(struct pickle_heap *heap, struct pickle_text module, struct pickle_text name)
{
    struct pickle_value *value = pickle_new(heap, PICKLE_GLOBAL);
    struct pickle_global *global = arena_alloc(&heap->arena, sizeof *global);
    if (value == NULL || global == NULL) return NULL;
    *global = (struct pickle_global){.module = module, .name = name, .next = heap->globals,
                                     .known = known_global_find(module.bytes, module.n, name.bytes, name.n)};
    heap->globals = global;
    value->as.global = global;
    return value;
}

struct pickle_value *pickle_new_object(struct pickle_heap *heap, struct pickle_value *callable,
                                       struct pickle_value *arguments)
{
    struct pickle_value *value = pickle_new(heap, PICKLE_OBJECT);
    struct pickle_object *object = arena_alloc(&heap->arena, sizeof *object);
    if (value == NULL || object == NULL) return NULL;
    object->callable = callable;
    object->arguments = arguments;
    value->as.object = object;
    return value;
}

/* Grows by doubling; what was outgrown stays in the arena, which at most doubles its use. */
bool pickle_list_add(struct pickle_heap *heap, struct pickle_list *list, struct pickle_value *value)
{
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        struct pickle_value **items = arena_alloc_array(&heap->arena, capacity, sizeof(struct pickle_value *));
        if (items == NULL) return false;
        if (list->n > 0) memcpy(items, list->items, list->n * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->n++] = value;
    return true;
}

bool pickle_text_equals(struct pickle_text text, const char *expected)
{
    return text.n == strlen(expected) && memcmp(text.bytes, expected, text.n) == 0;
}

int pickle_shown_length(struct pickle_text text) { return text.n < 80 ? (int)text.n : 80; }

bool pickle_is_text(const struct pickle_value *value, const char *expected)
{
    return value != NULL && value->kind == PICKLE_TEXT && pickle_text_equals(value->as.text, expected);
}

enum known_meaning pickle_meaning(const struct pickle_value *value)
{
    return value != NULL && value->kind == PICKLE_GLOBAL ? value->as.global->known->meaning : KNOWN_NOTHING;
}

struct pickle_value *pickle_item(const struct pickle_value *sequence, size_t i)
{
    if (sequence == NULL || (sequence->kind != PICKLE_TUPLE && sequence->kind != PICKLE_LIST)) return NULL;
    return i < sequence->as.list.n ? sequence->as.list.items[i] : NULL;
}

struct pickle_value *pickle_dict_find(const struct pickle_value *dict, const char *key)
{
    if (dict == NULL || dict->kind != PICKLE_DICT) return NULL;
    for (size_t i = dict->as.list.n; i >= 2; i -= 2)
        if (pickle_is_text(dict->as.list.items[i - 2], key)) return dict->as.list.items[i - 1];
    return NULL;
}

const char *pickle_kind_name(enum pickle_kind kind)
{
    static const char *const names[] = {
        [PICKLE_NONE] = "None", [PICKLE_BOOL] = "a bool", [PICKLE_INT] = "an int", [PICKLE_LONG] = "a long int",
        [PICKLE_FLOAT] = "a float", [PICKLE_TEXT] = "a text", [PICKLE_BYTES] = "bytes", [PICKLE_TUPLE] = "a tuple",
        [PICKLE_LIST] = "a list", [PICKLE_SET] = "a set", [PICKLE_DICT] = "a dict", [PICKLE_GLOBAL] = "a Python name",
        [PICKLE_PERSISTENT] = "a storage", [PICKLE_OBJECT] = "an object"};
    return names[kind];
}
