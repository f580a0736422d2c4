/* SPDX-License-Identifier: Apache-2.0 */
/* exit_codes.h - what the programs return; documented in their man pages. */
#ifndef TRBA_TOOLS_EXIT_CODES_H
#define TRBA_TOOLS_EXIT_CODES_H

enum program_exit {
    PROGRAM_OK = 0,      /* everything was read */
    PROGRAM_PARTIAL = 1, /* some inputs could not be read (compare: there are differences) */
    PROGRAM_REFUSED = 2, /* a bad option or model: nothing was read */
    PROGRAM_UNWRITTEN = 3 /* results could not be written (disk full; without a message: the reader of a pipe left) */
};

#endif
