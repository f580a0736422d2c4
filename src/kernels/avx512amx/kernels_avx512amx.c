/* SPDX-License-Identifier: Apache-2.0 */
/* kernels_avx512amx.c - AVX-512 with AMX: products of tiles, 16 x 32 bfloat16 times 32 x 16, or 16 x 64 integers of 8
 * bits times 64 x 16, in one instruction. The rest is the AVX-512 VNNI tier's.
 *
 * Eight tiles of 1 KB have names. A product takes 16 cycles, also when it adds to the sum of the one before; a tile in
 * the first-level cache takes 8, one in the second more than 16. So a panel is one tile wide and fetched once for
 * several tiles of rows, and the rows of a block lie in the first-level cache for all its taps.
 *
 * Not all names are used: the processor renames tiles, each load and each product takes one more until it is done, and
 * names in use leave fewer. Another thread on the core halves what there is: then it is this that decides how fast
 * products follow each other, and bfloat16 does best with six, integers with four (docs/PERFORMANCE.md, "four tiles").
 *
 * tdpbf16ps and vcvtne2ps2bf16 take denormals for zeros (Intel, "Architecture Instruction Set Extensions Programming
 * Reference"). */
#include <immintrin.h>
#include <string.h>

#include "kernels/kernels.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum {
    STEP = TILE_ROWS * TILE_BYTES, /* bytes of one block, tap and part of a panel, or of 16 rows */
    BF16_TILES = 4,                /* of rows that have sums at once; in tiles, */
    INT8X2_TILES = 8,              /* or in the first-level cache */
    LINE_BYTES = 64                /* of the cache */
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
        configuration.bytes_per_row[i] = TILE_BYTES;
        configuration.rows[i] = TILE_ROWS;
    }
    /* GCC 12 believes that the instruction reads 8 bytes: the others must be in memory, too. */
    __asm__ volatile("" : : "r"(&configuration) : "memory");
    _tile_loadconfig(&configuration);
}

static int least(int a, int b) { return a < b ? a : b; }

/* Asks for what comes next at an even pace, a few lines a step. */
struct ahead {
    uintptr_t next, end; /* numbers: they may leave what they point into */
    uintptr_t step_bytes;
};

ALWAYS_INLINE void ask_ahead(struct ahead *ahead)
{
    const uintptr_t left = ahead->end - ahead->next;
    const uintptr_t stop = left < ahead->step_bytes ? ahead->end : ahead->next + ahead->step_bytes;
    for (; ahead->next < stop; ahead->next += LINE_BYTES) _mm_prefetch((const char *)ahead->next, _MM_HINT_T1);
}

/* Shared out over the steps of all groups of rows. */
static struct ahead plan_ahead(const struct gemm_tiles *g, int group_rows)
{
    const size_t n_steps = (size_t)((g->n_rows + group_rows - 1) / group_rows * g->n_blocks * g->n_taps);
    const uintptr_t lines = g->ahead_bytes / LINE_BYTES, next = (uintptr_t)g->ahead;
    return (struct ahead){next, next + lines * LINE_BYTES, (lines + n_steps - 1) / n_steps * LINE_BYTES};
}

/* What is left to do for rows whose products are made: it is done while the processor waits for the products of
 * the next, some rows a step. And before, while their own are made, the lines that will be needed are asked for. */
struct finishing {
    const struct gemm_tiles *g;
    int per_step;           /* rows */
    int asked, end_asked;   /* rows whose lines have been asked for, of the group in the tiles */
    int done, end_done;     /* rows that are finished, of the group before */
    int first_done;         /* row of that group */
    const char *sums;       /* of that group, as its tiles left them; of int8x2 both sums of each tile */
    __m512 bias;
    __m512 scale;           /* of int8x2 */
};

/* act(sum + bias + residual). No branch on `at`: it would be mispredicted at both ends of a map row. */
ALWAYS_INLINE void finish_row(const struct gemm_tiles *g, ptrdiff_t at, __m512 sum, __m512 bias)
{
    const __mmask16 is_wanted = at < 0 ? 0 : 0xFFFF;
    __m512 value = _mm512_add_ps(sum, bias);
    if (g->residual != NULL) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(is_wanted, g->residual + at));
    if (g->has_relu) value = _mm512_max_ps(value, _mm512_setzero_ps());
    _mm512_mask_storeu_ps(g->out + at, is_wanted, value);
}

/* Of row `done`. */
ALWAYS_INLINE __m512 sum_of_row(const struct finishing *f, const bool is_int8x2)
{
    const int in_group = f->done - f->first_done;
    if (!is_int8x2) return _mm512_load_ps(f->sums + in_group * TILE_BYTES);
    const char *high = f->sums + (in_group / TILE_ROWS * 2 * STEP + in_group % TILE_ROWS * TILE_BYTES);
    const __m512 high_sum = _mm512_cvtepi32_ps(_mm512_load_si512(high));
    const __m512 mixed_sum = _mm512_cvtepi32_ps(_mm512_load_si512(high + STEP));
    return _mm512_mul_ps(_mm512_fmadd_ps(high_sum, _mm512_set1_ps(256.0f), mixed_sum), f->scale);
}

