/* SPDX-License-Identifier: Apache-2.0 */
/* model_search.h - which file is meant when no model, or the name of a known one, is given. */
#ifndef TRBA_TOOLS_MODEL_SEARCH_H
#define TRBA_TOOLS_MODEL_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

enum { MODEL_PATH_BYTES = 4096 };

/* Finds the model. `asked` is NULL (the default: $TRBA_MODEL, else trba), the name of a model of models/README.md
 * (trba, trba-ctc, english_g2), or a file's path, which is taken as it is. NAME.pth is looked for in the models folder
 * of the installation that the program lies in, of the source tree if it lies in none, and of the current folder.
 * Returns false with a sentence that says what to do. */
bool model_search(const char *asked, char path[MODEL_PATH_BYTES], char *message, size_t message_bytes);

#endif
