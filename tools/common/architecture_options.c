/* SPDX-License-Identifier: Apache-2.0 */
/* architecture_options.c - the table of clovaai's architecture options, and its agreement with a checkpoint.
 *
 * The enums of trba.h count from ANY = 0 in the order of the choices written here, so that the number of a choice is
 * the enum's value; the assertions hold that down.
 */
#include "architecture_options.h"

#include <stdio.h>
#include <string.h>

#define TRANSFORMATIONS "None|TPS"
#define FEATURE_EXTRACTIONS "VGG|RCNN|ResNet"
#define SEQUENCE_MODELINGS "None|BiLSTM"
#define PREDICTIONS "CTC|Attn"

_Static_assert(TRBA_TRANSFORMATION_NONE == 1 && TRBA_TRANSFORMATION_TPS == 2, "order of the choices");
_Static_assert(TRBA_FEATURE_EXTRACTION_VGG == 1 && TRBA_FEATURE_EXTRACTION_RESNET == 3, "order of the choices");
_Static_assert(TRBA_SEQUENCE_MODELING_NONE == 1 && TRBA_SEQUENCE_MODELING_BILSTM == 2, "order of the choices");
_Static_assert(TRBA_PREDICTION_CTC == 1 && TRBA_PREDICTION_ATTN == 2, "order of the choices");
_Static_assert(sizeof(trba_transformation) == sizeof(int), "choices are stored as int");

enum { MOST_HEIGHT = 1024, MOST_WIDTH = 1 << 14, MOST_CHANNELS = 1 << 14 };

#define FIELD(name) offsetof(struct architecture_settings, expect.name)

static const struct option_spec architecture_specs[] = {
    {.group = "The network, in clovaai's words (found in the checkpoint; what contradicts it is an error)",
     .name = "Transformation", .kind = OPTION_CHOICE, .choices = TRANSFORMATIONS, .offset = FIELD(transformation),
     .help = "transformation stage (default: as in the checkpoint)"},
    {.name = "FeatureExtraction", .kind = OPTION_CHOICE, .choices = FEATURE_EXTRACTIONS,
     .offset = FIELD(feature_extraction), .help = "feature extraction stage (default: as in the checkpoint)"},
    {.name = "SequenceModeling", .kind = OPTION_CHOICE, .choices = SEQUENCE_MODELINGS,
     .offset = FIELD(sequence_modeling), .help = "sequence modeling stage (default: as in the checkpoint)"},
    {.name = "Prediction", .kind = OPTION_CHOICE, .choices = PREDICTIONS, .offset = FIELD(prediction),
     .help = "prediction stage (default: as in the checkpoint)"},
    {.name = "rgb", .kind = OPTION_FLAG, .offset = offsetof(struct architecture_settings, rgb),
     .help = "the network reads RGB images (default: as in the checkpoint)"},
    {.name = "input_channel", .kind = OPTION_NUMBER, .value = "N", .least = 1, .most = 3,
     .offset = FIELD(input_channel), .help = "channels of the image, 1 or 3 (default: as in the checkpoint)"},
    {.name = "output_channel", .kind = OPTION_NUMBER, .value = "N", .least = 1, .most = MOST_CHANNELS,
     .offset = FIELD(output_channel), .help = "channels of the features (default: as in the checkpoint)"},
    {.name = "hidden_size", .kind = OPTION_NUMBER, .value = "N", .least = 1, .most = MOST_CHANNELS,
     .offset = FIELD(hidden_size), .help = "size of the LSTM's state (default: as in the checkpoint)"},
    {.name = "num_fiducial", .kind = OPTION_NUMBER, .value = "N", .least = 1, .most = MOST_CHANNELS,
     .offset = FIELD(num_fiducial), .help = "control points of TPS (default: as in the checkpoint)"},
    {.name = "imgH", .kind = OPTION_NUMBER, .value = "N", .least = 1, .most = MOST_HEIGHT, .offset = FIELD(img_h),
     .help = "height of the network's input (default: from TPS, else the sidecar's, else 32; easyocr: 64)"},
    {.name = "imgW", .kind = OPTION_NUMBER, .value = "N", .least = 1, .most = MOST_WIDTH, .offset = FIELD(img_w),
     .help = "width of the network's input (default: from TPS, else the sidecar's, else 100; easyocr: varies)"},
};

