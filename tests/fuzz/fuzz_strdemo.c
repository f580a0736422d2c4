/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_strdemo.c - the command line of strdemo: the whole program, its main() compiled as strdemo_main(). */
#include "fuzz_programs.h"

int strdemo_main(int argc, char **argv);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    fuzz_program_bytes(strdemo_main, "strdemo", bytes, n_bytes);
    return 0;
}
