/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_common.c - what the targets share. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_require(bool condition, const char *what)
{
    if (condition) return;
    fprintf(stderr, "fuzz target: %s\n", what);
    abort();
}

bool fuzz_check_status(trba_status status, const trba_error *err)
{
    if (status == TRBA_OK) return true;
    fuzz_require(err->status == status, "the status returned and the one in the error differ");
    fuzz_require(memchr(err->message, '\0', sizeof err->message) != NULL, "the message is not terminated");
    fuzz_require(strlen(err->message) >= 10, "a failure without a sentence");
    return false;
}

unsigned fuzz_take_last(const uint8_t *bytes, size_t *n_bytes)
{
    if (*n_bytes == 0) return 0;
    return bytes[--*n_bytes];
}

char *fuzz_copy_text(const uint8_t *bytes, size_t n_bytes)
{
    char *text = malloc(n_bytes + 1);
    if (text == NULL) abort();
    if (n_bytes > 0) memcpy(text, bytes, n_bytes);
    text[n_bytes] = '\0';
    return text;
}
