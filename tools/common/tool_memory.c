/* SPDX-License-Identifier: Apache-2.0 */
/* tool_memory.c - realloc() that never fails. */
#include "tool_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "exit_codes.h"

void memory_exhausted(void)
{
    console_print("there is no memory left");
    exit(PROGRAM_UNWRITTEN);
}

void *memory_resize(void *old, size_t n, size_t item_bytes)
{
    void *new = n > 0 && item_bytes <= SIZE_MAX / n ? realloc(old, n * item_bytes) : NULL;
    if (new == NULL) memory_exhausted();
    return new;
}

char *memory_copy_text(const char *text)
{
    const size_t n = strlen(text) + 1;
    return memcpy(memory_resize(NULL, n, 1), text, n);
}
