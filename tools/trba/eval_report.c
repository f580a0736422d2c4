/* SPDX-License-Identifier: Apache-2.0 */
/* eval_report.c - the scores as a table and as JSON.
 *
 *   a line a set, then the total when there are several; below, what was skipped or broken, and the confusions
 */
#include "eval_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json_text.h"

enum { CONFUSIONS = 10 };

const char *eval_comparison_name(enum eval_comparison by)
{
    static const char *const names[N_COMPARISONS] = {"sensitive", "insensitive", "alnum"};
    return names[by];
}

static size_t most_confusions(const struct eval_report *report)
{
    const int asked = report->options->settings.n_confusions;
    return asked != 0 ? (size_t)asked : CONFUSIONS;
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static void print_heading(void)
{
    static const char columns[] = "  accuracy    NED      CER";
    printf("         |      case-sensitive      |     case-insensitive     |    letters and digits    |\n"
           "  images |%s |%s |%s | ms/image  set\n", columns, columns, columns);
}

static void print_rate(int width, double value)
{
    if (isnan(value)) printf("%*s", width, "-");
    else printf("%*.3f", width, value);
}

static void print_line(struct eval_score *score, const char *name)
{
    printf("%8zu |", score->n_images);
    for (int by = 0; by < N_COMPARISONS; by++) {
        print_rate(9, eval_accuracy(score, (enum eval_comparison)by));
        print_rate(8, eval_normalised_distance(score, (enum eval_comparison)by));
        print_rate(8, eval_character_errors(score, (enum eval_comparison)by));
        fputs(" |", stdout);
    }
    printf("%9.3f  %s\n", reading_time_mean(&score->time), name);
}

static void print_note(const struct eval_score *score, const char *name)
{
    if (score->n_skipped > 0) printf("%s: %zu skipped by the filter\n", name, score->n_skipped);
    if (score->n_broken > 0) printf("%s: %zu broken, counted as read wrong\n", name, score->n_broken);
}

/* "O as 0 x12", "s lost x3", "- added x2". */
static void print_confusion(const struct confusion *confusion)
{
    char truth[CODE_POINT_BYTES], answer[CODE_POINT_BYTES];
    code_point_encode(confusion->truth, truth);
    code_point_encode(confusion->answer, answer);
    if (confusion->truth == NO_CODE_POINT) printf("%s added", answer);
    else if (confusion->answer == NO_CODE_POINT) printf("%s lost", truth);
    else printf("%s as %s", truth, answer);
    printf(" x%zu", confusion->count);
}

static void print_confusions(const struct eval_report *report, struct eval_score *score, const char *name)
{
    struct confusion *confusions;
    const size_t n = confusions_most_frequent(&score->confusions, most_confusions(report), &confusions);
    for (size_t i = 0; i < n; i++) {
        if (i == 0) printf("%s, most frequent confusions: ", name);
        else fputs(", ", stdout);
        print_confusion(&confusions[i]);
    }
    if (n > 0) fputc('\n', stdout);
    free(confusions);
}

int eval_report_print(const struct eval_report *report, int code)
{
    const size_t n = report->sets->n;
    print_heading();
    for (size_t i = 0; i < n; i++) print_line(&report->scores[i], report->sets->items[i].path);
    if (n > 1) print_line(report->total, "total");
    for (size_t i = 0; i < n; i++) print_note(&report->scores[i], report->sets->items[i].path);
    for (size_t i = 0; i < n; i++) print_confusions(report, &report->scores[i], report->sets->items[i].path);
    if (n > 1) print_confusions(report, report->total, "total");
    return finish_output(code);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *make_comparison(const struct eval_score *score, enum eval_comparison by)
{
    const struct comparison_score *sums = &score->by[by];
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "accuracy", json_number(eval_accuracy(score, by)),
                     "normalised_edit_distance", json_number(eval_normalised_distance(score, by)),
                     "character_error_rate", json_number(eval_character_errors(score, by)), "n_right",
                     (json_int_t)sums->n_right, "n_edits", (json_int_t)sums->n_edits, "n_characters",
                     (json_int_t)sums->n_characters);
}

/* A character, or null for none. */
static json_t *make_character(uint32_t code_point)
{
    char text[CODE_POINT_BYTES];
    code_point_encode(code_point, text);
    return code_point != NO_CODE_POINT ? json_text(text) : json_null();
}

static json_t *make_confusions(const struct eval_report *report, struct eval_score *score)
{
    struct confusion *confusions;
    json_t *list = json_array();
    const size_t n = confusions_most_frequent(&score->confusions, most_confusions(report), &confusions);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:o, s:o, s:I}", "truth", make_character(confusions[i].truth),
                                              "answer", make_character(confusions[i].answer), "count",
                                              (json_int_t)confusions[i].count));
    free(confusions);
    return list;
}

static json_t *make_score(const struct eval_report *report, struct eval_score *score)
{
    return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "n_images", (json_int_t)score->n_images,
                     "n_broken", (json_int_t)score->n_broken, "n_skipped", (json_int_t)score->n_skipped,
                     "case_sensitive", make_comparison(score, COMPARE_SENSITIVE), "case_insensitive",
                     make_comparison(score, COMPARE_INSENSITIVE), "alphanumeric",
                     make_comparison(score, COMPARE_ALNUM), "ms_per_image",
                     json_number(reading_time_mean(&score->time)), "ms_per_image_median",
                     json_number(reading_time_median(&score->time)), "confusions", make_confusions(report, score));
}

static json_t *make_model(const struct eval_report *report)
{
    trba_model_info info;
    char network[64];
    trba_model_get_info(report->model, &info);
    trba_architecture_name(&info.architecture, network, sizeof network);
    return json_pack("{s:o, s:s, s:s, s:s, s:i, s:b, s:b, s:i, s:s, s:s}", "file", json_text(report->model_path),
                     "network", network, "preset", info.preset == TRBA_PRESET_EASYOCR ? "easyocr" : "clovaai",
                     "charset", info.charset_name, "n_characters", info.n_characters, "pad", info.pad, "compat",
                     info.compat, "batch_max_length", info.batch_max_length, "cpu", trba_cpu_name(info.cpu),
                     "precision", trba_precision_name(info.precision));
}

int eval_report_print_json(const struct eval_report *report, int code)
{
    json_t *sets = json_array();
    for (size_t i = 0; i < report->sets->n; i++) {
        json_t *set = json_pack("{s:o}", "path", json_text(report->sets->items[i].path));
        json_t *score = make_score(report, &report->scores[i]);
        json_object_update(set, score);
        json_decref(score);
        json_array_append_new(sets, set);
    }
    return print_json(json_pack("{s:o, s:b, s:s, s:o, s:o}", "model", make_model(report), "filter",
                                eval_options_filter(report->options) ? 1 : 0, "compare",
                                eval_comparison_name(report->wrong_by), "sets", sets, "total",
                                make_score(report, report->total)),
                      code);
}
