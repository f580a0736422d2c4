/* SPDX-License-Identifier: Apache-2.0 */
/* kernels_avx512amx.c - AVX-512 with AMX: products of bfloat16 tiles, 16 x 32 times 32 x 16, in one instruction. The
 * rest is the AVX-512 VNNI tier's.
 *
 * Eight tiles of 1 KB are all there is: 2 x 2 of sums, two of rows, two of the panel. A step takes 32 channels of one
 * tap: four tiles loaded for four products, or, in two parts, eight for twelve. A product takes 16 cycles, a tile that
 * is in the first-level cache 8. tdpbf16ps takes denormals for zeros (Intel, "Architecture Instruction Set Extensions
 * Programming Reference", chapter on AMX). */
#include <immintrin.h>
#include <string.h>

#include "kernels/kernels.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Tile numbers: constants of the instructions. */
#define SUM_00 0
#define SUM_01 1
#define SUM_10 2
#define SUM_11 3
#define ROWS_0 4
#define ROWS_1 5
#define PANEL_0 6
#define PANEL_1 7

enum {
    PAIR_ROWS = 2 * BF16_TILE_ROWS,
    STEP = BF16_DEPTH * BF16_COLUMNS, /* numbers of one block, tap and part of a panel */
    TILE_BYTES_PER_ROW = 64,
    ROW_STRIDE = BF16_DEPTH * 2,      /* bytes */
    PANEL_STRIDE = BF16_COLUMNS * 4,  /* bytes from one pair of k to the next */
    SECOND_COLUMNS = 16 * 2,          /* numbers from the first 16 columns of a pair to the others */
    LINE_NUMBERS = 32                 /* of a line of the cache */
};

/* All tiles 16 rows of 64 bytes. Every call loads the configuration and lets go of it: the operating system saves
 * 8 KB more for a thread that holds tiles. */
static void configure_tiles(void)
{
    enum { N_TILES = 8 };
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t bytes_per_row[16];
        uint8_t rows[16];
    } configuration;
    _Static_assert(sizeof configuration == 64, "as the processor reads it");
    memset(&configuration, 0, sizeof configuration);
    configuration.palette = 1;
    for (int i = 0; i < N_TILES; i++) {
        configuration.bytes_per_row[i] = TILE_BYTES_PER_ROW;
        configuration.rows[i] = BF16_TILE_ROWS;
    }
    /* GCC 12 believes that the instruction reads 8 bytes: the others must be in memory, too. */
    __asm__ volatile("" : : "r"(&configuration) : "memory");
    _tile_loadconfig(&configuration);
}

ALWAYS_INLINE void load_rows(const uint16_t *a, const bool is_pair)
{
    _tile_loadd(ROWS_0, a, ROW_STRIDE);
    if (is_pair) _tile_loadd(ROWS_1, a + BF16_TILE_ROWS * BF16_DEPTH, ROW_STRIDE);
}

ALWAYS_INLINE void load_panel(const uint16_t *b)
{
    _tile_loadd(PANEL_0, b, PANEL_STRIDE);
    _tile_loadd(PANEL_1, b + SECOND_COLUMNS, PANEL_STRIDE);
}

ALWAYS_INLINE void add_products(const bool is_pair)
{
    _tile_dpbf16ps(SUM_00, ROWS_0, PANEL_0);
    _tile_dpbf16ps(SUM_01, ROWS_0, PANEL_1);
    if (!is_pair) return;
    _tile_dpbf16ps(SUM_10, ROWS_1, PANEL_0);
    _tile_dpbf16ps(SUM_11, ROWS_1, PANEL_1);
}

/* The sums of 16 or 32 rows. `ahead` is asked for at an even pace, `lines` a step; NULL: nothing. */
ALWAYS_INLINE void multiply(const struct gemm_block_bf16 *g, int row, const uint16_t *ahead, int lines,
                            const bool is_pair, const bool has_two_parts)
{
    const uint16_t *b = g->b;
    _tile_zero(SUM_00);
    _tile_zero(SUM_01);
    _tile_zero(SUM_10);
    _tile_zero(SUM_11);
    for (int block = 0; block < g->n_blocks; block++) {
        for (int t = 0; t < g->n_taps; t++, b += has_two_parts ? 2 * STEP : STEP) {
            const uint16_t *a = g->a + (size_t)block * g->block_stride + g->taps[t] + row * BF16_DEPTH;
            load_rows(a, is_pair);
            if (has_two_parts) { /* high * low, high * high, low * high */
                load_panel(b + STEP);
                add_products(is_pair);
            }
            load_panel(b);
            add_products(is_pair);
            if (has_two_parts) {
                load_rows(a + g->part_stride, is_pair);
                add_products(is_pair);
            }
            if (ahead == NULL) continue;
            for (int i = 0; i < lines; i++, ahead += LINE_NUMBERS) _mm_prefetch((const char *)ahead, _MM_HINT_T1);
        }
    }
}

static void finish_rows(const struct gemm_block_bf16 *g, int row, int n_rows, float (*sums)[BF16_COLUMNS])
{
    enum { LANES = 16 };
    for (int i = row; i < row + n_rows; i++) {
        if (g->out[i] == NULL) continue;
        for (int j = 0; j < g->n_columns; j += LANES) {
            __m512 value = _mm512_add_ps(_mm512_load_ps(sums[i - row] + j), _mm512_loadu_ps(g->bias + j));
            if (g->residual[0] != NULL) value = _mm512_add_ps(value, _mm512_loadu_ps(g->residual[i] + j));
            if (g->has_relu) value = _mm512_max_ps(value, _mm512_setzero_ps());
            _mm512_storeu_ps(g->out[i] + j, value);
        }
    }
}

static void gemm_block_bf16_avx512amx(const struct gemm_block_bf16 *g)
{
    _Alignas(64) float sums[PAIR_ROWS][BF16_COLUMNS];
    /* The panel ahead, shared out over the pairs of tiles. */
    const int n_steps = g->n_blocks * g->n_taps, n_pairs = (g->n_rows + PAIR_ROWS - 1) / PAIR_ROWS;
    const int lines = (g->n_parts * STEP / LINE_NUMBERS + n_pairs - 1) / n_pairs;
    const uint16_t *ahead = g->ahead;
    configure_tiles();
    for (int row = 0; row < g->n_rows; row += PAIR_ROWS) {
        const int n_rows = g->n_rows - row < PAIR_ROWS ? g->n_rows - row : PAIR_ROWS;
        if (n_rows > BF16_TILE_ROWS) {
            if (g->n_parts == 2) multiply(g, row, ahead, lines, true, true);
            else multiply(g, row, ahead, lines, true, false);
            _tile_stored(SUM_10, sums[BF16_TILE_ROWS], sizeof sums[0]);
            _tile_stored(SUM_11, sums[BF16_TILE_ROWS] + 16, sizeof sums[0]);
        } else {
            if (g->n_parts == 2) multiply(g, row, ahead, lines, false, true);
            else multiply(g, row, ahead, lines, false, false);
        }
        _tile_stored(SUM_00, sums[0], sizeof sums[0]);
        _tile_stored(SUM_01, sums[0] + 16, sizeof sums[0]);
        finish_rows(g, row, n_rows, sums);
        if (ahead != NULL) ahead += (size_t)lines * (size_t)n_steps * LINE_NUMBERS;
    }
    _tile_release();
}

void kernels_override_avx512amx(struct kernels *table) { table->gemm_block_bf16 = gemm_block_bf16_avx512amx; }
