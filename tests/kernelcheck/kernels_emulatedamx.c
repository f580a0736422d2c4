/* SPDX-License-Identifier: Apache-2.0 */
/* kernels_emulatedamx.c - the AMX tier's source, its tiles in plain memory: what it does with them can be checked on
 * processors that have AVX-512 but no AMX, nor bfloat16. Covers everything of that tier but the instructions
 * themselves.
 *
 * As in Intel, "Architecture Instruction Set Extensions Programming Reference", chapter on AMX; tiles are 16 rows of 64
 * bytes, all that the tier asks for. Without a configuration every instruction would raise #UD: here it aborts. */
#include <immintrin.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"

enum { N_TILE_REGISTERS = 8, TILE_FLOATS = 16 };

static struct {
    uint8_t rows[TILE_ROWS][TILE_BYTES];
} tiles[N_TILE_REGISTERS];
static int is_configured;

static void must_be_configured(void)
{
    if (!is_configured) abort();
}

static void load_configuration(const void *bytes)
{
    const uint8_t *configuration = bytes;
    if (configuration[0] != 1) abort(); /* the palette */
    for (int i = 0; i < N_TILE_REGISTERS; i++) {
        uint16_t bytes_per_row;
        memcpy(&bytes_per_row, configuration + 16 + 2 * i, sizeof bytes_per_row);
        if (bytes_per_row != TILE_BYTES || configuration[48 + i] != TILE_ROWS) abort();
    }
    memset(tiles, 0, sizeof tiles);
    is_configured = 1;
}

static void release_tiles(void)
{
    memset(tiles, 0xFF, sizeof tiles); /* NaN, whoever looks */
    is_configured = 0;
}

static void zero_tile(int tile)
{
    must_be_configured();
    memset(&tiles[tile], 0, sizeof tiles[tile]);
}

static void load_tile(int tile, const void *base, size_t stride)
{
    must_be_configured();
    for (size_t i = 0; i < TILE_ROWS; i++)
        memcpy(tiles[tile].rows[i], (const uint8_t *)base + i * stride, TILE_BYTES);
}

static void store_tile(int tile, void *base, size_t stride)
{
    must_be_configured();
    for (size_t i = 0; i < TILE_ROWS; i++) memcpy((uint8_t *)base + i * stride, tiles[tile].rows[i], TILE_BYTES);
}

static float number_of(const uint8_t *row, int i)
{
    uint16_t upper;
    memcpy(&upper, row + 2 * i, sizeof upper);
    const uint32_t bits = (uint32_t)upper << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* sums[i][j] += rows[i][2k] * panel[k][2j] + rows[i][2k + 1] * panel[k][2j + 1], k from 0 to 15 */
static void add_tile_products(int sums, int rows, int panel)
{
    must_be_configured();
    for (int i = 0; i < TILE_ROWS; i++) {
        float row[TILE_FLOATS];
        memcpy(row, tiles[sums].rows[i], sizeof row);
        for (int k = 0; k < TILE_ROWS; k++) {
            for (int j = 0; j < TILE_FLOATS; j++) {
                row[j] += number_of(tiles[rows].rows[i], 2 * k) * number_of(tiles[panel].rows[k], 2 * j);
                row[j] += number_of(tiles[rows].rows[i], 2 * k + 1) * number_of(tiles[panel].rows[k], 2 * j + 1);
            }
        }
        memcpy(tiles[sums].rows[i], row, sizeof row);
    }
}

/* The same of signed 8-bit integers, four at a time, into integers of 32 bits. */
static void add_tile_products_int8(int sums, int rows, int panel)
{
    must_be_configured();
    for (int i = 0; i < TILE_ROWS; i++) {
        int32_t row[TILE_COLUMNS];
        memcpy(row, tiles[sums].rows[i], sizeof row);
        for (int k = 0; k < TILE_BYTES; k++)
            for (int j = 0; j < TILE_COLUMNS; j++)
                row[j] += (int8_t)tiles[rows].rows[i][k] * (int8_t)tiles[panel].rows[k / 4][4 * j + k % 4];
        memcpy(tiles[sums].rows[i], row, sizeof row);
    }
}

/* To the nearest bfloat16, ties to even; denormals to zeros. */
static uint16_t round_number(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t exponent = bits >> 23 & 0xFF;
    if (exponent == 0) return (uint16_t)(bits >> 16 & 0x8000);
    if (exponent == 0xFF) return (uint16_t)(bits >> 16 | ((bits & 0x7FFFFF) != 0 ? 0x40 : 0)); /* a quiet NaN */
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/* Sixteen floats of low, then sixteen of high. */
static __m512i round_numbers(__m512 high, __m512 low)
{
    float values[2 * TILE_FLOATS];
    uint16_t numbers[2 * TILE_FLOATS];
    _mm512_storeu_ps(values, low);
    _mm512_storeu_ps(values + TILE_FLOATS, high);
    for (int i = 0; i < 2 * TILE_FLOATS; i++) numbers[i] = round_number(values[i]);
    return _mm512_loadu_si512(numbers);
}

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#undef _tile_dpbssd
#undef _mm512_cvtne2ps_pbh
#define _tile_loadconfig load_configuration
#define _tile_release release_tiles
#define _tile_zero zero_tile
#define _tile_loadd(tile, base, stride) load_tile(tile, base, (size_t)(stride))
#define _tile_stored(tile, base, stride) store_tile(tile, base, (size_t)(stride))
#define _tile_dpbf16ps add_tile_products
#define _tile_dpbssd add_tile_products_int8
#define _mm512_cvtne2ps_pbh round_numbers

#define kernels_override_avx512amx kernels_override_emulatedamx
#include "kernels/avx512amx/kernels_avx512amx.c"
