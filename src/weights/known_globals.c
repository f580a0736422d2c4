/* SPDX-License-Identifier: Apache-2.0 */
/* known_globals.c - the list. Python 2 and 3 spell some modules differently, NumPy 1 and 2 too. */
#include "weights/known_globals.h"

#include <string.h>

static const struct known_global known_globals[] = {
    {"collections", "OrderedDict", KNOWN_DICT, 0},
    {"torch._utils", "_rebuild_tensor_v2", KNOWN_TENSOR, 0},
    {"torch._utils", "_rebuild_tensor", KNOWN_TENSOR, 0},
    {"torch._utils", "_rebuild_tensor_v3", KNOWN_TENSOR_V3, 0},
    {"torch._utils", "_rebuild_qtensor", KNOWN_QUANTISED_TENSOR, 0},
    {"torch._utils", "_rebuild_sparse_tensor", KNOWN_SPARSE_TENSOR, 0},
    {"torch._utils", "_rebuild_sparse_csr_tensor", KNOWN_SPARSE_TENSOR, 0},
    {"torch._utils", "_rebuild_meta_tensor_no_storage", KNOWN_META_TENSOR, 0},
    {"torch._utils", "_rebuild_parameter", KNOWN_FIRST_ARGUMENT, 0},
    {"torch._utils", "_rebuild_parameter_with_state", KNOWN_FIRST_ARGUMENT, 0},
    {"torch.nn.parameter", "Parameter", KNOWN_FIRST_ARGUMENT, 0},
    {"torch._tensor", "_rebuild_from_type_v2", KNOWN_FROM_TYPE, 0},
    {"torch", "FloatStorage", KNOWN_STORAGE, TENSOR_FLOAT32},
    {"torch", "DoubleStorage", KNOWN_STORAGE, TENSOR_FLOAT64},
    {"torch", "HalfStorage", KNOWN_STORAGE, TENSOR_FLOAT16},
    {"torch", "BFloat16Storage", KNOWN_STORAGE, TENSOR_BFLOAT16},
    {"torch", "LongStorage", KNOWN_STORAGE, TENSOR_INT64},
    {"torch", "IntStorage", KNOWN_STORAGE, TENSOR_INT32},
    {"torch", "ShortStorage", KNOWN_STORAGE, TENSOR_INT16},
    {"torch", "CharStorage", KNOWN_STORAGE, TENSOR_INT8},
    {"torch", "ByteStorage", KNOWN_STORAGE, TENSOR_UINT8},
    {"torch", "BoolStorage", KNOWN_STORAGE, TENSOR_BOOL},
    {"torch.storage", "UntypedStorage", KNOWN_BYTE_STORAGE, TENSOR_UINT8},
    {"torch", "UntypedStorage", KNOWN_BYTE_STORAGE, TENSOR_UINT8},
    {"torch.storage", "_UntypedStorage", KNOWN_BYTE_STORAGE, TENSOR_UINT8},
    {"torch.storage", "TypedStorage", KNOWN_UNREAD_STORAGE, 0},
    {"torch", "ComplexFloatStorage", KNOWN_UNREAD_STORAGE, 0},
    {"torch", "ComplexDoubleStorage", KNOWN_UNREAD_STORAGE, 0},
    {"torch", "QInt8Storage", KNOWN_UNREAD_STORAGE, 0},
    {"torch", "QInt32Storage", KNOWN_UNREAD_STORAGE, 0},
    {"torch", "QUInt8Storage", KNOWN_UNREAD_STORAGE, 0},
    {"torch", "float32", KNOWN_DTYPE, TENSOR_FLOAT32},
    {"torch", "float64", KNOWN_DTYPE, TENSOR_FLOAT64},
    {"torch", "float16", KNOWN_DTYPE, TENSOR_FLOAT16},
    {"torch", "bfloat16", KNOWN_DTYPE, TENSOR_BFLOAT16},
    {"torch", "int64", KNOWN_DTYPE, TENSOR_INT64},
    {"torch", "int32", KNOWN_DTYPE, TENSOR_INT32},
    {"torch", "int16", KNOWN_DTYPE, TENSOR_INT16},
    {"torch", "int8", KNOWN_DTYPE, TENSOR_INT8},
    {"torch", "uint8", KNOWN_DTYPE, TENSOR_UINT8},
    {"torch", "bool", KNOWN_DTYPE, TENSOR_BOOL},
    {"torch", "Size", KNOWN_SIZE, 0},
    {"numpy.core.multiarray", "scalar", KNOWN_NUMPY_SCALAR, 0},
    {"numpy._core.multiarray", "scalar", KNOWN_NUMPY_SCALAR, 0},
    {"numpy", "dtype", KNOWN_NUMPY_DTYPE, 0},
    {"_codecs", "encode", KNOWN_ENCODE, 0},
    {"collections", "defaultdict", KNOWN_DICT, 0},
    {"collections", "Counter", KNOWN_DICT, 0},
    {"builtins", "dict", KNOWN_DICT, 0},
    {"__builtin__", "dict", KNOWN_DICT, 0},
    {"builtins", "list", KNOWN_LIST, 0},
    {"__builtin__", "list", KNOWN_LIST, 0},
    {"collections", "deque", KNOWN_LIST, 0},
    {"builtins", "set", KNOWN_SET, 0},
    {"__builtin__", "set", KNOWN_SET, 0},
    {"builtins", "frozenset", KNOWN_SET, 0},
    {"__builtin__", "frozenset", KNOWN_SET, 0},
};

static const struct known_global unknown_global = {"", "", KNOWN_NOTHING, 0};

/* The first character decides nearly always: a hostile file may ask a million times. */
static bool is_text(const char *known, const char *text, size_t length)
{
    return length > 0 && known[0] == text[0] && strlen(known) == length && memcmp(known, text, length) == 0;
}

const struct known_global *known_global_find(const char *module, size_t module_length, const char *name,
                                             size_t name_length)
{
    for (size_t i = 0; i < sizeof known_globals / sizeof *known_globals; i++) {
        const struct known_global *known = &known_globals[i];
        if (is_text(known->name, name, name_length) && is_text(known->module, module, module_length)) return known;
    }
    return &unknown_global;
}
