/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.h - what is behind a trba_checkpoint, for the code that opens a model from one. */
#ifndef TRBA_MODEL_CHECKPOINT_H
#define TRBA_MODEL_CHECKPOINT_H

#include "base/file_map.h"
#include "weights/tensor_table.h"

struct trba_checkpoint {
    struct file_map map;        /* bytes is NULL when the caller owns the memory */
    struct tensor_table *table; /* over the map's or the caller's bytes */
};

#endif
