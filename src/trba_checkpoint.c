/* SPDX-License-Identifier: Apache-2.0 */
/* trba_checkpoint.c - the public functions that show what is in a checkpoint: a file, its table of tensors, and what
 * the table says. (trba_architecture_name() is in model/architecture_names.c, trba_charset_preset_at() in
 * model/charset_presets.c, beside what they show.) */
#include "trba.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/float_environment.h"
#include "base/status.h"
#include "model/architecture.h"
#include "model/checkpoint.h"
#include "weights/table_save.h"

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* Takes the map over; on failure it is closed. */
static trba_status open_bytes(const struct file_map *map, const void *bytes, size_t n_bytes, trba_checkpoint **out,
                              trba_error *err)
{
    trba_checkpoint *checkpoint = malloc(sizeof *checkpoint);
    if (checkpoint == NULL) {
        struct file_map given_up = *map;
        file_map_close(&given_up);
        return error_set(err, TRBA_ERROR_MEMORY, "no memory to open a checkpoint");
    }
    *checkpoint = (trba_checkpoint){.map = *map, .table = NULL};
    fenv_t callers;
    float_environment_begin(&callers); /* numbers among the metadata become text */
    const trba_status status =
        tensor_table_open(bytes, n_bytes, map->bytes != NULL ? &checkpoint->map : NULL, architecture_recognise_name,
                          &checkpoint->table, err);
    float_environment_end(&callers);
    if (status != TRBA_OK) trba_checkpoint_free(checkpoint);
    else *out = checkpoint;
    return status;
}

trba_status trba_checkpoint_open(const char *path, trba_checkpoint **out, trba_error *err)
{
    if (path == NULL || out == NULL)
        return error_set(err, TRBA_ERROR_ARGUMENT, "trba_checkpoint_open needs a path and a place for the checkpoint");
    struct file_map map;
    trba_status status = file_map_open(path, &map, err);
    if (status != TRBA_OK) return status;
    status = open_bytes(&map, map.bytes, map.n_bytes, out, err);
    if (status != TRBA_OK) error_prefix(err, path);
    return status;
}

trba_status trba_checkpoint_open_memory(const void *bytes, size_t n_bytes, trba_checkpoint **out, trba_error *err)
{
    if (bytes == NULL || out == NULL)
        return error_set(err, TRBA_ERROR_ARGUMENT,
                         "trba_checkpoint_open_memory needs the bytes and a place for the checkpoint");
    const struct file_map nothing = {.bytes = NULL, .n_bytes = 0};
    return open_bytes(&nothing, bytes, n_bytes, out, err);
}

void trba_checkpoint_free(trba_checkpoint *checkpoint)
{
    if (checkpoint == NULL) return;
    tensor_table_free(checkpoint->table);
    file_map_close(&checkpoint->map);
    free(checkpoint);
}

/* ---- what is in it ----------------------------------------------------------------------------------------------- */

const char *trba_checkpoint_format(const trba_checkpoint *checkpoint)
{
    return checkpoint->table->format;
}

const char *trba_checkpoint_root(const trba_checkpoint *checkpoint)
{
    return checkpoint->table->root;
}

const char *trba_checkpoint_prefix(const trba_checkpoint *checkpoint)
{
    return checkpoint->table->prefix;
}

size_t trba_checkpoint_tensor_count(const trba_checkpoint *checkpoint)
{
    return checkpoint->table->n_tensors;
}

trba_status trba_checkpoint_tensor(const trba_checkpoint *checkpoint, size_t index, trba_tensor_info *out)
{
    if (checkpoint == NULL || out == NULL || index >= checkpoint->table->n_tensors) return TRBA_ERROR_ARGUMENT;
    const struct tensor *tensor = &checkpoint->table->tensors[index];
    trba_tensor_info info = {.name = tensor->name, .dtype = tensor_dtype_name(tensor->dtype),
                             .n_dimensions = tensor->n_dimensions};
    memcpy(info.shape, tensor->shape, (size_t)tensor->n_dimensions * sizeof info.shape[0]);
    *out = info;
    return TRBA_OK;
}

