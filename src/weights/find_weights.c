/* SPDX-License-Identifier: Apache-2.0 */
/* find_weights.c - which of all the things in a checkpoint are the weights?
 *
 *   breadth first from the root, each container once (so loops end, and sharing costs nothing)
 *     dict               its own tensors are a candidate; its texts and numbers are metadata; its containers are walked
 *     nn.Module          all tensors below it are one candidate, named as state_dict() would name them
 *     TorchScript module the same
 *     any other object   its state, items and arguments are walked
 *   best candidate = most names that the recogniser knows; on a tie the one without "ema" in its path, then the first.
 *   When it knows none, the largest: the caller can then say what is missing.
 */
#include "weights/find_weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "weights/tensor_view.h"

/* Wrappers nest three or four deep, modules ten. What lies deeper is not looked at. */
enum { WALK_DEPTH_LIMIT = 32, MODULE_DEPTH_LIMIT = 64 };
/* What tensors may have beyond what is stored, all together. Layers that share their weights do not come near. */
enum { SHARED_LIMIT_BYTES = 64 * 1024 * 1024 };
/* Modules may be shared by modules that are shared: a graph of 40 can have 2^40 paths. A real one has thousands. */
enum { MODULE_STEPS_LIMIT = 128 * 1024 };

struct candidate {
    const char *root;
    struct named_tensor *tensors; /* malloc */
    size_t n, capacity, n_recognised;
};

struct walk_item {
    struct pickle_value *value;
    const char *path;
    int depth;
};

struct walk {
    struct table_builder *builder;
    struct pickle_heap *heap;
    struct walk_item *queue; /* malloc; [first, n) is still to do */
    size_t first, n, capacity;
    struct candidate current, best;
    size_t n_module_steps;
    trba_error *err;
};

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* "path.key", or "key" when the path is empty; NULL if it is too long, no clean UTF-8, or the heap has no room. */
static const char *join_path(struct walk *walk, const char *path, struct pickle_text key)
{
    char joined[NAME_LIMIT_BYTES];
    const size_t n = strlen(path), dot = n > 0 ? 1 : 0;
    if (key.n >= sizeof joined || n + dot + key.n >= sizeof joined) return NULL;
    if (key.n > 0 && (memchr(key.bytes, '\0', key.n) != NULL || utf8_count(key.bytes, key.n) == SIZE_MAX)) return NULL;
    memcpy(joined, path, n);
    if (dot) joined[n] = '.';
    if (key.n > 0) memcpy(joined + n + dot, key.bytes, key.n);
    return arena_copy_text(&walk->heap->arena, joined, n + dot + key.n);
}

/* Then names are missing, and with them perhaps the weights. */
static bool heap_has_refused(const struct pickle_heap *heap)
{
    return heap->arena.has_failed || heap->arena.is_full;
}

static const char *join_index(struct walk *walk, const char *path, long long index)
{
    char digits[24];
    const int n = snprintf(digits, sizeof digits, "%lld", index);
    return join_path(walk, path, (struct pickle_text){.bytes = digits, .n = (size_t)n});
}

/* The path of a dict's item; keys that are neither text nor int have none (NULL). */
static const char *join_key(struct walk *walk, const char *path, const struct pickle_value *key)
{
    if (key->kind == PICKLE_TEXT) return join_path(walk, path, key->as.text);
    return key->kind == PICKLE_INT ? join_index(walk, path, key->as.integer) : NULL;
}

/* ---- candidates -------------------------------------------------------------------------------------------------- */

