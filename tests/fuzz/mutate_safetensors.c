/* SPDX-License-Identifier: Apache-2.0 */
/* mutate_safetensors.c - changes the header's text or the data, then puts the header's length right. One in sixteen is
 * changed as any other file. */
#include <string.h>

#include "fuzz.h"

enum { LENGTH_BYTES = 8 };

static size_t load_length(const uint8_t *bytes)
{
    size_t length = 0;
    for (int i = 0; i < LENGTH_BYTES; i++) length |= (size_t)bytes[i] << 8 * i;
    return length;
}

/* Changes the header in the room that is left and moves the data behind its new end. */
static size_t mutate_header(uint8_t *bytes, size_t n_bytes, size_t capacity, size_t length)
{
    enum { DATA_BYTES = 4096 };
    uint8_t data[DATA_BYTES];
    const size_t data_bytes = n_bytes - LENGTH_BYTES - length;
    if (data_bytes > DATA_BYTES || capacity < LENGTH_BYTES + data_bytes + 1)
        return LLVMFuzzerMutate(bytes, n_bytes, capacity);
    memcpy(data, bytes + LENGTH_BYTES + length, data_bytes);
    const size_t n = LLVMFuzzerMutate(bytes + LENGTH_BYTES, length, capacity - LENGTH_BYTES - data_bytes);
    for (int i = 0; i < LENGTH_BYTES; i++) bytes[i] = (uint8_t)((uint64_t)n >> 8 * i);
    memcpy(bytes + LENGTH_BYTES + n, data, data_bytes);
    return LENGTH_BYTES + n + data_bytes;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n_bytes, size_t capacity, unsigned seed)
{
    const size_t length = n_bytes > LENGTH_BYTES ? load_length(bytes) : 0;
    if (seed % 16 == 0 || length == 0 || length > n_bytes - LENGTH_BYTES)
        return LLVMFuzzerMutate(bytes, n_bytes, capacity);
    return mutate_header(bytes, n_bytes, capacity, length);
}
