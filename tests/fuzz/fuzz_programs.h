/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_programs.h - a program's main() as a function, called with the arguments that an input holds. */
#ifndef TRBA_TESTS_FUZZ_PROGRAMS_H
#define TRBA_TESTS_FUZZ_PROGRAMS_H

#include <stdio.h>

#include "fuzz.h"

typedef int (*program_main)(int argc, char **argv);

/* The arguments are the input's lines. They run in a folder of their own, with no way out of it: a slash becomes an
 * underscore. In it lie tiny.pth (a network that reads), told.pth (the same, with a sidecar), broken.pth, word.png,
 * tall9.png and tall10.png, page.json, names.txt, gt.txt, labels.csv, done.tsv and done.jsonl. What the program prints
 * goes nowhere. */
void fuzz_program_bytes(program_main run, const char *name, const uint8_t *bytes, size_t n_bytes);

/* fclose() that leaves stdout open. */
int program_fclose(FILE *file);

#endif
