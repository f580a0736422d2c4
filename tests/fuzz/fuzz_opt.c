/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_opt.c - clovaai's opt.txt. */
#include "fuzz_sidecars.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    fuzz_sidecar_bytes(sidecar_parse_opt, bytes, n_bytes);
    return 0;
}
