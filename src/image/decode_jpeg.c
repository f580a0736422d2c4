/* SPDX-License-Identifier: Apache-2.0 */
/* decode_jpeg.c - JPEG through libjpeg-turbo, to the bytes that Pillow (or OpenCV) shows. The only file that includes
 * jpeglib.h.
 *
 *   headers  -> colour space asked for: grey (also the luma plane of a colour JPEG, for OpenCV), RGB, or CMYK
 *   scanline -> one row of scratch behind the result, unless libjpeg can write the result itself
 *   grey.c   -> grey or RGB
 *
 * The decoder is made once and used for one picture after the other. Its memory is ours (codec_memory.h), its tables
 * are forgotten after each picture: libjpeg would keep them for files without, and a picture must not depend on the one
 * before it.
 *
 * The settings are libjpeg's own defaults, as in Pillow: accurate integer DCT, fancy upsampling. CMYK counts as
 * inverted whether or not an Adobe marker says so, as in Pillow. A file that ends before its last row is an error;
 * damage that libjpeg only warns about is not.
 *
 * libjpeg reports errors by longjmp. All that must survive the jump lives in struct jpeg_decoder.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* jpeglib.h needs size_t and FILE declared before it. */
#include <jpeglib.h>

#include <jerror.h>

#include "base/checked.h"
#include "image/decode.h"
#include "image/grey.h"
#include "image/jpeg_segments.h"

/* A progressive file of a few kilobytes can order thousands of passes over millions of blocks. Encoders write about
 * ten scans; what is allowed here takes about a second. */
enum { MAX_SCANS = 500 };
static const uint64_t MAX_SCANNED_PIXELS = UINT64_C(2000) * 1000 * 1000;

struct jpeg_decoder {
    struct jpeg_decompress_struct jpeg; /* first: what libjpeg calls gets a pointer to it */
    struct jpeg_memory_mgr *own_memory; /* libjpeg's, which the decoder itself lives in */
    struct jpeg_memory_mgr our_memory;
    struct codec_memory *memory;        /* of this picture */
    struct jvirt_barray_control *block_arrays; /* asked for, not yet there */
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
    struct jpeg_decoder *decoder = (struct jpeg_decoder *)jpeg;
    jpeg->err->format_message(jpeg, decoder->message);
    longjmp(decoder->jump, 1);
}

static void on_message(j_common_ptr jpeg)
{
    (void)jpeg; /* the library never prints */
}

static bool has_too_many_scans(const struct jpeg_decoder *decoder, uint64_t n_scans)
{
    const uint64_t n_pixels = (uint64_t)decoder->jpeg.image_width * decoder->jpeg.image_height;
    return n_scans > MAX_SCANS || n_scans * n_pixels > MAX_SCANNED_PIXELS;
}

static void on_progress(j_common_ptr jpeg)
{
    struct jpeg_decoder *decoder = (struct jpeg_decoder *)jpeg;
    decoder->has_too_many_scans = has_too_many_scans(decoder, (uint64_t)decoder->jpeg.input_scan_number);
    if (decoder->has_too_many_scans) longjmp(decoder->jump, 1);
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

/* ---- libjpeg's memory ------------------------------------------------------------------------------------------- */

/* The SIMD code of libjpeg-turbo reads and writes whole vectors, beyond the end of a row. */
enum { ROW_ALIGNMENT = 64 };

/* What libjpeg calls a virtual array: a whole plane, asked for before its size is sure. Ours are simply there, but for
 * their zeros: those are written row by row, as far as the picture goes. Only of blocks (progressive files); whole
 * planes of samples libjpeg wants for one thing, choosing a palette, which is never asked of it. */
struct jvirt_barray_control {
    struct jvirt_barray_control *next;
    JBLOCKARRAY rows;
    JDIMENSION width, height;
    boolean begins_zeroed;
    JDIMENSION n_zeroed; /* rows */
};

static void *take_memory(j_common_ptr jpeg, int pool, size_t n_bytes)
{
    (void)pool; /* what is to outlive the picture does not: see forget_picture() */
    struct jpeg_decoder *decoder = (struct jpeg_decoder *)jpeg;
    void *piece = codec_memory_take(decoder->memory, n_bytes);
    if (piece == NULL) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    return piece;
}

/* Memory for n rows of at least *row_bytes each; *row_bytes becomes what one takes. */
static uint8_t *take_plane(j_common_ptr jpeg, int pool, size_t *row_bytes, JDIMENSION n)
{
    size_t n_bytes;
    *row_bytes = round_up(*row_bytes, ROW_ALIGNMENT);
    if (!checked_mul(*row_bytes, n, &n_bytes)) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 1);
    return take_memory(jpeg, pool, n_bytes);
}

