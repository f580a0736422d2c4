/* SPDX-License-Identifier: Apache-2.0 */
/* test_options.c - an option that cannot be is a bad argument, whichever it is, and leaves the output untouched. */
#include <limits.h>

#include "../golden/golden_files.h"
#include "trba.h"

/* What no enum has, and no size. */
static const int impossible[] = {-1, INT_MIN, INT_MAX};

static trba_status try_model(const trba_model_options *options, trba_model **out)
{
    trba_error err = {.status = TRBA_OK};
    const struct golden_path path = golden_path("networks", "vgg_ctc.pth");
    const trba_status status = trba_model_open(path.text, options, out, &err);
    if (status != TRBA_OK) assert_true(err.status == status && err.message[0] != '\0');
    return status;
}

static trba_model *open_model(void)
{
    trba_model_options options = trba_model_options_default();
    options.charset_text = "abcdefghijklmnopqr";
    trba_model *model = NULL;
    assert_int_equal(try_model(&options, &model), TRBA_OK);
    return model;
}

/* An option by its place; enums are as large as ints here. */
struct field {
    const char *name;
    size_t offset;
};
#define FIELD(options, name) {#name, offsetof(options, name)}
#define N_OF(array) (sizeof array / sizeof *array)
_Static_assert(sizeof(trba_choice) == sizeof(int) && sizeof(trba_transformation) == sizeof(int), "enums are ints");

static void set_field(void *options, const struct field *field, int value)
{
    memcpy((char *)options + field->offset, &value, sizeof value);
}

static void expect_refused(trba_status status, const struct field *field, int value, const void *out)
{
    if (status != TRBA_ERROR_ARGUMENT || out != NULL)
        fail_msg("%s = %d: status %d, output %p", field->name, value, (int)status, out);
}

static void models_refuse_options_that_cannot_be(void **state)
{
    (void)state;
    static const struct field fields[] = {
        FIELD(trba_model_options, expect.transformation), FIELD(trba_model_options, expect.feature_extraction),
        FIELD(trba_model_options, expect.sequence_modeling), FIELD(trba_model_options, expect.prediction),
        FIELD(trba_model_options, expect.input_channel), FIELD(trba_model_options, expect.output_channel),
        FIELD(trba_model_options, expect.hidden_size), FIELD(trba_model_options, expect.num_fiducial),
        FIELD(trba_model_options, expect.num_class), FIELD(trba_model_options, expect.img_h),
        FIELD(trba_model_options, expect.img_w), FIELD(trba_model_options, preset), FIELD(trba_model_options, pad),
        FIELD(trba_model_options, batch_max_length), FIELD(trba_model_options, compat),
        FIELD(trba_model_options, use_sidecar), FIELD(trba_model_options, cpu), FIELD(trba_model_options, precision),
    };
    for (size_t i = 0; i < N_OF(fields); i++) {
        for (size_t j = 0; j < N_OF(impossible); j++) {
            trba_model_options options = trba_model_options_default();
            trba_model *model = NULL;
            options.charset_text = "abcdefghijklmnopqr";
            set_field(&options, &fields[i], impossible[j]);
            const trba_status status = try_model(&options, &model);
            expect_refused(status, &fields[i], impossible[j], model);
        }
    }
}

/* The sentence must not blame the path or the bytes, which are there. */
static void a_model_without_a_place_says_so(void **state)
{
    (void)state;
    trba_error err;
    assert_int_equal(trba_model_open("word.pth", NULL, NULL, &err), TRBA_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "a place for the model"));
    assert_int_equal(trba_model_open_memory("bytes", 5, NULL, NULL, &err), TRBA_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "a place for the model"));
}

static void sessions_refuse_options_that_cannot_be(void **state)
{
    (void)state;
    static const struct field fields[] = {
        FIELD(trba_session_options, n_threads), FIELD(trba_session_options, batch_size),
        FIELD(trba_session_options, exif), FIELD(trba_session_options, alpha),
        FIELD(trba_session_options, retry_contrast), FIELD(trba_session_options, rotate),
    };
    trba_model *model = open_model();
    for (size_t i = 0; i < N_OF(fields); i++) {
        for (size_t j = 0; j < N_OF(impossible); j++) {
            trba_session_options options = trba_session_options_default();
            trba_session *session = NULL;
            set_field(&options, &fields[i], impossible[j]);
            const trba_status status = trba_session_new(model, &options, &session, NULL);
            expect_refused(status, &fields[i], impossible[j], session);
        }
    }
    trba_model_free(model);
}

static void regions_refuse_options_that_cannot_be(void **state)
{
    (void)state;
    static const struct field fields[] = {FIELD(trba_region_options, rotate), FIELD(trba_region_options, vertical)};
    static const uint8_t pixels[4];
    const trba_image image = trba_image_pixels(pixels, 2, 2, 2, TRBA_PIXELS_GREY);
    const trba_region region = trba_region_box(0, 0, 2, 2);
    trba_model *model = open_model();
    trba_session *session = NULL;
    trba_page *page = NULL;
    assert_int_equal(trba_session_new(model, NULL, &session, NULL), TRBA_OK);
    assert_int_equal(trba_page_open(&image, NULL, &page, NULL), TRBA_OK);
    for (size_t i = 0; i < N_OF(fields); i++) {
        for (size_t j = 0; j < N_OF(impossible); j++) {
            trba_region_options options = trba_region_options_default();
            const trba_result *results = NULL;
            set_field(&options, &fields[i], impossible[j]);
            const trba_status status =
                trba_session_read_regions(session, page, &region, 1, &options, &results, NULL);
            expect_refused(status, &fields[i], impossible[j], results);
        }
    }
    trba_page_free(page);
    trba_session_free(session);
    trba_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_refuse_options_that_cannot_be),
        cmocka_unit_test(a_model_without_a_place_says_so),
        cmocka_unit_test(sessions_refuse_options_that_cannot_be),
        cmocka_unit_test(regions_refuse_options_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