ALWAYS_INLINE void finish_rows(struct finishing *f, int n, const bool is_int8x2)
{
    for (const int end = least(f->done + n, f->end_done); f->done < end; f->done++)
        finish_row(f->g, f->g->row_at[f->done], sum_of_row(f, is_int8x2), f->bias);
}

ALWAYS_INLINE void ask_for_rows(struct finishing *f)
{
    for (const int end = least(f->asked + f->per_step, f->end_asked); f->asked < end; f->asked++) {
        const ptrdiff_t at = f->g->row_at[f->asked];
        __builtin_prefetch(f->g->out + at, 1);
        if (f->g->residual != NULL) __builtin_prefetch(f->g->residual + at);
    }
}

/* tile_rows: of group_rows, those that go through all blocks and taps together. */
static void plan_finishing(struct finishing *f, int group_rows, int tile_rows)
{
    const int n_steps = f->g->n_blocks * f->g->n_taps;
    f->per_step = (tile_rows + n_steps - 1) / n_steps;
    f->end_asked = least(group_rows, f->g->n_rows);
}

/* The group in the tiles, of group_rows rows, is now the group before, whose rows are all finished. */
ALWAYS_INLINE void begin_finishing(struct finishing *f, const void *sums, int group_rows)
{
    f->sums = sums;
    f->first_done = f->done;
    f->end_done = f->end_asked;
    f->end_asked = least(f->end_asked + group_rows, f->g->n_rows);
}

/* ---- bfloat16: tiles 0 to 3 sums, 4 rows, 5 the panel ---- */

