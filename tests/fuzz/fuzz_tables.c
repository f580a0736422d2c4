/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tables.c - the properties of opened checkpoints and models. */
#include "fuzz_tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "model/checkpoint.h"

/* A broadcast may have 16 Mi elements; many of them would take the time of all other inputs. */
enum { READ_LIMIT = 64 * 1024, SMALL_MODEL_BYTES = 1024 * 1024, PICTURE_W = 40, PICTURE_H = 20 };

static void check_shape(const struct tensor *tensor)
{
    size_t n = 1;
    fuzz_require(tensor->n_dimensions >= 0 && tensor->n_dimensions <= TRBA_MAX_DIMENSIONS, "too many dimensions");
    for (int i = 0; i < tensor->n_dimensions; i++) {
        fuzz_require(tensor->shape[i] >= 0, "a negative size");
        fuzz_require(tensor->strides[i] >= 0, "a negative stride");
        n *= (size_t)tensor->shape[i];
    }
    fuzz_require(n == tensor->n_elements, "the shape does not multiply to the number of elements");
}

static void check_tensor(const struct tensor *tensor)
{
    fuzz_require(tensor->name != NULL && strlen(tensor->name) <= 1024, "a tensor's name is too long");
    check_shape(tensor);
    if (tensor->n_elements > READ_LIMIT) return;
    float *numbers = malloc(tensor->n_elements * sizeof *numbers + 1);
    uint8_t *raw = malloc(tensor->n_elements * tensor_dtype_bytes(tensor->dtype) + 1);
    if (numbers == NULL || raw == NULL) abort();
    tensor_read_float(tensor, numbers);
    tensor_read_raw(tensor, raw);
    if (tensor->n_elements > 0 && tensor->dtype == TENSOR_FLOAT32) {
        uint8_t first[sizeof *numbers];
        store_f32le(first, numbers[0]);
        fuzz_require(memcmp(first, raw, sizeof first) == 0, "float32 is not read as it is");
    }
    free(numbers);
    free(raw);
}

static void check_metadata(const struct tensor_table *table)
{
    for (size_t i = 0; i < table->n_metadata; i++)
        fuzz_require(tensor_table_find_metadata(table, table->metadata[i].key) != NULL, "metadata is not found");
}

static void count_difference(void *user, trba_difference kind, const char *name, const char *detail)
{
    fuzz_require(name[0] != '\0' || kind == TRBA_DIFFERENCE_UNEXPECTED, "a difference without a name");
    fuzz_require(strlen(detail) < 4096, "a difference with too long a text");
    ++*(size_t *)user;
}

static void check_architecture(const trba_checkpoint *checkpoint)
{
    trba_architecture found = {.img_h = 0};
    trba_error err = {.message = ""};
    char name[64];
    size_t n_visited = 0;
    if (fuzz_check_status(trba_checkpoint_architecture(checkpoint, &found, &err), &err)) {
        trba_architecture_name(&found, name, sizeof name);
        fuzz_require(strchr(name, '?') == NULL, "an architecture with an unknown stage");
    }
    const size_t n = trba_checkpoint_compare(checkpoint, &found, count_difference, &n_visited);
    fuzz_require(n == n_visited, "the number of differences is not that of the visits");
}

void fuzz_checkpoint_bytes(const void *bytes, size_t n_bytes)
{
    trba_checkpoint *checkpoint = NULL;
    trba_error err = {.message = ""};
    if (fuzz_check_status(trba_checkpoint_open_memory(bytes, n_bytes, &checkpoint, &err), &err)) {
        const struct tensor_table *table = checkpoint->table;
        fuzz_require(table->n_tensors > 0, "a checkpoint without tensors");
        for (size_t i = 0; i < table->n_tensors; i++) check_tensor(&table->tensors[i]);
        check_metadata(table);
        check_architecture(checkpoint);
    }
    trba_checkpoint_free(checkpoint);
}

static void read_picture(const trba_model *model)
{
    uint8_t pixels[PICTURE_H * PICTURE_W];
    trba_session *session = NULL;
    const trba_result *result = NULL;
    trba_error err = {.message = ""};
    trba_session_options options = trba_session_options_default();
    options.n_threads = 1;
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * i >> 3);
    const trba_image image = trba_image_pixels(pixels, PICTURE_W, PICTURE_H, PICTURE_W, TRBA_PIXELS_GREY);
    trba_status status = trba_session_new(model, &options, &session, &err);
    if (status == TRBA_OK) status = trba_session_read(session, &image, &result, &err);
    if (fuzz_check_status(status, &err)) {
        fuzz_require(strlen(result->text) <= 4 * result->n_characters, "a text longer than its characters");
        fuzz_require(result->confidence <= 1.0f + 1e-5f || isnan(result->confidence), "a confidence over 1");
    }
    trba_session_free(session);
}

void fuzz_model_bytes(const void *bytes, size_t n_bytes)
{
    trba_model *model = NULL;
    trba_model_info info;
    trba_error err = {.message = ""};
    if (fuzz_check_status(trba_model_open_memory(bytes, n_bytes, NULL, &model, &err), &err)) {
        trba_model_get_info(model, &info);
        if (info.packed_bytes <= SMALL_MODEL_BYTES) read_picture(model);
    }
    trba_model_free(model);
}
