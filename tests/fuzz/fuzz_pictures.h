/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pictures.h - an encoded picture all the way to the network's input. */
#ifndef TRBA_TESTS_FUZZ_PICTURES_H
#define TRBA_TESTS_FUZZ_PICTURES_H

#include "fuzz.h"

/* Larger pictures are within the library's limits, and take seconds under a sanitizer: targets leave them out. */
enum { FUZZ_MAX_PIXELS = 1024 * 1024 };

/* `choices`, any number: colours, whose grey, orientation, alpha, preset, padding, contrast. */
void fuzz_picture_bytes(const uint8_t *bytes, size_t n_bytes, unsigned choices);

#endif
