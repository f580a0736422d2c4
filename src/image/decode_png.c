/* SPDX-License-Identifier: Apache-2.0 */
/* decode_png.c - PNG through libpng, to the bytes that Pillow shows. The only file that includes png.h.
 *
 *   IHDR        read by ourselves first: sizes are checked before libpng exists
 *   libpng      expands palettes and 1, 2, 4 bits, drops alpha (or lays the picture on white or black) and (but for
 *               grey) the low byte of 16 bits
 *   raw image   [height][width][raw bytes per pixel], behind the result in the same buffer, unless it is the result
 *   grey.c      raw -> grey or RGB
 *
 * Pillow's rules, which decide what is an error: the checksum of every chunk before the first IDAT must be right,
 * later ones are not looked at; the pixels may have been packed with a larger window than their header says; the file
 * may end as soon as the last row is complete; gamma, profiles, transparency (unless asked for) and whatever else is
 * ancillary do not change a pixel. An animation shows its default image, which libpng shows too.
 *
 * OpenCV's rules: grey is made by libpng itself, which computes in linear light when the file states its gamma (gAMA,
 * sRGB or a known iCCP) and otherwise truncates (9798 R + 19234 G + 3736 B) / 32768; 16 bits lose their low byte; the
 * orientation in an eXIf chunk counts.
 *
 * libpng reports errors by longjmp. All that must survive the jump lives in struct png_job.
 */
#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "image/decode.h"
#include "image/exif.h"
#include "image/grey.h"

enum { SIGNATURE_BYTES = 8, IHDR_BYTES = 13, CHUNK_HEAD_BYTES = 8, CHECKSUM_BYTES = 4 };

struct png_job {
    png_structp png;
    png_infop info;
    struct codec_memory *memory;
    const uint8_t *bytes;
    size_t n_bytes, position;
    bool has_run_out;   /* libpng asked for more than there is */
    bool has_no_memory;
    char message[160];
    struct image_rules rules; /* channels 0 until the header is read */

    int width, height;
    bool is_interlaced;
    int orientation;      /* 1 to 8; 1 when it is ignored */
    enum pixel_kind kind; /* of the raw image */
    size_t raw_row_bytes;
    uint8_t *raw;
};

/* ---- what libpng calls ------------------------------------------------------------------------------------------ */

static void read_bytes(png_structp png, png_bytep out, size_t n)
{
    struct png_job *job = png_get_io_ptr(png);
    if (n > job->n_bytes - job->position) {
        job->has_run_out = true;
        png_error(png, "the file ends too early");
    }
    memcpy(out, job->bytes + job->position, n);
    job->position += n;
}

