/* SPDX-License-Identifier: Apache-2.0 */
/* sidecar_opt.c - opt.txt as clovaai's train.py (and EasyOCR's copy of it) leaves it beside its checkpoints:
 *
 *   ------------ Options -------------
 *   imgH: 32
 *   character: 0123456789: "\'            everything behind the first ": ", spaces at the end included
 *   ---------------------------------------
 *
 * A training that is taken up again appends another such block; the last one counts. */
#include "model/sidecar_draft.h"

#include <stdbool.h>
#include <string.h>

static bool is_header(const char *line, size_t n_bytes)
{
    static const char header[] = "------------ Options";
    return n_bytes >= sizeof header - 1 && memcmp(line, header, sizeof header - 1) == 0;
}

static bool is_key_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The length of the key that "key: value" begins with (or "key:", where an editor took the blank away), else 0. */
static size_t count_key_bytes(const char *line, size_t n_bytes)
{
    size_t n = 0;
    while (n < n_bytes && is_key_byte(line[n])) n++;
    if (n == n_bytes || line[n] != ':') return 0;
    return n + 1 == n_bytes || line[n + 1] == ' ' ? n : 0;
}

static trba_status parse_line(struct sidecar_draft *draft, const char *text, size_t n_bytes, size_t line,
                              trba_error *err)
{
    if (is_header(text, n_bytes)) sidecar_draft_clear(draft);
    const size_t key_bytes = count_key_bytes(text, n_bytes);
    if (key_bytes == 0) return TRBA_OK;
    const size_t value_at = key_bytes + 2 < n_bytes ? key_bytes + 2 : n_bytes;
    const struct sidecar_entry entry = {.path = draft->path, .line = line, .key = text, .value = text + value_at,
                                        .key_bytes = key_bytes, .value_bytes = n_bytes - value_at};
    return sidecar_draft_set(draft, &entry, err);
}

/* As some editors of Windows save a text; libyaml reads that by itself. */
static bool is_utf16(const char *bytes, size_t n_bytes)
{
    return n_bytes >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0);
}

trba_status sidecar_parse_opt(struct sidecar_draft *draft, const char *bytes, size_t n_bytes, trba_error *err)
{
    size_t line = 1;
    if (is_utf16(bytes, n_bytes))
        return error_set(err, TRBA_ERROR_FORMAT, "%s:1: this file is UTF-16; save it as UTF-8", draft->path);
    for (size_t at = n_bytes >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; at < n_bytes; line++) {
        const char *newline = memchr(bytes + at, '\n', n_bytes - at);
        const size_t end = newline != NULL ? (size_t)(newline - bytes) : n_bytes;
        const bool has_return = end > at && bytes[end - 1] == '\r';
        const trba_status status = parse_line(draft, bytes + at, end - at - (has_return ? 1 : 0), line, err);
        if (status != TRBA_OK) return status;
        at = end + 1;
    }
    if (draft->sidecar.preset == TRBA_PRESET_ANY) draft->sidecar.preset = TRBA_PRESET_CLOVAAI;
    return TRBA_OK;
}
