/* SPDX-License-Identifier: Apache-2.0 */
/* architecture_names.h - the stages as clovaai's options spell them. */
#ifndef TRBA_MODEL_ARCHITECTURE_NAMES_H
#define TRBA_MODEL_ARCHITECTURE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "trba.h"

/* "?" for ANY. Static. */
const char *transformation_name(trba_transformation value);
const char *feature_extraction_name(trba_feature_extraction value);
const char *sequence_modeling_name(trba_sequence_modeling value);
const char *prediction_name(trba_prediction value);

/* Finds a stage by the option's name ("Prediction") and sets it by its value's name ("CTC", in any case). Both have the
 * length given. Returns false, with `arch` untouched, when the option is no stage or the value is none of its names. */
bool architecture_set_stage(trba_architecture *arch, const char *option, size_t option_bytes, const char *value,
                            size_t value_bytes);

#endif
