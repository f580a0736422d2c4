/* SPDX-License-Identifier: Apache-2.0 */
/* charset_presets.h - the alphabets that are known by name, or at least by size. */
#ifndef TRBA_MODEL_CHARSET_PRESETS_H
#define TRBA_MODEL_CHARSET_PRESETS_H

#include <stdbool.h>

#include "trba.h"

/* The preset of that name, or NULL. */
const trba_charset_preset *charset_preset_find(const char *name);

/* The preset whose text may be taken without being asked for, or NULL. Only where number or network leave no
 * doubt: clovaai's two alphabets, the ten digits, and english_g2 for the network of that name. An alphabet of a common
 * size but of several orders in use (alnum62) is never taken by itself. */
const trba_charset_preset *charset_preset_for_size(int n_characters, bool is_english_g2);

#endif