struct option_set architecture_option_set(struct architecture_settings *settings)
{
    return (struct option_set){.specs = architecture_specs,
                               .n_specs = sizeof architecture_specs / sizeof *architecture_specs,
                               .settings = settings};
}

bool architecture_options_finish(struct architecture_settings *settings, char message[OPTION_MESSAGE_BYTES])
{
    trba_architecture *expect = &settings->expect;
    if (expect->input_channel == 2 || (settings->rgb && expect->input_channel == 1)) {
        snprintf(message, OPTION_MESSAGE_BYTES, "--input_channel must be 1 (grey) or 3 (RGB)%s",
                 settings->rgb ? ", and 3 with --rgb" : "");
        return false;
    }
    if (settings->rgb) expect->input_channel = 3;
    if (expect->transformation == TRBA_TRANSFORMATION_NONE) expect->num_fiducial = 0;
    if (expect->sequence_modeling == TRBA_SEQUENCE_MODELING_NONE && expect->prediction == TRBA_PREDICTION_CTC)
        expect->hidden_size = 0;
    return true;
}

/* The n-th choice (from 1) of "a|b|c" as a copy. */
static void copy_choice(const char *choices, int number, char value[16])
{
    for (; number > 1; number--) choices += strcspn(choices, "|") + 1;
    snprintf(value, 16, "%.*s", (int)strcspn(choices, "|"), choices);
}

enum option_correction architecture_option_correct(const struct option_use *use, const trba_architecture *found,
                                                   char value[16])
{
    if (use->spec < architecture_specs ||
        use->spec >= architecture_specs + sizeof architecture_specs / sizeof *architecture_specs)
        return CORRECTION_KEEP;
    if (use->spec->kind == OPTION_FLAG) return found->input_channel == 3 ? CORRECTION_KEEP : CORRECTION_DROP;
    const struct architecture_settings right = {.expect = *found};
    int number;
    memcpy(&number, (const char *)&right + use->spec->offset, sizeof number);
    const bool is_size = use->spec->offset == FIELD(img_h) || use->spec->offset == FIELD(img_w);
    if (number == 0) return is_size ? CORRECTION_KEEP : CORRECTION_DROP;
    if (use->spec->kind == OPTION_CHOICE)
        copy_choice(use->spec->choices, number, value);
    else
        snprintf(value, 16, "%d", number);
    return strcmp(value, use->value) == 0 ? CORRECTION_KEEP : CORRECTION_REPLACE;
}

const char *transformation_option(trba_transformation value)
{
    return value == TRBA_TRANSFORMATION_NONE ? "None" : value == TRBA_TRANSFORMATION_TPS ? "TPS" : "?";
}

const char *feature_extraction_option(trba_feature_extraction value)
{
    switch (value) {
    case TRBA_FEATURE_EXTRACTION_VGG: return "VGG";
    case TRBA_FEATURE_EXTRACTION_RCNN: return "RCNN";
    case TRBA_FEATURE_EXTRACTION_RESNET: return "ResNet";
    case TRBA_FEATURE_EXTRACTION_ANY: break;
    }
    return "?";
}

const char *sequence_modeling_option(trba_sequence_modeling value)
{
    return value == TRBA_SEQUENCE_MODELING_NONE ? "None" : value == TRBA_SEQUENCE_MODELING_BILSTM ? "BiLSTM" : "?";
}

const char *prediction_option(trba_prediction value)
{
    return value == TRBA_PREDICTION_CTC ? "CTC" : value == TRBA_PREDICTION_ATTN ? "Attn" : "?";
}

int architecture_n_characters(const trba_architecture *arch)
{
    return arch->num_class - (arch->prediction == TRBA_PREDICTION_ATTN ? 2 : 1);
}
