/* SPDX-License-Identifier: Apache-2.0 */
/* panel.h - the width of a panel of packed weights. Include a vector_*.h first, and define GEMM_VECTORS, vectors
 * per panel row, and CHANNEL_VECTORS, vectors per CHANNEL_ALIGN floats. */
#ifndef TRBA_KERNELS_SIMD_PANEL_H
#define TRBA_KERNELS_SIMD_PANEL_H

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* NaN stays NaN. */
ALWAYS_INLINE vec vec_magnitude(vec v) { return vec_max(v, vec_sub(vec_zero(), v)); }

enum { PANEL = GEMM_VECTORS * LANES };
_Static_assert(CHANNEL_VECTORS * LANES == CHANNEL_ALIGN, "CHANNEL_VECTORS");

#endif
