/* SPDX-License-Identifier: Apache-2.0 */
/* pack_memory.c - the memory for packed weights, cleared by all threads before packing begins. */
#include "base/checked.h"
#include "base/huge_pages.h"
#include "model/architecture.h"
#include "model/pack.h"

enum { TASK_BYTES = 2 * 1024 * 1024, MOST_TASKS = 1 << 20 };

/* Bytes of the weights as they will be packed, or fewer. */
struct weights_size {
    size_t number_bytes; /* of one weight */
    size_t n_bytes;
};

static void add_tensor(void *user, const char *name, int n_dimensions, const int64_t *shape, bool is_required)
{
    (void)name;
    struct weights_size *size = user;
    if (n_dimensions < 2 || !is_required) return; /* little, and not all of it is kept */
    size_t n = size->number_bytes;
    for (int i = 0; i < n_dimensions; i++)
        if (shape[i] < 0 || !checked_mul(n, (size_t)shape[i], &n)) return;
    size_t sum;
    if (checked_add(size->n_bytes, n, &sum)) size->n_bytes = sum;
}

struct clearing {
    uint8_t *memory;
    size_t n_bytes;
};

static void clear_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct clearing *clearing = arg;
    const size_t first = (size_t)task * TASK_BYTES, left = clearing->n_bytes - first;
    huge_pages_touch(clearing->memory + first, left < TASK_BYTES ? left : TASK_BYTES);
}

void pack_clear_memory(struct packer *packer, const trba_architecture *arch)
{
    if (packer->map == NULL) return;
    const bool is_half = packer->kernels->uses_int16 || packer->kernels->tiles != TILES_NONE;
    struct weights_size size = {.number_bytes = is_half ? sizeof(int16_t) : sizeof(float)};
    architecture_for_each_tensor(arch, add_tensor, &size);
    if (size.n_bytes / TASK_BYTES >= MOST_TASKS) return;
    /* A file may yet be refused: it must not cost more memory than it has bytes. */
    if (size.n_bytes > packer->map->n_bytes) size.n_bytes = packer->map->n_bytes;
    struct clearing clearing = {.memory = arena_reserve(packer->arena, size.n_bytes), .n_bytes = size.n_bytes};
    if (clearing.memory == NULL) return;
    thread_pool_run(packer->pool, (int)(round_up(size.n_bytes, TASK_BYTES) / TASK_BYTES), clear_task, &clearing);
}
