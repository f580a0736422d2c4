/* SPDX-License-Identifier: Apache-2.0 */
/* test_model_layers.c - a model lists its layers, one by one, and nothing past the last. */
#include "../golden/golden_files.h"
#include "base/cpu.h"

static trba_model *open_network(trba_cpu cpu)
{
    trba_model *model = NULL;
    trba_error err;
    trba_model_options options = trba_model_options_default();
    options.charset_text = "abcdefghijklmnopqr";
    options.cpu = cpu;
    const struct golden_path path = golden_path("networks", "vgg_ctc.pth");
    if (trba_model_open(path.text, &options, &model, &err) != TRBA_OK) fail_msg("%s", err.message);
    return model;
}

static void layers_are_those_of_the_network_in_its_order(void **state)
{
    (void)state;
    static const char *const names[] = {
        "FeatureExtraction.ConvNet.0.weight",
        "FeatureExtraction.ConvNet.3.weight",
        "FeatureExtraction.ConvNet.6.weight",
        "FeatureExtraction.ConvNet.8.weight",
        "FeatureExtraction.ConvNet.11.weight",
        "FeatureExtraction.ConvNet.14.weight",
        "FeatureExtraction.ConvNet.18.weight",
        "Prediction",
    };
    for (int cpu = TRBA_CPU_REF; cpu <= (int)cpu_best(); cpu++) {
        trba_model *model = open_network((trba_cpu)cpu);
        assert_int_equal(trba_model_layer_count(model), sizeof names / sizeof names[0]);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            trba_layer_info layer;
            assert_int_equal(trba_model_layer(model, i, &layer), TRBA_OK);
            assert_string_equal(layer.name, names[i]);
            assert_true(layer.work[0] != '\0' && layer.kernels[0] != '\0' && layer.packed_bytes > 0);
        }
        trba_model_free(model);
    }
}

static void past_the_last_layer_there_is_none(void **state)
{
    (void)state;
    trba_model *model = open_network(TRBA_CPU_AUTO);
    const size_t past[] = {trba_model_layer_count(model), trba_model_layer_count(model) + 1, SIZE_MAX};
    trba_layer_info layer, untouched;
    memset(&untouched, 0x55, sizeof untouched);
    for (size_t i = 0; i < sizeof past / sizeof past[0]; i++) {
        memcpy(&layer, &untouched, sizeof layer);
        assert_int_equal(trba_model_layer(model, past[i], &layer), TRBA_ERROR_ARGUMENT);
        assert_memory_equal(&layer, &untouched, sizeof layer);
    }
    assert_int_equal(trba_model_layer(model, 0, NULL), TRBA_ERROR_ARGUMENT);
    assert_int_equal(trba_model_layer(NULL, 0, &layer), TRBA_ERROR_ARGUMENT);
    trba_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_those_of_the_network_in_its_order),
        cmocka_unit_test(past_the_last_layer_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
