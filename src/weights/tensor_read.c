/* SPDX-License-Identifier: Apache-2.0 */
/* tensor_read.c - the elements of a tensor as float or as they are, in row-major order, whatever their dtype and
 * strides.
 *
 *   contiguous (nearly every weight there is)      one row; of float32 a copy if the processor is little-endian
 *   else                                           row by row; an odometer over the outer dimensions
 *
 * The file's numbers are little-endian, whatever the processor, and not aligned: each is put together from its bytes.
 */
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "weights/tensor_table.h"

static const struct {
    const char *name;
    size_t n_bytes;
} dtypes[] = {
    [TENSOR_FLOAT32] = {"float32", 4}, [TENSOR_FLOAT64] = {"float64", 8},   [TENSOR_FLOAT16] = {"float16", 2},
    [TENSOR_BFLOAT16] = {"bfloat16", 2}, [TENSOR_INT64] = {"int64", 8},     [TENSOR_INT32] = {"int32", 4},
    [TENSOR_INT16] = {"int16", 2},     [TENSOR_INT8] = {"int8", 1},         [TENSOR_UINT8] = {"uint8", 1},
    [TENSOR_BOOL] = {"bool", 1},
};

const char *tensor_dtype_name(enum tensor_dtype dtype) { return dtypes[dtype].name; }
size_t tensor_dtype_bytes(enum tensor_dtype dtype) { return dtypes[dtype].n_bytes; }

static float float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. Every value is exact in binary32 (bias 127). */
static float float_from_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t exponent = half >> 10 & 0x1F;
    const uint32_t fraction = half & 0x3FF;
    if (exponent == 0x1F) return float_from_bits(sign | 0x7F800000 | fraction << 13); /* infinity, NaN */
    if (exponent > 0) return float_from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13);
    const float magnitude = (float)fraction * 0x1p-24f; /* zero or subnormal: fraction * 2^-10 * 2^-14 */
    return sign ? -magnitude : magnitude;
}

/* One reader per dtype: n elements, `step` bytes apart. */
typedef void (*row_reader)(const uint8_t *at, size_t step, size_t n, float *out);

#define DEFINE_ROW_READER(suffix, value)                                                          \
    static void read_row_##suffix(const uint8_t *at, size_t step, size_t n, float *out)           \
    {                                                                                             \
        for (size_t i = 0; i < n; i++, at += step) out[i] = value;                                \
    }
DEFINE_ROW_READER(float32, load_f32le(at))
DEFINE_ROW_READER(float64, (float)load_f64le(at))
DEFINE_ROW_READER(float16, float_from_half(load_u16le(at)))
DEFINE_ROW_READER(bfloat16, float_from_bits((uint32_t)load_u16le(at) << 16))
DEFINE_ROW_READER(int64, (float)(int64_t)load_u64le(at))
DEFINE_ROW_READER(int32, (float)(int32_t)load_u32le(at))
DEFINE_ROW_READER(int16, (float)(int16_t)load_u16le(at))
DEFINE_ROW_READER(int8, (float)(int8_t)*at)
DEFINE_ROW_READER(uint8, (float)*at)
DEFINE_ROW_READER(bool, *at != 0 ? 1.0f : 0.0f)
#undef DEFINE_ROW_READER

static const row_reader row_readers[] = {
    [TENSOR_FLOAT32] = read_row_float32, [TENSOR_FLOAT64] = read_row_float64,   [TENSOR_FLOAT16] = read_row_float16,
    [TENSOR_BFLOAT16] = read_row_bfloat16, [TENSOR_INT64] = read_row_int64,     [TENSOR_INT32] = read_row_int32,
    [TENSOR_INT16] = read_row_int16,     [TENSOR_INT8] = read_row_int8,         [TENSOR_UINT8] = read_row_uint8,
    [TENSOR_BOOL] = read_row_bool,
};

