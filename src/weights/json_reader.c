/* SPDX-License-Identifier: Apache-2.0 */
/* json_reader.c - blanks and signs, texts, numbers, and values that are passed over. */
#include "weights/json_reader.h"

#include <string.h>

#include "base/utf8.h"

enum { DEPTH_LIMIT = 64 };

struct json_reader json_reader_new(const void *bytes, size_t n_bytes)
{
    const char *text = bytes;
    return (struct json_reader){.at = text, .end = text + n_bytes, .problem = NULL};
}

bool json_fail(struct json_reader *r, const char *problem)
{
    if (r->problem == NULL) r->problem = problem;
    return false;
}

/* ---- blanks and signs -------------------------------------------------------------------------------------------- */

char json_peek(struct json_reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
    return r->problem == NULL && r->at < r->end ? *r->at : '\0';
}

static bool take(struct json_reader *r, char sign)
{
    if (json_peek(r) != sign) return false;
    r->at++;
    return true;
}

bool json_open(struct json_reader *r, char bracket)
{
    return take(r, bracket) || json_fail(r, bracket == '{' ? "an object is missing" : "a list is missing");
}

bool json_next_item(struct json_reader *r, char bracket, size_t *n)
{
    if (take(r, bracket)) return false;
    if (*n > 0 && !take(r, ',')) return json_fail(r, "a comma or closing bracket is missing");
    ++*n;
    return r->problem == NULL;
}

bool json_next_key(struct json_reader *r, size_t *n, struct json_text *key)
{
    if (!json_next_item(r, '}', n) || !json_read_text(r, key)) return false;
    return take(r, ':') || json_fail(r, "a colon is missing");
}

bool json_finish(struct json_reader *r)
{
    json_peek(r);
    return r->problem == NULL && (r->at == r->end || json_fail(r, "something follows it"));
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits of \uXXXX. */
static bool read_hex(struct json_reader *r, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        const int digit = r->at < r->end ? hex_value(*r->at++) : -1;
        if (digit < 0) return json_fail(r, "a broken escape in a text");
        *out = *out << 4 | (uint32_t)digit;
    }
    return true;
}

