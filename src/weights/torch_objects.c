/* SPDX-License-Identifier: Apache-2.0 */
/* torch_objects.c - calls that were not made, read as data.
 *
 *   _rebuild_parameter(_rebuild_tensor_v2(storage, offset, shape, strides, ...), ...)
 *      peel off the wrappers -> the arguments of _rebuild_tensor*
 *      storage = persistent id ('storage', torch.FloatStorage, '12', 'cpu', 4096, view)
 *      -> tensor_view -> tensor_view_check()
 */
#include "weights/torch_objects.h"

#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"

/* A parameter of a subclass of a tensor: PyTorch itself nests two. */
enum { WRAPPERS_LIMIT = 4 };
/* A module has about 20. A file in which a million objects share a dict of a million keys must not be searched. */
enum { ATTRIBUTES_LIMIT = 256 };

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

/* The call of a _rebuild_tensor* function. */
struct tensor_call {
    enum known_meaning meaning; /* one of those of a tensor; KNOWN_NOTHING: this is none */
    const struct pickle_value *arguments;
};

static bool is_tensor_meaning(enum known_meaning meaning)
{
    return meaning >= KNOWN_TENSOR && meaning <= KNOWN_META_TENSOR;
}

static struct tensor_call find_tensor_call(const struct pickle_value *value)
{
    struct tensor_call call = {.meaning = KNOWN_NOTHING};
    if (value->kind != PICKLE_OBJECT) return call;
    call = (struct tensor_call){pickle_meaning(value->as.object->callable), value->as.object->arguments};
    for (int i = 0; i < WRAPPERS_LIMIT; i++) {
        if (call.meaning == KNOWN_FROM_TYPE) {
            call.meaning = pickle_meaning(pickle_item(call.arguments, 0));
            call.arguments = pickle_item(call.arguments, 2);
        } else if (call.meaning == KNOWN_FIRST_ARGUMENT) {
            const struct pickle_value *inner = pickle_item(call.arguments, 0);
            if (inner == NULL || inner->kind != PICKLE_OBJECT) break;
            call = (struct tensor_call){pickle_meaning(inner->as.object->callable), inner->as.object->arguments};
        }
    }
    if (!is_tensor_meaning(call.meaning)) call.meaning = KNOWN_NOTHING;
    return call;
}

bool torch_is_tensor(const struct pickle_value *value)
{
    return value != NULL && find_tensor_call(value).meaning != KNOWN_NOTHING;
}

static bool is_int(const struct pickle_value *value) { return value != NULL && value->kind == PICKLE_INT; }

/* (key, offset, length) in elements, or None. */
static trba_status read_storage_view(const struct pickle_value *view, uint64_t n_elements, struct torch_storage *out,
                                     trba_error *err)
{
    out->view_begin = 0;
    out->view_length = n_elements;
    if (view == NULL || view->kind == PICKLE_NONE) return TRBA_OK;
    const struct pickle_value *offset = pickle_item(view, 1), *length = pickle_item(view, 2);
    if (!is_int(offset) || !is_int(length) || offset->as.integer < 0 || length->as.integer < 0 ||
        !range_is_inside((uint64_t)offset->as.integer, (uint64_t)length->as.integer, n_elements))
        return error_set(err, TRBA_ERROR_FORMAT, "has a view that lies outside its storage");
    out->view_begin = (uint64_t)offset->as.integer;
    out->view_length = (uint64_t)length->as.integer;
    return TRBA_OK;
}

trba_status torch_read_storage(const struct pickle_value *value, struct torch_storage *out, trba_error *err)
{
    const struct pickle_value *id = value != NULL && value->kind == PICKLE_PERSISTENT ? value->as.id : NULL;
    const struct pickle_value *class = pickle_item(id, 1), *key = pickle_item(id, 2), *count = pickle_item(id, 4);
    if (!pickle_is_text(pickle_item(id, 0), "storage") || class == NULL || class->kind != PICKLE_GLOBAL ||
        key == NULL || key->kind != PICKLE_TEXT || !is_int(count))
        return error_set(err, TRBA_ERROR_FORMAT, "has something in the place of its storage");
    const struct pickle_global *global = class->as.global;
    if (global->known->meaning != KNOWN_STORAGE && global->known->meaning != KNOWN_BYTE_STORAGE)
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "has a storage of a kind that is not read: %.*s.%.*s",
                         pickle_shown_length(global->module), global->module.bytes,
                         pickle_shown_length(global->name), global->name.bytes);
    if (count->as.integer < 0 ||
        !checked_mul((size_t)count->as.integer, tensor_dtype_bytes(global->known->dtype), &out->n_bytes))
        return error_set(err, TRBA_ERROR_FORMAT, "has a storage of an impossible size (%lld)",
                         (long long)count->as.integer);
    out->key = key->as.text;
    out->class = global->known;
    return read_storage_view(pickle_item(id, 5), (uint64_t)count->as.integer, out, err);
}

