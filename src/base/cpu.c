/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.c - what CPUID and XCR0 say; tiers and their public names. */
#define _GNU_SOURCE /* sched_getaffinity, syscall */
#include "base/cpu.h"

#include <sched.h>
#include <string.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "base/status.h"

static const char *const cpu_names[] = {"auto", "ref", "blas", "avx2", "avx512", "avx512vnni", "avx512amx"};
enum { N_CPU_NAMES = sizeof cpu_names / sizeof cpu_names[0] };

#if defined(__x86_64__)
#include <cpuid.h>

bool cpu_has_clmul(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_PCLMUL);
}
#else
bool cpu_has_clmul(void) { return false; }
#endif

#if defined(__x86_64__) && (defined(TRBA_HAVE_AVX2) || defined(TRBA_HAVE_AVX512))
/* Which register files the operating system saves: bit 1 SSE, 2 AVX, 5-7 AVX-512, 17 and 18 AMX. */
static unsigned read_xcr0(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

trba_cpu cpu_best(void)
{
    enum { AVX_STATE = 0x06, AVX512_STATE = 0xE6, AMX_STATE = 0x60000, AMX_NEEDED = 1 << 22 | 1 << 24 | 1 << 25 };
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return TRBA_CPU_BLAS;
    const unsigned leaf1_needed = bit_FMA | bit_AVX | bit_F16C | bit_OSXSAVE;
    if ((c & leaf1_needed) != leaf1_needed) return TRBA_CPU_BLAS;
    const unsigned xcr0 = read_xcr0();
    if ((xcr0 & AVX_STATE) != AVX_STATE) return TRBA_CPU_BLAS;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2)) return TRBA_CPU_BLAS;
#ifdef TRBA_HAVE_AVX512
    const unsigned avx512_needed = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    if ((b & avx512_needed) != avx512_needed || (xcr0 & AVX512_STATE) != AVX512_STATE) return TRBA_CPU_AVX2;
#ifdef TRBA_HAVE_AVX512VNNI
    if (!(c & bit_AVX512VNNI)) return TRBA_CPU_AVX512;
#ifdef TRBA_HAVE_AVX512AMX
    const bool has_tiles = (d & AMX_NEEDED) == AMX_NEEDED && (xcr0 & AMX_STATE) == AMX_STATE;
    if (has_tiles && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & bit_AVX512BF16)) return TRBA_CPU_AVX512AMX;
#endif
    return TRBA_CPU_AVX512VNNI;
#endif
    return TRBA_CPU_AVX512;
#endif
    return TRBA_CPU_AVX2;
}
#else
trba_cpu cpu_best(void) { return TRBA_CPU_BLAS; }
#endif

bool cpu_allow_tiles(void)
{
#if defined(__linux__) && defined(__x86_64__) && defined(SYS_arch_prctl)
    /* Documentation/arch/x86/xstate.rst of Linux; not in the C library's headers. */
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
    return false;
#endif
}

/* Linux refuses sets that have no room for all processors there might be. */
int cpu_count(void)
{
    enum { MOST_PROCESSORS = 1 << 20 };
    int count = 0;
    for (int room = CPU_SETSIZE; count == 0 && room <= MOST_PROCESSORS; room *= 4) {
        cpu_set_t *set = CPU_ALLOC((size_t)room);
        if (set == NULL) break;
        if (sched_getaffinity(0, CPU_ALLOC_SIZE((size_t)room), set) == 0)
            count = CPU_COUNT_S(CPU_ALLOC_SIZE((size_t)room), set);
        CPU_FREE(set);
    }
    return count > 0 ? count : 1;
}

int trba_cpu_count(void) { return cpu_count(); }

trba_cpu trba_cpu_best(void) { return cpu_best(); }

const char *trba_cpu_name(trba_cpu cpu)
{
    return (unsigned)cpu < N_CPU_NAMES ? cpu_names[cpu] : "unknown";
}

const char *trba_precision_name(trba_precision precision)
{
    static const char *const names[] = {"fp32", "int16", "bf16", "auto"};
    return (unsigned)precision < sizeof names / sizeof names[0] ? names[precision] : "unknown";
}

trba_status trba_cpu_from_name(const char *name, trba_cpu *out, trba_error *err)
{
    if (name == NULL || out == NULL)
        return error_set(err, TRBA_ERROR_ARGUMENT, "trba_cpu_from_name needs a name and a place for the tier");
    for (int i = 0; i < N_CPU_NAMES; i++) {
        if (strcmp(name, cpu_names[i]) != 0) continue;
        if (i > (int)cpu_best())
            return error_set(err, TRBA_ERROR_UNSUPPORTED, "this processor has no %s; its best tier is %s", name,
                             cpu_names[cpu_best()]);
        *out = (trba_cpu)i;
        return TRBA_OK;
    }
    return error_set(err, TRBA_ERROR_ARGUMENT, "there is no CPU tier \"%s\": use auto, ref, blas, avx2, avx512, "
                     "avx512vnni or avx512amx", name);
}
