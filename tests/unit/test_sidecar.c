/* SPDX-License-Identifier: Apache-2.0 */
/* test_sidecar.c - what is read from the file beside a checkpoint: opt.txt of the trainers, the .yaml files, and what
 * is said about bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/sidecar.h"

static char folder[] = "/tmp/trba_sidecar_XXXXXX";
static char checkpoint_path[64];

static const char *const names[] = {"best.acc.yaml", "best.acc.yml", "trba.yaml", "opt.txt"};

static const char *path_of(const char *name)
{
    static char path[96];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    snprintf(checkpoint_path, sizeof checkpoint_path, "%s/best.acc.pth", folder);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unlink(path_of(names[i]));
    unlink(path_of("trba.pth"));
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void write_bytes(const char *name, const char *bytes, size_t n)
{
    FILE *file = fopen(path_of(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

static struct sidecar must_read(void)
{
    struct sidecar sidecar;
    memset(&sidecar, 0xA5, sizeof sidecar);
    trba_error err = {.message = ""};
    if (sidecar_read(checkpoint_path, &sidecar, &err) != TRBA_OK) fail_msg("%s", err.message);
    return sidecar;
}

/* Reads one file of that name and text, and removes it. */
static struct sidecar must_read_text(const char *name, const char *text)
{
    write_text(name, text);
    const struct sidecar sidecar = must_read();
    assert_string_equal(sidecar.path, path_of(name));
    assert_int_equal(unlink(path_of(name)), 0);
    return sidecar;
}

/* Fails unless the file is refused with its path and line, and the fragment, in the message. */
static void must_refuse_bytes(const char *name, const char *bytes, size_t n, int line, const char *fragment)
{
    write_bytes(name, bytes, n);
    struct sidecar sidecar = {.batch_max_length = 77};
    trba_error err = {.message = ""};
    char place[128];
    snprintf(place, sizeof place, line > 0 ? "%s:%d: " : "%s", path_of(name), line);
    assert_int_equal(sidecar_read(checkpoint_path, &sidecar, &err), TRBA_ERROR_FORMAT);
    if (strstr(err.message, place) == NULL) fail_msg("no \"%s\" in: %s", place, err.message);
    if (strstr(err.message, fragment) == NULL) fail_msg("no \"%s\" in: %s", fragment, err.message);
    assert_int_equal(sidecar.batch_max_length, 77);
    assert_int_equal(sidecar_read(checkpoint_path, &sidecar, NULL), TRBA_ERROR_FORMAT);
    assert_int_equal(unlink(path_of(name)), 0);
}

static void must_refuse(const char *name, const char *text, int line, const char *fragment)
{
    must_refuse_bytes(name, text, strlen(text), line, fragment);
}

/* As train.py writes it. The alphabet has what could mislead a parser: ": ", quotes, a backslash, outer blanks. */
static const char opt_txt[] =
    "------------ Options -------------\n"
    "exp_name: TPS-ResNet-BiLSTM-Attn-Seed1111\n"
    "train_data: data/: odd: path\n"
    "manualSeed: 1111\n"
    "lr: 1\n"
    "batch_max_length: 40\n"
    "imgH: 48\n"
    "imgW: 160\n"
    "rgb: True\n"
    "character:  01: \"'\\#abc \n"
    "sensitive: True\n"
    "PAD: True\n"
    "data_filtering_off: False\n"
    "Transformation: TPS\n"
    "FeatureExtraction: ResNet\n"
    "SequenceModeling: BiLSTM\n"
    "Prediction: Attn\n"
    "num_fiducial: 20\n"
    "input_channel: 3\n"
    "output_channel: 512\n"
    "hidden_size: 256\n"
    "num_gpu: 1\n"
    "num_class: 14\n"
    "---------------------------------------\n";

static void no_sidecar_is_no_error(void **state)
{
    (void)state;
    struct sidecar sidecar = must_read();
    assert_null(sidecar.path);
    assert_null(sidecar.charset_text);
    assert_int_equal(sidecar.preset, TRBA_PRESET_ANY);
    sidecar_free(&sidecar);
    sidecar_free(NULL);
}

