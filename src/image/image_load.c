/* SPDX-License-Identifier: Apache-2.0 */
/* image_load.c - whatever a trba_image is, to pixels.
 *
 *   FILE      read ->
 *   ENCODED           decode -> grey or RGB
 *   PIXELS    -----------------> grey or RGB
 */
#include "image/image.h"

enum { FILE_LIMIT_BYTES = 256 << 20 };

trba_status image_check_policies(trba_exif exif, trba_alpha alpha, trba_error *err)
{
    if ((int)exif < TRBA_EXIF_ANY || exif > TRBA_EXIF_APPLY)
        return error_set(err, TRBA_ERROR_ARGUMENT, "there is no way %d to treat an EXIF orientation", (int)exif);
    if ((int)alpha < TRBA_ALPHA_IGNORE || alpha > TRBA_ALPHA_BLACK)
        return error_set(err, TRBA_ERROR_ARGUMENT, "there is no way %d to treat transparency", (int)alpha);
    return TRBA_OK;
}

void load_scratch_free(struct load_scratch *scratch)
{
    file_buffer_free(&scratch->file);
    image_codecs_free(&scratch->codecs);
}

size_t load_scratch_memory(const struct load_scratch *scratch)
{
    return scratch->file.capacity + image_codecs_memory(&scratch->codecs);
}

trba_status image_load(const trba_image *image, const struct image_rules *rules, struct load_scratch *scratch,
                       struct image_buffer *buffer, struct image_view *out, trba_error *err)
{
    trba_status status;
    switch (image->kind) {
    case TRBA_IMAGE_PIXELS: return image_from_pixels(image, rules, buffer, out, err);
    case TRBA_IMAGE_ENCODED:
        if (image->bytes == NULL) return error_set(err, TRBA_ERROR_ARGUMENT, "the encoded image is NULL");
        return image_decode(image->bytes, image->n_bytes, rules, &scratch->codecs, buffer, out, err);
    case TRBA_IMAGE_FILE:
        if (image->path == NULL) return error_set(err, TRBA_ERROR_ARGUMENT, "the image's path is NULL");
        status = file_read(image->path, FILE_LIMIT_BYTES, &scratch->file, err);
        if (status != TRBA_OK) return status;
        return image_decode(scratch->file.bytes, scratch->file.n_bytes, rules, &scratch->codecs, buffer, out, err);
    }
    return error_set(err, TRBA_ERROR_ARGUMENT, "the image's kind is none of file, encoded and pixels");
}