static trba_status add_tensor(struct walk *walk, const char *prefix, const struct pickle_value *key,
                              const struct pickle_value *value)
{
    struct candidate *c = &walk->current;
    const char *name = join_path(walk, prefix, key->as.text);
    if (name == NULL && heap_has_refused(walk->heap)) return pickle_heap_report(walk->heap, walk->err);
    if (name == NULL)
        return error_set(walk->err, TRBA_ERROR_LIMIT, "a tensor's name is longer than %d bytes or not text",
                         NAME_LIMIT_BYTES);
    const trba_status status = table_builder_count_name(walk->builder, name, walk->err);
    if (status != TRBA_OK) return status;
    if (c->n == c->capacity) {
        const size_t capacity = c->capacity == 0 ? 512 : c->capacity * 2;
        struct named_tensor *grown = realloc(c->tensors, capacity * sizeof *grown);
        if (grown == NULL) return error_set(walk->err, TRBA_ERROR_MEMORY, "no memory for the names of tensors");
        c->tensors = grown;
        c->capacity = capacity;
    }
    c->tensors[c->n++] = (struct named_tensor){.name = name, .value = value};
    if (walk->builder->recogniser(name) != NULL) c->n_recognised++;
    return TRBA_OK;
}

static void begin_candidate(struct walk *walk, const char *root)
{
    walk->current.root = root;
    walk->current.n = walk->current.n_recognised = 0;
}

static bool is_better_candidate(const struct candidate *a, const struct candidate *b)
{
    if (a->n == 0 || b->n == 0) return a->n > 0;
    if (a->n_recognised != b->n_recognised) return a->n_recognised > b->n_recognised;
    if (a->n_recognised == 0) return a->n > b->n;
    return !path_has_ema(a->root, strlen(a->root)) && path_has_ema(b->root, strlen(b->root));
}

static void end_candidate(struct walk *walk)
{
    if (!is_better_candidate(&walk->current, &walk->best)) return;
    const struct candidate better = walk->current;
    walk->current = walk->best; /* its memory is used again */
    walk->best = better;
}

/* ---- modules ----------------------------------------------------------------------------------------------------- */

static trba_status add_module(struct walk *walk, const struct pickle_value *module, const char *prefix, int depth);

/* The tensors of a dict under prefix.key; with `with_modules`, the modules in it too. */
static trba_status add_module_items(struct walk *walk, const struct pickle_value *dict, const char *prefix,
                                    bool with_modules, int depth)
{
    if (dict == NULL || dict->kind != PICKLE_DICT) return TRBA_OK;
    trba_status status = TRBA_OK;
    for (size_t i = 0; i + 1 < dict->as.list.n && status == TRBA_OK; i += 2) {
        const struct pickle_value *key = dict->as.list.items[i], *value = dict->as.list.items[i + 1];
        if (++walk->n_module_steps > MODULE_STEPS_LIMIT)
            return error_set(walk->err, TRBA_ERROR_LIMIT, "its modules share each other more than %d times",
                             MODULE_STEPS_LIMIT);
        if (key->kind != PICKLE_TEXT) continue;
        if (torch_is_tensor(value)) {
            status = add_tensor(walk, prefix, key, value);
        } else if (with_modules && value->kind == PICKLE_OBJECT) {
            const char *path = join_path(walk, prefix, key->as.text);
            if (path != NULL) status = add_module(walk, value, path, depth + 1);
        }
    }
    return status;
}

/* Recurses at most MODULE_DEPTH_LIMIT deep. */
static trba_status add_module(struct walk *walk, const struct pickle_value *module, const char *prefix, int depth)
{
    if (depth > MODULE_DEPTH_LIMIT)
        return error_set(walk->err, TRBA_ERROR_LIMIT, "its modules are nested more than %d deep", MODULE_DEPTH_LIMIT);
    const struct pickle_value *script = torch_script_attributes(module);
    if (script != NULL) return add_module_items(walk, script, prefix, true, depth);
    const struct pickle_value *attributes = torch_module_attributes(module);
    if (attributes == NULL) return TRBA_OK;
    trba_status status = add_module_items(walk, pickle_dict_find(attributes, "_parameters"), prefix, false, depth);
    if (status == TRBA_OK)
        status = add_module_items(walk, pickle_dict_find(attributes, "_buffers"), prefix, false, depth);
    if (status == TRBA_OK)
        status = add_module_items(walk, pickle_dict_find(attributes, "_modules"), prefix, true, depth);
    return status;
}

