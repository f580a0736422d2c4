/* SPDX-License-Identifier: Apache-2.0 */
/* find_weights.h - from the object graph of a pickle to the table of the weights in it. */
#ifndef TRBA_WEIGHTS_FIND_WEIGHTS_H
#define TRBA_WEIGHTS_FIND_WEIGHTS_H

#include "weights/table_builder.h"
#include "weights/torch_objects.h"

/* Walks the graph from `root`, takes the best collection of tensors, checks each of them and collects the metadata.
 * `find` is asked for the storages of the tensors that were taken only. */
trba_status find_weights(struct table_builder *builder, struct pickle_heap *heap, struct pickle_value *root,
                         torch_storage_finder find, void *reader, trba_error *err);

#endif