static void opt_txt_of_the_trainer_is_read(void **state)
{
    (void)state;
    struct sidecar s = must_read_text("opt.txt", opt_txt);
    assert_int_equal(s.expect.transformation, TRBA_TRANSFORMATION_TPS);
    assert_int_equal(s.expect.feature_extraction, TRBA_FEATURE_EXTRACTION_RESNET);
    assert_int_equal(s.expect.sequence_modeling, TRBA_SEQUENCE_MODELING_BILSTM);
    assert_int_equal(s.expect.prediction, TRBA_PREDICTION_ATTN);
    assert_int_equal(s.expect.input_channel, 3);
    assert_int_equal(s.expect.output_channel, 512);
    assert_int_equal(s.expect.hidden_size, 256);
    assert_int_equal(s.expect.num_fiducial, 20);
    assert_int_equal(s.expect.num_class, 14);
    assert_int_equal(s.expect.img_h, 48);
    assert_int_equal(s.expect.img_w, 160);
    assert_int_equal(s.batch_max_length, 40);
    assert_int_equal(s.pad, TRBA_CHOICE_YES);
    assert_int_equal(s.preset, TRBA_PRESET_CLOVAAI);
    assert_string_equal(s.charset_text, " 01: \"'\\#abc ");
    assert_null(s.charset_preset);
    sidecar_free(&s);
}

static void last_block_of_opt_txt_counts(void **state)
{
    (void)state;
    struct sidecar s = must_read_text("opt.txt",
                                      "------------ Options -------------\nimgH: 32\nPAD: True\ncharacter: ab\n"
                                      "---------------------------------------\n"
                                      "------------ Options -------------\nimgH: 64\ncharacter: cd\n"
                                      "---------------------------------------\n");
    assert_int_equal(s.expect.img_h, 64);
    assert_int_equal(s.pad, TRBA_CHOICE_ANY);
    assert_string_equal(s.charset_text, "cd");
    sidecar_free(&s);
}

static void opt_txt_may_have_windows_line_ends_a_mark_and_blanks_lost(void **state)
{
    (void)state;
    struct sidecar s = must_read_text("opt.txt",
                                      "\xEF\xBB\xBFimgH: 32\r\nimgW:\r\ncharacter: a\xE2\x82\xAC \r\nrgb: False");
    assert_int_equal(s.expect.img_h, 32);
    assert_int_equal(s.expect.img_w, 0);
    assert_int_equal(s.expect.input_channel, 0);
    assert_string_equal(s.charset_text, "a\xE2\x82\xAC ");
    sidecar_free(&s);
}

static void sensitive_counts_only_without_an_alphabet(void **state)
{
    (void)state;
    struct sidecar alone = must_read_text("opt.txt", "sensitive: True\n");
    assert_string_equal(alone.charset_preset, "printable94");
    assert_null(alone.charset_text);
    sidecar_free(&alone);
    struct sidecar not = must_read_text("opt.txt", "sensitive: False\ncharacter: \n");
    assert_null(not.charset_preset);
    assert_null(not.charset_text);
    sidecar_free(&not);
}

static void easyocr_custom_network_is_read(void **state)
{
    (void)state;
    struct sidecar s = must_read_text("best.acc.yaml",
                                      "network_params:\n  input_channel: 1\n  output_channel: 256\n  hidden_size: 128\n"
                                      "imgH: 64\nlang_list:\n    - 'en'\n"
                                      "character_list: 0123!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \xE2\x82\xAC" "AB\n");
    assert_int_equal(s.preset, TRBA_PRESET_EASYOCR);
    assert_int_equal(s.expect.input_channel, 1);
    assert_int_equal(s.expect.output_channel, 256);
    assert_int_equal(s.expect.hidden_size, 128);
    assert_int_equal(s.expect.img_h, 64);
    assert_string_equal(s.charset_text, "0123!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \xE2\x82\xAC" "AB");
    sidecar_free(&s);
}

