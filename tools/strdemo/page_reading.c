/* SPDX-License-Identifier: Apache-2.0 */
/* page_reading.c - one page, many regions.
 *
 *   the one input -> trba_page -> up to --batch regions at a time through the session -> one line each, in order
 */
#include "page_reading.h"

#include <stdlib.h>

#include "common/console.h"
#include "common/exit_codes.h"
#include "common/tool_memory.h"
#include "input_list.h"

/* Takes the only input. Returns the exit code PROGRAM_OK, or another after a line on stderr: PROGRAM_PARTIAL and a page
 * in `out` if other inputs could not be read. */
static int take_page(const struct strdemo_options *options, struct input_item *out)
{
    struct input_list *list = input_list_new(&options->inputs);
    struct input_item second = {.path = NULL};
    int code = PROGRAM_OK;
    if (!input_list_next(list, out)) {
        if (input_list_n_problems(list) == 0) console_print("there is no page to read");
        code = PROGRAM_PARTIAL;
    } else if (input_list_next(list, &second)) {
        console_print("--boxes goes with one page, and there are more: %s, %s, ...", out->path, second.path);
        code = PROGRAM_REFUSED;
    } else if (out->problem != NULL) {
        console_print("%s", out->problem);
        input_item_free(out);
        code = PROGRAM_PARTIAL;
    } else if (input_list_n_problems(list) > 0) {
        code = PROGRAM_PARTIAL;
    }
    input_item_free(&second);
    input_list_free(list);
    return code;
}

/* The page as the model's reference program would see it, unless --exif and --alpha say otherwise. */
static trba_page *open_page(const trba_model *model, const struct strdemo_options *options,
                            const struct input_item *item)
{
    trba_page_options page_options = trba_page_options_default();
    trba_model_info info;
    trba_error err;
    trba_page *page = NULL;
    trba_model_get_info(model, &info);
    page_options.preset = info.architecture.input_channel == 1 ? info.preset : TRBA_PRESET_CLOVAAI;
    page_options.exif = model_options_exif(&options->model);
    page_options.alpha = model_options_alpha(&options->model);
    const trba_image image =
        item->bytes != NULL ? trba_image_encoded(item->bytes, item->n_bytes) : trba_image_file(item->path);
    if (trba_page_open(&image, &page_options, &page, &err) == TRBA_OK) return page;
    if (err.status == TRBA_ERROR_IO) console_print("%s", err.message);
    else console_print("%s: %s", item->bytes != NULL ? "standard input" : item->path, err.message);
    return NULL;
}

struct page_reader {
    trba_session *session;
    const trba_page *page;
    const char *path;
    trba_region *regions; /* [n]: those of the file that have no result yet; allocated */
    size_t *numbers;      /* [n]: of the regions, in the file; allocated */
    size_t n;
    trba_region_options how;
    bool is_quiet;
    size_t n_failed;
};

/* Reads the regions first .. first + n - 1 and writes their lines. */
static bool read_regions(struct page_reader *r, size_t first, size_t n, struct result_output *out,
                         struct reading_time *time)
{
    const trba_region *regions = r->regions + first;
    const trba_result *results;
    trba_error err;
    const double before = clock_ms();
    if (trba_session_read_regions(r->session, r->page, regions, n, &r->how, &results, &err) != TRBA_OK) {
        console_print("%s", err.message);
        return false;
    }
    reading_time_add(time, n, clock_ms() - before);
    for (size_t i = 0; i < n; i++) {
        const size_t number = r->numbers[first + i];
        const bool has_failed = results[i].status != TRBA_OK;
        r->n_failed += has_failed;
        if (has_failed && !r->is_quiet) console_print("%s#%zu: %s", r->path, number, results[i].message);
        result_output_write_region(out, r->path, number, &regions[i], &results[i]);
    }
    return true;
}

static void choose_unfinished(struct page_reader *r, const struct boxes *boxes, struct result_output *out)
{
    r->regions = memory_resize(NULL, boxes->n + 1, sizeof *r->regions);
    r->numbers = memory_resize(NULL, boxes->n + 1, sizeof *r->numbers);
    for (size_t i = 0; i < boxes->n; i++) {
        const enum finished finished = result_output_take_finished_region(out, r->path, i);
        r->n_failed += finished == FINISHED_BADLY;
        if (finished != FINISHED_NOT) continue;
        r->regions[r->n] = boxes->regions[i];
        r->numbers[r->n++] = i;
    }
}

static int read_all_regions(struct page_reader *r, size_t batch, struct result_output *out, struct reading_time *time)
{
    if (!result_output_begin(out)) return PROGRAM_UNWRITTEN;
    result_output_heading(out);
    for (size_t first = 0; first < r->n && !out->is_broken; first += batch) {
        const size_t left = r->n - first;
        if (!read_regions(r, first, left < batch ? left : batch, out, time)) return PROGRAM_PARTIAL;
    }
    if (out->is_broken) return PROGRAM_UNWRITTEN;
    return r->n_failed > 0 ? PROGRAM_PARTIAL : PROGRAM_OK;
}

static int read_item(const trba_model *model, const struct strdemo_options *options, const struct input_item *item,
                     const struct boxes *boxes, struct result_output *out, struct reading_time *time)
{
    const struct strdemo_settings *s = &options->settings;
    const size_t batch = options->model.batch != 0 ? (size_t)options->model.batch : DEFAULT_BATCH;
    trba_page *page = open_page(model, options, item);
    if (page == NULL) return PROGRAM_PARTIAL;
    trba_session *session = model_options_open_session(&options->model, model, options->model.n_threads, batch);
    int code = PROGRAM_REFUSED;
    if (session != NULL) {
        struct page_reader reader = {.session = session, .page = page, .path = item->path,
                                     .how = trba_region_options_default(), .is_quiet = s->quiet != 0};
        reader.how.rotate = model_options_rotate(&options->model, TRBA_ROTATE_NONE);
        reader.how.vertical = s->vertical ? TRBA_CHOICE_YES : TRBA_CHOICE_NO;
        choose_unfinished(&reader, boxes, out);
        code = read_all_regions(&reader, batch, out, time);
        free(reader.numbers);
        free(reader.regions);
    }
    trba_session_free(session);
    trba_page_free(page);
    return code;
}

/* A page without words is possible, but rarely meant: as of an empty list or folder, that is said. */
static int check_boxes(const char *path, const struct boxes *boxes)
{
    if (boxes->n > 0) return PROGRAM_OK;
    console_print("there is no region in %s: nothing on the page is read", path);
    return PROGRAM_PARTIAL;
}

int read_page(const trba_model *model, const struct strdemo_options *options, const struct boxes *boxes,
              struct result_output *out, struct reading_time *time)
{
    struct input_item item = {.path = NULL};
    time->started_ms = clock_ms();
    const int input_code = take_page(options, &item);
    int code = PROGRAM_OK;
    if (item.path != NULL && input_code != PROGRAM_REFUSED) code = read_item(model, options, &item, boxes, out, time);
    input_item_free(&item);
    if (code == PROGRAM_OK && input_code == PROGRAM_OK) return check_boxes(options->settings.boxes, boxes);
    return code != PROGRAM_OK ? code : input_code;
}
