/* SPDX-License-Identifier: Apache-2.0 */
/* blas.h - products by OpenBLAS, for models of the tier blas; blas.c is the one file that knows OpenBLAS. */
#ifndef TRBA_LAYERS_BLAS_H
#define TRBA_LAYERS_BLAS_H

#include "base/status.h"
#include "kernels/kernels.h"

/* Finds OpenBLAS for a table that uses it (kernels->blas_sgemm), loading it into the process unless it is there; it is
 * never unloaded. Process-wide: from then on OpenBLAS computes on the calling thread only. Its threads beside ours were
 * measured three times slower, and they do not survive fork(). `library`: the shared library to look in; NULL, and
 * wherever OpenBLAS is linked: the one this build was configured with. On failure the table is untouched and `err` says
 * what to do. Any number of threads may call it at once: what is found is kept in each table, and dlopen() is safe. */
trba_status blas_load(const char *library, struct kernels *kernels, trba_error *err);

/* c = a b: a is [n_rows][depth], b [depth][n_columns] with rows b_stride apart, c [n_rows][n_columns]. After
 * blas_load(). */
void blas_multiply(const struct kernels *kernels, int n_rows, int n_columns, int depth, const float *a, const float *b,
                   int b_stride, float *c);

/* OpenBLAS's own description of its build, for which it is loaded; "no OpenBLAS" where that fails. Static. */
const char *blas_describe(void);

#endif