static void easyocr_trainer_configuration_is_read(void **state)
{
    (void)state;
    struct sidecar s = must_read_text("best.acc.yml",
                                      "number: '0123456789'\nsymbol: \"!\\\"#' \xE2\x82\xAC\\\\\"\nlang_char: 'ABab'\n"
                                      "optim: False # default is Adadelta\nlr: 1.\nbatch_max_length: 34 \nimgH: 64\n"
                                      "imgW: 600\nrgb: False\ncontrast_adjust: 0.0\nsensitive: True\nPAD: True\n"
                                      "Transformation: 'None'\nFeatureExtraction: 'VGG'\nSequenceModeling: 'BiLSTM'\n"
                                      "Prediction: 'CTC'\noutput_channel: 256\n");
    assert_string_equal(s.charset_text, "0123456789!\"#' \xE2\x82\xAC\\ABab");
    assert_null(s.charset_preset);
    assert_int_equal(s.preset, TRBA_PRESET_ANY);
    assert_int_equal(s.expect.transformation, TRBA_TRANSFORMATION_NONE);
    assert_int_equal(s.expect.feature_extraction, TRBA_FEATURE_EXTRACTION_VGG);
    assert_int_equal(s.expect.img_w, 600);
    assert_int_equal(s.batch_max_length, 34);
    assert_int_equal(s.pad, TRBA_CHOICE_YES);
    sidecar_free(&s);
    struct sidecar open = must_read_text("best.acc.yaml", "number: '01'\nsymbol: '+'\nlang_char: 'None'\n");
    assert_null(open.charset_text);
    sidecar_free(&open);
}

static void our_own_yaml_is_read(void **state)
{
    (void)state;
    struct sidecar s = must_read_text("trba.yaml",
                                      "charset_preset: english_g2\npreset: easyocr\nimgH: 64\nPAD: no\nrgb: yes\n"
                                      "unknown: {a: [1, {b: 2}]}\nPrediction: ctc\n");
    assert_string_equal(s.charset_preset, "english_g2");
    assert_null(s.charset_text);
    assert_int_equal(s.preset, TRBA_PRESET_EASYOCR);
    assert_int_equal(s.pad, TRBA_CHOICE_NO);
    assert_int_equal(s.expect.input_channel, 3);
    assert_int_equal(s.expect.prediction, TRBA_PREDICTION_CTC);
    sidecar_free(&s);
    struct sidecar text = must_read_text("trba.yaml", "preset: clovaai\ncharacter_list: ' a#:'\n");
    assert_string_equal(text.charset_text, " a#:");
    assert_int_equal(text.preset, TRBA_PRESET_CLOVAAI);
    sidecar_free(&text);
}

static void alphabet_under_two_keys_must_be_one(void **state)
{
    (void)state;
    static const char *const agreeing[] = {
        "character: ab\ncharset: ab\n", "character: None\ncharset: ab\n", "character: ab\ncharset:\n",
        "character: cd\ncharacter: ab\n", "charset: ab\nnetwork_params:\n  character_list: ab\n",
    };
    for (size_t i = 0; i < sizeof agreeing / sizeof agreeing[0]; i++) {
        struct sidecar s = must_read_text("trba.yaml", agreeing[i]);
        assert_string_equal(s.charset_text, "ab");
        sidecar_free(&s);
    }
    must_refuse("trba.yaml", "charset: ' a'\ncharacter_list: ' b'\n", 2,
                "character_list is another alphabet than charset above");
    must_refuse("trba.yaml", "character: ab\nPAD: no\ncharset: abc\n", 3, "charset is another alphabet than character");
    must_refuse("opt.txt", "charset: ab\ncharacter: \xff\n", 2, "character is not UTF-8");
    must_refuse("opt.txt", "charset: ab\ncharacter: ba\n", 2, "character is another alphabet than charset");
    struct sidecar later = must_read_text("opt.txt", "charset: ab\n------------ Options\ncharacter: ba\n");
    assert_string_equal(later.charset_text, "ba");
    sidecar_free(&later);
}

