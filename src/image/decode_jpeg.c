/* SPDX-License-Identifier: Apache-2.0 */
/* decode_jpeg.c - JPEG through libjpeg-turbo, to the bytes that Pillow (or OpenCV) shows. The only file that includes
 * jpeglib.h.
 *
 *   headers  -> colour space asked for: grey (also the luma plane of a colour JPEG, for OpenCV), RGB, or CMYK
 *   scanline -> one row of scratch behind the result, unless libjpeg can write the result itself
 *   grey.c   -> grey or RGB
 *
 * The settings are libjpeg's own defaults, as in Pillow: accurate integer DCT, fancy upsampling. CMYK counts as
 * inverted whether or not an Adobe marker says so, as in Pillow. A file that ends before its last row is an error;
 * damage that libjpeg only warns about is not.
 *
 * libjpeg reports errors by longjmp. All that must survive the jump lives in struct jpeg_job.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
/* jpeglib.h needs size_t and FILE declared before it. */
#include <jpeglib.h>

#include <jerror.h>

#include "image/decode.h"
#include "image/exif.h"
#include "image/grey.h"

/* A progressive file of a few kilobytes can order thousands of passes over millions of blocks. Encoders write about
 * ten scans; what is allowed here takes a second or two at most. */
enum { MAX_SCANS = 500 };
static const uint64_t MAX_SCANNED_PIXELS = UINT64_C(2000) * 1000 * 1000;

struct jpeg_job {
    struct jpeg_decompress_struct jpeg; /* first: error_exit and the monitor get a pointer to it */
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf jump;
    bool has_too_many_scans;
    char message[JMSG_LENGTH_MAX];
    size_t n_bytes;
};

/* ---- what libjpeg calls ----------------------------------------------------------------------------------------- */

static void on_error(j_common_ptr jpeg)
{
    struct jpeg_job *job = (struct jpeg_job *)jpeg;
    jpeg->err->format_message(jpeg, job->message);
    longjmp(job->jump, 1);
}

static void on_message(j_common_ptr jpeg)
{
    (void)jpeg; /* the library never prints */
}

static void on_progress(j_common_ptr jpeg)
{
    struct jpeg_job *job = (struct jpeg_job *)jpeg;
    const uint64_t n_pixels = (uint64_t)job->jpeg.image_width * job->jpeg.image_height;
    const uint64_t n_scans = (uint64_t)job->jpeg.input_scan_number;
    if (n_scans <= MAX_SCANS && n_scans * n_pixels <= MAX_SCANNED_PIXELS) return;
    job->has_too_many_scans = true;
    longjmp(job->jump, 1);
}

static void source_do_nothing(j_decompress_ptr jpeg) { (void)jpeg; }

/* All bytes were there from the beginning: being asked for more means that the file is truncated. */
static boolean source_has_no_more(j_decompress_ptr jpeg)
{
    (void)jpeg;
    return FALSE;
}

static void source_skip(j_decompress_ptr jpeg, long n)
{
    if (n <= 0) return;
    const size_t left = jpeg->src->bytes_in_buffer;
    const size_t skipped = (size_t)n < left ? (size_t)n : left;
    jpeg->src->next_input_byte += skipped;
    jpeg->src->bytes_in_buffer -= skipped;
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

static void start(struct jpeg_job *job, const uint8_t *bytes, bool wants_orientation)
{
    jpeg_create_decompress(&job->jpeg);
    job->source = (struct jpeg_source_mgr){
        .next_input_byte = bytes,
        .bytes_in_buffer = job->n_bytes,
        .init_source = source_do_nothing,
        .fill_input_buffer = source_has_no_more,
        .skip_input_data = source_skip,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = source_do_nothing,
    };
    job->jpeg.src = &job->source;
    job->progress.progress_monitor = on_progress;
    job->jpeg.progress = &job->progress;
    if (wants_orientation) jpeg_save_markers(&job->jpeg, JPEG_APP0 + 1, 0xFFFF);
}

static trba_status fail_truncated(const struct jpeg_job *job, trba_error *err)
{
    return error_set(err, TRBA_ERROR_FORMAT, "truncated JPEG: it ends after %zu bytes, before its last row",
                     job->n_bytes);
}

/* Asks libjpeg for pixels of the returned kind. */
static enum pixel_kind choose_raw_pixels(struct jpeg_job *job, struct image_rules rules)
{
    struct jpeg_decompress_struct *jpeg = &job->jpeg;
    const bool wants_luma = rules.channels == 1 && rules.grey == IMAGE_GREY_OPENCV;
    if (jpeg->num_components == 4) {
        jpeg->out_color_space = JCS_CMYK;
        return wants_luma ? PIXEL_CMYK_OPENCV : PIXEL_CMYK_INVERTED;
    }
    if (jpeg->num_components == 1 || wants_luma) {
        jpeg->out_color_space = JCS_GRAYSCALE;
        return PIXEL_GREY;
    }
    jpeg->out_color_space = JCS_RGB;
    return PIXEL_RGB;
}

static trba_status read_header(struct jpeg_job *job, trba_error *err)
{
    int status;
    do { /* tables may come in a stream of their own */
        status = jpeg_read_header(&job->jpeg, FALSE);
    } while (status == JPEG_HEADER_TABLES_ONLY);
    if (status == JPEG_SUSPENDED)
        return error_set(err, TRBA_ERROR_FORMAT, "truncated JPEG: it ends after %zu bytes, inside its headers",
                         job->n_bytes);
    const int n = job->jpeg.num_components;
    if (n != 1 && n != 3 && n != 4)
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "JPEG with %d colour components; 1, 3 and 4 are read", n);
    return decode_check_size("JPEG", job->jpeg.image_width, job->jpeg.image_height, err);
}

