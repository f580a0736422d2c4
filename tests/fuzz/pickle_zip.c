/* SPDX-License-Identifier: Apache-2.0 */
/* pickle_zip.c - writes the zip file: local headers with their data, directory, end record. */
#include "pickle_zip.h"

#include <stdlib.h>
#include <string.h>

enum {
    N_FLOATS = 4096, N_INTS = 8, N_ENTRIES = 3,
    LOCAL_BYTES = 30, CENTRAL_BYTES = 46, END_BYTES = 22, NAME_BYTES = 16
};

struct part {
    const char *name;
    const void *data;
    size_t n_bytes;
    size_t offset; /* of its local header */
};

struct writer {
    uint8_t *bytes;
    size_t n;
};

static void put(struct writer *w, const void *data, size_t n_bytes)
{
    if (n_bytes > 0) memcpy(w->bytes + w->n, data, n_bytes);
    w->n += n_bytes;
}

/* Little-endian, `width` bytes. */
static void put_number(struct writer *w, size_t value, int width)
{
    for (int i = 0; i < width; i++, value >>= 8) w->bytes[w->n++] = (uint8_t)value;
}

/* What local and central headers have in common: version to the length of the extra field. */
static void put_common(struct writer *w, const struct part *part)
{
    put_number(w, 20, 2);
    put_number(w, 0, 2 + 2 + 4 + 4); /* flags, method, time, checksum */
    put_number(w, part->n_bytes, 4);
    put_number(w, part->n_bytes, 4);
    put_number(w, strlen(part->name), 2);
    put_number(w, 0, 2);
}

static void put_part(struct writer *w, struct part *part)
{
    part->offset = w->n;
    put_number(w, 0x04034B50, 4);
    put_common(w, part);
    put(w, part->name, strlen(part->name));
    put(w, part->data, part->n_bytes);
}

static void put_directory(struct writer *w, const struct part parts[N_ENTRIES])
{
    const size_t begin = w->n;
    for (int i = 0; i < N_ENTRIES; i++) {
        put_number(w, 0x02014B50, 4);
        put_number(w, 20, 2);
        put_common(w, &parts[i]);
        put_number(w, 0, 2 + 2); /* comment, disk */
        put_number(w, 0, 2 + 4); /* attributes */
        put_number(w, parts[i].offset, 4);
        put(w, parts[i].name, strlen(parts[i].name));
    }
    const size_t n_bytes = w->n - begin;
    put_number(w, 0x06054B50, 4);
    put_number(w, 0, 2 + 2);
    put_number(w, N_ENTRIES, 2);
    put_number(w, N_ENTRIES, 2);
    put_number(w, n_bytes, 4);
    put_number(w, begin, 4);
    put_number(w, 0, 2);
}

uint8_t *pickle_zip_new(const uint8_t *pickle, size_t pickle_bytes, size_t *n_bytes)
{
    static const int64_t ints[N_INTS] = {1, 2, 3, 4, 5, 6, 7, 8};
    float numbers[N_FLOATS];
    for (int i = 0; i < N_FLOATS; i++) numbers[i] = 0.01f + 0.001f * (float)(i % 97);
    struct part parts[N_ENTRIES] = {
        {.name = "archive/data/0", .data = numbers, .n_bytes = sizeof numbers},
        {.name = "archive/data/1", .data = ints, .n_bytes = sizeof ints},
        {.name = "archive/data.pkl", .data = pickle, .n_bytes = pickle_bytes},
    };
    size_t capacity = END_BYTES;
    for (int i = 0; i < N_ENTRIES; i++) capacity += LOCAL_BYTES + CENTRAL_BYTES + 2 * NAME_BYTES + parts[i].n_bytes;
    struct writer w = {.bytes = malloc(capacity)};
    if (w.bytes == NULL) abort();
    for (int i = 0; i < N_ENTRIES; i++) put_part(&w, &parts[i]);
    put_directory(&w, parts);
    *n_bytes = w.n;
    return w.bytes;
}
