/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.h - what this processor and this build can run. */
#ifndef TRBA_BASE_CPU_H
#define TRBA_BASE_CPU_H

#include <stdbool.h>

#include "trba.h"

/* The best tier. CPUID and XGETBV are asked every time: in a virtual machine they trap, which takes microseconds, but
 * an answer that is kept would be a variable that all threads share. */
trba_cpu cpu_best(void);

/* Asks the operating system for leave to use AMX's tiles, for all threads of the process (Linux: tiles are off until
 * then). False if it refuses. Cheap when asked again. */
bool cpu_allow_tiles(void);

/* Carry-less multiplication of 64 bits (PCLMULQDQ)? Microseconds, as above. */
bool cpu_has_clmul(void);

/* Processors this process may run on (affinity mask), at least 1. */
int cpu_count(void);

#endif
