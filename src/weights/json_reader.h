/* SPDX-License-Identifier: Apache-2.0 */
/* json_reader.h - a cursor over JSON in memory (RFC 8259): the caller asks for what it expects, nothing is built.
 *
 *   struct json_reader r = json_reader_new(bytes, n);
 *   size_t n_pairs = 0;
 *   if (json_open(&r, '{'))
 *       while (json_next_key(&r, &n_pairs, &key)) json_read_integer(&r, &value, &is_integer);
 *   if (json_finish(&r)) ... all of it was JSON
 *
 * No memory is taken: a library that builds a tree from a header would take thousands of pieces, and the one that was
 * here before (jansson 2.14) wrote beyond its buffers when one of them could not be had.
 */
#ifndef TRBA_WEIGHTS_JSON_READER_H
#define TRBA_WEIGHTS_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once `problem` is set it stays, and every function returns false. */
struct json_reader {
    const char *at, *end;
    const char *problem; /* NULL, or what is wrong; static */
};

/* The caller's buffer for a text: terminated, UTF-8, without zero bytes, escapes resolved. What does not fit is cut. */
struct json_text {
    char *bytes; /* [capacity] */
    size_t capacity;
    size_t n;    /* bytes of the whole text */
    bool is_cut;
};

struct json_reader json_reader_new(const void *bytes, size_t n_bytes);

/* The first character of the next value, blanks skipped; '\0' at the end. */
char json_peek(struct json_reader *r);
/* Passes over the '{' or '[' that a value must begin with. */
bool json_open(struct json_reader *r, char bracket);
/* Is there another item before `bracket` closes the list? Passes over the comma, or the bracket. *n counts the items
 * and starts at 0. */
bool json_next_item(struct json_reader *r, char bracket, size_t *n);
/* The same for an object; reads the key and its colon. */
bool json_next_key(struct json_reader *r, size_t *n, struct json_text *key);

bool json_read_text(struct json_reader *r, struct json_text *out);
/* A number; *is_integer is false, and *out is 0, when it has a point or exponent or does not fit. */
bool json_read_integer(struct json_reader *r, int64_t *out, bool *is_integer);
/* Passes over a value of any kind, nested at most 64 deep. */
bool json_skip_value(struct json_reader *r);
/* Nothing but blanks may follow. */
bool json_finish(struct json_reader *r);

/* Notes a problem of the caller's own, unless there is one already; returns false. */
bool json_fail(struct json_reader *r, const char *problem);

#endif
