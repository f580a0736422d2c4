/* SPDX-License-Identifier: Apache-2.0 */
/* architecture_names.c - "TPS-ResNet-BiLSTM-Attn" and its parts, written and read. */
#include "model/architecture_names.h"

#include <stdio.h>

#include "base/utf8.h"

const char *transformation_name(trba_transformation value)
{
    return value == TRBA_TRANSFORMATION_NONE ? "None" : value == TRBA_TRANSFORMATION_TPS ? "TPS" : "?";
}

const char *feature_extraction_name(trba_feature_extraction value)
{
    switch (value) {
    case TRBA_FEATURE_EXTRACTION_VGG: return "VGG";
    case TRBA_FEATURE_EXTRACTION_RCNN: return "RCNN";
    case TRBA_FEATURE_EXTRACTION_RESNET: return "ResNet";
    case TRBA_FEATURE_EXTRACTION_ANY: break;
    }
    return "?";
}

const char *sequence_modeling_name(trba_sequence_modeling value)
{
    return value == TRBA_SEQUENCE_MODELING_NONE ? "None" : value == TRBA_SEQUENCE_MODELING_BILSTM ? "BiLSTM" : "?";
}

const char *prediction_name(trba_prediction value)
{
    return value == TRBA_PREDICTION_CTC ? "CTC" : value == TRBA_PREDICTION_ATTN ? "Attn" : "?";
}

void trba_architecture_name(const trba_architecture *arch, char *out, size_t capacity)
{
    if (capacity == 0) return;
    snprintf(out, capacity, "%s-%s-%s-%s", transformation_name(arch->transformation),
             feature_extraction_name(arch->feature_extraction), sequence_modeling_name(arch->sequence_modeling),
             prediction_name(arch->prediction));
}

bool architecture_set_stage(trba_architecture *arch, const char *option, size_t option_bytes, const char *value,
                            size_t value_bytes)
{
    static const struct { const char *option, *value; trba_architecture arch; } stages[] = {
        {"Transformation", "None", {.transformation = TRBA_TRANSFORMATION_NONE}},
        {"Transformation", "TPS", {.transformation = TRBA_TRANSFORMATION_TPS}},
        {"FeatureExtraction", "VGG", {.feature_extraction = TRBA_FEATURE_EXTRACTION_VGG}},
        {"FeatureExtraction", "RCNN", {.feature_extraction = TRBA_FEATURE_EXTRACTION_RCNN}},
        {"FeatureExtraction", "ResNet", {.feature_extraction = TRBA_FEATURE_EXTRACTION_RESNET}},
        {"SequenceModeling", "None", {.sequence_modeling = TRBA_SEQUENCE_MODELING_NONE}},
        {"SequenceModeling", "BiLSTM", {.sequence_modeling = TRBA_SEQUENCE_MODELING_BILSTM}},
        {"Prediction", "CTC", {.prediction = TRBA_PREDICTION_CTC}},
        {"Prediction", "Attn", {.prediction = TRBA_PREDICTION_ATTN}},
    };
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        if (!utf8_is_word(option, option_bytes, stages[i].option) ||
            !utf8_is_word(value, value_bytes, stages[i].value)) continue;
        const trba_architecture *set = &stages[i].arch;
        if (set->transformation != TRBA_TRANSFORMATION_ANY) arch->transformation = set->transformation;
        if (set->feature_extraction != TRBA_FEATURE_EXTRACTION_ANY) arch->feature_extraction = set->feature_extraction;
        if (set->sequence_modeling != TRBA_SEQUENCE_MODELING_ANY) arch->sequence_modeling = set->sequence_modeling;
        if (set->prediction != TRBA_PREDICTION_ANY) arch->prediction = set->prediction;
        return true;
    }
    return false;
}
