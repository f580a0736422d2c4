/* SPDX-License-Identifier: Apache-2.0 */
/* whole_file.h - a file's bytes in memory. */
#ifndef TRBA_TOOLS_WHOLE_FILE_H
#define TRBA_TOOLS_WHOLE_FILE_H

#include <stddef.h>

enum { FILE_MESSAGE_BYTES = 512 };

/* All bytes of the file, with a zero byte behind them; NULL with a sentence if it cannot be read or has more than
 * `most_bytes`. The caller frees it. */
char *whole_file_read(const char *path, size_t most_bytes, size_t *n, char message[FILE_MESSAGE_BYTES]);

/* The same for a text: without a byte order mark; a file with zero bytes in it is refused. */
char *whole_text_read(const char *path, size_t most_bytes, size_t *n, char message[FILE_MESSAGE_BYTES]);

#endif
