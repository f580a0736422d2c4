/* SPDX-License-Identifier: Apache-2.0 */
/* kernels_avx512vnni.c - AVX-512 with VNNI: dot products of 16-bit pairs in one instruction instead of two. The rest is
 * the AVX-512 tier's. */
#include "kernels/kernels.h"

#define TIER(name) name##_avx512vnni
#include "kernels/simd/vector_avx512.h"

#define GEMM_VECTORS 4 /* as in kernels_avx512.c */
#define CHANNEL_VECTORS 1
#include "kernels/simd/gemm_int16.h"
#include "kernels/simd/winograd_product_int16.h"

void kernels_override_avx512vnni(struct kernels *table)
{
    table->gemm_block_int16 = TIER(gemm_block_int16);
    table->winograd_product_int16 = TIER(winograd_product_int16);
}
