/* SPDX-License-Identifier: Apache-2.0 */
/* pickle_zip.h - a faultless zip checkpoint around a pickle, so that the bytes of an input are all pickle.
 *
 *   archive/data/0      float32 [4096]         small positive numbers: as good as weights
 *   archive/data/1      int64 [8]
 *   archive/data.pkl    the pickle
 *
 * The pickles of make_seeds.py name these storages; larger tensors are repetitions of them (stride 0).
 */
#ifndef TRBA_TESTS_FUZZ_PICKLE_ZIP_H
#define TRBA_TESTS_FUZZ_PICKLE_ZIP_H

#include <stddef.h>
#include <stdint.h>

/* The file; allocated, the caller frees it. It has no checksums. */
uint8_t *pickle_zip_new(const uint8_t *pickle, size_t pickle_bytes, size_t *n_bytes);

#endif
