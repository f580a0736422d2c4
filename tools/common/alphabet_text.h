/* SPDX-License-Identifier: Apache-2.0 */
/* alphabet_text.h - a model's characters as one text. */
#ifndef TRBA_TOOLS_ALPHABET_TEXT_H
#define TRBA_TOOLS_ALPHABET_TEXT_H

#include "trba.h"

/* The characters in the order of the classes, one behind the other, with `separator` between them; to be freed. */
char *alphabet_text_join(const trba_model *model, const char *separator);

/* The same for people: with blanks between them if a class stands for more than one code point. */
char *alphabet_text_show(const trba_model *model);

#endif
