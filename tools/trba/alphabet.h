/* SPDX-License-Identifier: Apache-2.0 */
/* alphabet.h - which characters a network can answer. */
#ifndef TRBA_PROGRAM_ALPHABET_H
#define TRBA_PROGRAM_ALPHABET_H

#include "code_points.h"
#include "trba.h"

struct alphabet {
    struct code_points characters; /* sorted */
    bool has_upper_case;
};

void alphabet_make(const trba_model *model, struct alphabet *out);
void alphabet_free(struct alphabet *alphabet);

/* Can all of the text be answered, in upper or lower case? So clovaai's test.py asks before it counts an image. */
bool alphabet_has_text(const struct alphabet *alphabet, const struct code_points *text);

#endif