ALWAYS_INLINE void clear_sums(void)
{
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

/* Adds the products of n tiles of rows and one of the panel. What else there is to do in a step comes behind the first
 * product: there it takes least from the others. */
ALWAYS_INLINE void add_bf16(const uint8_t *a, const uint8_t *b, struct ahead *ahead, struct finishing *finishing,
                            const int n)
{
    _tile_loadd(5, b, TILE_BYTES);
    _tile_loadd(4, a, TILE_BYTES);
    _tile_dpbf16ps(0, 4, 5);
    ask_ahead(ahead);
    finish_rows(finishing, finishing->per_step, false);
    ask_for_rows(finishing);
    if (n < 2) return;
    _tile_loadd(4, a + STEP, TILE_BYTES);
    _tile_dpbf16ps(1, 4, 5);
    if (n < 3) return;
    _tile_loadd(4, a + 2 * STEP, TILE_BYTES);
    _tile_dpbf16ps(2, 4, 5);
    if (n < 4) return;
    _tile_loadd(4, a + 3 * STEP, TILE_BYTES);
    _tile_dpbf16ps(3, 4, 5);
}

/* The sums of n tiles of rows from `row` on. */
ALWAYS_INLINE void multiply_bf16(const struct gemm_tiles *g, int row, struct ahead *ahead, struct finishing *finishing,
                                 __m512 *sums, const int n)
{
    const uint8_t *a = g->a + (size_t)row * TILE_BYTES, *b = g->b;
    clear_sums();
    for (int block = 0; block < g->n_blocks; block++) {
        for (int t = 0; t < g->n_taps; t++, b += STEP)
            add_bf16(a + (size_t)block * g->block_stride + g->taps[t], b, ahead, finishing, n);
    }
    _tile_stored(0, sums, TILE_BYTES);
    if (n > 1) _tile_stored(1, sums + TILE_ROWS, TILE_BYTES);
    if (n > 2) _tile_stored(2, sums + 2 * TILE_ROWS, TILE_BYTES);
    if (n > 3) _tile_stored(3, sums + 3 * TILE_ROWS, TILE_BYTES);
}

static void gemm_tiles_bf16_avx512amx(const struct gemm_tiles *g)
{
    enum { GROUP_ROWS = BF16_TILES * TILE_ROWS };
    __m512 sums[2][GROUP_ROWS];
    struct ahead ahead = plan_ahead(g, GROUP_ROWS);
    struct finishing finishing = {.g = g, .bias = _mm512_loadu_ps(g->bias)};
    plan_finishing(&finishing, GROUP_ROWS, GROUP_ROWS);
    configure_tiles();
    for (int row = 0, turn = 0; row < g->n_rows; row += GROUP_ROWS, turn = 1 - turn) {
        const int n_rows = least(GROUP_ROWS, g->n_rows - row);
        switch ((n_rows + TILE_ROWS - 1) / TILE_ROWS) {
        case 1: multiply_bf16(g, row, &ahead, &finishing, sums[turn], 1); break;
        case 2: multiply_bf16(g, row, &ahead, &finishing, sums[turn], 2); break;
        case 3: multiply_bf16(g, row, &ahead, &finishing, sums[turn], 3); break;
        default: multiply_bf16(g, row, &ahead, &finishing, sums[turn], BF16_TILES); break;
        }
        begin_finishing(&finishing, sums[turn], GROUP_ROWS);
    }
    finish_rows(&finishing, GROUP_ROWS, false);
    _tile_release();
}

/* Of an odd number of half blocks the last one is filled up with zeros. */
static void pixels_to_bf16_avx512amx(const struct tile_pixels *p)
{
    enum { HALF = BF16_DEPTH / 2 };
    const float *in = p->in;
    for (int pixel = 0; pixel < p->n_pixels; pixel++, in += p->n_channels) {
        uint8_t *out = p->high + (size_t)pixel * TILE_BYTES;
        for (int c = 0; c < p->n_channels; c += BF16_DEPTH, out += p->block_stride) {
            const __m512 first = _mm512_loadu_ps(in + c);
            const __m512 second = c + HALF < p->n_channels ? _mm512_loadu_ps(in + c + HALF) : _mm512_setzero_ps();
            _mm512_storeu_si512(out, (__m512i)_mm512_cvtne2ps_pbh(second, first));
        }
    }
}

/* ---- integers in two parts: tile 0 the sum of high * high, 1 of the mixed products, 2 rows, 3 the panel ---- */

/* Three products, and beside each of them some of what else there is to do in a step. */
ALWAYS_INLINE void add_int8x2(const uint8_t *a, size_t part_stride, const uint8_t *b, struct ahead *ahead,
                              struct finishing *finishing)
{
    _tile_loadd(2, a, TILE_BYTES);
    _tile_loadd(3, b + STEP, TILE_BYTES);
    _tile_dpbssd(1, 2, 3);
    ask_ahead(ahead);
    _tile_loadd(3, b, TILE_BYTES);
    _tile_dpbssd(0, 2, 3);
    finish_rows(finishing, finishing->per_step, true);
    _tile_loadd(2, a + part_stride, TILE_BYTES);
    _tile_dpbssd(1, 2, 3);
    ask_for_rows(finishing);
}

/* Adds one block's products of one tile of rows to its sums, [high, mixed]. */
ALWAYS_INLINE void multiply_int8x2(const struct gemm_tiles *g, int row, int block, struct ahead *ahead,
                                   struct finishing *finishing, __m512i sums[2][TILE_ROWS])
{
    const uint8_t *a = g->a + (size_t)row * TILE_BYTES + (size_t)block * g->block_stride;
    const uint8_t *b = g->b + (size_t)(block * g->n_taps) * 2 * STEP;
    if (block == 0) {
        _tile_zero(0);
        _tile_zero(1);
    } else {
        _tile_loadd(0, sums[0], TILE_BYTES);
        _tile_loadd(1, sums[1], TILE_BYTES);
    }
    for (int t = 0; t < g->n_taps; t++, b += 2 * STEP)
        add_int8x2(a + g->taps[t], g->part_stride, b, ahead, finishing);
    _tile_stored(0, sums[0], TILE_BYTES);
    _tile_stored(1, sums[1], TILE_BYTES);
}

/* Block by block: the panel's part of a block stays in the first-level cache for all tiles of rows, and so do their
 * sums. */
static void gemm_tiles_int8x2_avx512amx(const struct gemm_tiles *g)
{
    enum { GROUP_ROWS = INT8X2_TILES * TILE_ROWS };
    __m512i sums[2][INT8X2_TILES][2][TILE_ROWS];
    struct ahead ahead = plan_ahead(g, TILE_ROWS);
    struct finishing finishing = {
        .g = g, .bias = _mm512_loadu_ps(g->bias),
        .scale = _mm512_mul_ps(_mm512_set1_ps(g->scale * 256.0f), _mm512_loadu_ps(g->column_scales))};
    plan_finishing(&finishing, GROUP_ROWS, TILE_ROWS);
    configure_tiles();
    for (int row = 0, turn = 0; row < g->n_rows; row += GROUP_ROWS, turn = 1 - turn) {
        const int n_tiles = (least(GROUP_ROWS, g->n_rows - row) + TILE_ROWS - 1) / TILE_ROWS;
        for (int block = 0; block < g->n_blocks; block++)
            for (int i = 0; i < n_tiles; i++)
                multiply_int8x2(g, row + i * TILE_ROWS, block, &ahead, &finishing, sums[turn][i]);
        finish_rows(&finishing, GROUP_ROWS, true); /* a last group has fewer steps than the one before has rows */
        begin_finishing(&finishing, sums[turn], GROUP_ROWS);
    }
    finish_rows(&finishing, GROUP_ROWS, true);
    _tile_release();
}

void kernels_override_avx512amx(struct kernels *table)
{
    table->winograd_few_rows = WINOGRAD_FEW_ROWS; /* faster on the processors that have AMX; on others not measured */
    table->pixels_to_bf16 = pixels_to_bf16_avx512amx;
    table->gemm_tiles_bf16 = gemm_tiles_bf16_avx512amx;
    table->gemm_tiles_int8x2 = gemm_tiles_int8x2_avx512amx;
}
