/* SPDX-License-Identifier: Apache-2.0 */
/* byte_text.h - bytes that are put together in memory: a header, a pickle, a zip directory. */
#ifndef TRBA_WEIGHTS_BYTE_TEXT_H
#define TRBA_WEIGHTS_BYTE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once memory is not to be had, `failed` stays true and nothing more is added: check once, at the end. */
struct byte_text {
    uint8_t *bytes;
    size_t n, capacity;
    bool failed;
};

void byte_text_add(struct byte_text *text, const void *bytes, size_t n);
void byte_text_format(struct byte_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The low n_bytes of `value`, little-endian. */
void byte_text_add_le(struct byte_text *text, uint64_t value, int n_bytes);
void byte_text_free(struct byte_text *text);

#endif
