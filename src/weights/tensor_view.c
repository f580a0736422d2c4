/* SPDX-License-Identifier: Apache-2.0 */
/* tensor_view.c - shape, strides, offset, storage -> a tensor that can be read without further checks.
 *
 *   last element reachable = offset + sum over dimensions of (size - 1) * stride       all checked for overflow
 *   allowed when            (last + 1) * bytes per element <= bytes of the storage
 *
 * The stride of a dimension of size 1 is never used, so whatever stands there is allowed (PyTorch writes anything).
 */
#include "weights/tensor_view.h"

#include <string.h>

#include "base/checked.h"

static trba_status check_signs(const struct tensor_view *view, trba_error *err)
{
    for (int i = 0; i < view->n_dimensions; i++) {
        if (view->shape[i] < 0)
            return error_set(err, TRBA_ERROR_FORMAT, "has a negative size (%lld)", (long long)view->shape[i]);
        if (view->strides[i] < 0)
            return error_set(err, TRBA_ERROR_FORMAT, "has a negative stride (%lld)", (long long)view->strides[i]);
    }
    if (view->offset < 0)
        return error_set(err, TRBA_ERROR_FORMAT, "has a negative offset (%lld)", (long long)view->offset);
    return TRBA_OK;
}

/* A size of zero makes the tensor empty, whatever the others multiply to. */
static bool count_elements(const struct tensor_view *view, size_t *out)
{
    bool fits = true;
    *out = 1;
    for (int i = 0; i < view->n_dimensions; i++) {
        if (view->shape[i] == 0) {
            *out = 0;
            return true;
        }
        fits = fits && checked_mul(*out, (size_t)view->shape[i], out);
    }
    return fits;
}

/* The bytes from the storage's begin to the end of the last element that can be reached; false on overflow. */
static bool measure_reach(const struct tensor_view *view, size_t *out)
{
    size_t last = (size_t)view->offset;
    for (int i = 0; i < view->n_dimensions; i++) {
        size_t step;
        if (view->shape[i] == 1) continue;
        if (!checked_mul((size_t)view->shape[i] - 1, (size_t)view->strides[i], &step)) return false;
        if (!checked_add(last, step, &last)) return false;
    }
    return checked_add(last, 1, &last) && checked_mul(last, tensor_dtype_bytes(view->dtype), out);
}

static bool is_broadcast_too_far(const struct tensor_view *view, size_t n_elements)
{
    const size_t stored = view->storage_bytes / tensor_dtype_bytes(view->dtype);
    return n_elements > stored && n_elements > TENSOR_BROADCAST_LIMIT;
}

trba_status tensor_view_check(const struct tensor_view *view, struct tensor *out, trba_error *err)
{
    const trba_status status = check_signs(view, err);
    if (status != TRBA_OK) return status;
    size_t n_elements, reach = 0;
    if (!count_elements(view, &n_elements))
        return error_set(err, TRBA_ERROR_FORMAT, "has a shape whose number of elements overflows");
    if (n_elements > 0 && !measure_reach(view, &reach))
        return error_set(err, TRBA_ERROR_FORMAT, "has strides and an offset that overflow");
    if (reach > view->storage_bytes)
        return error_set(err, TRBA_ERROR_FORMAT, "reaches %zu bytes into a storage of %zu bytes", reach,
                         view->storage_bytes);
    if (is_broadcast_too_far(view, n_elements))
        return error_set(err, TRBA_ERROR_LIMIT, "repeats a storage of %zu bytes to %zu elements", view->storage_bytes,
                         n_elements);
    const size_t skip = n_elements == 0 ? 0 : (size_t)view->offset * tensor_dtype_bytes(view->dtype);
    *out = (struct tensor){.dtype = view->dtype, .n_dimensions = view->n_dimensions, .data = view->storage + skip,
                           .n_elements = n_elements};
    memcpy(out->shape, view->shape, sizeof out->shape);
    memcpy(out->strides, view->strides, sizeof out->strides);
    return TRBA_OK;
}

size_t tensor_count_repeated(const struct tensor *tensor)
{
    if (tensor->n_elements == 0) return 0; /* other sizes may then be anything */
    size_t span = 1;
    for (int i = 0; i < tensor->n_dimensions; i++) span += (size_t)((tensor->shape[i] - 1) * tensor->strides[i]);
    return tensor->n_elements > span ? tensor->n_elements - span : 0;
}

void tensor_view_set_row_major(struct tensor_view *view)
{
    int64_t stride = 1;
    for (int i = view->n_dimensions - 1; i >= 0; i--) {
        view->strides[i] = stride;
        /* An overflow here means a shape that tensor_view_check() refuses by its number of elements. */
        if (__builtin_mul_overflow(stride, view->shape[i], &stride)) stride = INT64_MAX;
    }
}
