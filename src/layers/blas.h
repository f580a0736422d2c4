/* SPDX-License-Identifier: Apache-2.0 */
/* blas.h - what the rest of the library may ask of OpenBLAS besides products; in gemm.c. */
#ifndef TRBA_LAYERS_BLAS_H
#define TRBA_LAYERS_BLAS_H

/* Process-wide: OpenBLAS computes on the calling thread only. Its threads beside ours were measured three times slower,
 * and they do not survive fork(). */
void blas_use_one_thread(void);

/* OpenBLAS's own description of its build. Static. */
const char *blas_describe(void);

#endif
