/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h - what every fuzz target is, and what the targets share.
 *
 *   fuzz_NAME.c     LLVMFuzzerTestOneInput(): one input, read by one part of the project
 *   mutate_NAME.c   how the engine changes inputs of a kind that blind changes would only break (engine builds only)
 *   fuzz_replay.c   main() of the same targets without an engine: feeds them files
 *
 * A target fails by a sanitizer's report, by a leak, by taking more than ten seconds, or by fuzz_require().
 */
#ifndef TRBA_TESTS_FUZZ_H
#define TRBA_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trba.h"

/* libFuzzer's interface. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);
/* Of a mutate_NAME.c: changes bytes[0 .. n_bytes) in place and returns the new length, at most `capacity`. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n_bytes, size_t capacity, unsigned seed);
/* The engine's own mutations, for the mutators. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n_bytes, size_t capacity);

/* Says `what` and aborts unless the condition holds. */
void fuzz_require(bool condition, const char *what);

/* What holds after every call that can fail: the status in `err` is the one returned, and a failure has a sentence.
 * Preset err.message to "" before the call. Returns whether the call succeeded. */
bool fuzz_check_status(trba_status status, const trba_error *err);

/* The last byte says how the rest is to be read, so that the rest is a file as other programs know it. 0 if there is
 * none; takes it off the input. */
unsigned fuzz_take_last(const uint8_t *bytes, size_t *n_bytes);

/* A copy with a terminating zero, in memory of just that size. The caller frees it. */
char *fuzz_copy_text(const uint8_t *bytes, size_t n_bytes);

#endif
