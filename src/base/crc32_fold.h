/* SPDX-License-Identifier: Apache-2.0 */
/* crc32_fold.h - the long part of a CRC-32, sixteen bytes at a step. */
#ifndef TRBA_BASE_CRC32_FOLD_H
#define TRBA_BASE_CRC32_FOLD_H

#include <stddef.h>
#include <stdint.h>

enum { CRC32_FOLDED_BYTES = 16 };

/* Shortens the first bytes of a message: returns how many of them `folded` stands for, a multiple of 64; 0 when there
 * are too few. The message's CRC-32 (that of zip, PNG and zlib) is then that of `folded`, begun with a register of 0
 * instead of ~0, followed by the bytes that are left. The processor must have cpu_has_clmul(). */
size_t crc32_fold(const void *bytes, size_t n_bytes, uint8_t folded[CRC32_FOLDED_BYTES]);

#endif
