/* SPDX-License-Identifier: Apache-2.0 */
/* image_decode.c - encoded bytes, or the caller's raw pixels, to grey or RGB.
 *
 *   first bytes -> PNG or JPEG, or a sentence about what else it is
 *   decode_png.c, decode_jpeg.c -> pixels
 *   if asked for: turned the way EXIF says
 */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/checked.h"
#include "image/decode.h"
#include "image/exif.h"
#include "image/grey.h"

/* ---- what kind of file ------------------------------------------------------------------------------------------ */

struct signature {
    size_t offset;
    const char *bytes; /* compared without regard to the case of letters */
    size_t n_bytes;
    trba_status status;
    const char *sentence;
};

#define AT(offset, bytes) offset, bytes, sizeof(bytes) - 1

static const struct signature png_signature = {AT(0, "\x89PNG\r\n\x1a\n"), TRBA_OK, ""};
static const struct signature jpeg_signature = {AT(0, "\xff\xd8\xff"), TRBA_OK, ""};

/* What people have passed off as a PNG or JPEG. The first match counts. */
static const struct signature binary_files[] = {
    {AT(0, "GIF8"), TRBA_ERROR_UNSUPPORTED, "a GIF image; only PNG and JPEG are read"},
    {AT(8, "WEBP"), TRBA_ERROR_UNSUPPORTED, "a WebP image; only PNG and JPEG are read"},
    {AT(0, "BM"), TRBA_ERROR_UNSUPPORTED, "a BMP image; only PNG and JPEG are read"},
    {AT(0, "II*\0"), TRBA_ERROR_UNSUPPORTED, "a TIFF image; only PNG and JPEG are read"},
    {AT(0, "MM\0*"), TRBA_ERROR_UNSUPPORTED, "a TIFF image; only PNG and JPEG are read"},
    {AT(4, "ftypavi"), TRBA_ERROR_UNSUPPORTED, "an AVIF image; only PNG and JPEG are read"},
    {AT(4, "ftyphei"), TRBA_ERROR_UNSUPPORTED, "a HEIC image; only PNG and JPEG are read"},
    {AT(4, "ftypmif"), TRBA_ERROR_UNSUPPORTED, "a HEIF image; only PNG and JPEG are read"},
    {AT(4, "jP  \r\n\x87\n"), TRBA_ERROR_UNSUPPORTED, "a JPEG 2000 image; only PNG and JPEG are read"},
    {AT(0, "\xff\x4f\xff\x51"), TRBA_ERROR_UNSUPPORTED, "a JPEG 2000 image; only PNG and JPEG are read"},
    {AT(4, "JXL \r\n\x87\n"), TRBA_ERROR_UNSUPPORTED, "a JPEG XL image; only PNG and JPEG are read"},
    {AT(0, "\xff\x0a"), TRBA_ERROR_UNSUPPORTED, "a JPEG XL image; only PNG and JPEG are read"},
    {AT(0, "\0\0\1\0"), TRBA_ERROR_UNSUPPORTED, "a Windows icon; only PNG and JPEG are read"},
    {AT(0, "8BPS"), TRBA_ERROR_UNSUPPORTED, "a Photoshop file; only PNG and JPEG are read"},
    {AT(0, "\x89PNG"), TRBA_ERROR_FORMAT, "a PNG whose signature is damaged, as after a transfer in text mode"},
    {AT(0, "PK\3\4"), TRBA_ERROR_FORMAT, "a zip archive (a checkpoint?), not an image"},
    {0, NULL, 0, TRBA_ERROR_FORMAT, "neither a PNG nor a JPEG image"},
};
static const struct signature text_files[] = {
    {AT(0, "%PDF"), TRBA_ERROR_UNSUPPORTED, "a PDF document; only PNG and JPEG images are read"},
    {AT(0, "version https://git-lfs"), TRBA_ERROR_FORMAT, "a git-lfs pointer, not the image it stands for"},
    {AT(0, "<!doctype"), TRBA_ERROR_FORMAT, "an HTML page, not an image; a download may have failed"},
    {AT(0, "<html"), TRBA_ERROR_FORMAT, "an HTML page, not an image; a download may have failed"},
    {AT(0, "<svg"), TRBA_ERROR_UNSUPPORTED, "an SVG drawing; only PNG and JPEG are read"},
    {AT(0, "<?xml"), TRBA_ERROR_FORMAT, "an XML document, not an image"},
    {0, NULL, 0, TRBA_ERROR_FORMAT, "a text file, not an image"},
};

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c; }

