/* SPDX-License-Identifier: Apache-2.0 */
/* charset.h - the alphabet: which text each class of the network stands for. */
#ifndef TRBA_MODEL_CHARSET_H
#define TRBA_MODEL_CHARSET_H

#include <stdbool.h>

#include "base/status.h"

/* Immutable. Character i (0-based) is class i + 1 with CTC (class 0 is the blank), class i + 2 with attention (classes
 * 0 and 1 are [GO] and [s]). */
struct charset {
    const char *name;       /* a preset's, or "custom"; static */
    int n_characters;
    const char *const *text; /* [n_characters], UTF-8, terminated */
    size_t longest_bytes;    /* of one text, without the terminator */
};

/* How the alphabet is asked for; at most one of the three is not NULL. All NULL: the one preset with text that fits. */
struct charset_request {
    const char *preset, *text, *file;
    const char *asked_by; /* for messages: "the options", "opt.txt", ... */
    bool is_sidecar;      /* asked_by is the path of one */
    bool is_english_g2;   /* the network is EasyOCR's of that name: if nobody asks, it has that alphabet */
    const char *noted, *noted_as; /* an alphabet of that size in the checkpoint's metadata, and its key; or NULL */
};

/* How many of the classes are characters. */
int charset_size(int num_class, trba_prediction prediction);

/* Makes the alphabet for `num_class` classes. TRBA_ERROR_CHARSET when it has the wrong size (says both numbers and the
 * presets that would fit) or cannot be known (asks for it), as when the checkpoint notes another than the preset of
 * that size. Duplicates keep their slots. */
trba_status charset_new(const struct charset_request *request, int num_class, trba_prediction prediction,
                        struct charset **out, trba_error *err);
void charset_free(struct charset *charset);
/* Are the characters, one after the other, that text? */
bool charset_spells(const struct charset *charset, const char *text);

#endif
