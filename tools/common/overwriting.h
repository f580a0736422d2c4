/* SPDX-License-Identifier: Apache-2.0 */
/* overwriting.h - a program must not write over what it was given to read. */
#ifndef TRBA_TOOLS_OVERWRITING_H
#define TRBA_TOOLS_OVERWRITING_H

#include <stdbool.h>

/* Are both paths the same regular file, whatever they are called? False if either is not there, or NULL. */
bool is_same_file(const char *path, const char *other);

/* Would writing to both paths write one file, whatever they are called and whether or not it is there yet? */
bool is_same_place(const char *path, const char *other);

/* Are both in one folder, whatever that is called and whether or not they are there? */
bool is_in_same_folder(const char *path, const char *other);

/* Is that path the regular file that standard input comes from? False if it is not there, or NULL. */
bool is_standard_input(const char *path);

/* Is there a PNG or JPEG picture at that path? */
bool is_picture_file(const char *path);

/* May a file that begins with `start`, of at most 64 bytes, take this place? It may if nothing with bytes in it is
 * there (opening it says what else is wrong), or one of its own kind, from an earlier run. */
bool is_replaceable(const char *path, const char *start);

/* Says on stderr that the output file given to that option is one to read. */
void say_input_would_be_lost(const char *option, const char *path);

#endif
