/* SPDX-License-Identifier: Apache-2.0 */
/* eval_score.h - truths against answers: what is right, how far the rest is off. Formulas: docs/EVALUATION.md. */
#ifndef TRBA_PROGRAM_EVAL_SCORE_H
#define TRBA_PROGRAM_EVAL_SCORE_H

#include "common/reading_time.h"
#include "confusions.h"
#include "edit_matrix.h"

/* What counts as the same text. */
enum eval_comparison {
    COMPARE_SENSITIVE,   /* every character as it is */
    COMPARE_INSENSITIVE, /* both in lower case */
    COMPARE_ALNUM,       /* both in lower case, and of them a-z and 0-9 only: how benchmarks are reported */
    N_COMPARISONS
};

/* Sums over images. */
struct comparison_score {
    size_t n_left_out;   /* of n_images: the truth has no letter or digit, so that this comparison says nothing */
    size_t n_right;
    double similarity;   /* of 1 - edits / characters of the longer text */
    size_t n_edits;
    size_t n_characters; /* of the truths */
};

/* Of one set, or of all. Zero-initialised at first. */
struct eval_score {
    size_t n_images;                              /* that count, the broken ones included */
    size_t n_broken;                              /* of them: could not be read, and count as read wrong */
    size_t n_skipped;                             /* by --filter: not in n_images */
    struct comparison_score by[N_COMPARISONS];
    struct confusions confusions;                 /* by the comparison that decides what is wrong */
    struct reading_time time;
};

/* Rates; NAN where there is nothing to divide by. */
double eval_accuracy(const struct eval_score *score, enum eval_comparison by);            /* percent */
double eval_normalised_distance(const struct eval_score *score, enum eval_comparison by); /* 0..1, 1: all right */
double eval_character_errors(const struct eval_score *score, enum eval_comparison by);    /* percent */

void eval_score_merge(struct eval_score *total, const struct eval_score *part);
void eval_score_free(struct eval_score *score);

/* Who compares: scratch memory, reused from image to image. Zero-initialised at first but for wrong_by. */
struct eval_judge {
    enum eval_comparison wrong_by; /* decides what is wrong, and whose confusions are counted */
    struct code_points folded_truth, folded_answer;
    struct edit_matrix matrix;
};

/* What the comparison `wrong_by` says. */
enum eval_verdict { VERDICT_WRONG, VERDICT_RIGHT, VERDICT_LEFT_OUT };

/* Adds one answer to the score. */
enum eval_verdict eval_judge_answer(struct eval_judge *judge, const struct code_points *truth,
                                    const struct code_points *answer, struct eval_score *score);

/* Adds an image that could not be read: no answer is right, not even an empty one. Without a truth (NULL), as with a
 * label that is not UTF-8, it is wrong by each comparison, and adds no characters. */
enum eval_verdict eval_judge_broken(struct eval_judge *judge, const struct code_points *truth,
                                    struct eval_score *score);

void eval_judge_free(struct eval_judge *judge);

#endif
