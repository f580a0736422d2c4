/* SPDX-License-Identifier: Apache-2.0 */
/* architecture_options.h - clovaai's options that say which network a checkpoint is, shared by the programs. */
#ifndef TRBA_TOOLS_ARCHITECTURE_OPTIONS_H
#define TRBA_TOOLS_ARCHITECTURE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "option_table.h"
#include "trba.h"

struct architecture_settings {
    trba_architecture expect; /* ANY and 0: not given */
    int rgb;
};

/* The table; `settings` is zero-initialised. */
struct option_set architecture_option_set(struct architecture_settings *settings);

/* Settles what options say together: --rgb means three channels; --num_fiducial says nothing about a network without
 * TPS, nor --hidden_size about one without an LSTM. Returns false with a sentence when they contradict each other. */
bool architecture_options_finish(struct architecture_settings *settings, char message[OPTION_MESSAGE_BYTES]);

/* How a command line must change to agree with a checkpoint. */
enum option_correction { CORRECTION_KEEP, CORRECTION_REPLACE, CORRECTION_DROP };

/* What to do with one use of an option when the checkpoint is `found`. With REPLACE, `value` is the right value. */
enum option_correction architecture_option_correct(const struct option_use *use, const trba_architecture *found,
                                                   char value[16]);

/* The option values of a stage: "TPS", "ResNet", ...; "?" for ANY. */
const char *transformation_option(trba_transformation value);
const char *feature_extraction_option(trba_feature_extraction value);
const char *sequence_modeling_option(trba_sequence_modeling value);
const char *prediction_option(trba_prediction value);

/* How many characters the alphabet of a network with this many classes has. */
int architecture_n_characters(const trba_architecture *arch);

#endif