/* A tuple of ints (or torch.Size of one) into out[TRBA_MAX_DIMENSIONS]; the number of them, or -1. */
static int read_int_tuple(const struct pickle_value *value, int64_t *out)
{
    if (value != NULL && value->kind == PICKLE_OBJECT && pickle_meaning(value->as.object->callable) == KNOWN_SIZE)
        value = pickle_item(value->as.object->arguments, 0);
    if (value == NULL || (value->kind != PICKLE_TUPLE && value->kind != PICKLE_LIST)) return -1;
    if (value->as.list.n > TRBA_MAX_DIMENSIONS) return -1;
    for (size_t i = 0; i < value->as.list.n; i++) {
        if (!is_int(value->as.list.items[i])) return -1;
        out[i] = value->as.list.items[i]->as.integer;
    }
    return (int)value->as.list.n;
}

/* Only _rebuild_tensor_v3 names the dtype beside the storage, which is then bytes. */
static trba_status read_dtype(const struct tensor_call *call, const struct torch_storage *storage,
                              enum tensor_dtype *out, trba_error *err)
{
    *out = storage->class->dtype;
    if (call->meaning != KNOWN_TENSOR_V3) return TRBA_OK;
    const struct pickle_value *dtype = pickle_item(call->arguments, 6);
    if (dtype == NULL || dtype->kind != PICKLE_GLOBAL)
        return error_set(err, TRBA_ERROR_FORMAT, "has something in the place of its dtype");
    const struct pickle_global *global = dtype->as.global;
    if (global->known->meaning != KNOWN_DTYPE)
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "has a dtype that is not read, %.*s.%.*s: save it with float()",
                         pickle_shown_length(global->module), global->module.bytes,
                         pickle_shown_length(global->name), global->name.bytes);
    *out = global->known->dtype;
    return TRBA_OK;
}

/* Tensors that PyTorch rebuilds from something else than a storage with strides. */
static trba_status check_kind(enum known_meaning meaning, trba_error *err)
{
    switch (meaning) {
    case KNOWN_QUANTISED_TENSOR:
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "is quantised: give the file from before quantisation");
    case KNOWN_SPARSE_TENSOR:
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "is sparse: save it with to_dense()");
    case KNOWN_META_TENSOR:
        return error_set(err, TRBA_ERROR_UNSUPPORTED,
                         "was on the device \"meta\" and has no elements: load the weights into the model first");
    default: return TRBA_OK;
    }
}

/* PyTorch does not negate or conjugate the elements of x.conj().imag and the like: it notes in a last argument,
 * {'neg': True}, that it must be done when they are read. */
static trba_status check_notes(const struct tensor_call *call, trba_error *err)
{
    const struct pickle_value *notes = pickle_item(call->arguments, call->meaning == KNOWN_TENSOR_V3 ? 7 : 6);
    if (notes == NULL || notes->kind != PICKLE_DICT) return TRBA_OK;
    if (notes->as.list.n / 2 > ATTRIBUTES_LIMIT)
        return error_set(err, TRBA_ERROR_FORMAT, "has more than %d notes on how to read it", ATTRIBUTES_LIMIT);
    for (size_t i = 0; i + 1 < notes->as.list.n; i += 2)
        if (notes->as.list.items[i + 1]->kind == PICKLE_BOOL && notes->as.list.items[i + 1]->as.integer != 0)
            return error_set(err, TRBA_ERROR_UNSUPPORTED,
                             "is to be negated or conjugated when it is read, which is not done: save it with "
                             "resolve_neg() and resolve_conj()");
    return TRBA_OK;
}