static trba_status visit_module(struct walk *walk, const struct walk_item *item)
{
    begin_candidate(walk, item->path);
    const trba_status status = add_module(walk, item->value, "", 0);
    if (status == TRBA_OK) end_candidate(walk);
    return status;
}

/* ---- metadata ---------------------------------------------------------------------------------------------------- */

/* The shortest decimal that reads back as the same number; a point, whatever the locale. */
static int format_float(char *out, size_t capacity, double number)
{
    int n = snprintf(out, capacity, "%.15g", number);
    if (strtod(out, NULL) != number) n = snprintf(out, capacity, "%.17g", number);
    char *sign = out + strspn(out, "-0123456789"); /* the locale's, of one byte or of several, or what comes next */
    const size_t n_bytes = strcspn(sign, "0123456789aefin");
    if (n_bytes == 0) return n;
    *sign = '.';
    memmove(sign + 1, sign + n_bytes, strlen(sign + n_bytes) + 1);
    return n - (int)n_bytes + 1;
}

/* A number, True, False or None as Python prints it; 0 if it is none of these. */
static int format_scalar(char *out, size_t capacity, const struct pickle_value *value)
{
    double number;
    switch (value->kind) {
    case PICKLE_NONE: return snprintf(out, capacity, "None");
    case PICKLE_BOOL: return snprintf(out, capacity, value->as.integer ? "True" : "False");
    case PICKLE_INT: return snprintf(out, capacity, "%lld", (long long)value->as.integer);
    case PICKLE_FLOAT: return format_float(out, capacity, value->as.number);
    default: return torch_read_numpy_scalar(value, &number) ? format_float(out, capacity, number) : 0;
    }
}

/* "[32, 100]": a short list of scalars; 0 if it is anything else. */
static int format_list(char *out, size_t capacity, const struct pickle_value *value)
{
    enum { ITEMS_LIMIT = 16, ITEM_BYTES = 40 };
    if ((value->kind != PICKLE_LIST && value->kind != PICKLE_TUPLE) || value->as.list.n > ITEMS_LIMIT) return 0;
    size_t at = (size_t)snprintf(out, capacity, "[");
    for (size_t i = 0; i < value->as.list.n; i++) {
        char item[ITEM_BYTES];
        if (format_scalar(item, sizeof item, value->as.list.items[i]) == 0) return 0;
        at += (size_t)snprintf(out + at, capacity - at, "%s%s", i > 0 ? ", " : "", item);
    }
    return (int)(at + (size_t)snprintf(out + at, capacity - at, "]"));
}

static bool add_metadata(struct walk *walk, const char *key, const struct pickle_value *value)
{
    char text[1024];
    if (value->kind == PICKLE_TEXT)
        return table_builder_add_metadata(walk->builder, key, value->as.text.bytes, value->as.text.n);
    int n = format_scalar(text, sizeof text, value);
    if (n == 0) n = format_list(text, sizeof text, value);
    return n == 0 || table_builder_add_metadata(walk->builder, key, text, (size_t)n);
}

/* ---- the walk ---------------------------------------------------------------------------------------------------- */

static trba_status enqueue(struct walk *walk, struct pickle_value *value, const char *path, int depth)
{
    if (value == NULL || value->kind < PICKLE_TUPLE || value->is_visited || depth > WALK_DEPTH_LIMIT) return TRBA_OK;
    if (walk->n == walk->capacity) {
        const size_t capacity = walk->capacity == 0 ? 256 : walk->capacity * 2;
        if (!arena_charge(&walk->heap->arena, (capacity - walk->capacity) * sizeof *walk->queue))
            return pickle_heap_report(walk->heap, walk->err);
        struct walk_item *grown = realloc(walk->queue, capacity * sizeof *grown);
        if (grown == NULL) return error_set(walk->err, TRBA_ERROR_MEMORY, "no memory to look for the weights");
        walk->queue = grown;
        walk->capacity = capacity;
    }
    value->is_visited = true;
    walk->queue[walk->n++] = (struct walk_item){.value = value, .path = path, .depth = depth};
    return TRBA_OK;
}

