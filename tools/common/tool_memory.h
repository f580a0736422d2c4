/* SPDX-License-Identifier: Apache-2.0 */
/* tool_memory.h - memory for the programs' small things. A program that has none left says so and ends, with
 * PROGRAM_UNWRITTEN: unlike the library it may, and there is nothing better to do. */
#ifndef TRBA_TOOLS_TOOL_MEMORY_H
#define TRBA_TOOLS_TOOL_MEMORY_H

#include <stddef.h>

/* Says that there is no memory left, and ends the program. */
void memory_exhausted(void) __attribute__((noreturn));

/* n items of item_bytes each, as realloc() (`old` may be NULL). Never NULL. */
void *memory_resize(void *old, size_t n, size_t item_bytes);

/* A copy of a text; free() it. */
char *memory_copy_text(const char *text);

#endif
