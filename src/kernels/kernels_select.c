/* SPDX-License-Identifier: Apache-2.0 */
/* kernels_select.c - the ladder: start from the reference, override tier by tier up to the cap. */
#include "base/cpu.h"
#include "kernels/kernels.h"

void kernels_select(struct kernels *table, trba_cpu cap)
{
    const trba_cpu best = cpu_best();
    if (cap == TRBA_CPU_AUTO || cap > best) cap = best;

    kernels_fill_ref(table);
    table->cpu = cap;
    if (cap == TRBA_CPU_REF) return;
    if (cap == TRBA_CPU_BLAS) {
        table->uses_blas = true;
        return;
    }
#ifdef TRBA_HAVE_AVX2
    kernels_override_avx2(table);
#endif
    if (cap < TRBA_CPU_AVX512) return;
#ifdef TRBA_HAVE_AVX512
    kernels_override_avx512(table);
#endif
    if (cap < TRBA_CPU_AVX512VNNI) return;
#ifdef TRBA_HAVE_AVX512VNNI
    kernels_override_avx512vnni(table);
#endif
    if (cap < TRBA_CPU_AVX512AMX) return;
#ifdef TRBA_HAVE_AVX512AMX
    kernels_override_avx512amx(table);
#endif
}
