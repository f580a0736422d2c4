/* SPDX-License-Identifier: Apache-2.0 */
/* json_text.h - values that JSON cannot hold as they are. */
#ifndef TRBA_TOOLS_JSON_TEXT_H
#define TRBA_TOOLS_JSON_TEXT_H

#include <jansson.h>

/* A JSON string; bytes that are not UTF-8 (a path may have them) become U+FFFD. */
json_t *json_text(const char *text);

/* A JSON number, or null for one that is not finite. */
json_t *json_number(double value);

#endif