static JSAMPARRAY take_samples(j_common_ptr jpeg, int pool, JDIMENSION width, JDIMENSION height)
{
    JSAMPARRAY rows = take_memory(jpeg, pool, height * sizeof *rows);
    size_t row_bytes = width * sizeof(JSAMPLE);
    uint8_t *plane = take_plane(jpeg, pool, &row_bytes, height);
    for (JDIMENSION y = 0; y < height; y++) rows[y] = (JSAMPROW)(plane + y * row_bytes);
    return rows;
}

static JBLOCKARRAY take_blocks(j_common_ptr jpeg, int pool, JDIMENSION width, JDIMENSION height)
{
    JBLOCKARRAY rows = take_memory(jpeg, pool, height * sizeof *rows);
    size_t row_bytes = width * sizeof(JBLOCK);
    uint8_t *plane = take_plane(jpeg, pool, &row_bytes, height);
    for (JDIMENSION y = 0; y < height; y++) rows[y] = (JBLOCKROW)(void *)(plane + y * row_bytes); /* aligned */
    return rows;
}

static jvirt_sarray_ptr refuse_samples(j_common_ptr jpeg, int pool, boolean begins_zeroed, JDIMENSION width,
                                       JDIMENSION height, JDIMENSION most_at_once)
{
    (void)pool, (void)begins_zeroed, (void)width, (void)height, (void)most_at_once;
    ERREXIT(jpeg, JERR_NOT_COMPILED);
    return NULL;
}

static jvirt_barray_ptr ask_for_blocks(j_common_ptr jpeg, int pool, boolean begins_zeroed, JDIMENSION width,
                                       JDIMENSION height, JDIMENSION most_at_once)
{
    (void)most_at_once;
    struct jpeg_decoder *decoder = (struct jpeg_decoder *)jpeg;
    struct jvirt_barray_control *array = take_memory(jpeg, pool, sizeof *array);
    *array = (struct jvirt_barray_control){
        .next = decoder->block_arrays, .width = width, .height = height, .begins_zeroed = begins_zeroed};
    decoder->block_arrays = array;
    return array;
}

static void make_arrays(j_common_ptr jpeg)
{
    struct jpeg_decoder *decoder = (struct jpeg_decoder *)jpeg;
    for (; decoder->block_arrays != NULL; decoder->block_arrays = decoder->block_arrays->next)
        decoder->block_arrays->rows =
            take_blocks(jpeg, JPOOL_IMAGE, decoder->block_arrays->width, decoder->block_arrays->height);
}

static JBLOCKARRAY access_blocks(j_common_ptr jpeg, jvirt_barray_ptr array, JDIMENSION first, JDIMENSION n,
                                 boolean will_write)
{
    (void)will_write;
    if (array->rows == NULL || first > array->height || n > array->height - first)
        ERREXIT(jpeg, JERR_BAD_VIRTUAL_ACCESS);
    for (; array->begins_zeroed && array->n_zeroed < first + n; array->n_zeroed++)
        memset(array->rows[array->n_zeroed], 0, array->width * sizeof(JBLOCK));
    return array->rows + first;
}

static void free_nothing(j_common_ptr jpeg, int pool)
{
    (void)jpeg, (void)pool; /* all of it is taken back after the picture */
}

static void destroy_nothing(j_common_ptr jpeg) { (void)jpeg; }

static const struct jpeg_memory_mgr memory_functions = {
    .alloc_small = take_memory,
    .alloc_large = take_memory,
    .alloc_sarray = take_samples,
    .alloc_barray = take_blocks,
    .request_virt_sarray = refuse_samples,
    .request_virt_barray = ask_for_blocks,
    .realize_virt_arrays = make_arrays,
    .access_virt_barray = access_blocks,
    .free_pool = free_nothing,
    .self_destruct = destroy_nothing,
    .max_alloc_chunk = 1000000000, /* libjpeg's own value */
};

