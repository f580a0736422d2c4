/* SPDX-License-Identifier: Apache-2.0 */
/* tensor_cast.c - float to float16 and bfloat16, and the tensors made of them.
 *
 *   same dtype       gathered
 *   other            gathered as float -> every number held against the new type's range -> converted
 *
 * Rounding is done on the bits: to the nearest, and from the middle to the even one, as IEEE 754 and PyTorch do.
 */
#include "weights/tensor_cast.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"

bool tensor_dtype_is_float(enum tensor_dtype dtype)
{
    return dtype == TENSOR_FLOAT32 || dtype == TENSOR_FLOAT64 || dtype == TENSOR_FLOAT16 || dtype == TENSOR_BFLOAT16;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Drops the low n bits (1 to 31), rounded. A carry out of the fraction into the exponent is what it should be. */
static uint32_t round_off(uint32_t bits, int n)
{
    const uint32_t is_odd = bits >> n & 1;
    return (bits + ((UINT32_C(1) << (n - 1)) - 1) + is_odd) >> n;
}

/* bfloat16 is the upper half of a float. */
uint16_t bfloat16_from_float(float value)
{
    const uint32_t bits = bits_of(value);
    if (isnan(value)) return (uint16_t)(bits >> 16 | 0x40); /* stays a NaN when its low bits go */
    return (uint16_t)round_off(bits, 16);
}

/* binary16: 5 exponent bits (bias 15), 10 fraction bits; binary32: 8 (bias 127) and 23. */
uint16_t float16_from_float(float value)
{
    const uint32_t bits = bits_of(value), magnitude = bits & 0x7FFFFFFF;
    const uint32_t sign = bits >> 16 & 0x8000;
    const int exponent = (int)(magnitude >> 23) - 127 + 15;
    if (isnan(value)) return (uint16_t)(sign | 0x7E00 | (magnitude >> 13 & 0x3FF));
    if (exponent >= 31) return (uint16_t)(sign | 0x7C00);
    if (exponent > 0) return (uint16_t)(sign | round_off(magnitude - ((uint32_t)(127 - 15) << 23), 13));
    if (exponent < -10) return (uint16_t)sign; /* less than half of the least number, 2^-24 */
    const uint32_t fraction = (magnitude & 0x7FFFFF) | 0x800000;
    return (uint16_t)(sign | round_off(fraction, 14 - exponent));
}

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

void cast_buffer_free(struct cast_buffer *buffer)
{
    free(buffer->bytes);
    free(buffer->values);
    *buffer = (struct cast_buffer){.bytes = NULL};
}

static bool reserve(void **memory, size_t *capacity, size_t n, size_t item_bytes)
{
    size_t n_bytes;
    if (!checked_mul(n, item_bytes, &n_bytes)) return false;
    if (n_bytes <= *capacity) return true;
    free(*memory);
    *memory = malloc(n_bytes);
    *capacity = *memory != NULL ? n_bytes : 0;
    return *memory != NULL;
}

static trba_status reserve_both(struct cast_buffer *buffer, size_t n, size_t item_bytes, trba_error *err)
{
    void *bytes = buffer->bytes, *values = buffer->values;
    /* The bytes also hold the float64 that the values are compared with. */
    const bool has_bytes = reserve(&bytes, &buffer->bytes_capacity, n, item_bytes > 8 ? item_bytes : 8);
    const bool has_values = reserve(&values, &buffer->values_capacity, n, sizeof(float));
    buffer->bytes = bytes;
    buffer->values = values;
    if (has_bytes && has_values) return TRBA_OK;
    return error_set(err, TRBA_ERROR_MEMORY, "there is not enough memory to convert %zu numbers", n);
}

static trba_status fail_range(double value, enum tensor_dtype dtype, trba_error *err)
{
    return error_set(err, TRBA_ERROR_LIMIT, "%.9g is too large for %s%s", value, tensor_dtype_name(dtype),
                     dtype == TENSOR_FLOAT16 ? " (at most 65504); bfloat16 has the range of float32" : "");
}

/* float64 has become float in `values`: is all that was finite still so? */
static trba_status check_doubles(const struct tensor *tensor, const struct cast_buffer *buffer, enum tensor_dtype dtype,
                                 trba_error *err)
{
    tensor_read_raw(tensor, buffer->bytes);
    for (size_t i = 0; i < tensor->n_elements; i++) {
        const double value = load_f64le(buffer->bytes + i * sizeof value);
        if (isfinite(value) && !isfinite(buffer->values[i])) return fail_range(value, dtype, err);
    }
    return TRBA_OK;
}

static trba_status convert(const float *values, size_t n, enum tensor_dtype dtype, uint8_t *out, trba_error *err)
{
    const bool is_half = dtype == TENSOR_FLOAT16;
    const unsigned infinity = is_half ? 0x7C00 : 0x7F80;
    for (size_t i = 0; i < n; i++) {
        const uint16_t bits = is_half ? float16_from_float(values[i]) : bfloat16_from_float(values[i]);
        if ((bits & 0x7FFF) == infinity && isfinite(values[i])) return fail_range((double)values[i], dtype, err);
        store_u16le(out + i * sizeof bits, bits);
    }
    return TRBA_OK;
}

trba_status tensor_cast(const struct tensor *tensor, enum tensor_dtype dtype, struct cast_buffer *buffer,
                        trba_error *err)
{
    const size_t n = tensor->n_elements;
    trba_status status = reserve_both(buffer, n, tensor_dtype_bytes(dtype), err);
    if (status != TRBA_OK) return status;
    if (dtype == tensor->dtype) {
        tensor_read_raw(tensor, buffer->bytes);
        return TRBA_OK;
    }
    assert(tensor_dtype_is_float(tensor->dtype) && tensor_dtype_is_float(dtype) && dtype != TENSOR_FLOAT64);
    tensor_read_float(tensor, buffer->values);
    if (tensor->dtype == TENSOR_FLOAT64) status = check_doubles(tensor, buffer, dtype, err);
    if (status != TRBA_OK) return status;
    if (dtype != TENSOR_FLOAT32) return convert(buffer->values, n, dtype, buffer->bytes, err);
    for (size_t i = 0; i < n; i++) store_f32le(buffer->bytes + i * sizeof(float), buffer->values[i]);
    return TRBA_OK;
}
