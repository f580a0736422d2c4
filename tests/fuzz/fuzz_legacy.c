/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_legacy.c - a file of torch.save() before 1.6 through its reader. */
#include <stdlib.h>

#include "fuzz_tables.h"
#include "model/architecture.h"
#include "weights/table_builder.h"

/* Straight to the reader: what is no such file at its first bytes does not get past the sniffing otherwise. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct table_builder builder = {.recogniser = architecture_recognise_name};
    trba_error err = {.message = ""};
    arena_init(&builder.arena, (size_t)1 << 30);
    (void)fuzz_check_status(torch_legacy_read(&builder, bytes, n_bytes, &err), &err);
    arena_free(&builder.arena);
    fuzz_checkpoint_bytes(bytes, n_bytes);
    return 0;
}
