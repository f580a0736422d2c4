/* SPDX-License-Identifier: Apache-2.0 */
/* test_golden_pixels.c - every picture of pictures/ becomes the pixels that Pillow and OpenCV made of it, to the bit.
 *
 *   NAME.png, .jpg  -->  NAME.grey.pgm, NAME.rgb.ppm       image_decode() as Pillow
 *                        NAME.opencv.pgm                   image_decode() as OpenCV
 *   NAME.grey.pgm   -->  NAME.resized.pgm                  preprocess_image(), clovaai
 *   NAME.opencv.pgm -->  NAME.easyocr.pgm                  preprocess_image(), easyocr
 *
 * The answers lie in files, so this also runs where neither Pillow nor OpenCV does. README.md says how they were made.
 */
#include "golden_files.h"

#include <unistd.h>

#include "image/image.h"

enum { N_PICTURES = 12, N_EASYOCR_PICTURES = 4 };

/* NAME.ENDING of the same picture as `answer`, a file's name that begins with "NAME.". */
static struct golden_path sibling(const char *answer, const char *ending)
{
    char name[128];
    snprintf(name, sizeof name, "%.*s%s", (int)strcspn(answer, "."), answer, ending);
    return golden_path("pictures", name);
}

/* A PGM or PPM: "P5" or "P6", width and height, and 255, a line each, then the pixels. */
struct pnm {
    uint8_t *file; /* malloc */
    struct image_view view;
};

static struct pnm pnm_read(const struct golden_path *path)
{
    size_t n_bytes;
    struct pnm pnm = {.file = golden_read(path->text, &n_bytes)};
    char kind = 0;
    int width, height, header_bytes = 0;
    const int n = sscanf((const char *)pnm.file, "P%c %d %d 255%n", &kind, &width, &height, &header_bytes);
    if (n != 3 || header_bytes == 0) fail_msg("%s is no PGM or PPM", path->text);
    const int channels = kind == '6' ? 3 : 1;
    const size_t stride = (size_t)width * (size_t)channels;
    assert_int_equal(n_bytes, (size_t)header_bytes + 1 + stride * (size_t)height);
    pnm.view = (struct image_view){.pixels = pnm.file + header_bytes + 1, .width = width, .height = height,
                                   .channels = channels, .stride_bytes = stride};
    return pnm;
}

static void assert_same_pixels(const struct image_view *ours, const struct image_view *theirs, const char *what)
{
    if (ours->width != theirs->width || ours->height != theirs->height || ours->channels != theirs->channels)
        fail_msg("%s: %d x %d x %d here, %d x %d x %d there", what, ours->width, ours->height, ours->channels,
                 theirs->width, theirs->height, theirs->channels);
    for (int y = 0; y < ours->height; y++)
        for (int i = 0; i < ours->width * ours->channels; i++) {
            const int a = ours->pixels[(size_t)y * ours->stride_bytes + (size_t)i];
            const int b = theirs->pixels[(size_t)y * theirs->stride_bytes + (size_t)i];
            if (a != b) fail_msg("%s: row %d, value %d is %d here, %d there", what, y, i, a, b);
        }
}

/* ---- decoding ---------------------------------------------------------------------------------------------------- */

/* The encoded picture that `answer` is about: NAME.png or NAME.jpg. */
static struct golden_path find_picture(const char *answer)
{
    const struct golden_path png = sibling(answer, ".png");
    return access(png.text, R_OK) == 0 ? png : sibling(answer, ".jpg");
}

static void check_decoding(const char *answer, enum image_grey grey)
{
    const struct golden_path answer_path = golden_path("pictures", answer), picture = find_picture(answer);
    const struct pnm theirs = pnm_read(&answer_path);
    const trba_image image = trba_image_file(picture.text);
    /* OpenCV turns a picture as its EXIF says, Pillow does not. */
    const struct image_rules rules = {.channels = theirs.view.channels, .grey = grey,
                                      .applies_orientation = grey == IMAGE_GREY_OPENCV, .alpha = TRBA_ALPHA_IGNORE};
    struct load_scratch scratch = {.file = {.bytes = NULL}};
    struct image_buffer buffer = {.bytes = NULL};
    struct image_view ours;
    trba_error err;
    if (image_load(&image, &rules, &scratch, &buffer, &ours, &err) != TRBA_OK) fail_msg("%s: %s", answer, err.message);
    assert_same_pixels(&ours, &theirs.view, answer);
    image_buffer_free(&buffer);
    load_scratch_free(&scratch);
    free(theirs.file);
}

