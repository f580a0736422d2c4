/* SPDX-License-Identifier: Apache-2.0 */
/* model_options.h - the options that say which model reads, and how: shared by the programs that read. */
#ifndef TRBA_TOOLS_MODEL_OPTIONS_H
#define TRBA_TOOLS_MODEL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "model_search.h"
#include "option_table.h"
#include "trba.h"

/* In the order of trba_cpu. model_options_choose_cpu() takes what the option table made of it: 0 for nothing, else one
 * more than the tier. False, with a sentence, if this processor lacks it. */
#define CPU_OPTION_CHOICES "auto|ref|blas|avx2|avx512|avx512vnni|avx512amx"
bool model_options_choose_cpu(int choice, trba_cpu *out, char message[OPTION_MESSAGE_BYTES]);

/* In the order of trba_precision, and what the option table made of it likewise. */
#define PRECISION_OPTION_CHOICES "fp32|int16|bf16|auto"
trba_precision model_options_precision(int choice);

/* As the tables fill it; 0 and NULL: not given. Zero-initialised. */
struct model_settings {
    const char *model;
    const char *charset;   /* ours: preset, file or text */
    const char *character; /* clovaai's: always text */
    int sensitive, preset, pad, compat, batch_max_length, without_sidecar;
    int exif, alpha, rotate;
    int n_threads, batch, n_workers, cpu, precision;
};

/* The tables, each a part of the help: "Model", "Pictures", "Machine", and clovaai's names for the same. */
struct option_set model_option_set(struct model_settings *settings);
struct option_set picture_option_set(struct model_settings *settings);
struct option_set machine_option_set(struct model_settings *settings);
struct option_set clovaai_option_set(struct model_settings *settings);

/* Is this one of the options that give the alphabet? */
bool model_option_is_charset(const struct option_use *use);

/* Returns false with a sentence when options contradict each other. */
bool model_options_check(const struct model_settings *settings, char message[OPTION_MESSAGE_BYTES]);

/* What was asked for, or the library's default. */
trba_exif model_options_exif(const struct model_settings *settings);
trba_alpha model_options_alpha(const struct model_settings *settings);
/* What was asked for, or `otherwise`. */
trba_rotate model_options_rotate(const struct model_settings *settings, trba_rotate otherwise);

/* As --rotate spells it; never of ANY. */
const char *model_options_rotate_name(trba_rotate rotate);

/* The library's options. Pointers in them are those of `settings`. Returns false with a sentence if this processor
 * lacks the tier that is asked for, or the alphabet is the path of a file that is not there. */
bool model_options_make(const struct model_settings *settings, const trba_architecture *expect,
                        trba_model_options *out, char message[OPTION_MESSAGE_BYTES]);

/* Finds and opens the model; NULL after a sentence on stderr. `path` is where it was looked for; `*status` is
 * TRBA_ERROR_MISMATCH if the options do not fit the checkpoint. */
trba_model *model_options_open(const struct model_settings *settings, const trba_architecture *expect,
                               char path[MODEL_PATH_BYTES], trba_status *status);

/* Is the file at `path` one that the model was opened from: checkpoint, sidecar or alphabet? */
bool model_options_reads(const struct model_settings *settings, const trba_model *model, const char *model_path,
                         const char *path);

/* Pictures that are read together unless --batch says otherwise. */
enum { DEFAULT_BATCH = 16 };

/* A session for batches of that many; NULL after a sentence on stderr. n_threads 0: one per processor. */
trba_session *model_options_open_session(const struct model_settings *settings, const trba_model *model, int n_threads,
                                         size_t batch);

#endif
