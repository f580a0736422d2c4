/* SPDX-License-Identifier: Apache-2.0 */
/* kernels_avx2.c - the AVX2 tier: the sources of simd/ compiled for this vector. */
#include "kernels/kernels.h"
#include "kernels/winograd_two_steps.h"

#include "kernels/simd/vector_avx2.h"
#include "kernels/simd/vector_math.h"

#define GEMM_VECTORS 2 /* per panel row */
#define CHANNEL_VECTORS 2
#include "kernels/simd/gemm_block.h"
#define WINOGRAD_VECTORS 2
#define WINOGRAD_ROWS 6
#include "kernels/simd/gemm_panel.h"
#include "kernels/simd/gemm_tiles.h"
#include "kernels/simd/gemm_int16.h"
#include "kernels/simd/quantize.h"
#include "kernels/simd/winograd.h"
#include "kernels/simd/winograd_int16.h"

#include "kernels/simd/pointwise.h"

static void TIER(winograd_product)(const struct winograd_product *p)
{
    winograd_two_steps(p, WINOGRAD_VECTORS * LANES, 0, TIER(winograd_weights), TIER(gemm_panel));
}

void kernels_override_avx2(struct kernels *table)
{
    table->gemm_rows = GEMM_MAX_ROWS;
    table->gemm_columns = PANEL;
    table->winograd_panel = WINOGRAD_VECTORS * LANES;
    table->uses_winograd = true;
#define KERNEL(returns, name, arguments, class) table->name = TIER(name);
#include "kernels/kernels.inc"
#undef KERNEL
}