static void check_as_pillow(const char *answer) { check_decoding(answer, IMAGE_GREY_PILLOW); }
static void check_as_opencv(const char *answer) { check_decoding(answer, IMAGE_GREY_OPENCV); }

static void every_picture_decodes_to_pillows_grey(void **state)
{
    (void)state;
    for_each_golden_file("pictures", ".grey.pgm", N_PICTURES, check_as_pillow);
}

static void every_picture_decodes_to_pillows_rgb(void **state)
{
    (void)state;
    for_each_golden_file("pictures", ".rgb.ppm", N_PICTURES, check_as_pillow);
}

static void pictures_decode_to_opencvs_grey_and_its_way_up(void **state)
{
    (void)state;
    for_each_golden_file("pictures", ".opencv.pgm", N_EASYOCR_PICTURES, check_as_opencv);
}

/* ---- the network's input ----------------------------------------------------------------------------------------- */

/* As PyTorch scales a pixel: every operation rounded to float. */
static float scale_pixel(uint8_t pixel)
{
    const float fraction = (float)pixel / 255.0f, centred = fraction - 0.5f;
    return centred / 0.5f;
}

static void assert_same_input(const float *ours, const struct image_view *theirs, const char *what)
{
    for (int y = 0; y < theirs->height; y++)
        for (int x = 0; x < theirs->width; x++, ours++) {
            const float expected = scale_pixel(theirs->pixels[(size_t)y * theirs->stride_bytes + (size_t)x]);
            if (*ours != expected)
                fail_msg("%s: row %d, column %d is %.9g here, %.9g there", what, y, x, (double)*ours,
                         (double)expected);
        }
}

/* The grey picture in NAME.ENDING becomes the input in `answer`. */
static void check_preprocessing(const char *answer, const char *ending, const struct preprocess *rules)
{
    const struct golden_path answer_path = golden_path("pictures", answer), image_path = sibling(answer, ending);
    const struct pnm theirs = pnm_read(&answer_path), image = pnm_read(&image_path);
    struct preprocess_scratch scratch = {.between = {.bytes = NULL}};
    trba_error err;
    int width;
    assert_int_equal(preprocess_width(rules, image.view.width, image.view.height, &width, &err), TRBA_OK);
    assert_int_equal(width, theirs.view.width);
    assert_int_equal(rules->img_h, theirs.view.height);
    float *ours = calloc((size_t)width * (size_t)rules->img_h, sizeof *ours); /* 0 is no scaled pixel */
    assert_non_null(ours);
    if (preprocess_image(rules, &image.view, &scratch, ours, &err) != TRBA_OK) fail_msg("%s: %s", answer, err.message);
    assert_same_input(ours, &theirs.view, answer);
    free(ours);
    preprocess_scratch_free(&scratch);
    free(image.file);
    free(theirs.file);
}

static void check_clovaai(const char *answer)
{
    check_preprocessing(answer, ".grey.pgm", &(const struct preprocess){.preset = TRBA_PRESET_CLOVAAI, .channels = 1,
                                                                        .img_h = 32, .img_w = 100});
}

static void check_easyocr(const char *answer)
{
    check_preprocessing(answer, ".opencv.pgm",
                        &(const struct preprocess){.preset = TRBA_PRESET_EASYOCR, .channels = 1, .img_h = 64});
}

static void grey_pictures_are_resized_as_pillow_does(void **state)
{
    (void)state;
    for_each_golden_file("pictures", ".resized.pgm", N_PICTURES, check_clovaai);
}

static void grey_pictures_become_easyocrs_input(void **state)
{
    (void)state;
    for_each_golden_file("pictures", ".easyocr.pgm", N_EASYOCR_PICTURES, check_easyocr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_picture_decodes_to_pillows_grey),
        cmocka_unit_test(every_picture_decodes_to_pillows_rgb),
        cmocka_unit_test(pictures_decode_to_opencvs_grey_and_its_way_up),
        cmocka_unit_test(grey_pictures_are_resized_as_pillow_does),
        cmocka_unit_test(grey_pictures_become_easyocrs_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
