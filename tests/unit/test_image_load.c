/* SPDX-License-Identifier: Apache-2.0 */
/* test_image_load.c - what is said about images and policies that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "image/image.h"

static void assert_refused(const trba_image *image, const char *part)
{
    const struct image_rules rules = {.channels = 1};
    struct load_scratch scratch = {.file = {.bytes = NULL}};
    struct image_buffer buffer = {.bytes = NULL};
    struct image_view view = {.pixels = NULL};
    trba_error err = {.message = ""};
    assert_int_equal(image_load(image, &rules, &scratch, &buffer, &view, &err), TRBA_ERROR_ARGUMENT);
    if (strstr(err.message, part) == NULL) fail_msg("\"%s\" is not in \"%s\"", part, err.message);
    assert_null(view.pixels);
    assert_null(buffer.bytes);
    assert_null(scratch.file.bytes);
}

static void images_without_contents_are_refused(void **state)
{
    (void)state;
    const trba_image file = trba_image_file(NULL), encoded = trba_image_encoded(NULL, 10);
    assert_refused(&file, "path is NULL");
    assert_refused(&encoded, "encoded image is NULL");
}

static void images_of_no_kind_are_refused(void **state)
{
    (void)state;
    trba_image image = trba_image_file("word.png");
    image.kind = (trba_image_kind)0;
    assert_refused(&image, "none of file, encoded and pixels");
    image.kind = (trba_image_kind)4;
    assert_refused(&image, "none of file, encoded and pixels");
}

static void policies_that_are_none_are_refused(void **state)
{
    (void)state;
    trba_error err = {.message = ""};
    assert_int_equal(image_check_policies(TRBA_EXIF_APPLY, TRBA_ALPHA_BLACK, &err), TRBA_OK);
    assert_int_equal(image_check_policies((trba_exif)3, TRBA_ALPHA_IGNORE, &err), TRBA_ERROR_ARGUMENT);
    assert_string_equal(err.message, "there is no way 3 to treat an EXIF orientation");
    assert_int_equal(image_check_policies(TRBA_EXIF_ANY, (trba_alpha)3, &err), TRBA_ERROR_ARGUMENT);
    assert_string_equal(err.message, "there is no way 3 to treat transparency");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_without_contents_are_refused),
        cmocka_unit_test(images_of_no_kind_are_refused),
        cmocka_unit_test(policies_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
