/* SPDX-License-Identifier: Apache-2.0 */
/* read_text.h - from the decoder's classes to text, confidence and characters. */
#ifndef TRBA_MODEL_READ_TEXT_H
#define TRBA_MODEL_READ_TEXT_H

#include <stdbool.h>

#include "model/charset.h"
#include "model/stages.h"

struct text_rules {
    trba_prediction prediction;
    trba_preset preset;
    bool is_compatible; /* clovaai's demo.py to the letter */
    int max_length;     /* attention: characters at most */
};

/* One image's text. The caller provides the two buffers: text of at least read_text_bytes() bytes, characters of at
 * least max_steps entries. */
struct reading {
    char *text; /* terminated */
    size_t text_bytes;
    trba_character *characters;
    size_t n_characters;
    float confidence, score;
    bool is_truncated;
};

size_t read_text_bytes(const struct charset *charset, int max_steps);
void read_text(const struct text_rules *rules, const struct charset *charset, const struct decoded *decoded, int image,
               struct reading *out);

#endif
