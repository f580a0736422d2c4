/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_safetensors.c - a safetensors file through its reader. */
#include <stdlib.h>

#include "fuzz_tables.h"
#include "model/architecture.h"
#include "weights/table_builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct table_builder builder = {.recogniser = architecture_recognise_name};
    trba_error err = {.message = ""};
    arena_init(&builder.arena, (size_t)1 << 30);
    (void)fuzz_check_status(safetensors_read(&builder, bytes, n_bytes, &err), &err);
    arena_free(&builder.arena);
    fuzz_checkpoint_bytes(bytes, n_bytes);
    return 0;
}
