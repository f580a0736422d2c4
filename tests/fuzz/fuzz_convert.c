/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_convert.c - a pickle, in a faultless zip checkpoint, to a new checkpoint of either form; and a last byte: which
 * form, which numbers. What was written is read again: the same tensors. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "fuzz_folder.h"
#include "model/checkpoint.h"
#include "pickle_zip.h"

/* A tensor that repeats one number may have 16 Mi elements; writing and reading back several takes seconds. */
enum { MAX_ELEMENTS = 256 * 1024 };

static bool is_small(const struct tensor_table *table)
{
    size_t n = 0;
    for (size_t i = 0; i < table->n_tensors; i++) {
        if (table->tensors[i].n_elements > MAX_ELEMENTS) return false;
        n += table->tensors[i].n_elements;
    }
    return n <= MAX_ELEMENTS;
}

static void compare_tables(const struct tensor_table *before, const struct tensor_table *after)
{
    fuzz_require(before->n_tensors == after->n_tensors, "tensors were lost on the way");
    for (size_t i = 0; i < before->n_tensors; i++) {
        const struct tensor *tensor = &before->tensors[i];
        const struct tensor *again = tensor_table_find(after, tensor->name);
        fuzz_require(again != NULL, "a tensor was lost on the way");
        fuzz_require(again->n_dimensions == tensor->n_dimensions &&
                     memcmp(again->shape, tensor->shape, (size_t)tensor->n_dimensions * sizeof *tensor->shape) == 0,
                     "a tensor's shape was changed on the way");
    }
}

static void convert(const trba_checkpoint *checkpoint, unsigned how)
{
    const char *path = fuzz_folder_write(how & 1 ? "out.pth" : "out.safetensors", "", 0);
    trba_save_options options = trba_save_options_default();
    trba_error err = {.message = ""};
    trba_checkpoint *again = NULL;
    options.dtype = (trba_dtype)(how >> 1 & 3);
    if (!fuzz_check_status(trba_checkpoint_save(checkpoint, path, &options, &err), &err)) return;
    fuzz_require(trba_checkpoint_open(path, &again, &err) == TRBA_OK, "what was written cannot be read");
    compare_tables(checkpoint->table, again->table);
    trba_checkpoint_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    const unsigned how = fuzz_take_last(bytes, &n_bytes);
    size_t zip_bytes;
    uint8_t *zip = pickle_zip_new(bytes, n_bytes, &zip_bytes);
    trba_checkpoint *checkpoint = NULL;
    trba_error err = {.message = ""};
    if (fuzz_check_status(trba_checkpoint_open_memory(zip, zip_bytes, &checkpoint, &err), &err) &&
        is_small(checkpoint->table))
        convert(checkpoint, how);
    trba_checkpoint_free(checkpoint);
    free(zip);
    return 0;
}
