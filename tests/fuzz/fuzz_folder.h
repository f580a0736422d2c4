/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_folder.h - a folder for the targets that need files: made at the first use, in $TMPDIR or /tmp, and removed at
 * the end of the process. */
#ifndef TRBA_TESTS_FUZZ_FOLDER_H
#define TRBA_TESTS_FUZZ_FOLDER_H

#include <stddef.h>

/* The folder's path. */
const char *fuzz_folder(void);
/* Writes a file of that name into it, over an old one; returns its path, valid until the next call. */
const char *fuzz_folder_write(const char *name, const void *bytes, size_t n_bytes);
/* Removes all files of the folder but those that `is_kept` (NULL: none) says to keep. */
void fuzz_folder_clean(int (*is_kept)(const char *name));

#endif
