/* SPDX-License-Identifier: Apache-2.0 */
/* lmdb_samples.h - images and texts in LMDB, with the keys that clovaai's programs use:
 *
 *   num-samples        their number, in decimal digits
 *   image-000000001    an encoded picture, counted from 1
 *   label-000000001    its text in UTF-8
 */
#ifndef TRBA_PROGRAM_LMDB_SAMPLES_H
#define TRBA_PROGRAM_LMDB_SAMPLES_H

#include "eval_set.h"

/* Opens the LMDB in `folder` for reading, without a lock, so that a read-only folder will do; nobody may write to it
 * meanwhile. Returns false with a sentence that says what is wrong with it. */
bool lmdb_samples_open(const char *folder, void **out, size_t *n_samples, char message[OPTION_MESSAGE_BYTES]);

void lmdb_samples_get(const void *samples, size_t index, struct eval_sample *out);
void lmdb_samples_close(void *samples);

#endif