/* ---- the decoder ------------------------------------------------------------------------------------------------ */

void decode_jpeg_free(struct jpeg_decoder *decoder)
{
    if (decoder == NULL) return;
    decoder->jpeg.mem = decoder->own_memory;
    jpeg_destroy_decompress(&decoder->jpeg); /* also right when it was never made */
    free(decoder);
}

/* libjpeg takes a few KiB more, once. */
size_t decode_jpeg_memory(const struct jpeg_decoder *decoder) { return decoder != NULL ? sizeof *decoder : 0; }

/* False when there is no memory: libjpeg then jumps. */
static bool create(struct jpeg_decoder *decoder)
{
    decoder->jpeg.err = jpeg_std_error(&decoder->errors);
    decoder->errors.error_exit = on_error;
    decoder->errors.output_message = on_message;
    if (setjmp(decoder->jump) != 0) return false;
    jpeg_create_decompress(&decoder->jpeg);
    decoder->own_memory = decoder->jpeg.mem;
    return true;
}

static struct jpeg_decoder *find_decoder(struct image_codecs *codecs)
{
    if (codecs->jpeg != NULL) return codecs->jpeg;
    struct jpeg_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder != NULL && !create(decoder)) {
        decoder->own_memory = decoder->jpeg.mem;
        decode_jpeg_free(decoder);
        return NULL;
    }
    codecs->jpeg = decoder;
    return decoder;
}

/* The decoder is as it was when it was made. Nothing here jumps. */
static void forget_picture(struct jpeg_decoder *decoder)
{
    jpeg_abort_decompress(&decoder->jpeg);
    for (int i = 0; i < NUM_QUANT_TBLS; i++) decoder->jpeg.quant_tbl_ptrs[i] = NULL;
    for (int i = 0; i < NUM_HUFF_TBLS; i++) {
        decoder->jpeg.dc_huff_tbl_ptrs[i] = NULL;
        decoder->jpeg.ac_huff_tbl_ptrs[i] = NULL;
    }
    decoder->block_arrays = NULL;
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

static void start(struct jpeg_decoder *decoder, const uint8_t *bytes)
{
    decoder->source = (struct jpeg_source_mgr){
        .next_input_byte = bytes,
        .bytes_in_buffer = decoder->n_bytes,
        .init_source = source_do_nothing,
        .fill_input_buffer = source_has_no_more,
        .skip_input_data = source_skip,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = source_do_nothing,
    };
    decoder->jpeg.src = &decoder->source;
    decoder->progress.progress_monitor = on_progress;
    decoder->jpeg.progress = &decoder->progress;
}

static trba_status fail_scans(const struct jpeg_decoder *decoder, trba_error *err)
{
    return error_set(err, TRBA_ERROR_LIMIT, "progressive JPEG with too many scans for its size (%u x %u pixels)",
                     decoder->jpeg.image_width, decoder->jpeg.image_height);
}

static trba_status fail_truncated(const struct jpeg_decoder *decoder, trba_error *err)
{
    return error_set(err, TRBA_ERROR_FORMAT, "truncated JPEG: it ends after %zu bytes, before its last row",
                     decoder->n_bytes);
}

/* Asks libjpeg for pixels of the returned kind. */
static enum pixel_kind choose_raw_pixels(struct jpeg_decoder *decoder, struct image_rules rules)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
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

static trba_status read_header(struct jpeg_decoder *decoder, trba_error *err)
{
    int status;
    do { /* tables may come in a stream of their own */
        status = jpeg_read_header(&decoder->jpeg, FALSE);
    } while (status == JPEG_HEADER_TABLES_ONLY);
    if (status == JPEG_SUSPENDED)
        return error_set(err, TRBA_ERROR_FORMAT, "truncated JPEG: it ends after %zu bytes, inside its headers",
                         decoder->n_bytes);
    const int n = decoder->jpeg.num_components;
    if (n != 1 && n != 3 && n != 4)
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "JPEG with %d colour components; 1, 3 and 4 are read", n);
    return decode_check_size("JPEG", decoder->jpeg.image_width, decoder->jpeg.image_height, err);
}

