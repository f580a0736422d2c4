/* SPDX-License-Identifier: Apache-2.0 */
/* eval_report.c - the scores as a table and as JSON.
 *
 *   a line a set, then the total when there are several; below, what was skipped or broken, and the confusions
 */
#include "eval_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/harmless_text.h"
#include "common/json_text.h"

enum { SHOWN_BYTES = 16 };
_Static_assert((int)SHOWN_BYTES >= (int)CODE_POINT_BYTES, "a character fits");

const char *eval_comparison_name(enum eval_comparison by)
{
    static const char *const names[N_COMPARISONS] = {"sensitive", "insensitive", "alnum"};
    return names[by];
}

static size_t most_confusions(const struct eval_report *report)
{
    return (size_t)report->options->settings.n_confusions;
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
    printf("%9.3f  ", reading_time_mean(&score->time));
    harmless_text_write(name, "", stdout);
    fputc('\n', stdout);
}

static void print_count(const char *name, size_t n, const char *what)
{
    if (n == 0) return;
    harmless_text_write(name, "", stdout);
    printf(": %zu %s\n", n, what);
}

static void print_notes(const struct eval_score *score, const char *name)
{
    print_count(name, score->n_skipped, "skipped by the filter");
    print_count(name, score->n_broken, "broken, counted as read wrong");
    print_count(name, score->by[COMPARE_ALNUM].n_left_out,
                "without a-z and 0-9 in the truth, left out of \"letters and digits\"");
}

/* The character itself, or its number where nothing would be seen, or the terminal would obey. */
static void show_character(uint32_t code_point, char out[SHOWN_BYTES])
{
    const bool is_seen = code_point > ' ' && (code_point < 0x7F || code_point > 0xA0);
    if (is_seen) code_point_encode(code_point, out);
    else snprintf(out, SHOWN_BYTES, "U+%04X", (unsigned)code_point);
}

/* "O as 0 x12", "s lost x3", "U+0020 added x2". */
static void print_confusion(const struct confusion *confusion)
{
    char truth[SHOWN_BYTES], answer[SHOWN_BYTES];
    show_character(confusion->truth, truth);
    show_character(confusion->answer, answer);
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
        if (i == 0) harmless_text_write(name, "", stdout);
        fputs(i == 0 ? ", most frequent confusions: " : ", ", stdout);
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
    for (size_t i = 0; i < n; i++) print_notes(&report->scores[i], report->sets->items[i].path);
    for (size_t i = 0; i < n; i++) print_confusions(report, &report->scores[i], report->sets->items[i].path);
    if (n > 1) print_confusions(report, report->total, "total");
    return finish_output(code);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *make_comparison(const struct eval_score *score, enum eval_comparison by)
{
    const struct comparison_score *sums = &score->by[by];
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I}", "accuracy", json_number(eval_accuracy(score, by)),
                     "normalised_edit_distance", json_number(eval_normalised_distance(score, by)),
                     "character_error_rate", json_number(eval_character_errors(score, by)), "n_left_out",
                     (json_int_t)sums->n_left_out, "n_right", (json_int_t)sums->n_right, "n_edits",
                     (json_int_t)sums->n_edits, "n_characters", (json_int_t)sums->n_characters);
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

static const char *preset_name(trba_preset preset)
{
    return preset == TRBA_PRESET_EASYOCR ? "easyocr" : "clovaai";
}

static json_t *make_model(const struct eval_report *report)
{
    trba_model_info info;
    char network[64];
    trba_model_get_info(report->model, &info);
    trba_architecture_name(&info.architecture, network, sizeof network);
    const int img_w = info.architecture.img_w;
    return json_pack("{s:o, s:s, s:o, s:s, s:s, s:i, s:i, s:o, s:b, s:b, s:i, s:s, s:s}", "file",
                     json_text(report->model_path), "network", network, "sidecar",
                     info.sidecar[0] != '\0' ? json_text(info.sidecar) : json_null(), "preset",
                     preset_name(info.preset), "charset", info.charset_name, "n_characters", info.n_characters, "imgH",
                     info.architecture.img_h, "imgW", img_w > 0 ? json_integer(img_w) : json_null(), "pad", info.pad,
                     "compat", info.compat, "batch_max_length", info.batch_max_length, "cpu", trba_cpu_name(info.cpu),
                     "precision", trba_precision_name(info.precision));
}

/* How pictures are decoded, unless an option says so: as the preset's program does. */
static const char *exif_name(const struct eval_report *report)
{
    trba_model_info info;
    trba_model_get_info(report->model, &info);
    const trba_exif asked = model_options_exif(&report->options->model);
    const bool is_applied = asked == TRBA_EXIF_ANY ? info.preset == TRBA_PRESET_EASYOCR : asked == TRBA_EXIF_APPLY;
    return is_applied ? "apply" : "ignore";
}

/* The way pictures are read in that no option names is the model's. */
static const char *rotate_name(const struct eval_report *report)
{
    trba_model_info info;
    trba_model_get_info(report->model, &info);
    return model_options_rotate_name(model_options_rotate(&report->options->model, info.rotate));
}

static const char *alpha_name(trba_alpha alpha)
{
    return alpha == TRBA_ALPHA_WHITE ? "white" : alpha == TRBA_ALPHA_BLACK ? "black" : "ignore";
}

/* What the figures were measured with, the model apart. */
static json_t *make_settings(const struct eval_report *report)
{
    const struct model_settings *asked = &report->options->model;
    return json_pack("{s:i, s:i, s:s, s:s, s:s, s:b, s:s}", "threads",
                     asked->n_threads != 0 ? asked->n_threads : trba_cpu_count(), "batch",
                     asked->batch != 0 ? asked->batch : DEFAULT_BATCH, "exif", exif_name(report), "alpha",
                     alpha_name(model_options_alpha(asked)), "rotate", rotate_name(report), "filter",
                     eval_options_filter(report->options) ? 1 : 0, "compare", eval_comparison_name(report->wrong_by));
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
    json_t *all = json_pack("{s:s, s:o}", "version", trba_version(), "model", make_model(report));
    json_t *settings = make_settings(report);
    json_object_update(all, settings);
    json_decref(settings);
    json_object_set_new(all, "sets", sets);
    json_object_set_new(all, "total", make_score(report, report->total));
    return print_json(all, code);
}
