/* SPDX-License-Identifier: Apache-2.0 */
/* lmdb_samples_absent.c - in the place of lmdb_samples.c when the build has no liblmdb. */
#include <stdio.h>

#include "lmdb_samples.h"

bool lmdb_samples_open(const char *folder, void **out, size_t *n_samples, char message[OPTION_MESSAGE_BYTES])
{
    (void)out, (void)n_samples;
    snprintf(message, OPTION_MESSAGE_BYTES, "cannot read the LMDB in %.300s: this trba was built without liblmdb "
             "(Debian: liblmdb-dev)", folder);
    return false;
}

void lmdb_samples_get(const void *samples, size_t index, struct eval_sample *out)
{
    (void)samples, (void)index, (void)out;
}

void lmdb_samples_close(void *samples)
{
    (void)samples;
}
