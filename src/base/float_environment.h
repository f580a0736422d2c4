/* SPDX-License-Identifier: Apache-2.0 */
/* float_environment.h - rounding to nearest, no trapped exceptions, denormal numbers kept: what calculations here
 * expect, whatever the caller has set. Public functions that calculate begin and end with it, and threads of ours
 * begin with it; so results do not depend on which thread makes them, and padding may be divided by. */
#ifndef TRBA_BASE_FLOAT_ENVIRONMENT_H
#define TRBA_BASE_FLOAT_ENVIRONMENT_H

#include <fenv.h>

static inline void float_environment_begin(fenv_t *callers)
{
    fegetenv(callers);
    fesetenv(FE_DFL_ENV);
}

/* The caller's again, its exception flags included: as if nothing had been calculated. */
static inline void float_environment_end(const fenv_t *callers) { fesetenv(callers); }

#endif
