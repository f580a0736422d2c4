/* SPDX-License-Identifier: Apache-2.0 */
/* eval_score.c - each pair of texts three times: as it is, in lower case, and only its letters and digits.
 *
 *   truth, answer -> fold -> edit distance -> right? similarity, edits, characters -> sums -> rates
 */
#include "eval_score.h"

#include <math.h>

/* ---- rates ------------------------------------------------------------------------------------------------------- */

static double divide(double sum, size_t n)
{
    return n > 0 ? sum / (double)n : (double)NAN;
}

static size_t n_compared(const struct eval_score *score, enum eval_comparison by)
{
    return score->n_images - score->by[by].n_left_out;
}

double eval_accuracy(const struct eval_score *score, enum eval_comparison by)
{
    return divide((double)score->by[by].n_right, n_compared(score, by)) * 100;
}

double eval_normalised_distance(const struct eval_score *score, enum eval_comparison by)
{
    return divide(score->by[by].similarity, n_compared(score, by));
}

double eval_character_errors(const struct eval_score *score, enum eval_comparison by)
{
    return divide((double)score->by[by].n_edits, score->by[by].n_characters) * 100;
}

void eval_score_merge(struct eval_score *total, const struct eval_score *part)
{
    total->n_images += part->n_images;
    total->n_broken += part->n_broken;
    total->n_skipped += part->n_skipped;
    for (int by = 0; by < N_COMPARISONS; by++) {
        total->by[by].n_left_out += part->by[by].n_left_out;
        total->by[by].n_right += part->by[by].n_right;
        total->by[by].similarity += part->by[by].similarity;
        total->by[by].n_edits += part->by[by].n_edits;
        total->by[by].n_characters += part->by[by].n_characters;
    }
    confusions_merge(&total->confusions, &part->confusions);
    reading_time_merge(&total->time, &part->time);
}

void eval_score_free(struct eval_score *score)
{
    confusions_free(&score->confusions);
    reading_time_free(&score->time);
}

/* ---- one pair ---------------------------------------------------------------------------------------------------- */

static void fold(const struct code_points *text, enum eval_comparison by, struct code_points *out)
{
    code_points_copy(text, out);
    if (by != COMPARE_SENSITIVE) code_points_lower(out);
    if (by == COMPARE_ALNUM) code_points_keep_alnum(out);
}

/* The ICDAR 2019 measure as clovaai's test.py has it: 0 as soon as one text is empty, even if both are. */
static double similarity(size_t n_edits, size_t n_truth, size_t n_answer)
{
    if (n_truth == 0 || n_answer == 0) return 0;
    return 1 - (double)n_edits / (double)(n_truth > n_answer ? n_truth : n_answer);
}

struct collector {
    const struct eval_judge *judge;
    struct confusions *confusions;
};

static void collect_edit(void *user, size_t i, size_t j)
{
    const struct collector *collector = user;
    const struct eval_judge *judge = collector->judge;
    confusions_add(collector->confusions, i != EDIT_NO_CHARACTER ? judge->folded_truth.at[i] : NO_CODE_POINT,
                   j != EDIT_NO_CHARACTER ? judge->folded_answer.at[j] : NO_CODE_POINT);
}

/* An empty answer to "&" is none: only the other two comparisons can say whether it is right. */
static bool is_left_out(enum eval_comparison by, const struct code_points *folded_truth)
{
    return by == COMPARE_ALNUM && folded_truth->n == 0;
}

static enum eval_verdict compare(struct eval_judge *judge, const struct code_points *truth,
                                 const struct code_points *answer, enum eval_comparison by, struct eval_score *score)
{
    struct code_points *t = &judge->folded_truth, *a = &judge->folded_answer;
    struct comparison_score *sums = &score->by[by];
    fold(truth, by, t);
    fold(answer, by, a);
    if (is_left_out(by, t)) {
        sums->n_left_out++;
        return VERDICT_LEFT_OUT;
    }
    const size_t n_edits = edit_matrix_fill(&judge->matrix, t, a);
    sums->n_right += n_edits == 0;
    sums->similarity += similarity(n_edits, t->n, a->n);
    sums->n_edits += n_edits;
    sums->n_characters += t->n;
    if (by == judge->wrong_by && n_edits > 0)
        edit_matrix_walk(&judge->matrix, t, a, collect_edit, &(struct collector){judge, &score->confusions});
    return n_edits == 0 ? VERDICT_RIGHT : VERDICT_WRONG;
}

enum eval_verdict eval_judge_answer(struct eval_judge *judge, const struct code_points *truth,
                                    const struct code_points *answer, struct eval_score *score)
{
    enum eval_verdict verdicts[N_COMPARISONS];
    for (int by = 0; by < N_COMPARISONS; by++)
        verdicts[by] = compare(judge, truth, answer, (enum eval_comparison)by, score);
    score->n_images++;
    return verdicts[judge->wrong_by];
}

enum eval_verdict eval_judge_broken(struct eval_judge *judge, const struct code_points *truth,
                                    struct eval_score *score)
{
    enum eval_verdict verdicts[N_COMPARISONS];
    for (int by = 0; by < N_COMPARISONS; by++) {
        if (truth != NULL) fold(truth, (enum eval_comparison)by, &judge->folded_truth);
        else judge->folded_truth.n = 0;
        const bool is_out = truth != NULL && is_left_out((enum eval_comparison)by, &judge->folded_truth);
        verdicts[by] = is_out ? VERDICT_LEFT_OUT : VERDICT_WRONG;
        score->by[by].n_left_out += is_out;
        score->by[by].n_edits += judge->folded_truth.n;
        score->by[by].n_characters += judge->folded_truth.n;
    }
    score->n_images++;
    score->n_broken++;
    return verdicts[judge->wrong_by];
}

void eval_judge_free(struct eval_judge *judge)
{
    code_points_free(&judge->folded_truth);
    code_points_free(&judge->folded_answer);
    edit_matrix_free(&judge->matrix);
}
