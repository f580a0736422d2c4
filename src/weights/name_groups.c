/* SPDX-License-Identifier: Apache-2.0 */
/* name_groups.c - take the prefixes off the names, and keep one network where a dict holds several copies of it.
 *
 *   name in the file               prefix      canonical name (from the recogniser)
 *   module.Prediction.weight       module.     Prediction.weight
 *   ema_model.Prediction.weight    ema_model.  Prediction.weight       the same name again: a second copy
 *   global_step                                                        not recognised: stays as it is
 *
 * All names with one prefix are a group. Groups that share no name are parts of one network (mixed prefixes). Of groups
 * that share a name the one with most names stays, on a tie the one without "ema", and the others are left out whole:
 * half a network of averaged weights mixed with half a network of plain ones would be neither.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "weights/table_builder.h"

struct grouped_name {
    const char *name;      /* in the file */
    const char *canonical; /* inside `name`, or NULL */
    size_t index;          /* into the caller's array */
    size_t group;          /* the index of the group's first member, once sorted by prefix */
};

struct name_group {
    size_t n_names;
    size_t first_index; /* in the file's order */
    bool has_ema;
    bool is_copy; /* of a better group: left out */
};

static size_t prefix_length(const struct grouped_name *name)
{
    return name->canonical == NULL ? 0 : (size_t)(name->canonical - name->name);
}

/* Names that are not recognised come last. */
static int compare_prefixes(const void *a, const void *b)
{
    const struct grouped_name *x = a, *y = b;
    if ((x->canonical == NULL) != (y->canonical == NULL)) return x->canonical == NULL ? 1 : -1;
    const size_t n = prefix_length(x), m = prefix_length(y);
    if (n != m) return n < m ? -1 : 1;
    const int order = memcmp(x->name, y->name, n);
    if (order != 0) return order;
    return (x->index > y->index) - (x->index < y->index);
}

static int compare_canonical(const void *a, const void *b)
{
    const struct grouped_name *x = a, *y = b;
    if (x->canonical == NULL || y->canonical == NULL) return (x->canonical == NULL) - (y->canonical == NULL);
    return strcmp(x->canonical, y->canonical);
}

static int compare_index(const void *a, const void *b)
{
    const struct grouped_name *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct grouped_name *)a)->name, ((const struct grouped_name *)b)->name);
}

bool path_has_ema(const char *path, size_t n)
{
    for (size_t i = 0; i + 3 <= n; i++)
        if (strncasecmp(path + i, "ema", 3) == 0) return true;
    return false;
}

static bool is_better_group(const struct name_group *a, const struct name_group *b)
{
    if (a->n_names != b->n_names) return a->n_names > b->n_names;
    if (a->has_ema != b->has_ema) return b->has_ema;
    return a->first_index < b->first_index;
}

static bool is_same_group(const struct grouped_name *a, const struct grouped_name *b)
{
    const size_t n = prefix_length(a);
    if ((a->canonical == NULL) != (b->canonical == NULL)) return false;
    return n == prefix_length(b) && memcmp(a->name, b->name, n) == 0;
}

/* Sorts by prefix and counts. groups[n]: only those at the index of a group's first member are used. */
static void form_groups(struct grouped_name *names, size_t n, struct name_group *groups)
{
    qsort(names, n, sizeof *names, compare_prefixes);
    size_t first = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t length = prefix_length(&names[i]);
        if (!is_same_group(&names[i], &names[first])) first = i;
        names[i].group = first;
        if (first == i)
            groups[i] = (struct name_group){.first_index = names[i].index,
                                            .has_ema = path_has_ema(names[i].name, length)};
        groups[first].n_names++;
    }
}

/* Marks every group that shares a canonical name with a better one. */
static void mark_copies(struct grouped_name *names, size_t n, struct name_group *groups)
{
    qsort(names, n, sizeof *names, compare_canonical);
    for (size_t begin = 0, end; begin < n && names[begin].canonical != NULL; begin = end) {
        size_t best = begin;
        for (end = begin; end < n && compare_canonical(&names[begin], &names[end]) == 0; end++)
            if (is_better_group(&groups[names[end].group], &groups[names[best].group])) best = end;
        for (size_t i = begin; i < end; i++)
            if (i != best) groups[names[i].group].is_copy = true;
    }
}

static trba_status check_duplicates(struct grouped_name *names, size_t n, trba_error *err)
{
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1].name, names[i].name) == 0)
            return error_set(err, TRBA_ERROR_FORMAT, "damaged checkpoint: it holds two tensors named %.200s",
                             names[i].name);
    return TRBA_OK;
}

/* The prefix of the group with most names among those that stay. */
static const char *copy_winning_prefix(struct table_builder *builder, const struct grouped_name *names, size_t n,
                                       const struct name_group *groups)
{
    const struct grouped_name *best = NULL;
    for (size_t i = 0; i < n; i++) {
        if (names[i].canonical == NULL || groups[names[i].group].is_copy) continue;
        if (best == NULL || is_better_group(&groups[names[i].group], &groups[best->group])) best = &names[i];
    }
    return best == NULL ? "" : arena_copy_text(&builder->arena, best->name, prefix_length(best));
}

/* names[] is in the file's order again. */
static trba_status keep_names(struct table_builder *builder, const struct grouped_name *names, size_t n,
                              const struct name_group *groups, size_t *kept, trba_error *err)
{
    struct tensor_table *table = &builder->table;
    table->prefix = copy_winning_prefix(builder, names, n, groups);
    table->tensors = arena_alloc_array(&builder->arena, n, sizeof *table->tensors);
    if (table->prefix == NULL || table->tensors == NULL)
        return error_set(err, TRBA_ERROR_MEMORY, "no memory for the table of tensors");
    for (size_t i = 0; i < n; i++) {
        if (names[i].canonical != NULL && groups[names[i].group].is_copy) continue;
        const char *name = names[i].canonical != NULL ? names[i].canonical : names[i].name;
        struct tensor *tensor = &table->tensors[table->n_tensors];
        tensor->name = arena_copy_text(&builder->arena, name, strlen(name));
        if (tensor->name == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory for the names of tensors");
        kept[table->n_tensors++] = names[i].index;
    }
    return TRBA_OK;
}

trba_status table_builder_take_names(struct table_builder *builder, const struct named_tensor *named, size_t n,
                                     size_t *kept, trba_error *err)
{
    struct grouped_name *names = calloc(n + 1, sizeof *names);
    struct name_group *groups = calloc(n + 1, sizeof *groups);
    trba_status status = TRBA_OK;
    if (names == NULL || groups == NULL) {
        status = error_set(err, TRBA_ERROR_MEMORY, "no memory for the names of tensors");
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        const char *name = named[i].name;
        names[i] = (struct grouped_name){.name = name, .canonical = builder->recogniser(name), .index = i};
    }
    status = check_duplicates(names, n, err);
    if (status != TRBA_OK) goto done;
    form_groups(names, n, groups);
    mark_copies(names, n, groups);
    qsort(names, n, sizeof *names, compare_index);
    status = keep_names(builder, names, n, groups, kept, err);
done:
    free(groups);
    free(names);
    return status;
}
