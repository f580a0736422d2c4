/* SPDX-License-Identifier: Apache-2.0 */
/* model_notes.c - the lines on stderr about an opened model. */
#include "model_notes.h"

#include <stdlib.h>

#include "alphabet_text.h"
#include "console.h"

void model_describe(const trba_model *model, const char *path)
{
    trba_model_info info;
    char name[64], width[16] = "any width";
    trba_model_get_info(model, &info);
    trba_architecture_name(&info.architecture, name, sizeof name);
    if (info.architecture.img_w > 0) snprintf(width, sizeof width, "%d", info.architecture.img_w);
    console_print_plain("model: %s", path);
    console_print_plain("network: %s, input %d x %s, %d channel%s, %d classes", name, info.architecture.img_h, width,
                        info.architecture.input_channel, info.architecture.input_channel == 1 ? "" : "s",
                        info.architecture.num_class);
    char *characters = alphabet_text_show(model);
    console_print_plain("alphabet: %s, %d characters: %s", info.charset_name, info.n_characters, characters);
    free(characters);
    console_print_plain("settings: preset %s, pad %s, compat %s, rotate %s, at most %d characters, sidecar %s",
                        info.preset == TRBA_PRESET_EASYOCR ? "easyocr" : "clovaai", info.pad ? "yes" : "no",
                        info.compat ? "clovaai" : "no", model_options_rotate_name(info.rotate), info.batch_max_length,
                        info.sidecar[0] != '\0' ? info.sidecar : "none");
    console_print_plain("machine: %s, %s, %.1f MB of weights", trba_cpu_name(info.cpu),
                        trba_precision_name(info.precision), (double)info.packed_bytes / 1e6);
}

void model_note_precision(const trba_model *model, trba_precision asked)
{
    trba_model_info info;
    trba_model_get_info(model, &info);
    if (asked == TRBA_PRECISION_AUTO || info.precision == asked) return;
    console_print("--precision %s needs %s; reading with %s, in %s", trba_precision_name(asked),
                  asked == TRBA_PRECISION_INT16 ? "AVX2" : "AMX", trba_cpu_name(info.cpu),
                  trba_precision_name(info.precision));
}

void model_note_unused(const struct model_settings *settings, const trba_architecture *expect,
                       const trba_model *model, bool counts_length)
{
    trba_model_info info;
    trba_model_get_info(model, &info);
    if (settings->compat) return;
    if (expect->img_w > 0 && info.architecture.img_w == 0)
        console_print("--imgW has no effect: with the preset easyocr the width follows the picture");
    if (settings->pad && info.preset == TRBA_PRESET_EASYOCR)
        console_print("--pad has no effect: the preset easyocr keeps the picture's proportions by itself");
    if (settings->batch_max_length > 0 && info.architecture.prediction == TRBA_PREDICTION_CTC && !counts_length)
        console_print("--batch-max-length has no effect: a CTC network reads texts of any length");
}