static void on_error(png_structp png, png_const_charp message)
{
    struct png_job *job = png_get_error_ptr(png);
    snprintf(job->message, sizeof job->message, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message; /* the library never prints */
}

static png_voidp allocate(png_structp png, png_alloc_size_t n)
{
    struct png_job *job = png_get_mem_ptr(png);
    void *piece = codec_memory_take(job->memory, n);
    if (piece == NULL) job->has_no_memory = true;
    return piece;
}

static void release(png_structp png, png_voidp piece)
{
    (void)png, (void)piece; /* all of it is taken back after the picture */
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

static uint32_t load_u32be(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Holds the size in IHDR against the limits. Whatever else may be wrong with the header is libpng's to find. */
static trba_status check_header(const uint8_t *bytes, size_t n_bytes, trba_error *err)
{
    if (n_bytes < SIGNATURE_BYTES + CHUNK_HEAD_BYTES + IHDR_BYTES)
        return error_set(err, TRBA_ERROR_FORMAT, "truncated PNG: %zu bytes, not even a whole header", n_bytes);
    const uint8_t *chunk = bytes + SIGNATURE_BYTES;
    if (load_u32be(chunk) != IHDR_BYTES || memcmp(chunk + 4, "IHDR", 4) != 0)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged PNG: it does not start with its header chunk IHDR");
    return decode_check_size("PNG", load_u32be(chunk + 8), load_u32be(chunk + 12), err);
}

/* What libpng may store of an ancillary chunk: its own default, and in any case a chunk as large as the file. */
enum { MAX_ANCILLARY_BYTES = 8000000 };

static void set_limits_and_rules(struct png_job *job)
{
    static const png_byte skipped[] = "tRNS", opencv_reads[] = "gAMA\0cHRM\0sRGB\0iCCP";
    png_set_user_limits(job->png, IMAGE_MAX_SIDE, IMAGE_MAX_SIDE);
    png_set_chunk_malloc_max(job->png, job->n_bytes + MAX_ANCILLARY_BYTES);
    png_set_keep_unknown_chunks(job->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1); /* all ancillary ones, but for tRNS */
    if (job->rules.alpha == TRBA_ALPHA_IGNORE)
        png_set_keep_unknown_chunks(job->png, PNG_HANDLE_CHUNK_NEVER, skipped, 1);
    if (job->rules.grey == IMAGE_GREY_OPENCV)
        png_set_keep_unknown_chunks(job->png, PNG_HANDLE_CHUNK_AS_DEFAULT, opencv_reads, 4);
    png_set_crc_action(job->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_option(job->png, PNG_MAXIMUM_INFLATE_WINDOW, PNG_OPTION_ON);
}

/* Lets libpng lay the picture on white or black. It does so after it has expanded palettes and few bits. */
static void compose(struct png_job *job, bool is_deep)
{
    const png_uint_16 level = job->rules.alpha == TRBA_ALPHA_BLACK ? 0 : is_deep ? 0xFFFF : 0xFF;
    const png_color_16 background = {.red = level, .green = level, .blue = level, .gray = level};
    png_set_tRNS_to_alpha(job->png);
    png_set_background_fixed(job->png, &background, PNG_BACKGROUND_GAMMA_SCREEN, 0, 0);
}

/* Asks libpng for GREY, GREY16 or RGB pixels. */
static void choose_raw_pixels(struct png_job *job)
{
    const int colour_type = png_get_color_type(job->png, job->info);
    const bool is_opencv = job->rules.grey == IMAGE_GREY_OPENCV;
    const bool has_colour = (colour_type & PNG_COLOR_MASK_COLOR) != 0;
    if (job->rules.channels == 0) job->rules.channels = has_colour ? 3 : 1;
    const bool is_composed = job->rules.alpha != TRBA_ALPHA_IGNORE;
    const bool has_alpha = (colour_type & PNG_COLOR_MASK_ALPHA) != 0 ||
                           (is_composed && png_get_valid(job->png, job->info, PNG_INFO_tRNS) != 0);
    const bool is_deep = png_get_bit_depth(job->png, job->info) == 16;
    const bool becomes_grey = has_colour && is_opencv && job->rules.channels == 1;
    const bool stays_deep = is_deep && !has_colour && !has_alpha && !is_opencv;

    job->kind = stays_deep ? PIXEL_GREY16 : has_colour && !becomes_grey ? PIXEL_RGB : PIXEL_GREY;
    if (colour_type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(job->png);
    if (becomes_grey) png_set_rgb_to_gray_fixed(job->png, PNG_ERROR_ACTION_NONE, 29900, 58700);
    if (colour_type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(job->png);
    if (is_deep && !stays_deep) png_set_strip_16(job->png);
    if (has_alpha && is_composed)
        compose(job, is_deep);
    else if (has_alpha)
        png_set_strip_alpha(job->png);
}

/* Walks the chunks by itself, because eXIf may stand behind the pixels and space is reserved before they are read. */
static int find_orientation(const uint8_t *bytes, size_t n_bytes)
{
    struct byte_reader r = byte_reader_new(bytes, n_bytes);
    bytes_take(&r, SIGNATURE_BYTES);
    for (;;) {
        const uint8_t *head = bytes_take(&r, CHUNK_HEAD_BYTES);
        if (head == NULL) return 1;
        const uint32_t length = load_u32be(head);
        const uint8_t *data = bytes_take(&r, length);
        if (data == NULL || bytes_take(&r, CHECKSUM_BYTES) == NULL) return 1;
        if (memcmp(head + 4, "eXIf", 4) != 0) continue;
        const int orientation = exif_orientation_in_tiff(data, length);
        return orientation == 0 ? 1 : orientation;
    }
}

static trba_status read_header(struct png_job *job, trba_error *err)
{
    set_limits_and_rules(job);
    png_set_read_fn(job->png, job, read_bytes);
    png_read_info(job->png, job->info);
    png_set_crc_action(job->png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE); /* Pillow checks none from the first IDAT on */

    job->width = (int)png_get_image_width(job->png, job->info);
    job->height = (int)png_get_image_height(job->png, job->info);
    job->is_interlaced = png_get_interlace_type(job->png, job->info) != PNG_INTERLACE_NONE;
    job->orientation = job->rules.applies_orientation ? find_orientation(job->bytes, job->n_bytes) : 1;
    choose_raw_pixels(job);
    png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
    job->raw_row_bytes = png_get_rowbytes(job->png, job->info);
    if (job->raw_row_bytes != (size_t)job->width * pixel_bytes(job->kind)) /* then our idea of libpng is wrong */
        return error_set(err, TRBA_ERROR_UNSUPPORTED, "PNG with rows of an unexpected %zu bytes", job->raw_row_bytes);
    return TRBA_OK;
}

static bool raw_is_result(const struct png_job *job, int channels)
{
    return (job->kind == PIXEL_GREY && channels == 1) || (job->kind == PIXEL_RGB && channels == 3);
}

static trba_status reserve(struct png_job *job, int channels, struct image_buffer *buffer, struct image_view *view,
                           trba_error *err)
{
    size_t raw_bytes = 0, turned_bytes = 0;
    const size_t row_bytes = (size_t)job->width * (size_t)channels, height = (size_t)job->height;
    if ((!raw_is_result(job, channels) && !checked_mul(job->raw_row_bytes, height, &raw_bytes)) ||
        (job->orientation != 1 && !checked_mul(row_bytes, height, &turned_bytes)))
        return error_set(err, TRBA_ERROR_LIMIT, "PNG of %d x %d pixels is too large", job->width, job->height);
    const size_t extra_bytes = raw_bytes > turned_bytes ? raw_bytes : turned_bytes;
    const trba_status status = decode_reserve(job->width, job->height, channels, extra_bytes, buffer, view, err);
    if (status != TRBA_OK) return status;
    job->raw = buffer->bytes + (raw_bytes == 0 ? 0 : view->stride_bytes * (size_t)job->height);
    return TRBA_OK;
}

static void read_rows(struct png_job *job)
{
    const int n_passes = job->is_interlaced ? PNG_INTERLACE_ADAM7_PASSES : 1;
    for (int pass = 0; pass < n_passes; pass++)
        for (int y = 0; y < job->height; y++)
            png_read_row(job->png, job->raw + (size_t)y * job->raw_row_bytes, NULL);
}

/* After an error: had libpng delivered the last row, and only then met what it complained of? */
static bool rows_are_complete(const struct png_job *job)
{
    if (job->raw == NULL) return false;
    if (job->is_interlaced) return png_get_current_pass_number(job->png) >= PNG_INTERLACE_ADAM7_PASSES;
    return png_get_current_row_number(job->png) >= (png_uint_32)job->height;
}

static void convert_rows(const struct png_job *job, const struct image_view *view, uint8_t *out)
{
    if (raw_is_result(job, view->channels)) return;
    for (int y = 0; y < job->height; y++)
        pixel_row_convert(job->kind, job->raw + (size_t)y * job->raw_row_bytes, (size_t)job->width, view->channels,
                          out + (size_t)y * view->stride_bytes);
}

static trba_status describe_failure(const struct png_job *job, trba_error *err)
{
    if (job->has_no_memory) return error_set(err, TRBA_ERROR_MEMORY, "out of memory while decoding a PNG");
    if (job->has_run_out)
        return error_set(err, TRBA_ERROR_FORMAT, "truncated PNG: it ends after %zu bytes, before its last row",
                         job->n_bytes);
    return error_set(err, TRBA_ERROR_FORMAT, "damaged PNG: %s", job->message);
}

/* Everything that may jump. */
static trba_status read_image(struct png_job *job, struct image_buffer *buffer, struct image_view *view,
                              trba_error *err)
{
    if (setjmp(png_jmpbuf(job->png)) != 0) return rows_are_complete(job) ? TRBA_OK : describe_failure(job, err);
    trba_status status = read_header(job, err);
    if (status == TRBA_OK) status = reserve(job, job->rules.channels, buffer, view, err);
    if (status == TRBA_OK) read_rows(job);
    return status;
}

trba_status decode_png(const uint8_t *bytes, size_t n_bytes, struct image_rules rules,
                       struct image_codecs *codecs, struct image_buffer *buffer, struct image_view *out,
                       int *orientation, trba_error *err)
{
    trba_status status = check_header(bytes, n_bytes, err);
    if (status != TRBA_OK) return status;

    struct png_job job = {.bytes = bytes, .n_bytes = n_bytes, .rules = rules, .memory = &codecs->memory};
    job.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning, &job, allocate, release);
    if (job.png != NULL) job.info = png_create_info_struct(job.png);
    struct image_view view = {0};
    status = job.info == NULL ? error_set(err, TRBA_ERROR_MEMORY, "out of memory for a PNG decoder")
                              : read_image(&job, buffer, &view, err);
    png_destroy_read_struct(&job.png, &job.info, NULL);
    if (status != TRBA_OK) return status;

    convert_rows(&job, &view, buffer->bytes);
    *out = view;
    *orientation = job.orientation;
    return TRBA_OK;
}
