/* SPDX-License-Identifier: Apache-2.0 */
/* errors_page.c - a card for each image: the picture as a data URI, truth, answer, file.
 *
 * Every text of a set is somebody else's: it is escaped, and the page's policy forbids everything but its own pictures
 * and style.
 */
#include "errors_page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/console.h"
#include "common/overwriting.h"
#include "common/standard_files.h"
#include "common/tool_memory.h"
#include "common/whole_file.h"

enum { IMAGE_MAX_BYTES = 64 * 1024 * 1024 };

static const char page_start[] = "<!DOCTYPE html>\n";
static const char page_head[] =
    "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Read wrong</title>\n<style>\n"
    "body { font: 15px/1.4 sans-serif; margin: 1.5em; color-scheme: light dark }\n"
    "main { display: grid; grid-template-columns: repeat(auto-fill, minmax(16em, 1fr)); gap: 1em }\n"
    "article { border: 1px solid #8886; border-radius: 4px; padding: .6em; overflow-wrap: anywhere }\n"
    "img { max-width: 100%; max-height: 8em; min-height: 2em; background: #8883 }\n"
    "dl { margin: .4em 0; display: grid; grid-template-columns: auto 1fr; gap: 0 .6em }\n"
    "dd { margin: 0; font: 1.15em monospace; white-space: pre-wrap }\n"
    "mark { background: #e536; color: inherit }\nsmall { color: #888 }\n</style>\n</head>\n<body>\n";

/* ---- texts ------------------------------------------------------------------------------------------------------- */

static void write_escaped(const char *text, FILE *file)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&': fputs("&amp;", file); break;
        case '<': fputs("&lt;", file); break;
        case '>': fputs("&gt;", file); break;
        case '"': fputs("&quot;", file); break;
        case '\'': fputs("&#39;", file); break;
        default: fputc(*text, file);
        }
    }
}

/* Which characters of both texts belong to an edit. */
struct marks {
    bool *truth, *answer;
};

static void mark_edit(void *user, size_t i, size_t j)
{
    const struct marks *marks = user;
    if (i != EDIT_NO_CHARACTER) marks->truth[i] = true;
    if (j != EDIT_NO_CHARACTER) marks->answer[j] = true;
}

static void write_marked(const char *name, const struct code_points *text, const bool *marks, FILE *file)
{
    fprintf(file, "<dt>%s</dt><dd>", name);
    for (size_t i = 0; i < text->n; i++) {
        char character[CODE_POINT_BYTES];
        code_point_encode(text->at[i], character);
        if (marks[i] && (i == 0 || !marks[i - 1])) fputs("<mark>", file);
        write_escaped(character, file);
        if (marks[i] && (i + 1 == text->n || !marks[i + 1])) fputs("</mark>", file);
    }
    fputs("</dd>", file);
}

static void write_texts(struct errors_page *page, const struct code_points *truth, const struct code_points *answer)
{
    bool *all = memset(memory_resize(NULL, truth->n + answer->n + 1, sizeof *all), 0,
                       (truth->n + answer->n + 1) * sizeof *all);
    struct marks marks = {all, all + truth->n};
    edit_matrix_fill(&page->matrix, truth, answer);
    edit_matrix_walk(&page->matrix, truth, answer, mark_edit, &marks);
    fputs("<dl>", page->file);
    write_marked("truth", truth, marks.truth, page->file);
    write_marked("answer", answer, marks.answer, page->file);
    fputs("</dl>", page->file);
    free(all);
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

/* RFC 4648. */
static void write_base64(const unsigned char *bytes, size_t n, FILE *file)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        const size_t left = n - i;
        const unsigned b1 = left > 1 ? bytes[i + 1] : 0, b2 = left > 2 ? bytes[i + 2] : 0;
        const unsigned bits = (unsigned)bytes[i] << 16 | b1 << 8 | b2;
        fputc(digits[bits >> 18], file);
        fputc(digits[bits >> 12 & 63], file);
        fputc(left > 1 ? digits[bits >> 6 & 63] : '=', file);
        fputc(left > 2 ? digits[bits & 63] : '=', file);
    }
}

/* By the first bytes; NULL for what is neither PNG nor JPEG. */
static const char *media_type(const void *bytes, size_t n)
{
    if (n >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) return "image/png";
    return n >= 3 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0 ? "image/jpeg" : NULL;
}

static void write_picture(const struct eval_sample *sample, FILE *file)
{
    char message[FILE_MESSAGE_BYTES], *own = NULL;
    const void *bytes = sample->image.bytes;
    size_t n = sample->image.n_bytes;
    if (sample->image.kind == TRBA_IMAGE_FILE)
        bytes = own = whole_file_read(sample->name, IMAGE_MAX_BYTES, &n, message);
    const char *type = bytes != NULL ? media_type(bytes, n) : NULL;
    if (type != NULL) {
        fprintf(file, "<img alt=\"\" src=\"data:%s;base64,", type);
        write_base64(bytes, n, file);
        fputs("\">", file);
    }
    free(own);
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

bool errors_page_open(struct errors_page *page, const char *path, const char *model)
{
    if (!is_replaceable(path, page_start)) {
        console_print("%s is there already and is no HTML page, and would be lost: name another file", path);
        return false;
    }
    *page = (struct errors_page){.file = fopen(path, "we"), .path = path};
    if (page->file == NULL) {
        console_print("cannot write to %s: %s", path, strerror(errno));
        return false;
    }
    fputs(page_start, page->file);
    fputs(page_head, page->file);
    fputs("<h1>Read wrong by ", page->file);
    write_escaped(model, page->file);
    fputs("</h1>\n<main>\n", page->file);
    fflush(page->file); /* so that --predictions finds it here if it is the same file after all, as X and x may be */
    return true;
}

static void write_name(const struct errors_page *page, const struct eval_sample *sample)
{
    fputs("<small>", page->file);
    write_escaped(sample->name, page->file);
}

void errors_page_add(struct errors_page *page, const struct eval_sample *sample, const struct code_points *truth,
                     const struct code_points *answer, float confidence)
{
    fputs("<article>", page->file);
    write_picture(sample, page->file);
    write_texts(page, truth, answer);
    write_name(page, sample);
    fprintf(page->file, ", confidence %.4f</small></article>\n", (double)confidence);
    page->n_images++;
}

void errors_page_add_broken(struct errors_page *page, const struct eval_sample *sample, const char *why)
{
    fputs("<article>", page->file);
    write_picture(sample, page->file);
    fputs("<dl><dt>truth</dt><dd>", page->file);
    write_escaped(sample->label, page->file);
    fputs("</dd><dt>broken</dt><dd>", page->file);
    write_escaped(why, page->file);
    fputs("</dd></dl>", page->file);
    write_name(page, sample);
    fputs("</small></article>\n", page->file);
    page->n_images++;
}

bool errors_page_close(struct errors_page *page)
{
    fprintf(page->file, "</main>\n<p>%zu image%s</p>\n</body>\n</html>\n", page->n_images,
            page->n_images == 1 ? "" : "s");
    const bool is_written = output_is_written(page->file, page->path);
    const bool is_closed = fclose(page->file) == 0;
    if (is_written && !is_closed) console_print("cannot write to %s: %s", page->path, strerror(errno));
    edit_matrix_free(&page->matrix);
    return is_written && is_closed;
}
