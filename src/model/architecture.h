/* SPDX-License-Identifier: Apache-2.0 */
/* architecture.h - which of the 24 networks a checkpoint is, read out of the names and shapes of its tensors, and what
 * each network needs. The one place that knows clovaai's key names for checking; the packers ask for them by name. */
#ifndef TRBA_MODEL_ARCHITECTURE_H
#define TRBA_MODEL_ARCHITECTURE_H

#include <stdbool.h>

#include "weights/tensor_table.h"

/* The tensor_name_recogniser of this family: "module.FeatureExtraction.x" -> "FeatureExtraction.x". */
const char *architecture_recognise_name(const char *name);

/* TRBA_ERROR_MISMATCH with one sentence (or a few lines) when the tensors are none of the networks. */
trba_status architecture_infer(const struct tensor_table *table, trba_architecture *out, trba_error *err);

/* A size in a shape that the architecture does not fix: the rows of P_hat while img_h or img_w is 0. */
#define ARCHITECTURE_ANY_SIZE (-1)

/* Every tensor a network of this architecture has, in the order of the reference's state_dict(). `arch` is complete but
 * for img_h, img_w. is_required is false for what may be absent (num_batches_tracked, the TPS buffers). `name` and
 * `shape` live during the call only. */
typedef void (*architecture_tensor_visitor)(void *user, const char *name, int n_dimensions, const int64_t *shape,
                                            bool is_required);
void architecture_for_each_tensor(const trba_architecture *arch, architecture_tensor_visitor visit, void *user);

/* Calls `visit` (unless it is NULL) for every tensor in which the table differs from what `arch` needs: first the
 * missing and the misshapen in the order of state_dict(), then the unexpected in the file's order. Returns how many.
 * `arch` is complete but for img_h, img_w. The lists are those of load_state_dict(): it never misses a
 * num_batches_tracked. Only the TPS buffers are more welcome to be absent here: alone, they do not count. */
typedef void (*architecture_difference_visitor)(void *user, trba_difference kind, const char *name, const char *detail);
size_t architecture_compare(const struct tensor_table *table, const trba_architecture *arch,
                            architecture_difference_visitor visit, void *user);

/* `asked` with its ANYs and zeros filled from `found`, and what `found` has no value for (a stage it lacks) from the
 * reference's defaults. */
trba_architecture architecture_fill(const trba_architecture *asked, const trba_architecture *found);

/* Holds `found` (from architecture_infer) against what the caller expects, and the table against what `found` needs.
 * On success every required tensor is in the table with its shape. On failure one message: what the file really is,
 * what was asked and by whom (`sidecar_path`; NULL: the options), how many keys would be missing and unexpected with
 * the first few of each, and the options that work, or that the sidecar must be corrected. */
trba_status architecture_check(const struct tensor_table *table, const trba_architecture *found,
                               const trba_architecture *expect, const char *sidecar_path, trba_error *err);

#endif
