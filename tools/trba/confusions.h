/* SPDX-License-Identifier: Apache-2.0 */
/* confusions.h - which character was read as which, and how often. */
#ifndef TRBA_PROGRAM_CONFUSIONS_H
#define TRBA_PROGRAM_CONFUSIONS_H

#include <stddef.h>
#include <stdint.h>

/* In the place of the truth: the answer was added. In the place of the answer: the truth was lost. */
#define NO_CODE_POINT UINT32_MAX

/* All of them, one by one. Zero-initialised at first. */
struct confusions {
    uint64_t *pairs; /* [n], truth << 32 | answer; allocated */
    size_t n, capacity;
};

struct confusion {
    uint32_t truth, answer;
    size_t count;
};

void confusions_add(struct confusions *confusions, uint32_t truth, uint32_t answer);
void confusions_merge(struct confusions *total, const struct confusions *part);

/* The most frequent ones, at most `most`; as frequent ones in the order of their code points. Returns how many; `*out`
 * is allocated. Sorts the pairs. */
size_t confusions_most_frequent(struct confusions *confusions, size_t most, struct confusion **out);

void confusions_free(struct confusions *confusions);

#endif