/* Making a path costs more than this look at what it would be for. */
static bool is_of_interest(const struct walk *walk, const struct pickle_value *value)
{
    if (value->kind >= PICKLE_TUPLE) return !value->is_visited;
    return !table_builder_metadata_is_full(walk->builder);
}

static trba_status visit_pairs(struct walk *walk, const struct pickle_list *pairs, const char *path, int depth)
{
    begin_candidate(walk, path);
    for (size_t i = 0; i + 1 < pairs->n; i += 2) {
        const struct pickle_value *key = pairs->items[i];
        struct pickle_value *value = pairs->items[i + 1];
        trba_status status = TRBA_OK;
        if (torch_is_tensor(value)) {
            if (key->kind == PICKLE_TEXT) status = add_tensor(walk, "", key, value);
        } else if (is_of_interest(walk, value)) {
            const char *joined = join_key(walk, path, key);
            if (joined == NULL) continue;
            if (!add_metadata(walk, joined, value))
                status = error_set(walk->err, TRBA_ERROR_MEMORY, "no memory for the metadata");
            if (status == TRBA_OK) status = enqueue(walk, value, joined, depth + 1);
        }
        if (status != TRBA_OK) return status;
    }
    end_candidate(walk);
    return TRBA_OK;
}

static trba_status visit_items(struct walk *walk, const struct pickle_list *items, const char *path, int depth)
{
    trba_status status = TRBA_OK;
    for (size_t i = 0; i < items->n && status == TRBA_OK; i++) {
        if (items->items[i]->kind < PICKLE_TUPLE) continue;
        const char *joined = join_index(walk, path, (long long)i);
        if (joined != NULL) status = enqueue(walk, items->items[i], joined, depth + 1);
    }
    return status;
}

/* The state keeps the path of the object: Namespace(lr=1) at "opt" gives "opt.lr". */
static trba_status visit_object(struct walk *walk, const struct walk_item *item)
{
    const struct pickle_object *object = item->value->as.object;
    trba_status status = visit_pairs(walk, &object->pairs, item->path, item->depth);
    if (status == TRBA_OK) status = visit_items(walk, &object->items, item->path, item->depth);
    if (status == TRBA_OK) status = enqueue(walk, object->state, item->path, item->depth + 1);
    if (status == TRBA_OK) status = enqueue(walk, object->arguments, item->path, item->depth + 1);
    return status;
}

static trba_status visit(struct walk *walk, const struct walk_item *item)
{
    switch (item->value->kind) {
    case PICKLE_DICT: return visit_pairs(walk, &item->value->as.list, item->path, item->depth);
    case PICKLE_TUPLE:
    case PICKLE_LIST:
    case PICKLE_SET: return visit_items(walk, &item->value->as.list, item->path, item->depth);
    case PICKLE_OBJECT: break;
    default: return TRBA_OK;
    }
    if (torch_is_tensor(item->value)) return TRBA_OK;
    const bool is_module = torch_module_attributes(item->value) != NULL || torch_script_attributes(item->value) != NULL;
    return is_module ? visit_module(walk, item) : visit_object(walk, item);
}

/* The oldest name that means nothing here: the likely reason why there are no weights, or an attack. */
static trba_status report_no_tensors(const struct walk *walk, const struct pickle_value *root)
{
    const struct pickle_global *opaque = NULL;
    for (const struct pickle_global *g = walk->heap->globals; g != NULL; g = g->next)
        if (g->known->meaning == KNOWN_NOTHING) opaque = g;
    if (torch_script_attributes(root) != NULL)
        return error_set(walk->err, TRBA_ERROR_UNSUPPORTED,
                         "this TorchScript file holds no named tensors, probably because it was frozen or optimised, "
                         "which makes constants of the weights: give the file from before that");
    if (opaque == NULL)
        return error_set(walk->err, TRBA_ERROR_FORMAT,
                         "this file holds %s but no named tensors: it is not a checkpoint with weights",
                         pickle_kind_name(root->kind));
    return error_set(walk->err, TRBA_ERROR_FORMAT,
                     "this file holds %s but no named tensors: it is not a checkpoint with weights (it mentions "
                     "%.*s.%.*s, which was not run)",
                     pickle_kind_name(root->kind), pickle_shown_length(opaque->module), opaque->module.bytes,
                     pickle_shown_length(opaque->name), opaque->name.bytes);
}

