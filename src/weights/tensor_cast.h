/* SPDX-License-Identifier: Apache-2.0 */
/* tensor_cast.h - a tensor's elements in another dtype. */
#ifndef TRBA_WEIGHTS_TENSOR_CAST_H
#define TRBA_WEIGHTS_TENSOR_CAST_H

#include <stdbool.h>

#include "weights/tensor_table.h"

/* float32, float64, float16, bfloat16? */
bool tensor_dtype_is_float(enum tensor_dtype dtype);

/* To nearest, ties to even. What is too large becomes infinite; a NaN stays one. */
uint16_t float16_from_float(float value);
uint16_t bfloat16_from_float(float value);

/* Memory for one tensor's elements; zero-initialise. */
struct cast_buffer {
    uint8_t *bytes; /* the result; little-endian, as in a file */
    float *values;
    size_t bytes_capacity, values_capacity;
};
void cast_buffer_free(struct cast_buffer *buffer);

/* Puts the elements, in row-major order, into buffer->bytes: as they are, or from any float dtype to float32, float16
 * or bfloat16 (from float64 by way of float32, as PyTorch does). TRBA_ERROR_LIMIT, with the number, if one that is
 * finite would not be. */
trba_status tensor_cast(const struct tensor *tensor, enum tensor_dtype dtype, struct cast_buffer *buffer,
                        trba_error *err);

#endif
