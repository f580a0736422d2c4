/* SPDX-License-Identifier: Apache-2.0 */
/* overwriting.h - a program must not write over what it was given to read. */
#ifndef TRBA_TOOLS_OVERWRITING_H
#define TRBA_TOOLS_OVERWRITING_H

#include <stdbool.h>
#include <stddef.h>

/* Are both paths the same regular file, whatever they are called? False if either is not there, or NULL. */
bool is_same_file(const char *path, const char *other);

/* Puts the first bytes of a regular file into out[n]; *n_read may be less. False if it is none, or cannot be read. */
bool read_first_bytes(const char *path, char *out, size_t n, size_t *n_read);

/* Is there a PNG or JPEG picture at that path? */
bool is_picture_file(const char *path);

#endif
