/* SPDX-License-Identifier: Apache-2.0 */
/* alphabet.c - the code points of all the texts that the classes stand for, sorted. */
#include "alphabet.h"

#include <stdlib.h>
#include <wctype.h>

#include "common/alphabet_text.h"

static int compare_characters(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void alphabet_make(const trba_model *model, struct alphabet *out)
{
    char *joined = alphabet_text_join(model, "");
    struct code_points *all = &out->characters;
    *out = (struct alphabet){.has_upper_case = false};
    code_points_decode(joined, all); /* the library has checked that it is UTF-8 */
    free(joined);
    if (all->n > 0) qsort(all->at, all->n, sizeof *all->at, compare_characters);
    for (size_t i = 0; i < all->n; i++) out->has_upper_case |= iswupper((wint_t)all->at[i]) != 0;
}

void alphabet_free(struct alphabet *alphabet)
{
    code_points_free(&alphabet->characters);
}

static bool has_character(const struct alphabet *alphabet, uint32_t character)
{
    const struct code_points *all = &alphabet->characters;
    return all->n > 0 && bsearch(&character, all->at, all->n, sizeof *all->at, compare_characters) != NULL;
}

bool alphabet_has_text(const struct alphabet *alphabet, const struct code_points *text)
{
    for (size_t i = 0; i < text->n; i++)
        if (!has_character(alphabet, text->at[i]) &&
            !has_character(alphabet, (uint32_t)towlower((wint_t)text->at[i])))
            return false;
    return true;
}
