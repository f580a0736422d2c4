/* SPDX-License-Identifier: Apache-2.0 */
/* trba_system.c - version and machine: trba_version() and trba_system_info(). */
#include <stdio.h>

#include "base/cpu.h"
#include "layers/blas.h"

#define TEXT_OF(x) #x
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *trba_version(void)
{
    return VERSION_TEXT(TRBA_VERSION_MAJOR, TRBA_VERSION_MINOR, TRBA_VERSION_PATCH);
}

void trba_system_info(char *out, size_t capacity)
{
    snprintf(out, capacity, "trba %s; compiler %s; best tier %s; %d processors; %s", trba_version(), __VERSION__,
             trba_cpu_name(cpu_best()), cpu_count(), blas_describe());
}
