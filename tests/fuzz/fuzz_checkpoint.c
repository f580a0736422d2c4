/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_checkpoint.c - a whole file, of whatever kind, to a table of tensors, and on to a packed model. */
#include "fuzz_tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    fuzz_checkpoint_bytes(bytes, n_bytes);
    fuzz_model_bytes(bytes, n_bytes);
    return 0;
}
