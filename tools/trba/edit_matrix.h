/* SPDX-License-Identifier: Apache-2.0 */
/* edit_matrix.h - Levenshtein's edit distance between two texts, and which edits they are. */
#ifndef TRBA_PROGRAM_EDIT_MATRIX_H
#define TRBA_PROGRAM_EDIT_MATRIX_H

#include "code_points.h"

/* Reused from pair to pair; zero-initialised at first. */
struct edit_matrix {
    uint32_t *cell; /* [truth + 1][answer + 1]: the distance between the first i and the first j characters */
    size_t capacity, columns;
};

#define EDIT_NO_CHARACTER SIZE_MAX

/* One edit: truth[i] was read as answer[j]; with j EDIT_NO_CHARACTER truth[i] was lost, with i EDIT_NO_CHARACTER
 * answer[j] was added. */
typedef void (*edit_visit)(void *user, size_t i, size_t j);

/* Fills the matrix and returns the distance. Takes (truth->n + 1) x (answer->n + 1) steps and 4 bytes for each. */
size_t edit_matrix_fill(struct edit_matrix *matrix, const struct code_points *truth,
                        const struct code_points *answer);

/* Visits the edits of the pair that the matrix was filled with, from the end of the texts to their beginning. Where
 * several sets of edits are equally short, replacing goes before losing, and losing before adding. */
void edit_matrix_walk(const struct edit_matrix *matrix, const struct code_points *truth,
                      const struct code_points *answer, edit_visit visit, void *user);

void edit_matrix_free(struct edit_matrix *matrix);

#endif
