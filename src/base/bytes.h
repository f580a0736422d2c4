/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.h - numbers in the byte order of files, and a cursor over bytes that cannot run past the end. */
#ifndef TRBA_BASE_BYTES_H
#define TRBA_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Once a read does not fit, `failed` stays true and every further read returns zero or NULL: a parser may read a whole
 * record and check once. */
struct byte_reader {
    const uint8_t *data;
    size_t size;
    size_t position;
    bool failed;
};

static inline struct byte_reader byte_reader_new(const void *data, size_t size)
{
    return (struct byte_reader){.data = data, .size = size, .position = 0, .failed = false};
}

static inline size_t bytes_left(const struct byte_reader *r) { return r->failed ? 0 : r->size - r->position; }

/* The next n bytes, or NULL if there are fewer. */
static inline const uint8_t *bytes_take(struct byte_reader *r, size_t n)
{
    if (r->failed || n > r->size - r->position) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *at = r->data + r->position;
    r->position += n;
    return at;
}

/* Little-endian integers at a pointer that is known to have that many bytes. */
static inline uint16_t load_u16le(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t load_u32le(const uint8_t *p) { return load_u16le(p) | (uint32_t)load_u16le(p + 2) << 16; }
static inline uint64_t load_u64le(const uint8_t *p) { return load_u32le(p) | (uint64_t)load_u32le(p + 4) << 32; }

/* IEEE 754 numbers, and the way back. */
static inline float load_f32le(const uint8_t *p)
{
    const uint32_t bits = load_u32le(p);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static inline double load_f64le(const uint8_t *p)
{
    const uint64_t bits = load_u64le(p);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static inline void store_u16le(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}
static inline void store_f32le(uint8_t *p, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    store_u16le(p, (uint16_t)bits);
    store_u16le(p + 2, (uint16_t)(bits >> 16));
}

/* Does this processor keep numbers as those files do, so that they can be copied? */
static inline bool host_is_little_endian(void) { return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__; }

static inline uint8_t bytes_u8(struct byte_reader *r)
{
    const uint8_t *p = bytes_take(r, 1);
    return p ? *p : 0;
}
static inline uint16_t bytes_u16le(struct byte_reader *r)
{
    const uint8_t *p = bytes_take(r, 2);
    return p ? load_u16le(p) : 0;
}
static inline uint32_t bytes_u32le(struct byte_reader *r)
{
    const uint8_t *p = bytes_take(r, 4);
    return p ? load_u32le(p) : 0;
}
static inline uint64_t bytes_u64le(struct byte_reader *r)
{
    const uint8_t *p = bytes_take(r, 8);
    return p ? load_u64le(p) : 0;
}

#endif
