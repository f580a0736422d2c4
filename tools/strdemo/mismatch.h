/* SPDX-License-Identifier: Apache-2.0 */
/* mismatch.h - help for somebody whose options do not fit his checkpoint. */
#ifndef TRBA_STRDEMO_MISMATCH_H
#define TRBA_STRDEMO_MISMATCH_H

#include "strdemo_options.h"

/* After the library's sentence: with --verbose every tensor that differs, and then the user's own command line with
 * the options put right. That line is tried before it is printed: it opens the model. All on stderr. */
void mismatch_explain(const struct strdemo_options *options, int argc, char *const *argv, const char *path);

#endif
