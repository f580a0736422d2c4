/* SPDX-License-Identifier: Apache-2.0 */
/* pickle_machine.h - run a pickle (protocols 0 to 5) as what it is, a program for a stack machine that builds data. */
#ifndef TRBA_WEIGHTS_PICKLE_MACHINE_H
#define TRBA_WEIGHTS_PICKLE_MACHINE_H

#include "base/bytes.h"
#include "base/status.h"
#include "weights/pickle_values.h"

/* Reads one pickle from where `in` stands, up to and with its STOP. The value lives in `heap` and points into the bytes
 * of `in`; both must outlive it. On failure says at which byte and opcode; `in->failed` if the bytes end too early. */
trba_status pickle_read(struct byte_reader *in, struct pickle_heap *heap, struct pickle_value **out, trba_error *err);

#endif
