/* SPDX-License-Identifier: Apache-2.0 */
/* standard_files.h - stdin, stdout and stderr behave, whatever the program was started with. */
#ifndef TRBA_TOOLS_STANDARD_FILES_H
#define TRBA_TOOLS_STANDARD_FILES_H

#include <stdbool.h>
#include <stdio.h>

/* Call first. A closed standard descriptor is taken, so that no file opened later becomes "stdout"; reading or writing
 * it still fails. Writing to a pipe nobody reads, or more than a file may have (ulimit -f), becomes an error instead of
 * a signal. */
void standard_files_prepare(void);

/* Flushes `out` and says whether everything written to it has arrived. If not, prints why (`name` says where to),
 * but keeps quiet when the reader of a pipe has left. */
bool output_is_written(FILE *out, const char *name);

#endif
