/* SPDX-License-Identifier: Apache-2.0 */
/* test_session.c - a session takes its memory when it is made, not when it reads. */
#include "../golden/golden_files.h"
#include "trba.h"

enum { BATCH_SIZE = 64, IMG_W = 100, IMG_H = 32 };

static void full_batches_of_the_input_size_have_their_room(void **state)
{
    (void)state;
    static const uint8_t pixels[IMG_H * IMG_W];
    trba_model *model = NULL;
    trba_session *session = NULL;
    const trba_result *results;
    trba_error err;
    trba_image images[BATCH_SIZE];
    for (int i = 0; i < BATCH_SIZE; i++) images[i] = trba_image_pixels(pixels, IMG_W, IMG_H, IMG_W, TRBA_PIXELS_GREY);
    trba_model_options options = trba_model_options_default();
    options.charset_text = "abcdefghijklmnopqr";
    options.expect.img_h = IMG_H;
    options.expect.img_w = IMG_W;
    trba_session_options session_options = trba_session_options_default();
    session_options.n_threads = 1;
    session_options.batch_size = BATCH_SIZE;
    const struct golden_path path = golden_path("networks", "vgg_ctc.pth");
    if (trba_model_open(path.text, &options, &model, &err) != TRBA_OK) fail_msg("%s", err.message);
    if (trba_session_new(model, &session_options, &session, &err) != TRBA_OK) fail_msg("%s", err.message);

    const size_t before = trba_session_memory(session);
    if (trba_session_read_batch(session, images, BATCH_SIZE, &results, &err) != TRBA_OK) fail_msg("%s", err.message);
    /* What it takes more is for the results: less for each than one row of an image. */
    const size_t taken = trba_session_memory(session) - before, row_bytes = IMG_W * sizeof(float);
    if (taken > BATCH_SIZE * row_bytes) fail_msg("the first batch took %zu bytes more", taken);
    trba_session_free(session);
    trba_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_batches_of_the_input_size_have_their_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