static void turns_are_those_of_the_last_word_and_none_is_one(void **state)
{
    (void)state;
    static const struct { const char *text; trba_rotate rotate; } files[] = {
        {"rotate: tall\n", TRBA_ROTATE_TALL},
        {"rotate: auto\n", TRBA_ROTATE_AUTO},
        {"rotate: Tall\n", TRBA_ROTATE_TALL},
        {"rotate: 'none'\n", TRBA_ROTATE_NONE},
        {"rotate: None\n", TRBA_ROTATE_NONE},
        {"rotate:\n", TRBA_ROTATE_NONE},
        {"rotate: tall\nrotate: none\n", TRBA_ROTATE_NONE},
        {"imgH: 32\n", TRBA_ROTATE_NONE},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct sidecar s = must_read_text("trba.yaml", files[i].text);
        assert_int_equal(s.rotate, files[i].rotate);
        sidecar_free(&s);
    }
    struct sidecar opt = must_read_text("opt.txt", "rotate: auto\n------------ Options\nimgH: 32\n");
    assert_int_equal(opt.rotate, TRBA_ROTATE_NONE);
    sidecar_free(&opt);
}

static void empty_yaml_says_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "# only a comment\n", "imgH:\nPAD: ~\nrgb: null\ncharset: ''\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct sidecar s = must_read_text("best.acc.yaml", texts[i]);
        assert_int_equal(s.expect.img_h, 0);
        assert_int_equal(s.pad, TRBA_CHOICE_ANY);
        assert_null(s.charset_text);
        sidecar_free(&s);
    }
}

static void words_for_nothing_leave_every_key_open(void **state)
{
    (void)state;
    static const char *const words[] = {"None", "null", "~", "", "NULL"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "imgH: %1$s\nPAD: %1$s\nrgb: %1$s\ncharset: %1$s\ncharset_preset: %1$s\nnumber: '01'\nsymbol: %1$s\n"
                 "lang_char: %1$s\nbatch_max_length: %1$s\npreset: %1$s\n", words[i]);
        struct sidecar s = must_read_text("trba.yaml", text);
        assert_int_equal(s.expect.img_h, 0);
        assert_int_equal(s.expect.input_channel, 0);
        assert_int_equal(s.pad, TRBA_CHOICE_ANY);
        assert_int_equal(s.batch_max_length, 0);
        assert_int_equal(s.preset, TRBA_PRESET_ANY);
        assert_null(s.charset_text);
        assert_null(s.charset_preset);
        sidecar_free(&s);
    }
}

/* None is a stage, and quoted words are texts. */
static void words_for_nothing_that_are_values_stay_values(void **state)
{
    (void)state;
    struct sidecar s = must_read_text("trba.yaml", "Transformation: None\nSequenceModeling: ~\nPrediction: null\n"
                                                   "FeatureExtraction:\ncharset: \"~\"\n");
    assert_int_equal(s.expect.transformation, TRBA_TRANSFORMATION_NONE);
    assert_int_equal(s.expect.sequence_modeling, TRBA_SEQUENCE_MODELING_ANY);
    assert_int_equal(s.expect.prediction, TRBA_PREDICTION_ANY);
    assert_int_equal(s.expect.feature_extraction, TRBA_FEATURE_EXTRACTION_ANY);
    assert_string_equal(s.charset_text, "~");
    sidecar_free(&s);
    struct sidecar opt = must_read_text("opt.txt", "Transformation: None\ncharacter: None\nPrediction: null\n");
    assert_int_equal(opt.expect.transformation, TRBA_TRANSFORMATION_NONE);
    assert_null(opt.charset_text);
    sidecar_free(&opt);
}

static void first_of_the_files_is_taken(void **state)
{
    (void)state;
    for (size_t i = sizeof names / sizeof names[0]; i > 0; i--) {
        write_text(names[i - 1], "imgH: 32\n");
        struct sidecar s = must_read();
        assert_string_equal(s.path, path_of(names[i - 1]));
        sidecar_free(&s);
    }
}

