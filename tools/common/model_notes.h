/* SPDX-License-Identifier: Apache-2.0 */
/* model_notes.h - what the programs say about an opened model. */
#ifndef TRBA_TOOLS_MODEL_NOTES_H
#define TRBA_TOOLS_MODEL_NOTES_H

#include <stdbool.h>

#include "model_options.h"
#include "trba.h"

/* Says on stderr what the model is. */
void model_describe(const trba_model *model, const char *path);

/* Says on stderr when the precision that was asked for cannot be had: the answers are right all the same. */
void model_note_precision(const trba_model *model, trba_precision asked);

/* Says on stderr which options were given that have no effect with this model. `counts_length`: the program makes other
 * use of --batch-max-length. Nothing with --compat clovaai: demo.py says nothing either. */
void model_note_unused(const struct model_settings *settings, const trba_architecture *expect, const trba_model *model,
                       bool counts_length);

#endif
