/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tables.h - what holds of every checkpoint and model that could be opened. */
#ifndef TRBA_TESTS_FUZZ_TABLES_H
#define TRBA_TESTS_FUZZ_TABLES_H

#include "fuzz.h"

/* Opens a checkpoint. If that works: reads every element of every tensor, asks for the architecture, compares. */
void fuzz_checkpoint_bytes(const void *bytes, size_t n_bytes);
/* Opens a model. If that works, and it is small: reads a picture with it. */
void fuzz_model_bytes(const void *bytes, size_t n_bytes);

#endif