static void trba_yaml_beside_trba_pth_is_for_that_one_alone(void **state)
{
    (void)state;
    char own_path[96];
    snprintf(own_path, sizeof own_path, "%s", path_of("trba.pth"));
    write_text("trba.yaml", "imgH: 40\n");
    struct sidecar s = must_read();
    assert_int_equal(s.expect.img_h, 40);
    sidecar_free(&s);
    write_text("trba.pth", "");
    write_text("opt.txt", "imgH: 48\n");
    s = must_read();
    assert_string_equal(s.path, path_of("opt.txt"));
    sidecar_free(&s);
    assert_int_equal(sidecar_read(own_path, &s, NULL), TRBA_OK);
    assert_string_equal(s.path, path_of("trba.yaml"));
    assert_int_equal(s.expect.img_h, 40);
    sidecar_free(&s);
}

static void checkpoint_without_folder_or_extension_is_looked_beside(void **state)
{
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    write_text("opt.txt", "imgH: 40\n");
    struct sidecar s;
    assert_int_equal(sidecar_read("best", &s, NULL), TRBA_OK);
    assert_string_equal(s.path, "opt.txt");
    assert_int_equal(s.expect.img_h, 40);
    sidecar_free(&s);
    assert_int_equal(chdir(before), 0);
}

static void bad_values_are_refused_with_file_and_line(void **state)
{
    (void)state;
    must_refuse("opt.txt", "imgW: 100\nimgH: tall\n", 2, "imgH must be a whole number from 1 to 1024, not \"tall\"");
    must_refuse("opt.txt", "imgH: -32\n", 1, "a whole number");
    must_refuse("opt.txt", "imgH: 32.0\n", 1, "a whole number");
    must_refuse("opt.txt", "imgH: 99999999999999999999\n", 1, "a whole number");
    must_refuse("opt.txt", "imgH: 0\n", 1, "imgH must be a whole number from 1 to 1024, not \"0\"");
    must_refuse("opt.txt", "a: b\nimgW: 16385\n", 2, "from 1 to 16384");
    must_refuse("trba.yaml", "batch_max_length: 99999\n", 1, "batch_max_length must be a whole number from 1 to 1024");
    must_refuse("trba.yaml", "num_class: 1048577\n", 1, "from 1 to 1048576");
    must_refuse("trba.yaml", "imgH: 'None'\n", 1, "a whole number");
    must_refuse("trba.yaml", "Transformation: 'null'\n", 1, "one of clovaai's");
    must_refuse("opt.txt", "\n\nPAD: perhaps\n", 3, "PAD must be True or False");
    must_refuse("opt.txt", "Prediction: Transformer\n", 1, "one of clovaai's");
    must_refuse("opt.txt", "character: ab\xE9\n", 1, "not UTF-8");
    must_refuse("trba.yaml", "a: 1\npreset: tesseract\n", 2, "clovaai or easyocr");
    must_refuse("trba.yaml", "a: 1\nrotate: 90\n", 2, "rotate must be none, tall or auto, not \"90\"");
    must_refuse("trba.yaml", "rotate: any\n", 1, "none, tall or auto");
    must_refuse("trba.yaml", "rotate: [tall]\n", 1, "one plain value");
    must_refuse("trba.yaml", "charset: \"a\\0b\"\n", 1, "zero byte");
    must_refuse("trba.yaml", "charset: ab\ncharset_preset: alnum36\n", 0, "alphabet twice");
    must_refuse("trba.yaml", "a: 1\ncharset: [a, b]\n", 2, "one plain value");
    must_refuse("trba.yaml", "network_params:\n  output_channel: wide\n", 2, "a whole number");
    must_refuse_bytes("opt.txt", "character: a\0b\n", 15, 1, "zero byte");
    must_refuse_bytes("opt.txt", "\xFF\xFEi\0m\0g\0H\0:\0 \0003\0002\0", 18, 1, "is UTF-16; save it as UTF-8");
    must_refuse_bytes("opt.txt", "\xFE\xFF\0i\0m", 6, 1, "UTF-16");
}

static void bad_yaml_is_refused_with_file_and_line(void **state)
{
    (void)state;
    must_refuse("trba.yaml", "a: 1\nb: 'open\n", 3, "not YAML");
    must_refuse("trba.yaml", "a: 1\n\tb: 2\n", 2, "not YAML");
    must_refuse("trba.yaml", "- a\n- b\n", 1, "key: value");
    must_refuse("trba.yaml", "only words\n", 1, "key: value");
    must_refuse("trba.yaml", "? [a, b]\n: 1\n", 1, "a key must be a plain word");
    must_refuse("trba.yaml", "a: &x [1, 2]\nb: *x\n", 2, "aliases are not read");
    must_refuse("trba.yaml", "a: &x 1\nb:\n  - *x\n", 3, "aliases are not read");
    must_refuse("trba.yaml", "a: [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]\n", 1, "nested too deeply");
    must_refuse("trba.yaml", "a: \xFF\n", 1, "not YAML");
}