trba_status torch_read_tensor(const struct pickle_value *value, torch_storage_finder find, void *reader,
                              struct tensor *out, trba_error *err)
{
    const struct tensor_call call = find_tensor_call(value);
    trba_status status = check_kind(call.meaning, err);
    if (status == TRBA_OK) status = check_notes(&call, err);
    if (status != TRBA_OK) return status;
    const struct pickle_value *offset = pickle_item(call.arguments, 1);
    struct tensor_view view = {.n_dimensions = read_int_tuple(pickle_item(call.arguments, 2), view.shape)};
    const int n_strides = read_int_tuple(pickle_item(call.arguments, 3), view.strides);
    if (call.meaning == KNOWN_NOTHING || !is_int(offset) || view.n_dimensions < 0 || n_strides != view.n_dimensions)
        return error_set(err, TRBA_ERROR_FORMAT, "has an offset, shape or strides that are not at most %d integers",
                         TRBA_MAX_DIMENSIONS);
    view.offset = offset->as.integer;
    struct torch_storage storage;
    const uint8_t *bytes = NULL;
    status = torch_read_storage(pickle_item(call.arguments, 0), &storage, err);
    if (status == TRBA_OK) status = read_dtype(&call, &storage, &view.dtype, err);
    if (status == TRBA_OK) status = find(reader, &storage, &bytes, err);
    if (status != TRBA_OK) return status;
    const size_t element = tensor_dtype_bytes(storage.class->dtype);
    view.storage = bytes + storage.view_begin * element; /* both inside the storage: checked by torch_read_storage */
    view.storage_bytes = (size_t)storage.view_length * element;
    return tensor_view_check(&view, out, err);
}

/* ---- modules ----------------------------------------------------------------------------------------------------- */

const struct pickle_value *torch_module_attributes(const struct pickle_value *value)
{
    if (value->kind != PICKLE_OBJECT) return NULL;
    const struct pickle_value *state = value->as.object->state;
    if (state == NULL || state->kind != PICKLE_DICT || state->as.list.n / 2 > ATTRIBUTES_LIMIT) return NULL;
    const bool has_both = pickle_dict_find(state, "_parameters") != NULL && pickle_dict_find(state, "_modules") != NULL;
    return has_both ? state : NULL;
}

const struct pickle_value *torch_script_attributes(const struct pickle_value *value)
{
    static const char package[] = "__torch__";
    if (value->kind != PICKLE_OBJECT || value->as.object->callable->kind != PICKLE_GLOBAL) return NULL;
    const struct pickle_text module = value->as.object->callable->as.global->module;
    if (module.n < sizeof package - 1 || memcmp(module.bytes, package, sizeof package - 1) != 0) return NULL;
    const struct pickle_value *state = value->as.object->state;
    return state != NULL && state->kind == PICKLE_DICT ? state : NULL;
}

/* ---- NumPy scalars ----------------------------------------------------------------------------------------------- */

/* scalar(dtype('f8', ...), bytes). Protocol 2 has no bytes: they are written as _codecs.encode(text, 'latin1'), the
 * text being UTF-8 in which every byte over 127 takes two. */
static bool read_scalar_bytes(const struct pickle_value *value, uint8_t out[8], size_t *n)
{
    bool is_latin1_text = false;
    if (value != NULL && value->kind == PICKLE_OBJECT && pickle_meaning(value->as.object->callable) == KNOWN_ENCODE) {
        value = pickle_item(value->as.object->arguments, 0);
        is_latin1_text = true;
    }
    if (value == NULL || (value->kind != PICKLE_BYTES && value->kind != PICKLE_TEXT)) return false;
    const uint8_t *bytes = (const uint8_t *)value->as.text.bytes;
    *n = 0;
    for (size_t i = 0; i < value->as.text.n; i++) {
        if (*n == 8) return false;
        const bool is_pair = is_latin1_text && (bytes[i] & 0xFE) == 0xC2 && i + 1 < value->as.text.n;
        out[(*n)++] = is_pair ? (uint8_t)((bytes[i] & 3) << 6 | (bytes[i + 1] & 0x3F)) : bytes[i];
        if (is_pair) i++;
    }
    return true;
}

bool torch_read_numpy_scalar(const struct pickle_value *value, double *out)
{
    if (value->kind != PICKLE_OBJECT || pickle_meaning(value->as.object->callable) != KNOWN_NUMPY_SCALAR) return false;
    const struct pickle_value *dtype = pickle_item(value->as.object->arguments, 0);
    if (dtype == NULL || dtype->kind != PICKLE_OBJECT ||
        pickle_meaning(dtype->as.object->callable) != KNOWN_NUMPY_DTYPE)
        return false;
    const struct pickle_value *code = pickle_item(dtype->as.object->arguments, 0);
    uint8_t bytes[8];
    size_t n;
    if (!read_scalar_bytes(pickle_item(value->as.object->arguments, 1), bytes, &n)) return false;
    if (pickle_is_text(code, "f8") && n == 8) {
        *out = load_f64le(bytes);
    } else if (pickle_is_text(code, "f4") && n == 4) {
        *out = (double)load_f32le(bytes);
    } else if (pickle_is_text(code, "i8") && n == 8) {
        *out = (double)(int64_t)load_u64le(bytes);
    } else if (pickle_is_text(code, "i4") && n == 4) {
        *out = (double)(int32_t)load_u32le(bytes);
    } else {
        return false;
    }
    return true;
}
