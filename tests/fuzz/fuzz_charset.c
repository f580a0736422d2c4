/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_charset.c - an alphabet: a preset's name, a text or a file, and two last bytes: classes, and how it is given. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "fuzz.h"
#include "fuzz_folder.h"
#include "model/charset.h"

static void check_charset(const struct charset *charset, int n_wanted)
{
    size_t longest = 0;
    fuzz_require(charset->n_characters == n_wanted, "an alphabet of another size than asked for");
    for (int i = 0; i < charset->n_characters; i++) {
        const size_t n = strlen(charset->text[i]);
        fuzz_require(n > 0, "an empty character");
        fuzz_require(utf8_count(charset->text[i], n) != SIZE_MAX, "a character that is not UTF-8");
        longest = n > longest ? n : longest;
    }
    fuzz_require(longest == charset->longest_bytes, "the longest character is longer than said");
}

/* The text as one of the four ways of asking. */
static struct charset_request make_request(unsigned way, const char *text, size_t n_bytes)
{
    struct charset_request request = {.asked_by = "the fuzzer"};
    if (way == 0) request.preset = text;
    if (way == 1) request.text = text;
    if (way == 2) request.file = fuzz_folder_write("alphabet.txt", text, n_bytes);
    return request;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    const unsigned how = fuzz_take_last(bytes, &n_bytes);
    int n_characters = (int)fuzz_take_last(bytes, &n_bytes);
    char *text = fuzz_copy_text(bytes, n_bytes);
    const trba_prediction prediction = how & 4 ? TRBA_PREDICTION_ATTN : TRBA_PREDICTION_CTC;
    const int n_special = prediction == TRBA_PREDICTION_ATTN ? 2 : 1;
    struct charset_request request = make_request(how & 3, text, n_bytes);
    request.is_english_g2 = how & 16;
    /* Blind luck would seldom hit the size that fits. */
    const size_t n_points = utf8_count(text, strlen(text));
    if ((how & 8) && n_points < 10000) n_characters = (int)n_points;
    struct charset *charset = NULL;
    trba_error err = {.message = ""};
    if (fuzz_check_status(charset_new(&request, n_characters + n_special, prediction, &charset, &err), &err))
        check_charset(charset, n_characters);
    charset_free(charset);
    free(text);
    return 0;
}
