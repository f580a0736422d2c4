/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pickle.c - pickles one after the other through the pickle machine; then all that was built is looked at. */
#include "fuzz.h"
#include "weights/pickle_machine.h"
#include "weights/torch_objects.h"

enum { LOOK_DEPTH = 64, LOOK_ITEMS = 64 };

static void look_at(struct pickle_value *value, int depth);

static void look_at_list(const struct pickle_list *list, int depth)
{
    fuzz_require(list->n <= list->capacity || list->capacity == 0, "a list is longer than its memory");
    for (size_t i = 0; i < list->n && i < LOOK_ITEMS; i++) look_at(list->items[i], depth);
}

/* Values may hold themselves and share each other: each is looked at once, and so deep and no deeper. */
static void look_at(struct pickle_value *value, int depth)
{
    double number;
    struct torch_storage storage;
    trba_error err = {.message = ""};
    fuzz_require(value != NULL, "a missing value");
    if (depth == 0 || value->is_visited) return;
    value->is_visited = true;
    (void)torch_is_tensor(value);
    (void)torch_module_attributes(value);
    (void)torch_script_attributes(value);
    (void)torch_read_numpy_scalar(value, &number);
    (void)pickle_meaning(value);
    fuzz_require(pickle_kind_name(value->kind)[0] != '\0', "a value of no kind");
    if (value->kind == PICKLE_PERSISTENT) {
        (void)fuzz_check_status(torch_read_storage(value, &storage, &err), &err);
        look_at(value->as.id, depth - 1);
    }
    if (value->kind == PICKLE_DICT) (void)pickle_dict_find(value, "little_endian");
    if (value->kind == PICKLE_TUPLE || value->kind == PICKLE_LIST || value->kind == PICKLE_SET ||
        value->kind == PICKLE_DICT)
        look_at_list(&value->as.list, depth - 1);
    if (value->kind == PICKLE_OBJECT) {
        look_at(value->as.object->callable, depth - 1);
        look_at(value->as.object->arguments, depth - 1);
        look_at_list(&value->as.object->items, depth - 1);
        look_at_list(&value->as.object->pairs, depth - 1);
        if (value->as.object->state != NULL) look_at(value->as.object->state, depth - 1);
    }
}

static void look_at_heap(const struct pickle_heap *heap)
{
    for (const struct pickle_global *global = heap->globals; global != NULL; global = global->next)
        fuzz_require(global->known != NULL, "a name without a meaning");
    for (size_t i = 0; i < heap->persistent.n; i++)
        fuzz_require(heap->persistent.items[i]->kind == PICKLE_PERSISTENT, "a persistent value of another kind");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct byte_reader in = byte_reader_new(bytes, n_bytes);
    struct pickle_heap heap;
    struct pickle_value *root = NULL;
    trba_error err = {.message = ""};
    pickle_heap_init(&heap);
    while (bytes_left(&in) > 0 && fuzz_check_status(pickle_read(&in, &heap, &root, &err), &err))
        look_at(root, LOOK_DEPTH);
    look_at_heap(&heap);
    pickle_heap_free(&heap);
    return 0;
}