static bool signature_matches(const struct signature *s, const uint8_t *bytes, size_t n_bytes)
{
    if (!range_is_inside(s->offset, s->n_bytes, n_bytes)) return false;
    for (size_t i = 0; i < s->n_bytes; i++)
        if (lower(bytes[s->offset + i]) != lower((uint8_t)s->bytes[i])) return false;
    return true;
}

static bool is_space(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

static bool is_text(const uint8_t *bytes, size_t n_bytes)
{
    if (bytes[0] >= 0x80) return false;
    for (size_t i = 0; i < n_bytes && i < 64; i++)
        if (bytes[i] < ' ' && !is_space(bytes[i])) return false;
    return true;
}

static trba_status describe_other_file(const uint8_t *bytes, size_t n_bytes, trba_error *err)
{
    if (n_bytes == 0) return error_set(err, TRBA_ERROR_FORMAT, "an empty file, not an image");
    const bool has_text = is_text(bytes, n_bytes);
    while (has_text && n_bytes > 0 && is_space(*bytes))
        bytes++, n_bytes--;
    const struct signature *s = has_text ? text_files : binary_files;
    while (s->bytes != NULL && !signature_matches(s, bytes, n_bytes))
        s++;
    return error_set(err, s->status, "%s", s->sentence);
}

/* ---- sizes ------------------------------------------------------------------------------------------------------ */

trba_status decode_check_size(const char *format, uint32_t width, uint32_t height, trba_error *err)
{
    if (width == 0 || height == 0)
        return error_set(err, TRBA_ERROR_FORMAT, "damaged %s: it says to be %u x %u pixels", format, width, height);
    if (width > IMAGE_MAX_SIDE || height > IMAGE_MAX_SIDE || (uint64_t)width * height > IMAGE_MAX_PIXELS)
        return error_set(err, TRBA_ERROR_LIMIT,
                         "%s of %u x %u pixels; the limits are %d pixels a side and %d million altogether", format,
                         width, height, IMAGE_MAX_SIDE, IMAGE_MAX_PIXELS / (1000 * 1000));
    return TRBA_OK;
}

trba_status decode_reserve(int width, int height, int channels, size_t extra_bytes, struct image_buffer *buffer,
                           struct image_view *out, trba_error *err)
{
    const size_t row_bytes = (size_t)width * (size_t)channels;
    size_t n_bytes;
    if (!checked_mul(row_bytes, (size_t)height, &n_bytes) || !checked_add(n_bytes, extra_bytes, &n_bytes))
        return error_set(err, TRBA_ERROR_LIMIT, "an image of %d x %d pixels is too large", width, height);
    const trba_status status = image_buffer_reserve(buffer, n_bytes, err);
    if (status != TRBA_OK) return status;
    *out = (struct image_view){buffer->bytes, width, height, channels, row_bytes};
    return TRBA_OK;
}

/* ---- encoded images --------------------------------------------------------------------------------------------- */

/* Turns the image into the space behind it, which a codec that found an orientation has reserved. */
static void apply_orientation(int orientation, const struct image_buffer *buffer, struct image_view *image)
{
    const size_t n_bytes = image->stride_bytes * (size_t)image->height;
    assert(image->pixels == buffer->bytes && buffer->capacity >= 2 * n_bytes);
    *image = exif_apply_orientation(orientation, image, buffer->bytes + n_bytes);
}

void image_codecs_free(struct image_codecs *codecs)
{
    decode_jpeg_free(codecs->jpeg);
    codec_memory_free(&codecs->memory);
    codecs->jpeg = NULL;
}

size_t image_codecs_memory(const struct image_codecs *codecs)
{
    return codec_memory_size(&codecs->memory) + decode_jpeg_memory(codecs->jpeg);
}

trba_status image_decode(const void *bytes, size_t n_bytes, const struct image_rules *rules,
                         struct image_codecs *codecs, struct image_buffer *buffer, struct image_view *out,
                         trba_error *err)
{
    assert(rules->channels == 0 || rules->channels == 1 || rules->channels == 3);
    if (bytes == NULL && n_bytes != 0) return error_set(err, TRBA_ERROR_ARGUMENT, "the image's bytes are NULL");

    struct image_view view = {0};
    int orientation = 1;
    trba_status status;
    if (signature_matches(&png_signature, bytes, n_bytes))
        status = decode_png(bytes, n_bytes, *rules, codecs, buffer, &view, &orientation, err);
    else if (signature_matches(&jpeg_signature, bytes, n_bytes))
        status = decode_jpeg(bytes, n_bytes, *rules, codecs, buffer, &view, &orientation, err);
    else
        status = describe_other_file(bytes, n_bytes, err);
    codec_memory_reset(&codecs->memory);
    if (status != TRBA_OK) return status;
    if (orientation != 1) apply_orientation(orientation, buffer, &view);
    *out = view;
    return TRBA_OK;
}

/* ---- raw pixels ------------------------------------------------------------------------------------------------- */

static bool find_pixel_kind(trba_pixel_format format, enum pixel_kind *out)
{
    switch (format) {
    case TRBA_PIXELS_GREY: *out = PIXEL_GREY; return true;
    case TRBA_PIXELS_RGB: *out = PIXEL_RGB; return true;
    case TRBA_PIXELS_BGR: *out = PIXEL_BGR; return true;
    case TRBA_PIXELS_RGBA: *out = PIXEL_RGBA; return true;
    case TRBA_PIXELS_BGRA: *out = PIXEL_BGRA; return true;
    }
    return false;
}

static trba_status check_pixels(const trba_image *image, enum pixel_kind *kind, trba_error *err)
{
    if (image->bytes == NULL) return error_set(err, TRBA_ERROR_ARGUMENT, "the image's pixels are NULL");
    if (!find_pixel_kind(image->format, kind))
        return error_set(err, TRBA_ERROR_ARGUMENT, "unknown pixel format %d", (int)image->format);
    if (image->width <= 0 || image->height <= 0)
        return error_set(err, TRBA_ERROR_ARGUMENT, "an image of %d x %d pixels; both must be positive", image->width,
                         image->height);
    const trba_status status = decode_check_size("image", (uint32_t)image->width, (uint32_t)image->height, err);
    if (status != TRBA_OK) return status;
    const size_t row_bytes = (size_t)image->width * pixel_bytes(*kind);
    if (image->stride_bytes < row_bytes)
        return error_set(err, TRBA_ERROR_ARGUMENT, "a stride of %zu bytes, but a row of %d pixels has %zu",
                         image->stride_bytes, image->width, row_bytes);
    return TRBA_OK;
}

/* One row; `scratch` has room for it in RGB. */
static void convert_row(enum pixel_kind kind, trba_alpha alpha, const uint8_t *in, size_t n, int channels,
                        uint8_t *scratch, uint8_t *out)
{
    if (alpha == TRBA_ALPHA_IGNORE || !pixel_has_alpha(kind)) {
        pixel_row_convert(kind, in, n, channels, out);
        return;
    }
    pixel_row_compose(kind, in, n, alpha == TRBA_ALPHA_WHITE ? 255 : 0, scratch);
    pixel_row_convert(PIXEL_RGB, scratch, n, channels, out);
}

trba_status image_from_pixels(const trba_image *image, const struct image_rules *rules, struct image_buffer *buffer,
                              struct image_view *out, trba_error *err)
{
    enum pixel_kind kind = PIXEL_GREY;
    trba_status status = check_pixels(image, &kind, err);
    if (status != TRBA_OK) return status;
    const int channels = rules->channels != 0 ? rules->channels : kind == PIXEL_GREY ? 1 : 3;
    const uint8_t *pixels = image->bytes;
    if (kind == (channels == 1 ? PIXEL_GREY : PIXEL_RGB)) {
        *out = (struct image_view){pixels, image->width, image->height, channels, image->stride_bytes};
        return TRBA_OK;
    }
    struct image_view view = {0};
    status = decode_reserve(image->width, image->height, channels, (size_t)image->width * 3, buffer, &view, err);
    if (status != TRBA_OK) return status;
    uint8_t *const scratch = buffer->bytes + view.stride_bytes * (size_t)view.height;
    for (int y = 0; y < image->height; y++)
        convert_row(kind, rules->alpha, pixels + (size_t)y * image->stride_bytes, (size_t)image->width, channels,
                    scratch, buffer->bytes + (size_t)y * view.stride_bytes);
    *out = view;
    return TRBA_OK;
}
