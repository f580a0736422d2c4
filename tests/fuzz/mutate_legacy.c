/* SPDX-License-Identifier: Apache-2.0 */
/* mutate_legacy.c - changes what stands behind the magic number of a legacy file: without it nothing else is read. One
 * in sixteen is changed as any other file. */
#include "fuzz.h"

enum { MAGIC_BYTES = 15 }; /* PROTO 2, LONG1 of 10 bytes, STOP */

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n_bytes, size_t capacity, unsigned seed)
{
    if (seed % 16 == 0 || n_bytes <= MAGIC_BYTES) return LLVMFuzzerMutate(bytes, n_bytes, capacity);
    return MAGIC_BYTES + LLVMFuzzerMutate(bytes + MAGIC_BYTES, n_bytes - MAGIC_BYTES, capacity - MAGIC_BYTES);
}
