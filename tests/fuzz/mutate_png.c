/* SPDX-License-Identifier: Apache-2.0 */
/* mutate_png.c - changes a PNG, then puts every chunk's checksum right: with wrong ones all changes end in the same
 * refusal. One in sixteen keeps its wrong checksums. */
#include <string.h>
#include <zlib.h>

#include "fuzz.h"

enum { SIGNATURE_BYTES = 8, LENGTH_BYTES = 4, KIND_BYTES = 4, CHECKSUM_BYTES = 4 };

static size_t load_big_endian(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static void store_big_endian(uint8_t *p, unsigned long value)
{
    for (int i = 0; i < CHECKSUM_BYTES; i++) p[i] = (uint8_t)(value >> 8 * (CHECKSUM_BYTES - 1 - i));
}

static void correct_checksums(uint8_t *bytes, size_t n_bytes)
{
    size_t at = SIGNATURE_BYTES;
    while (at + LENGTH_BYTES + KIND_BYTES + CHECKSUM_BYTES <= n_bytes) {
        const size_t length = load_big_endian(bytes + at);
        if (length > n_bytes - at - LENGTH_BYTES - KIND_BYTES - CHECKSUM_BYTES) return;
        uint8_t *kind = bytes + at + LENGTH_BYTES;
        store_big_endian(kind + KIND_BYTES + length, crc32(0, kind, (uInt)(KIND_BYTES + length)));
        at += LENGTH_BYTES + KIND_BYTES + length + CHECKSUM_BYTES;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n_bytes, size_t capacity, unsigned seed)
{
    const size_t n = LLVMFuzzerMutate(bytes, n_bytes, capacity);
    if (seed % 16 != 0) correct_checksums(bytes, n);
    return n;
}
