/* SPDX-License-Identifier: Apache-2.0 */
/* sniff.h - what kind of file is this? Told from its first bytes. */
#ifndef TRBA_WEIGHTS_SNIFF_H
#define TRBA_WEIGHTS_SNIFF_H

#include <stddef.h>

enum sniff_kind {
    SNIFF_ZIP, SNIFF_PICKLE, SNIFF_SAFETENSORS,
    SNIFF_DAMAGED, /* all or part of a file is missing, whatever it was to be */
    SNIFF_OTHER
};

/* The magic number of torch.save's legacy form as protocols 0 and 1 write it: a pickle in decimal. Later protocols
 * begin with their number. */
#define SNIFF_DECIMAL_MAGIC "L119547037146038801333356L\n."

/* For the last two, *sentence says what the file is and what to do. Static. */
enum sniff_kind sniff_file(const void *bytes, size_t n_bytes, const char **sentence);

#endif
