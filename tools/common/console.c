/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - sentences and the progress line on stderr. The lock of stderr also guards the variables here. */
#include "console.h"

#include <stdarg.h>
#include <stdio.h>

#include "harmless_text.h"

enum { MESSAGE_BYTES = 16 * 1024 };

static const char *program_name = "";
static bool progress_is_shown;

void console_set_program(const char *program)
{
    program_name = program;
}

void console_progress_clear(void)
{
    flockfile(stderr);
    if (progress_is_shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress_is_shown = false;
    }
    funlockfile(stderr);
}

void console_progress(size_t n_images, double images_per_second)
{
    flockfile(stderr);
    fprintf(stderr, "\r\033[K%zu images read, %.1f per second", n_images, images_per_second);
    fflush(stderr);
    progress_is_shown = true;
    funlockfile(stderr);
}

/* The sentences themselves may have line ends and tabs. */
static void print_harmless(const char *format, va_list args)
{
    char text[MESSAGE_BYTES];
    vsnprintf(text, sizeof text, format, args);
    harmless_text_write(text, "\n\t", stderr);
    fputc('\n', stderr);
}

void console_print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    flockfile(stderr);
    console_progress_clear();
    fprintf(stderr, "%s: ", program_name);
    print_harmless(format, args);
    funlockfile(stderr);
    va_end(args);
}

void console_print_plain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    flockfile(stderr);
    console_progress_clear();
    print_harmless(format, args);
    funlockfile(stderr);
    va_end(args);
}
