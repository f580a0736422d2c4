/* SPDX-License-Identifier: Apache-2.0 */
/* torch_objects.h - what PyTorch's and NumPy's objects in a pickle stand for: tensors, modules, numbers. */
#ifndef TRBA_WEIGHTS_TORCH_OBJECTS_H
#define TRBA_WEIGHTS_TORCH_OBJECTS_H

#include "base/status.h"
#include "weights/pickle_values.h"
#include "weights/tensor_view.h"

/* A storage as its persistent id names it: ('storage', class, key, location, n_elements[, view]). */
struct torch_storage {
    struct pickle_text key;
    const struct known_global *class;
    size_t n_bytes;                   /* of the whole storage */
    uint64_t view_begin, view_length; /* in elements; the whole storage when there is no view */
};

/* Fails unless `value` is a persistent id of that form, of a dtype that is read, whose size does not overflow. */
trba_status torch_read_storage(const struct pickle_value *value, struct torch_storage *out, trba_error *err);

/* Where a reader finds the bytes of a storage. On success *bytes has storage->n_bytes bytes. */
typedef trba_status (*torch_storage_finder)(void *reader, const struct torch_storage *storage, const uint8_t **bytes,
                                            trba_error *err);

/* Is this what PyTorch makes a tensor or a parameter from? Nothing is checked yet. */
bool torch_is_tensor(const struct pickle_value *value);
/* Checks everything and fills *out (all but its name). */
trba_status torch_read_tensor(const struct pickle_value *value, torch_storage_finder find, void *reader,
                              struct tensor *out, trba_error *err);

/* The attributes of an nn.Module pickled whole (a dict with _parameters, _buffers, _modules), or NULL. */
const struct pickle_value *torch_module_attributes(const struct pickle_value *value);
/* The attributes of a module of a TorchScript archive, or NULL. */
const struct pickle_value *torch_script_attributes(const struct pickle_value *value);

/* A NumPy scalar (best_acc of clovaai's trainer is one): its value. */
bool torch_read_numpy_scalar(const struct pickle_value *value, double *out);

#endif
