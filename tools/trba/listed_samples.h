/* SPDX-License-Identifier: Apache-2.0 */
/* listed_samples.h - image files and their texts, listed in a text file. */
#ifndef TRBA_PROGRAM_LISTED_SAMPLES_H
#define TRBA_PROGRAM_LISTED_SAMPLES_H

#include "eval_set.h"

/* Reads the list: EasyOCR's labels.csv if the name ends in .csv, else clovaai's gt.txt. Paths in it that do not begin
 * with / start at `root`; NULL: at the folder of the file. Returns false with a sentence that names the line. */
bool listed_samples_open(const char *file, const char *root, void **out, size_t *n_samples,
                         char message[OPTION_MESSAGE_BYTES]);

void listed_samples_get(const void *samples, size_t index, struct eval_sample *out);
void listed_samples_close(void *samples);

#endif
