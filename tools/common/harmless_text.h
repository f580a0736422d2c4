/* SPDX-License-Identifier: Apache-2.0 */
/* harmless_text.h - texts of somebody else's on a terminal: names of files, tensors, labels may hold anything. */
#ifndef TRBA_TOOLS_HARMLESS_TEXT_H
#define TRBA_TOOLS_HARMLESS_TEXT_H

#include <stdio.h>

/* Writes the text with a question mark in the place of each control character, which would command the terminal, end
 * the line or leave the column; those in `kept` stay. */
void harmless_text_write(const char *text, const char *kept, FILE *file);

#endif
