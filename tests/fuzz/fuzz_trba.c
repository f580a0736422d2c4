/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_trba.c - the command line of trba: the whole program, its main() compiled as trba_main(). */
#include "fuzz_programs.h"

int trba_main(int argc, char **argv);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    fuzz_program_bytes(trba_main, "trba", bytes, n_bytes);
    return 0;
}
