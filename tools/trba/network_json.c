/* SPDX-License-Identifier: Apache-2.0 */
/* network_json.c - the keys are promised in trba.1. */
#include "network_json.h"

#include <string.h>

#include "common/architecture_options.h"

json_t *size_or_null(int value)
{
    return value > 0 ? json_integer(value) : json_null();
}

static json_t *stage_or_null(const char *option)
{
    return strcmp(option, "?") != 0 ? json_string(option) : json_null();
}

json_t *network_json(const trba_architecture *a)
{
    char name[64];
    trba_architecture_name(a, name, sizeof name);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", name, "Transformation",
                     stage_or_null(transformation_option(a->transformation)), "FeatureExtraction",
                     stage_or_null(feature_extraction_option(a->feature_extraction)), "SequenceModeling",
                     stage_or_null(sequence_modeling_option(a->sequence_modeling)), "Prediction",
                     stage_or_null(prediction_option(a->prediction)), "input_channel", size_or_null(a->input_channel),
                     "output_channel", size_or_null(a->output_channel), "hidden_size", size_or_null(a->hidden_size),
                     "num_fiducial", size_or_null(a->num_fiducial), "num_class", size_or_null(a->num_class), "imgH",
                     size_or_null(a->img_h), "imgW", size_or_null(a->img_w));
}