/* What follows \u: one unit, or the two of a surrogate pair. */
static bool read_code_point(struct json_reader *r, uint32_t *out)
{
    uint32_t low;
    if (!read_hex(r, out)) return false;
    if (*out < 0xD800 || *out > 0xDFFF) return true;
    const bool has_partner = *out < 0xDC00 && r->end - r->at >= 2 && r->at[0] == '\\' && r->at[1] == 'u';
    if (!has_partner) return json_fail(r, "half a surrogate pair in a text");
    r->at += 2;
    if (!read_hex(r, &low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return json_fail(r, "half a surrogate pair in a text");
    *out = 0x10000 + ((*out - 0xD800) << 10 | (low - 0xDC00));
    return true;
}

/* One character of the terminator's room is kept free. */
static void add_byte(struct json_text *out, char byte)
{
    if (out->n + 1 < out->capacity) out->bytes[out->n] = byte;
    else out->is_cut = true;
    out->n++;
}

static void add_code_point(struct json_text *out, uint32_t code_point)
{
    if (code_point < 0x80) {
        add_byte(out, (char)code_point);
        return;
    }
    const int n_more = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
    static const unsigned first[] = {0, 0xC0, 0xE0, 0xF0};
    add_byte(out, (char)(first[n_more] | code_point >> 6 * n_more));
    for (int i = n_more - 1; i >= 0; i--) add_byte(out, (char)(0x80 | (code_point >> 6 * i & 0x3F)));
}

static bool read_escape(struct json_reader *r, struct json_text *out)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    uint32_t code_point;
    const char letter = r->at < r->end ? *r->at++ : '\0';
    if (letter == 'u') {
        if (!read_code_point(r, &code_point)) return false;
        if (code_point == 0) return json_fail(r, "a zero character in a text");
        add_code_point(out, code_point);
        return true;
    }
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;
    if (found == NULL) return json_fail(r, "a broken escape in a text");
    add_byte(out, meanings[found - letters]);
    return true;
}

/* A character as it stands. */
static bool read_plain(struct json_reader *r, struct json_text *out)
{
    const size_t length = utf8_decode(r->at, (size_t)(r->end - r->at), NULL);
    if (length == 0) return json_fail(r, "a text that is not UTF-8");
    if ((unsigned char)*r->at < 0x20) return json_fail(r, "a control character in a text");
    for (size_t i = 0; i < length; i++) add_byte(out, *r->at++);
    return true;
}

bool json_read_text(struct json_reader *r, struct json_text *out)
{
    out->n = 0;
    out->is_cut = false;
    if (!take(r, '"')) return json_fail(r, "a text is missing");
    while (r->at < r->end && *r->at != '"') {
        const bool is_escape = *r->at == '\\';
        if (is_escape) r->at++;
        if (!(is_escape ? read_escape(r, out) : read_plain(r, out))) return false;
    }
    if (r->at == r->end) return json_fail(r, "a text does not end");
    r->at++;
    if (out->capacity > 0) out->bytes[out->is_cut ? out->capacity - 1 : out->n] = '\0';
    return true;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static bool is_digit(const struct json_reader *r) { return r->at < r->end && *r->at >= '0' && *r->at <= '9'; }

/* At least one digit; *fits becomes false when the value grows too large. */
static bool read_digits(struct json_reader *r, uint64_t *value, bool *fits)
{
    *value = 0;
    if (!is_digit(r)) return json_fail(r, "a value is missing");
    for (; is_digit(r); r->at++) {
        *fits = *fits && *value <= (INT64_MAX - 9) / 10;
        *value = *fits ? *value * 10 + (uint64_t)(*r->at - '0') : 0;
    }
    return true;
}

/* Fraction and exponent, if there are any: their digits do not matter here. */
static bool skip_fraction(struct json_reader *r, bool *has_any)
{
    uint64_t ignored;
    bool fits = true;
    *has_any = false;
    if (r->at < r->end && *r->at == '.') {
        *has_any = true;
        r->at++;
        if (!read_digits(r, &ignored, &fits)) return false;
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        *has_any = true;
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-')) r->at++;
        if (!read_digits(r, &ignored, &fits)) return false;
    }
    return true;
}

bool json_read_integer(struct json_reader *r, int64_t *out, bool *is_integer)
{
    uint64_t value;
    bool fits = true, has_fraction;
    const bool is_negative = take(r, '-');
    const char *first = r->at;
    if (r->problem != NULL || !read_digits(r, &value, &fits)) return false;
    if (*first == '0' && r->at - first > 1) return json_fail(r, "a number with a zero before it");
    if (!skip_fraction(r, &has_fraction)) return false;
    *is_integer = fits && !has_fraction;
    *out = !*is_integer ? 0 : is_negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* ---- values of any kind ------------------------------------------------------------------------------------------ */

static bool skip_word(struct json_reader *r)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t n = strlen(words[i]);
        if ((size_t)(r->end - r->at) < n || memcmp(r->at, words[i], n) != 0) continue;
        r->at += n;
        return true;
    }
    return json_fail(r, "a value is missing");
}

static bool skip_nested(struct json_reader *r, int depth)
{
    struct json_text unread = {.bytes = NULL, .capacity = 0};
    int64_t integer;
    bool is_integer;
    size_t n = 0;
    if (depth > DEPTH_LIMIT) return json_fail(r, "it is nested too deeply");
    switch (json_peek(r)) {
    case '{':
        json_open(r, '{');
        while (json_next_key(r, &n, &unread) && skip_nested(r, depth + 1)) continue;
        return r->problem == NULL;
    case '[':
        json_open(r, '[');
        while (json_next_item(r, ']', &n) && skip_nested(r, depth + 1)) continue;
        return r->problem == NULL;
    case '"': return json_read_text(r, &unread);
    case 't':
    case 'f':
    case 'n': return skip_word(r);
    default: return json_read_integer(r, &integer, &is_integer);
    }
}

bool json_skip_value(struct json_reader *r) { return skip_nested(r, 1); }
