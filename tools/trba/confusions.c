/* SPDX-License-Identifier: Apache-2.0 */
/* confusions.c - sort the pairs, count equal ones, sort the counts. */
#include "confusions.h"

#include <stdlib.h>
#include <string.h>

#include "common/tool_memory.h"

enum { FIRST_PAIRS = 256 };

static void reserve(struct confusions *confusions, size_t n)
{
    if (n <= confusions->capacity) return;
    confusions->capacity = n < FIRST_PAIRS ? FIRST_PAIRS : n * 2;
    confusions->pairs = memory_resize(confusions->pairs, confusions->capacity, sizeof *confusions->pairs);
}

void confusions_add(struct confusions *confusions, uint32_t truth, uint32_t answer)
{
    reserve(confusions, confusions->n + 1);
    confusions->pairs[confusions->n++] = (uint64_t)truth << 32 | answer;
}

void confusions_merge(struct confusions *total, const struct confusions *part)
{
    if (part->n == 0) return;
    reserve(total, total->n + part->n);
    memcpy(total->pairs + total->n, part->pairs, part->n * sizeof *part->pairs);
    total->n += part->n;
}

static int compare_pairs(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int compare_counts(const void *a, const void *b)
{
    const struct confusion *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    if (x->truth != y->truth) return x->truth > y->truth ? 1 : -1;
    return (x->answer > y->answer) - (x->answer < y->answer);
}

size_t confusions_most_frequent(struct confusions *confusions, size_t most, struct confusion **out)
{
    size_t n = 0;
    struct confusion *counted = memory_resize(NULL, confusions->n + 1, sizeof *counted);
    if (confusions->n > 0) qsort(confusions->pairs, confusions->n, sizeof *confusions->pairs, compare_pairs);
    for (size_t i = 0; i < confusions->n; i++) {
        const uint64_t pair = confusions->pairs[i];
        if (i == 0 || pair != confusions->pairs[i - 1])
            counted[n++] = (struct confusion){(uint32_t)(pair >> 32), (uint32_t)pair, 0};
        counted[n - 1].count++;
    }
    qsort(counted, n, sizeof *counted, compare_counts);
    *out = counted;
    return n < most ? n : most;
}

void confusions_free(struct confusions *confusions)
{
    free(confusions->pairs);
    *confusions = (struct confusions){.pairs = NULL};
}
