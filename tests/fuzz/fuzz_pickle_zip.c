/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pickle_zip.c - a pickle, in a faultless zip checkpoint, to a packed model that reads a picture. */
#include <stdlib.h>

#include "fuzz_tables.h"
#include "pickle_zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    size_t zip_bytes;
    uint8_t *zip = pickle_zip_new(bytes, n_bytes, &zip_bytes);
    fuzz_checkpoint_bytes(zip, zip_bytes);
    fuzz_model_bytes(zip, zip_bytes);
    free(zip);
    return 0;
}
