/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_yaml.c - a .yaml beside a checkpoint. */
#include "fuzz_sidecars.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    fuzz_sidecar_bytes(sidecar_parse_yaml, bytes, n_bytes);
    return 0;
}