static trba_status read_rows(struct jpeg_decoder *decoder, enum pixel_kind kind, const struct image_view *view,
                             uint8_t *pixels, trba_error *err)
{
    const bool is_direct = kind == (view->channels == 1 ? PIXEL_GREY : PIXEL_RGB);
    uint8_t *const scratch = pixels + view->stride_bytes * (size_t)view->height;
    for (int y = 0; y < view->height; y++) {
        uint8_t *const row = pixels + (size_t)y * view->stride_bytes;
        JSAMPROW target = is_direct ? row : scratch;
        if (jpeg_read_scanlines(&decoder->jpeg, &target, 1) != 1) return fail_truncated(decoder, err);
        if (!is_direct) pixel_row_convert(kind, scratch, (size_t)view->width, view->channels, row);
    }
    return TRBA_OK;
}

static trba_status read_pixels(struct jpeg_decoder *decoder, struct image_rules rules, bool will_be_turned,
                               struct image_buffer *buffer, struct image_view *view, trba_error *err)
{
    if (rules.channels == 0) rules.channels = decoder->jpeg.num_components == 1 ? 1 : 3;
    const enum pixel_kind kind = choose_raw_pixels(decoder, rules);
    const int width = (int)decoder->jpeg.image_width, height = (int)decoder->jpeg.image_height;
    const size_t scratch_bytes = (size_t)width * pixel_bytes(kind);
    const size_t turned_bytes = will_be_turned ? (size_t)width * (size_t)height * (size_t)rules.channels : 0;
    const size_t extra_bytes = scratch_bytes > turned_bytes ? scratch_bytes : turned_bytes;
    const trba_status status = decode_reserve(width, height, rules.channels, extra_bytes, buffer, view, err);
    if (status != TRBA_OK) return status;
    if (!jpeg_start_decompress(&decoder->jpeg)) return fail_truncated(decoder, err);
    return read_rows(decoder, kind, view, buffer->bytes, err);
}

static trba_status describe_failure(const struct jpeg_decoder *decoder, trba_error *err)
{
    if (decoder->has_too_many_scans) return fail_scans(decoder, err);
    switch (decoder->errors.msg_code) {
    case JERR_OUT_OF_MEMORY: return error_set(err, TRBA_ERROR_MEMORY, "out of memory while decoding a JPEG");
    case JERR_IMAGE_TOO_BIG: return error_set(err, TRBA_ERROR_LIMIT, "JPEG too large: %s", decoder->message);
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "JPEG of a kind that is not read: %s", decoder->message);
    default: return error_set(err, TRBA_ERROR_FORMAT, "damaged JPEG: %s", decoder->message);
    }
}

/* Everything that may jump. */
static trba_status read_image(struct jpeg_decoder *decoder, const uint8_t *bytes, struct image_rules rules,
                              struct image_buffer *buffer, struct image_view *view, int *orientation, trba_error *err)
{
    if (setjmp(decoder->jump) != 0) return describe_failure(decoder, err);
    start(decoder, bytes);
    trba_status status = read_header(decoder, err);
    if (status != TRBA_OK) return status;
    /* Before the first pass: the planes of a progressive picture take six bytes a pixel, and are only worth it if the
     * file will be read. */
    if (has_too_many_scans(decoder, jpeg_count_scans(bytes, decoder->n_bytes))) return fail_scans(decoder, err);
    *orientation = rules.applies_orientation ? jpeg_find_orientation(bytes, decoder->n_bytes) : 1;
    return read_pixels(decoder, rules, *orientation != 1, buffer, view, err);
}

trba_status decode_jpeg(const uint8_t *bytes, size_t n_bytes, struct image_rules rules,
                        struct image_codecs *codecs, struct image_buffer *buffer, struct image_view *out,
                        int *orientation, trba_error *err)
{
    struct jpeg_decoder *decoder = find_decoder(codecs);
    if (decoder == NULL) return error_set(err, TRBA_ERROR_MEMORY, "out of memory for a JPEG decoder");
    decoder->our_memory = memory_functions;
    decoder->jpeg.mem = &decoder->our_memory;
    decoder->memory = &codecs->memory;
    decoder->n_bytes = n_bytes;
    decoder->has_too_many_scans = false;
    const trba_status status = read_image(decoder, bytes, rules, buffer, out, orientation, err);
    forget_picture(decoder);
    return status;
}
