/* SPDX-License-Identifier: Apache-2.0 */
/* sidecar.h - what a checkpoint cannot carry, from the file that lies beside it: clovaai's opt.txt, the .yaml of an
 * EasyOCR custom network, or our own STEM.yaml. */
#ifndef TRBA_MODEL_SIDECAR_H
#define TRBA_MODEL_SIDECAR_H

#include "base/status.h"

/* 0, ANY or NULL: the file does not say. Strings are the sidecar's. */
struct sidecar {
    char *path;              /* of the file that was read */
    trba_architecture expect;
    char *charset_preset, *charset_text;
    trba_preset preset;
    trba_choice pad;
    trba_rotate rotate;      /* NONE also where the file does not say */
    int batch_max_length;
};

/* Looks for STEM.yaml, STEM.yml, trba.yaml and opt.txt, in this order, in the folder of `checkpoint_path`, and reads
 * the first there is; trba.yaml beside a trba.pth is for that one alone. TRBA_OK with out->path NULL if there is none.
 * A sidecar that cannot be parsed is an error that names the file and line. */
trba_status sidecar_read(const char *checkpoint_path, struct sidecar *out, trba_error *err);
void sidecar_free(struct sidecar *sidecar);

#endif
