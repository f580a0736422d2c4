/* SPDX-License-Identifier: Apache-2.0 */
/* sidecar_draft.h - a sidecar while it is read: the parsers of its formats hand over key by key, and what a key means
 * is decided in one place. */
#ifndef TRBA_MODEL_SIDECAR_DRAFT_H
#define TRBA_MODEL_SIDECAR_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "model/sidecar.h"

/* Starts zeroed but for the path. Owns its texts. */
struct sidecar_draft {
    const char *path; /* of the file, for messages */
    struct sidecar sidecar;
    const char *alphabet_key; /* the key that gave sidecar.charset_text; static, or NULL */
    trba_choice is_sensitive, is_rgb;
    char *number, *symbol, *lang_char; /* of EasyOCR's trainer: together the alphabet */
};

/* One key's value, and where it stands. */
struct sidecar_entry {
    const char *path;
    size_t line;
    const char *key, *value;
    size_t key_bytes, value_bytes;
    bool is_quoted; /* then "~" and "None" are texts like any other */
};

bool sidecar_key_is_known(const char *key, size_t key_bytes);
/* Takes one key with its value; a key that means nothing here is ignored. */
trba_status sidecar_draft_set(struct sidecar_draft *draft, const struct sidecar_entry *entry, trba_error *err);
/* Forgets all keys. */
void sidecar_draft_clear(struct sidecar_draft *draft);
/* Puts the keys together and moves them to *out; on failure the draft keeps them. */
trba_status sidecar_draft_finish(struct sidecar_draft *draft, struct sidecar *out, trba_error *err);

/* The parsers. Each reads all of the file and calls sidecar_draft_set(). */
trba_status sidecar_parse_opt(struct sidecar_draft *draft, const char *bytes, size_t n_bytes, trba_error *err);
trba_status sidecar_parse_yaml(struct sidecar_draft *draft, const char *bytes, size_t n_bytes, trba_error *err);

#endif