static bool is_contiguous(const struct tensor *tensor)
{
    int64_t expected = 1;
    for (int i = tensor->n_dimensions - 1; i >= 0; i--) {
        if (tensor->shape[i] != 1 && tensor->strides[i] != expected) return false;
        expected *= tensor->shape[i];
    }
    return true;
}

/* Moves to the next row: the last but one dimension turns fastest. Returns the change of the element index. */
static int64_t advance_odometer(const struct tensor *tensor, int64_t *index)
{
    int64_t moved = 0;
    for (int i = tensor->n_dimensions - 2; i >= 0; i--) {
        if (++index[i] < tensor->shape[i]) return moved + tensor->strides[i];
        moved -= (tensor->shape[i] > 1 ? tensor->strides[i] : 0) * (tensor->shape[i] - 1);
        index[i] = 0;
    }
    return moved;
}

/* Called for every run of elements that are `step` bytes apart: n of them, after `done` others. */
typedef void (*row_visitor)(const struct tensor *tensor, const uint8_t *at, size_t step, size_t n, size_t done,
                            void *out);

static void visit_rows(const struct tensor *tensor, row_visitor visit, void *out)
{
    const size_t size = tensor_dtype_bytes(tensor->dtype);
    if (tensor->n_elements == 0) return;
    if (is_contiguous(tensor)) {
        visit(tensor, tensor->data, size, tensor->n_elements, 0, out);
        return;
    }
    const int last = tensor->n_dimensions - 1; /* a scalar is contiguous */
    const size_t row = (size_t)tensor->shape[last];
    const size_t step = row <= 1 ? size : (size_t)tensor->strides[last] * size;
    int64_t index[TRBA_MAX_DIMENSIONS] = {0};
    int64_t at = 0; /* element index of the row's first element */
    for (size_t done = 0; done < tensor->n_elements; done += row) {
        visit(tensor, tensor->data + (size_t)at * size, step, row, done, out);
        at += advance_odometer(tensor, index);
    }
}

/* As memcpy(), but asks for what lies a page further on: see base/crc32_fold.c. */
static void copy_floats(float *out, const uint8_t *at, size_t n_bytes)
{
    enum { PIECE_BYTES = 4096, LINE_BYTES = 64 };
    uint8_t *to = (uint8_t *)out;
    for (size_t i = 0, n; i < n_bytes; i += n) {
        n = n_bytes - i < PIECE_BYTES ? n_bytes - i : PIECE_BYTES;
        for (size_t k = 0; k < n; k += LINE_BYTES)
            __builtin_prefetch((const void *)((uintptr_t)at + i + PIECE_BYTES + k)); /* may leave the tensor */
        memcpy(to + i, at + i, n);
    }
}

static void float_row(const struct tensor *tensor, const uint8_t *at, size_t step, size_t n, size_t done, void *out)
{
    float *const values = (float *)out + done;
    const bool is_memory = tensor->dtype == TENSOR_FLOAT32 && step == sizeof(float) && host_is_little_endian();
    if (is_memory) copy_floats(values, at, n * sizeof(float));
    else row_readers[tensor->dtype](at, step, n, values);
}

static void raw_row(const struct tensor *tensor, const uint8_t *at, size_t step, size_t n, size_t done, void *out)
{
    const size_t size = tensor_dtype_bytes(tensor->dtype);
    uint8_t *bytes = (uint8_t *)out + done * size;
    if (step == size) memcpy(bytes, at, n * size);
    else
        for (size_t i = 0; i < n; i++) memcpy(bytes + i * size, at + i * step, size);
}

struct tensor tensor_row(const struct tensor *tensor, int64_t row)
{
    struct tensor part = *tensor;
    part.data += (size_t)(row * tensor->strides[0]) * tensor_dtype_bytes(tensor->dtype);
    part.n_elements /= (size_t)tensor->shape[0];
    part.shape[0] = 1;
    return part;
}

void tensor_read_float(const struct tensor *tensor, float *out)
{
    visit_rows(tensor, float_row, out);
}

void tensor_read_raw(const struct tensor *tensor, void *out)
{
    visit_rows(tensor, raw_row, out);
}