/* ---- what it is -------------------------------------------------------------------------------------------------- */

trba_status trba_checkpoint_architecture(const trba_checkpoint *checkpoint, trba_architecture *out, trba_error *err)
{
    if (checkpoint == NULL || out == NULL)
        return error_set(err, TRBA_ERROR_ARGUMENT,
                         "trba_checkpoint_architecture needs a checkpoint and a place for the architecture");
    return architecture_infer(checkpoint->table, out, err);
}

size_t trba_checkpoint_compare(const trba_checkpoint *checkpoint, const trba_architecture *asked,
                               void (*visit)(void *user, trba_difference kind, const char *name, const char *detail),
                               void *user)
{
    trba_architecture found = {0}; /* stays so, and the defaults count, when the checkpoint is none of the networks */
    (void)architecture_infer(checkpoint->table, &found, NULL);
    const trba_architecture full = architecture_fill(asked, &found);
    return architecture_compare(checkpoint->table, &full, visit, user);
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

trba_save_options trba_save_options_default(void)
{
    return (trba_save_options){.struct_size = sizeof(trba_save_options)};
}

static trba_status check_save_options(const trba_save_options *options, trba_error *err)
{
    if (options->struct_size != sizeof *options)
        return error_set(err, TRBA_ERROR_ARGUMENT, "trba_save_options was not made by trba_save_options_default()");
    if ((int)options->format < TRBA_SAVE_ANY || options->format > TRBA_SAVE_PYTORCH)
        return error_set(err, TRBA_ERROR_ARGUMENT, "there is no format %d", (int)options->format);
    if ((int)options->dtype < TRBA_DTYPE_ANY || options->dtype > TRBA_DTYPE_BFLOAT16)
        return error_set(err, TRBA_ERROR_ARGUMENT, "there is no dtype %d", (int)options->dtype);
    return TRBA_OK;
}

static bool ends_with(const char *path, const char *end)
{
    const size_t n = strlen(path), m = strlen(end);
    return n > m && strcmp(path + n - m, end) == 0;
}

static trba_status choose_save_format(const char *path, trba_save_format asked, trba_save_format *out, trba_error *err)
{
    *out = asked;
    if (asked != TRBA_SAVE_ANY) return TRBA_OK;
    if (ends_with(path, ".safetensors")) *out = TRBA_SAVE_SAFETENSORS;
    else if (ends_with(path, ".pth") || ends_with(path, ".pt")) *out = TRBA_SAVE_PYTORCH;
    else
        return error_set(err, TRBA_ERROR_ARGUMENT,
                         "the name does not end in .safetensors, .pth or .pt, so the format must be given: %s", path);
    return TRBA_OK;
}

trba_status trba_checkpoint_save(const trba_checkpoint *checkpoint, const char *path, const trba_save_options *options,
                                 trba_error *err)
{
    static const enum tensor_dtype dtypes[] = {[TRBA_DTYPE_ANY] = TENSOR_FLOAT32,
                                               [TRBA_DTYPE_FLOAT32] = TENSOR_FLOAT32,
                                               [TRBA_DTYPE_FLOAT16] = TENSOR_FLOAT16,
                                               [TRBA_DTYPE_BFLOAT16] = TENSOR_BFLOAT16};
    const trba_save_options defaults = trba_save_options_default();
    if (checkpoint == NULL || path == NULL || path[0] == '\0')
        return error_set(err, TRBA_ERROR_ARGUMENT, "trba_checkpoint_save needs a checkpoint and a path that is not "
                         "empty");
    if (options == NULL) options = &defaults;
    trba_save_format format;
    trba_status status = check_save_options(options, err);
    if (status == TRBA_OK) status = choose_save_format(path, options->format, &format, err);
    if (status != TRBA_OK) return status;
    fenv_t callers;
    float_environment_begin(&callers);
    status = table_save(checkpoint->table, path, format, options->dtype != TRBA_DTYPE_ANY, dtypes[options->dtype],
                        options->prefix != NULL ? options->prefix : "", err);
    float_environment_end(&callers);
    return status;
}
