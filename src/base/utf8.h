/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h - code points and words in UTF-8 text. */
#ifndef TRBA_BASE_UTF8_H
#define TRBA_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the code point at text[0..n). Returns its length in bytes (1 to 4), or 0 when n is 0 or the bytes are not
 * valid UTF-8 (overlong forms, surrogates and values over U+10FFFF are not). `code_point` may be NULL. */
size_t utf8_decode(const char *text, size_t n, uint32_t *code_point);

/* Is it no control character (C0, DEL, C1)? Those can command a terminal. */
bool utf8_is_printable(uint32_t code_point);

/* The number of code points, or SIZE_MAX if the text is not valid UTF-8. */
size_t utf8_count(const char *text, size_t n);

/* Is it this word of ASCII, whatever the case of its letters? In every locale: strncasecmp() tells I from i in Turkish
 * ones. */
bool utf8_is_word(const char *text, size_t n_bytes, const char *word);

#endif
