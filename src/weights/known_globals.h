/* SPDX-License-Identifier: Apache-2.0 */
/* known_globals.h - the few Python names that have a meaning here. All others are remembered, never called. */
#ifndef TRBA_WEIGHTS_KNOWN_GLOBALS_H
#define TRBA_WEIGHTS_KNOWN_GLOBALS_H

#include <stdbool.h>
#include <stddef.h>

#include "weights/tensor_table.h"

enum known_meaning {
    KNOWN_NOTHING, /* an opaque callable or class */
    KNOWN_DICT, KNOWN_LIST, KNOWN_SET,
    KNOWN_TENSOR,        /* _rebuild_tensor, _v2: (storage, offset, shape, strides, ...) */
    KNOWN_TENSOR_V3,     /* the same, and the dtype as 7th argument */
    KNOWN_QUANTISED_TENSOR, KNOWN_SPARSE_TENSOR, KNOWN_META_TENSOR, /* known so that they can be refused by name */
    KNOWN_FIRST_ARGUMENT,/* a parameter: what matters is the tensor it is made from */
    KNOWN_FROM_TYPE,     /* (function, type, arguments, state) */
    KNOWN_STORAGE,       /* a storage class: its dtype */
    KNOWN_BYTE_STORAGE,  /* UntypedStorage: counts bytes, the tensor says the dtype */
    KNOWN_UNREAD_STORAGE,/* a storage of a dtype that is not read: complex, quantized */
    KNOWN_DTYPE,
    KNOWN_SIZE,          /* torch.Size((...)): a tuple */
    KNOWN_NUMPY_SCALAR, KNOWN_NUMPY_DTYPE, KNOWN_ENCODE
};

struct known_global {
    const char *module, *name;
    enum known_meaning meaning;
    enum tensor_dtype dtype; /* of KNOWN_STORAGE and KNOWN_DTYPE */
};

/* Never NULL: a name that is not on the list gets an entry that says KNOWN_NOTHING. The texts are not terminated. */
const struct known_global *known_global_find(const char *module, size_t module_length, const char *name,
                                             size_t name_length);

#endif
