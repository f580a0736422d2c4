/* SPDX-License-Identifier: Apache-2.0 */
/* tiny_network.h - the smallest network there is (None-VGG-None-CTC, 8 channels) as a safetensors file. */
#ifndef TRBA_TESTS_FUZZ_TINY_NETWORK_H
#define TRBA_TESTS_FUZZ_TINY_NETWORK_H

#include <stddef.h>
#include <stdint.h>

/* Allocated; the caller frees it. */
uint8_t *tiny_network_new(size_t *n_bytes);

#endif
