/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_sidecars.h - the files beside a checkpoint. */
#ifndef TRBA_TESTS_FUZZ_SIDECARS_H
#define TRBA_TESTS_FUZZ_SIDECARS_H

#include "fuzz.h"
#include "model/sidecar_draft.h"

typedef trba_status (*sidecar_parser)(struct sidecar_draft *draft, const char *bytes, size_t n_bytes, trba_error *err);

/* Through one of the parsers, and finished. */
void fuzz_sidecar_bytes(sidecar_parser parse, const uint8_t *bytes, size_t n_bytes);

#endif