static int find_orientation(const struct jpeg_job *job)
{
    for (const struct jpeg_marker_struct *m = job->jpeg.marker_list; m != NULL; m = m->next) {
        const int orientation = exif_orientation_in_app1(m->data, m->data_length);
        if (orientation != 0) return orientation;
    }
    return 1;
}

static trba_status read_rows(struct jpeg_job *job, enum pixel_kind kind, const struct image_view *view, uint8_t *pixels,
                             trba_error *err)
{
    const bool is_direct = kind == (view->channels == 1 ? PIXEL_GREY : PIXEL_RGB);
    uint8_t *const scratch = pixels + view->stride_bytes * (size_t)view->height;
    for (int y = 0; y < view->height; y++) {
        uint8_t *const row = pixels + (size_t)y * view->stride_bytes;
        JSAMPROW target = is_direct ? row : scratch;
        if (jpeg_read_scanlines(&job->jpeg, &target, 1) != 1) return fail_truncated(job, err);
        if (!is_direct) pixel_row_convert(kind, scratch, (size_t)view->width, view->channels, row);
    }
    return TRBA_OK;
}

static trba_status read_pixels(struct jpeg_job *job, struct image_rules rules, bool will_be_turned,
                               struct image_buffer *buffer, struct image_view *view, trba_error *err)
{
    if (rules.channels == 0) rules.channels = job->jpeg.num_components == 1 ? 1 : 3;
    const enum pixel_kind kind = choose_raw_pixels(job, rules);
    const int width = (int)job->jpeg.image_width, height = (int)job->jpeg.image_height;
    const size_t scratch_bytes = (size_t)width * pixel_bytes(kind);
    const size_t turned_bytes = will_be_turned ? (size_t)width * (size_t)height * (size_t)rules.channels : 0;
    const size_t extra_bytes = scratch_bytes > turned_bytes ? scratch_bytes : turned_bytes;
    const trba_status status = decode_reserve(width, height, rules.channels, extra_bytes, buffer, view, err);
    if (status != TRBA_OK) return status;
    if (!jpeg_start_decompress(&job->jpeg)) return fail_truncated(job, err);
    return read_rows(job, kind, view, buffer->bytes, err);
}

static trba_status describe_failure(const struct jpeg_job *job, trba_error *err)
{
    if (job->has_too_many_scans)
        return error_set(err, TRBA_ERROR_LIMIT, "progressive JPEG with too many scans for its size (%u x %u pixels)",
                         job->jpeg.image_width, job->jpeg.image_height);
    switch (job->errors.msg_code) {
    case JERR_OUT_OF_MEMORY: return error_set(err, TRBA_ERROR_MEMORY, "out of memory while decoding a JPEG");
    case JERR_IMAGE_TOO_BIG: return error_set(err, TRBA_ERROR_LIMIT, "JPEG too large: %s", job->message);
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "JPEG of a kind that is not read: %s", job->message);
    default: return error_set(err, TRBA_ERROR_FORMAT, "damaged JPEG: %s", job->message);
    }
}

/* Everything that may jump. */
static trba_status read_image(struct jpeg_job *job, const uint8_t *bytes, struct image_rules rules,
                              struct image_buffer *buffer, struct image_view *view, int *orientation, trba_error *err)
{
    if (setjmp(job->jump) != 0) return describe_failure(job, err);
    start(job, bytes, rules.applies_orientation);
    trba_status status = read_header(job, err);
    if (status != TRBA_OK) return status;
    *orientation = find_orientation(job);
    return read_pixels(job, rules, *orientation != 1, buffer, view, err);
}

trba_status decode_jpeg(const uint8_t *bytes, size_t n_bytes, struct image_rules rules,
                        struct image_buffer *buffer, struct image_view *out, int *orientation, trba_error *err)
{
    struct jpeg_job job = {.n_bytes = n_bytes};
    job.jpeg.err = jpeg_std_error(&job.errors);
    job.errors.error_exit = on_error;
    job.errors.output_message = on_message;
    const trba_status status = read_image(&job, bytes, rules, buffer, out, orientation, err);
    jpeg_destroy_decompress(&job.jpeg); /* also right when the decompressor was never made */
    return status;
}
