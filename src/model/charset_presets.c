/* SPDX-License-Identifier: Apache-2.0 */
/* charset_presets.c - alphabets by name. Sizes of EasyOCR's models: number of code points in its configuration,
 * duplicates counted; their texts are theirs, so all but english_g2 must be given as a file. */
#include "model/charset_presets.h"

#include <string.h>

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define PUNCTUATION "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
#define EURO "\xE2\x82\xAC"

static const trba_charset_preset presets[] = {
    {"alnum36", DIGITS LOWER, 36, "clovaai's default: digits, lower case"},
    {"printable94", DIGITS LOWER UPPER PUNCTUATION, 94, "clovaai's --sensitive: Python's string.printable[:-6]"},
    {"digits10", DIGITS, 10, "digits only"},
    {"alnum62", DIGITS LOWER UPPER, 62, "digits, lower case, upper case"},
    {"english_g2", DIGITS PUNCTUATION " " EURO UPPER LOWER, 96, "EasyOCR's English model"},
    {"latin_g2", NULL, 351, "EasyOCR"},
    {"cyrillic_g2", NULL, 207, "EasyOCR"},
    {"korean_g2", NULL, 1008, "EasyOCR"},
    {"japanese_g2", NULL, 2214, "EasyOCR"},
    {"zh_sim_g2", NULL, 6718, "EasyOCR"},
    {"telugu_g2", NULL, 165, "EasyOCR"},
    {"kannada_g2", NULL, 167, "EasyOCR"},
    {"latin_g1", NULL, 167, "EasyOCR"},
    {"arabic_g1", NULL, 184, "EasyOCR"},
    {"thai_g1", NULL, 176, "EasyOCR"},
    {"devanagari_g1", NULL, 187, "EasyOCR"},
    {"tamil_g1", NULL, 126, "EasyOCR"},
    {"bengali_g1", NULL, 169, "EasyOCR"},
    {"cyrillic_g1", NULL, 186, "EasyOCR"},
    {"korean_g1", NULL, 1567, "EasyOCR"},
    {"japanese_g1", NULL, 3110, "EasyOCR"},
    {"zh_tra_g1", NULL, 5380, "EasyOCR"},
    {"zh_sim_g1", NULL, 6709, "EasyOCR"},
};

enum { N_PRESETS = sizeof presets / sizeof presets[0] };

const trba_charset_preset *trba_charset_preset_at(size_t index)
{
    return index < N_PRESETS ? &presets[index] : NULL;
}

const trba_charset_preset *charset_preset_find(const char *name)
{
    for (size_t i = 0; i < N_PRESETS; i++)
        if (strcmp(presets[i].name, name) == 0) return &presets[i];
    return NULL;
}

const trba_charset_preset *charset_preset_for_size(int n_characters, bool is_english_g2)
{
    switch (n_characters) {
    case 10: return charset_preset_find("digits10");
    case 36: return charset_preset_find("alnum36");
    case 94: return charset_preset_find("printable94");
    case 96: return is_english_g2 ? charset_preset_find("english_g2") : NULL;
    default: return NULL;
    }
}