/* Tensors may be views of one storage, or repeat a part of it: what all of them have, that far, is held against what is
 * stored. */
static trba_status check_sharing(const struct walk *walk, size_t n_repeated, size_t n_bytes)
{
    if (n_repeated > TENSOR_BROADCAST_LIMIT)
        return error_set(walk->err, TRBA_ERROR_LIMIT, "the tensors repeat what is stored more than %d times over",
                         TENSOR_BROADCAST_LIMIT);
    if (n_bytes > walk->builder->stored_bytes + SHARED_LIMIT_BYTES)
        return error_set(walk->err, TRBA_ERROR_LIMIT,
                         "the tensors share storages so much that they have %d MiB more than the file: save a clone() "
                         "of each",
                         SHARED_LIMIT_BYTES >> 20);
    return TRBA_OK;
}

/* Checks the tensors that were taken, now that the names are known. */
static trba_status fill_tensors(struct walk *walk, const size_t *kept, torch_storage_finder find, void *reader)
{
    struct tensor_table *table = &walk->builder->table;
    size_t n_repeated = 0, n_bytes = 0;
    trba_status status = TRBA_OK;
    for (size_t i = 0; i < table->n_tensors && status == TRBA_OK; i++) {
        struct tensor *tensor = &table->tensors[i];
        const char *name = tensor->name;
        const struct pickle_value *value = walk->best.tensors[kept[i]].value;
        status = torch_read_tensor(value, find, reader, tensor, walk->err);
        tensor->name = name;
        if (status != TRBA_OK) {
            table_builder_name_tensor(name, walk->err);
            return status;
        }
        n_repeated += tensor_count_repeated(tensor);
        n_bytes += tensor->n_elements * tensor_dtype_bytes(tensor->dtype);
        status = check_sharing(walk, n_repeated, n_bytes);
    }
    return status;
}

/* Of a quantised layer the weights lie in a tuple, so that they have no names. */
static bool has_quantised(const struct pickle_heap *heap)
{
    for (const struct pickle_global *g = heap->globals; g != NULL; g = g->next)
        if (g->known->meaning == KNOWN_QUANTISED_TENSOR) return true;
    return false;
}

static trba_status take_best(struct walk *walk, torch_storage_finder find, void *reader)
{
    struct table_builder *builder = walk->builder;
    builder->table.root = arena_copy_text(&builder->arena, walk->best.root, strlen(walk->best.root));
    builder->table.has_quantised = has_quantised(walk->heap);
    size_t *kept = calloc(walk->best.n, sizeof *kept);
    trba_status status;
    if (kept == NULL || builder->table.root == NULL)
        status = error_set(walk->err, TRBA_ERROR_MEMORY, "no memory for the table of tensors");
    else
        status = table_builder_take_names(builder, walk->best.tensors, walk->best.n, kept, walk->err);
    if (status == TRBA_OK) status = fill_tensors(walk, kept, find, reader);
    free(kept);
    return status;
}

trba_status find_weights(struct table_builder *builder, struct pickle_heap *heap, struct pickle_value *root,
                         torch_storage_finder find, void *reader, trba_error *err)
{
    struct walk walk = {.builder = builder, .heap = heap, .err = err};
    trba_status status = enqueue(&walk, root, "", 0);
    while (status == TRBA_OK && walk.first < walk.n) {
        const struct walk_item item = walk.queue[walk.first++]; /* a copy: the queue may move */
        status = visit(&walk, &item);
    }
    if (heap_has_refused(heap)) status = pickle_heap_report(heap, err);
    if (status == TRBA_OK && walk.best.n == 0) status = report_no_tensors(&walk, root);
    if (status == TRBA_OK) status = take_best(&walk, find, reader);
    free(walk.queue);
    free(walk.current.tensors);
    free(walk.best.tensors);
    return status;
}
