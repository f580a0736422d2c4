/* SPDX-License-Identifier: Apache-2.0 */
/* kernels_emulated16.c - the AVX-512 tier's sources, widths and block sizes on pairs of AVX2 vectors.
 *
 * Covers everything of that tier but the one-line functions of vector_avx512.h and the compiler's code for them. */
#include "kernels/kernels.h"

#include "vector_emulated16.h"

#include "kernels/simd/vector_math.h"

#define GEMM_VECTORS 4 /* as in kernels_avx512.c */
#define CHANNEL_VECTORS 1
#include "kernels/simd/gemm_block.h"
#define WINOGRAD_VECTORS 2
#define WINOGRAD_ROWS 12
#include "kernels/simd/gemm_panel.h"
#include "kernels/simd/gemm_tiles.h"
#include "kernels/simd/gemm_int16.h"
#include "kernels/simd/quantize.h"
#include "kernels/simd/winograd.h"
#include "kernels/simd/winograd_product.h"
#include "kernels/simd/winograd_int16.h"

#include "kernels/simd/pointwise.h"

#include "kernelcheck.h"

void kernels_override_emulated16(struct kernels *table)
{
    table->gemm_rows = GEMM_MAX_ROWS;
    table->gemm_columns = PANEL;
    table->winograd_panel = WINOGRAD_VECTORS * LANES;
    table->uses_winograd = true;
#define KERNEL(returns, name, arguments, class) table->name = TIER(name);
#include "kernels/kernels.inc"
#undef KERNEL
}
