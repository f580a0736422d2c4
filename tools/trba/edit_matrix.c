/* SPDX-License-Identifier: Apache-2.0 */
/* edit_matrix.c - Wagner and Fischer's table, and the way back through it. */
#include "edit_matrix.h"

#include <stdlib.h>

#include "common/tool_memory.h"

static uint32_t least_of(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void reserve(struct edit_matrix *matrix, size_t rows)
{
    const size_t n = rows * matrix->columns;
    if (n <= matrix->capacity) return;
    matrix->capacity = n * 2;
    matrix->cell = memory_resize(matrix->cell, matrix->capacity, sizeof *matrix->cell);
}

size_t edit_matrix_fill(struct edit_matrix *matrix, const struct code_points *truth,
                        const struct code_points *answer)
{
    const size_t columns = matrix->columns = answer->n + 1;
    reserve(matrix, truth->n + 1);
    for (size_t j = 0; j < columns; j++) matrix->cell[j] = (uint32_t)j;
    for (size_t i = 1; i <= truth->n; i++) {
        const uint32_t *above = matrix->cell + (i - 1) * columns;
        uint32_t *row = matrix->cell + i * columns;
        row[0] = (uint32_t)i;
        for (size_t j = 1; j < columns; j++) {
            const uint32_t replaced = above[j - 1] + (truth->at[i - 1] != answer->at[j - 1]);
            row[j] = least_of(replaced, least_of(above[j], row[j - 1]) + 1);
        }
    }
    return matrix->cell[truth->n * columns + answer->n];
}

void edit_matrix_walk(const struct edit_matrix *matrix, const struct code_points *truth,
                      const struct code_points *answer, edit_visit visit, void *user)
{
    size_t i = truth->n, j = answer->n;
    while (i > 0 || j > 0) {
        const uint32_t *here = matrix->cell + i * matrix->columns + j;
        const bool differs = i > 0 && j > 0 && truth->at[i - 1] != answer->at[j - 1];
        if (i > 0 && j > 0 && *here == *(here - matrix->columns - 1) + differs) {
            i--, j--;
            if (differs) visit(user, i, j);
        } else if (i > 0 && *here == *(here - matrix->columns) + 1) {
            visit(user, --i, EDIT_NO_CHARACTER);
        } else {
            visit(user, EDIT_NO_CHARACTER, --j);
        }
    }
}

void edit_matrix_free(struct edit_matrix *matrix)
{
    free(matrix->cell);
    *matrix = (struct edit_matrix){.cell = NULL};
}