static void hostile_yaml_ends_soon(void **state)
{
    (void)state;
    const size_t n = 1 << 20;
    char *bytes = malloc(n);
    assert_non_null(bytes);
    static const char *const fillings[] = {"[", "{", "- ", "? ", "\"", "a: ", "&a ", "\n"};
    for (size_t i = 0; i < sizeof fillings / sizeof fillings[0]; i++) {
        const size_t length = strlen(fillings[i]);
        for (size_t at = 0; at < n; at++) bytes[at] = fillings[i][at % length];
        write_bytes("trba.yaml", bytes, n);
        struct sidecar s;
        if (sidecar_read(checkpoint_path, &s, NULL) == TRBA_OK) sidecar_free(&s);
    }
    free(bytes);
}

static void too_large_and_unreadable_files_are_refused(void **state)
{
    (void)state;
    const size_t n = (1 << 20) + 1;
    char *bytes = calloc(n, 1);
    assert_non_null(bytes);
    write_bytes("opt.txt", bytes, n);
    free(bytes);
    struct sidecar s;
    trba_error err = {.message = ""};
    assert_int_equal(sidecar_read(checkpoint_path, &s, &err), TRBA_ERROR_LIMIT);
    assert_non_null(strstr(err.message, path_of("opt.txt")));
    assert_int_equal(unlink(path_of("opt.txt")), 0);
    assert_int_equal(mkdir(path_of("opt.txt"), 0700), 0);
    assert_int_equal(sidecar_read(checkpoint_path, &s, &err), TRBA_ERROR_IO);
    assert_int_equal(rmdir(path_of("opt.txt")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(no_sidecar_is_no_error, remove_files),
        cmocka_unit_test_teardown(opt_txt_of_the_trainer_is_read, remove_files),
        cmocka_unit_test_teardown(last_block_of_opt_txt_counts, remove_files),
        cmocka_unit_test_teardown(opt_txt_may_have_windows_line_ends_a_mark_and_blanks_lost, remove_files),
        cmocka_unit_test_teardown(sensitive_counts_only_without_an_alphabet, remove_files),
        cmocka_unit_test_teardown(easyocr_custom_network_is_read, remove_files),
        cmocka_unit_test_teardown(easyocr_trainer_configuration_is_read, remove_files),
        cmocka_unit_test_teardown(our_own_yaml_is_read, remove_files),
        cmocka_unit_test_teardown(alphabet_under_two_keys_must_be_one, remove_files),
        cmocka_unit_test_teardown(turns_are_those_of_the_last_word_and_none_is_one, remove_files),
        cmocka_unit_test_teardown(empty_yaml_says_nothing, remove_files),
        cmocka_unit_test_teardown(words_for_nothing_leave_every_key_open, remove_files),
        cmocka_unit_test_teardown(words_for_nothing_that_are_values_stay_values, remove_files),
        cmocka_unit_test_teardown(first_of_the_files_is_taken, remove_files),
        cmocka_unit_test_teardown(trba_yaml_beside_trba_pth_is_for_that_one_alone, remove_files),
        cmocka_unit_test_teardown(checkpoint_without_folder_or_extension_is_looked_beside, remove_files),
        cmocka_unit_test_teardown(bad_values_are_refused_with_file_and_line, remove_files),
        cmocka_unit_test_teardown(bad_yaml_is_refused_with_file_and_line, remove_files),
        cmocka_unit_test_teardown(hostile_yaml_ends_soon, remove_files),
        cmocka_unit_test_teardown(too_large_and_unreadable_files_are_refused, remove_files),
    };
    return cmocka_run_group_tests_name("sidecar", tests, make_folder, remove_folder);
}
