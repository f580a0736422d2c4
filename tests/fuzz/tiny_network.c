/* SPDX-License-Identifier: Apache-2.0 */
/* tiny_network.c - asks the architecture for its tensors and writes a header, then the same numbers over and over. */
#include "tiny_network.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "fuzz.h"
#include "model/architecture.h"

enum { LENGTH_BYTES = 8, CAPACITY = 64 * 1024 };

struct file {
    uint8_t *bytes; /* [CAPACITY] */
    size_t n_bytes; /* length and header so far */
    size_t n_floats;
};

__attribute__((format(printf, 2, 3))) static void add(struct file *file, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf((char *)file->bytes + file->n_bytes, CAPACITY - file->n_bytes, format, args);
    va_end(args);
    file->n_bytes += (size_t)n;
}

static void add_tensor(void *user, const char *name, int n_dimensions, const int64_t *shape, bool is_required)
{
    struct file *file = user;
    size_t n = 1;
    if (!is_required) return;
    add(file, "%c\"%s\":{\"dtype\":\"F32\",\"shape\":[", file->n_bytes == LENGTH_BYTES ? '{' : ',', name);
    for (int i = 0; i < n_dimensions; i++) {
        add(file, "%s%d", i == 0 ? "" : ",", (int)shape[i]);
        n *= (size_t)shape[i];
    }
    add(file, "],\"data_offsets\":[%zu,%zu]}", file->n_floats * 4, (file->n_floats + n) * 4);
    file->n_floats += n;
}

uint8_t *tiny_network_new(size_t *n_bytes)
{
    const trba_architecture arch = {
        .transformation = TRBA_TRANSFORMATION_NONE, .feature_extraction = TRBA_FEATURE_EXTRACTION_VGG,
        .sequence_modeling = TRBA_SEQUENCE_MODELING_NONE, .prediction = TRBA_PREDICTION_CTC,
        .input_channel = 1, .output_channel = 8, .num_class = 37};
    struct file file = {.bytes = calloc(1, CAPACITY), .n_bytes = LENGTH_BYTES};
    if (file.bytes == NULL) abort();
    architecture_for_each_tensor(&arch, add_tensor, &file);
    add(&file, "}");
    for (int i = 0; i < LENGTH_BYTES; i++) file.bytes[i] = (uint8_t)((file.n_bytes - LENGTH_BYTES) >> 8 * i);
    fuzz_require(file.n_bytes + file.n_floats * sizeof(float) <= CAPACITY, "the tiny network is not tiny");
    for (size_t i = 0; i < file.n_floats; i++) {
        store_f32le(file.bytes + file.n_bytes, 0.01f * (float)(i % 89 + 1));
        file.n_bytes += sizeof(float);
    }
    *n_bytes = file.n_bytes;
    return file.bytes;
}
