/* SPDX-License-Identifier: Apache-2.0 */
/* test_architecture.c - which network a table of tensors is, what it lacks, and what is said about it.
 *
 * The tables are made by hand or from architecture_for_each_tensor(), which the first test holds against the original
 * program: names, order and shapes of all 24 networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "model/architecture.h"
#include "model/architecture_names.h"

#define FRAGMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- the original's lists ---------------------------------------------------------------------------------------- */

/* For each network at the sizes of `golden_sizes`: number of tensors, and the 64-bit FNV-1a hash of one line
 * "NAME [SIZE,SIZE,...]" per tensor, of the original program's Model(opt).state_dict() (clovaai e2117f2). */
static const struct { const char *name; size_t n; uint64_t hash; } golden[] = {
    {"None-VGG-None-CTC", 24, 0xF897A33595E4FED3u},
    {"None-VGG-None-Attn", 32, 0xCA845DAABBDC2DC0u},
    {"None-VGG-BiLSTM-CTC", 44, 0x80DD1A48CC8540BCu},
    {"None-VGG-BiLSTM-Attn", 52, 0x59E0C5EF4C31513Eu},
    {"None-RCNN-None-CTC", 412, 0xAF9B71FDBB44703Fu},
    {"None-RCNN-None-Attn", 420, 0x98F8582FDD624124u},
    {"None-RCNN-BiLSTM-CTC", 432, 0xADAB192CC7FC3C50u},
    {"None-RCNN-BiLSTM-Attn", 440, 0x6E48DB7D8EDDEFEAu},
    {"None-ResNet-None-CTC", 194, 0x46CE29C47F8F929Du},
    {"None-ResNet-None-Attn", 202, 0xE49F627C0C21256Eu},
    {"None-ResNet-BiLSTM-CTC", 214, 0xE4A223E99F1F7CEEu},
    {"None-ResNet-BiLSTM-Attn", 222, 0x0032FE5AF7AD7890u},
    {"TPS-VGG-None-CTC", 54, 0x5758C2801F5E0575u},
    {"TPS-VGG-None-Attn", 62, 0xFB29513728FFA836u},
    {"TPS-VGG-BiLSTM-CTC", 74, 0x19C41A3ED31CED86u},
    {"TPS-VGG-BiLSTM-Attn", 82, 0x75563F2A9850A028u},
    {"TPS-RCNN-None-CTC", 442, 0x6D71D4F3AF8644D1u},
    {"TPS-RCNN-None-Attn", 450, 0x91ED71C98E7CAACAu},
    {"TPS-RCNN-BiLSTM-CTC", 462, 0xB07F4F508C6E699Au},
    {"TPS-RCNN-BiLSTM-Attn", 470, 0xD009D16BDB36D9C4u},
    {"TPS-ResNet-None-CTC", 224, 0xDCED5ADD4A936DA3u},
    {"TPS-ResNet-None-Attn", 232, 0x19337A8441B22F30u},
    {"TPS-ResNet-BiLSTM-CTC", 244, 0xEA982AC0C7C41B4Cu},
    {"TPS-ResNet-BiLSTM-Attn", 252, 0x0B30C71A2FFC65EEu},
};

static const trba_architecture golden_sizes = {.input_channel = 3, .output_channel = 52, .hidden_size = 20,
                                               .num_fiducial = 10, .num_class = 97, .img_h = 33, .img_w = 77};

struct digest {
    size_t n;
    uint64_t hash;
};

static void digest_text(struct digest *digest, const char *text)
{
    for (; *text != '\0'; text++) digest->hash = (digest->hash ^ (uint8_t)*text) * UINT64_C(0x100000001B3);
}

static void digest_tensor(void *user, const char *name, int n_dimensions, const int64_t *shape, bool is_required)
{
    (void)is_required;
    struct digest *digest = user;
    digest->n++;
    digest_text(digest, name);
    digest_text(digest, " [");
    for (int i = 0; i < n_dimensions; i++) {
        char size[32];
        snprintf(size, sizeof size, "%s%lld", i == 0 ? "" : ",", (long long)shape[i]);
        digest_text(digest, size);
    }
    digest_text(digest, "]\n");
}

/* "TPS-ResNet-BiLSTM-Attn" and the sizes given. */
static trba_architecture make_architecture(const char *name, const trba_architecture *sizes)
{
    static const char *const options[] = {"Transformation", "FeatureExtraction", "SequenceModeling", "Prediction"};
    trba_architecture arch = *sizes;
    for (int i = 0; i < 4; i++) {
        const size_t n = strcspn(name, "-");
        assert_true(architecture_set_stage(&arch, options[i], strlen(options[i]), name, n));
        name += n + 1;
    }
    return arch;
}

static void all_networks_have_the_tensors_of_the_original(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        const trba_architecture arch = make_architecture(golden[i].name, &golden_sizes);
        struct digest digest = {.n = 0, .hash = UINT64_C(0xCBF29CE484222325)};
        architecture_for_each_tensor(&arch, digest_tensor, &digest);
        if (digest.n != golden[i].n || digest.hash != golden[i].hash)
            fail_msg("%s: %zu tensors, hash %016llX", golden[i].name, digest.n, (unsigned long long)digest.hash);
    }
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

enum { MOST_TENSORS = 512 };

struct fake {
    struct tensor_table table;
    struct tensor tensors[MOST_TENSORS];
    const struct tensor *by_name[MOST_TENSORS];
    char names[MOST_TENSORS][128];
    size_t n_names; /* of removed tensors, too */
    uint8_t *p_hat; /* float32 as in a file */
};

static struct tensor *fake_add(struct fake *fake, const char *name, int n_dimensions, const int64_t *shape)
{
    assert_true(fake->n_names < MOST_TENSORS);
    char *copy = fake->names[fake->n_names++];
    snprintf(copy, sizeof fake->names[0], "%s", name);
    struct tensor *tensor = &fake->tensors[fake->table.n_tensors++];
    *tensor = (struct tensor){.name = copy, .dtype = TENSOR_FLOAT32, .n_dimensions = n_dimensions,
                              .n_elements = 1};
    for (int d = n_dimensions - 1; d >= 0; d--) {
        tensor->shape[d] = shape[d];
        tensor->strides[d] = (int64_t)tensor->n_elements;
        tensor->n_elements *= (size_t)shape[d];
    }
    tensor_table_sort(&fake->table);
    return tensor;
}

static void add_tensor(void *user, const char *name, int n_dimensions, const int64_t *shape, bool is_required)
{
    (void)is_required;
    fake_add(user, name, n_dimensions, shape);
}

static struct tensor *must_find(struct fake *fake, const char *name)
{
    for (size_t i = 0; i < fake->table.n_tensors; i++)
        if (strcmp(fake->tensors[i].name, name) == 0) return &fake->tensors[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

static void fake_remove(struct fake *fake, const char *name)
{
    struct tensor *tensor = must_find(fake, name);
    const struct tensor *end = fake->tensors + --fake->table.n_tensors;
    memmove(tensor, tensor + 1, (size_t)(end - tensor) * sizeof *tensor);
    tensor_table_sort(&fake->table);
}

static void fake_remove_all(struct fake *fake, const char *fragment)
{
    for (size_t i = fake->table.n_tensors; i-- > 0;)
        if (strstr(fake->tensors[i].name, fragment) != NULL) fake_remove(fake, fake->tensors[i].name);
}

/* The sampling grid in columns 1 and 2, as the reference computes it. */
static void fill_p_hat(struct fake *fake, const trba_architecture *arch)
{
    struct tensor *p_hat = must_find(fake, "Transformation.GridGenerator.P_hat");
    const int h = arch->img_h, w = arch->img_w, columns = arch->num_fiducial + 3;
    fake->p_hat = calloc(p_hat->n_elements, sizeof(float));
    assert_non_null(fake->p_hat);
    for (int row = 0; row < h * w; row++) {
        uint8_t *at = fake->p_hat + row * columns * 4;
        store_f32le(at, 1.0F);
        store_f32le(at + 4, (float)((2.0 * (row % w) + 1 - w) / w));
        store_f32le(at + 8, (float)((2.0 * (row / w) + 1 - h) / h));
    }
    p_hat->data = fake->p_hat;
}

static struct fake *fake_empty(void)
{
    struct fake *fake = calloc(1, sizeof *fake);
    assert_non_null(fake);
    fake->table = (struct tensor_table){.format = "PyTorch zip", .root = "", .prefix = "", .tensors = fake->tensors,
                                         .by_name = fake->by_name};
    return fake;
}

static struct fake *fake_new(const trba_architecture *arch)
{
    struct fake *fake = fake_empty();
    architecture_for_each_tensor(arch, add_tensor, fake);
    if (arch->transformation == TRBA_TRANSFORMATION_TPS) fill_p_hat(fake, arch);
    return fake;
}

static void fake_free(struct fake *fake)
{
    free(fake->p_hat);
    free(fake);
}

static const trba_architecture usual_sizes = {.input_channel = 1, .output_channel = 512, .hidden_size = 256,
                                              .num_fiducial = 20, .num_class = 38, .img_h = 32, .img_w = 100};

static struct fake *fake_usual(const char *name)
{
    const trba_architecture arch = make_architecture(name, &usual_sizes);
    return fake_new(&arch);
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static void check_message(const trba_error *err, trba_status expected, const char *const *fragments)
{
    if (err->status != expected) fail_msg("status %d, expected %d: %s", err->status, expected, err->message);
    assert_true(utf8_count(err->message, strlen(err->message)) != SIZE_MAX);
    for (; *fragments != NULL; fragments++)
        if (strstr(err->message, *fragments) == NULL) fail_msg("no \"%s\" in: %s", *fragments, err->message);
}

static trba_architecture must_infer(const struct fake *fake)
{
    trba_architecture arch;
    trba_error err = {.message = ""};
    if (architecture_infer(&fake->table, &arch, &err) != TRBA_OK) fail_msg("%s", err.message);
    return arch;
}

static void must_not_infer(const struct fake *fake, const char *const *fragments)
{
    trba_architecture arch = {.num_class = 77};
    trba_error err = {.message = ""};
    assert_int_equal(architecture_infer(&fake->table, &arch, &err), TRBA_ERROR_MISMATCH);
    assert_int_equal(arch.num_class, 77);
    check_message(&err, TRBA_ERROR_MISMATCH, fragments);
    assert_int_equal(architecture_infer(&fake->table, &arch, NULL), TRBA_ERROR_MISMATCH);
}

static void must_pass(const struct fake *fake, const trba_architecture *expect)
{
    const trba_architecture found = must_infer(fake);
    trba_error err = {.message = ""};
    if (architecture_check(&fake->table, &found, expect, NULL, &err) != TRBA_OK) fail_msg("%s", err.message);
}

static void must_not_pass_sidecar(const struct fake *fake, const trba_architecture *expect, const char *sidecar_path,
                                  const char *const *fragments)
{
    const trba_architecture found = must_infer(fake);
    trba_error err = {.message = ""};
    const trba_status status = architecture_check(&fake->table, &found, expect, sidecar_path, &err);
    assert_int_not_equal(status, TRBA_OK);
    check_message(&err, status, fragments);
    assert_int_equal(architecture_check(&fake->table, &found, expect, sidecar_path, NULL), status);
}

static void must_not_pass(const struct fake *fake, const trba_architecture *expect, const char *const *fragments)
{
    must_not_pass_sidecar(fake, expect, NULL, fragments);
}

static const trba_architecture nothing_expected = {.img_h = 0};

/* ---- inferring --------------------------------------------------------------------------------------------------- */

/* What `arch` has no use for cannot be inferred. */
static trba_architecture inferable(trba_architecture arch)
{
    if (arch.transformation == TRBA_TRANSFORMATION_NONE) arch.num_fiducial = arch.img_h = arch.img_w = 0;
    if (arch.sequence_modeling == TRBA_SEQUENCE_MODELING_NONE && arch.prediction == TRBA_PREDICTION_CTC)
        arch.hidden_size = 0;
    return arch;
}

static void all_networks_are_inferred_at_several_sizes(void **state)
{
    (void)state;
    static const trba_architecture sizes[] = {
        {.input_channel = 1, .output_channel = 512, .hidden_size = 256, .num_fiducial = 20, .num_class = 38,
         .img_h = 32, .img_w = 100},
        {.input_channel = 3, .output_channel = 27, .hidden_size = 7, .num_fiducial = 6, .num_class = 3,
         .img_h = 65, .img_w = 1},
        {.input_channel = 1, .output_channel = 16, .hidden_size = 1, .num_fiducial = 4, .num_class = 6719,
         .img_h = 1, .img_w = 37},
    };
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            const trba_architecture arch = make_architecture(golden[i].name, &sizes[s]);
            struct fake *fake = fake_new(&arch);
            const trba_architecture expected = inferable(arch);
            const trba_architecture found = must_infer(fake);
            assert_memory_equal(&found, &expected, sizeof found);
            must_pass(fake, &nothing_expected);
            must_pass(fake, &arch);
            fake_free(fake);
        }
    }
}

static void image_size_is_read_from_p_hat_of_any_dtype_and_strides(void **state)
{
    (void)state;
    trba_architecture arch = make_architecture("TPS-VGG-None-CTC", &usual_sizes);
    arch.img_h = 48;
    arch.img_w = 200;
    struct fake *fake = fake_new(&arch);
    struct tensor *p_hat = must_find(fake, "Transformation.GridGenerator.P_hat");
    const size_t rows = (size_t)p_hat->shape[0], columns = (size_t)p_hat->shape[1];
    uint8_t *transposed = calloc(rows * columns, 2); /* bfloat16: the upper half of a float */
    assert_non_null(transposed);
    for (size_t i = 0; i < rows * columns; i++)
        store_u16le(transposed + 2 * (i % columns * rows + i / columns),
                    (uint16_t)((load_u32le(fake->p_hat + 4 * i) + 0x8000) >> 16));
    p_hat->dtype = TENSOR_BFLOAT16;
    p_hat->strides[0] = 1;
    p_hat->strides[1] = (int64_t)rows;
    p_hat->data = transposed;
    const trba_architecture found = must_infer(fake);
    assert_int_equal(found.img_h, 48);
    assert_int_equal(found.img_w, 200);
    free(transposed);
    fake_free(fake);
}

static void one_lost_tensor_hides_no_size(void **state)
{
    (void)state;
    static const struct { const char *network, *lost; } cases[] = {
        {"TPS-VGG-BiLSTM-CTC", "FeatureExtraction.ConvNet.0.weight"},
        {"None-VGG-BiLSTM-CTC", "FeatureExtraction.ConvNet.18.weight"},
        {"None-RCNN-None-CTC", "FeatureExtraction.ConvNet.9.weight"},
        {"None-ResNet-None-CTC", "FeatureExtraction.ConvNet.conv4_2.weight"},
        {"None-VGG-BiLSTM-CTC", "SequenceModeling.0.rnn.weight_hh_l0"},
        {"None-VGG-None-Attn", "Prediction.attention_cell.h2h.weight"},
        {"None-VGG-BiLSTM-CTC", "Prediction.weight"},
        {"None-VGG-BiLSTM-Attn", "Prediction.generator.weight"},
        {"TPS-VGG-None-CTC", "Transformation.LocalizationNetwork.localization_fc2.weight"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const trba_architecture arch = make_architecture(cases[i].network, &usual_sizes);
        struct fake *fake = fake_new(&arch);
        fake_remove(fake, cases[i].lost);
        const trba_architecture found = must_infer(fake), expected = inferable(arch);
        assert_memory_equal(&found, &expected, sizeof found);
        must_not_pass(fake, &nothing_expected, FRAGMENTS(cases[i].network, "1 missing in the file", cases[i].lost,
                                                         "likely cause: only a part of the network was saved"));
        fake_free(fake);
    }
}

static void missing_buffers_and_counters_are_no_mistake(void **state)
{
    (void)state;
    struct fake *fake = fake_usual("TPS-ResNet-BiLSTM-Attn");
    fake_remove(fake, "Transformation.GridGenerator.P_hat");
    fake_remove(fake, "Transformation.GridGenerator.inv_delta_C");
    fake_remove(fake, "FeatureExtraction.ConvNet.bn3.num_batches_tracked");
    fake_add(fake, "n_averaged", 0, NULL);
    must_pass(fake, &nothing_expected);
    assert_int_equal(must_infer(fake).img_w, 0);
    const trba_architecture other_size = {.img_h = 48, .img_w = 160};
    must_pass(fake, &other_size);
    fake_free(fake);
}

/* ---- what is none of the networks -------------------------------------------------------------------------------- */

static void strangers_are_named(void **state)
{
    (void)state;
    static const struct { const char *name, *is; } cases[] = {
        {"basenet.slice1.0.weight", "CRAFT"},
        {"text_embed.embedding.weight", "PARSeq"},
        {"cnn.conv0.weight", "crnn.pytorch"},
        {"head.ctc_head.fc.weight", "PaddleOCR"},
        {"encoder.layer.0.attention.self.query.weight", "Transformer"},
        {"FeatureExtraction._orig_mod.ConvNet.0.weight", "one of which a part was saved in its wrapper (torch.compile"},
        {"FeatureExtraction.module.ConvNet.0.weight", "take the wrapper out of the names"},
        {"something.else", "holds 1 tensor such as something.else, but none named FeatureExtraction.ConvNet.*"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake *fake = fake_empty();
        fake_add(fake, cases[i].name, 1, (const int64_t[]){8});
        must_not_infer(fake, FRAGMENTS("none of the clovaai networks", cases[i].name, cases[i].is));
        fake_free(fake);
    }
    struct fake *empty = fake_empty();
    must_not_infer(empty, FRAGMENTS("no tensors"));
    fake_free(empty);
}

static void names_of_strangers_are_made_fit_to_be_shown(void **state)
{
    (void)state;
    struct fake *fake = fake_empty();
    fake_add(fake, "bad\xFFname\n\x1B[31m", 1, (const int64_t[]){8});
    char longest[128];
    memset(longest, 'x', sizeof longest);
    longest[127] = '\0';
    fake_add(fake, longest, 1, (const int64_t[]){8});
    must_not_infer(fake, FRAGMENTS("bad?name??[31m", "xxx..."));
    fake_free(fake);
}

static void trba_of_strhub_is_refused_by_name(void **state)
{
    (void)state;
    struct fake *fake = fake_usual("TPS-ResNet-BiLSTM-Attn");
    fake_add(fake, "Prediction.char_embeddings.weight", 2, (const int64_t[]){97, 256});
    must_not_infer(fake, FRAGMENTS("strhub/parseq", "char_embeddings", "97 rows"));
    fake_free(fake);
}

static void ctc_head_of_the_paper_is_refused_by_name(void **state)
{
    (void)state;
    struct fake *fake = fake_usual("None-VGG-BiLSTM-CTC");
    fake_remove(fake, "Prediction.weight");
    fake_remove(fake, "Prediction.bias");
    must_not_infer(fake, FRAGMENTS("None-VGG-BiLSTM-?", "none named Prediction.*"));
    must_find(fake, "SequenceModeling.1.linear.weight")->shape[0] = 37;
    must_not_infer(fake, FRAGMENTS("head of the paper", "37 classes"));
    fake_free(fake);
}

static void sizes_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct { const char *network, *tensor; int64_t size; const char *fragment; } cases[] = {
        {"None-ResNet-None-CTC", "FeatureExtraction.ConvNet.conv4_2.weight", 15, "output_channel 15; the least is 16"},
        {"None-VGG-None-CTC", "FeatureExtraction.ConvNet.18.weight", 7, "output_channel 7; the least is 8"},
        {"None-VGG-None-CTC", "Prediction.weight", 1, "num_class 1; the least is 2"},
        {"TPS-VGG-None-CTC", "Transformation.LocalizationNetwork.localization_fc2.weight", 42, "must be even"},
        {"TPS-VGG-None-CTC", "Transformation.LocalizationNetwork.localization_fc2.weight", 4, "num_fiducial 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake *fake = fake_usual(cases[i].network);
        must_find(fake, cases[i].tensor)->shape[0] = cases[i].size;
        must_not_infer(fake, FRAGMENTS(cases[i].fragment));
        fake_free(fake);
    }
    struct fake *fake = fake_usual("None-VGG-None-CTC");
    must_find(fake, "Prediction.weight")->shape[0] = INT64_MAX;
    must_find(fake, "Prediction.bias")->shape[0] = 0;
    must_not_infer(fake, FRAGMENTS("None-VGG-None-CTC", "num_class (Prediction.weight) is missing or misshapen"));
    fake_free(fake);
}

/* ---- checking ---------------------------------------------------------------------------------------------------- */

/* The case this project was born from. The counts are those of the original's load_state_dict(). */
static void other_network_than_asked_for_is_answered_in_one_message(void **state)
{
    (void)state;
    struct fake *fake = fake_usual("None-VGG-BiLSTM-CTC");
    const trba_architecture asked = make_architecture("TPS-ResNet-BiLSTM-Attn", &usual_sizes);
    must_not_pass(fake, &asked,
                  FRAGMENTS("this checkpoint is a None-VGG-BiLSTM-CTC network, ",
                            "but TPS-ResNet-BiLSTM-Attn was asked for by the options\n",
                            "196 missing in the file: Transformation.LocalizationNetwork.conv.0.weight, ",
                            "24 unexpected in the file: FeatureExtraction.ConvNet.0.weight, ",
                            "trba compare with the same options lists all",
                            "options that work: --Transformation None --FeatureExtraction VGG ",
                            " --SequenceModeling BiLSTM --Prediction CTC"));
    fake_free(fake);
}

static void sidecar_that_contradicts_is_to_be_corrected(void **state)
{
    (void)state;
    struct fake *fake = fake_usual("None-VGG-BiLSTM-CTC");
    trba_architecture asked = {.hidden_size = 12345};
    must_not_pass_sidecar(fake, &asked, "data/opt.txt",
                          FRAGMENTS("this checkpoint is a None-VGG-BiLSTM-CTC network as asked for by data/opt.txt",
                                    "hidden_size: asked 12345, the file has ",
                                    "\n  correct or remove that file, or do not read it (--no-sidecar)"));
    fake_free(fake);
}

static void contradicting_sizes_are_all_reported(void **state)
{
    (void)state;
    struct fake *fake = fake_usual("TPS-ResNet-BiLSTM-Attn");
    const trba_architecture asked = {.input_channel = 3, .output_channel = 256, .hidden_size = 128, .num_fiducial = 10,
                                     .num_class = 96, .img_h = 64, .img_w = 200};
    must_not_pass(fake, &asked,
                  FRAGMENTS("TPS-ResNet-BiLSTM-Attn network as asked for by the options, but with other sizes",
                            "input_channel: asked 3, the file has 1 (a grey model: without --rgb)",
                            "output_channel: asked 256, the file has 512", "hidden_size: asked 128, the file has 256",
                            "num_fiducial: asked 10, the file has 20", "num_class: asked 96, the file has 38",
                            "imgH: asked 64, the file has 32", "imgW: asked 200, the file has 100", "P_hat",
                            "of another shape", "has [64,1,3,3], needs [64,3,3,3]",
                            "--output_channel 512 --hidden_size 256 --num_fiducial 20 --imgH 32 --imgW 100"));
    fake_free(fake);
}

static void rgb_network_is_named_as_one(void **state)
{
    (void)state;
    trba_architecture arch = make_architecture("None-VGG-None-CTC", &usual_sizes);
    arch.input_channel = 3;
    struct fake *fake = fake_new(&arch);
    const trba_architecture grey = {.input_channel = 1};
    must_not_pass(fake, &grey, FRAGMENTS("asked 1, the file has 3 (an RGB model: --rgb)", " --Prediction CTC --rgb"));
    fake_free(fake);
    arch.input_channel = 4;
    struct fake *four = fake_new(&arch);
    must_not_pass(four, &nothing_expected, FRAGMENTS("4 channels"));
    fake_free(four);
}

static void sizes_of_stages_the_network_lacks_are_no_contradiction(void **state)
{
    (void)state;
    struct fake *fake = fake_usual("None-VGG-None-CTC");
    const trba_architecture asked = {.hidden_size = 128, .num_fiducial = 10, .img_h = 64, .img_w = 200};
    must_pass(fake, &asked);
    fake_free(fake);
}

static void damaged_networks_are_told_with_a_likely_cause(void **state)
{
    (void)state;
    struct fake *renamed = fake_usual("None-VGG-BiLSTM-CTC");
    strcpy(renamed->names[1], "FeatureExtraction.ConvNet.0.offset");
    tensor_table_sort(&renamed->table);
    must_not_pass(renamed, &nothing_expected,
                  FRAGMENTS("nearly a None-VGG-BiLSTM-CTC network",
                            "1 missing in the file: FeatureExtraction.ConvNet.0.bias",
                            "1 unexpected in the file: FeatureExtraction.ConvNet.0.offset", "renamed"));
    fake_free(renamed);
    struct fake *mixed = fake_usual("None-VGG-BiLSTM-CTC");
    must_find(mixed, "SequenceModeling.1.rnn.bias_ih_l0")->shape[0] = 512;
    must_find(mixed, "Prediction.bias")->n_dimensions = 0;
    must_not_pass(mixed, &nothing_expected,
                  FRAGMENTS("2 of another shape: SequenceModeling.1.rnn.bias_ih_l0 has [512], needs [1024], "
                            "Prediction.bias has [], needs [38]", "two networks were mixed"));
    fake_free(mixed);
    struct fake *extended = fake_usual("None-VGG-BiLSTM-CTC");
    fake_add(extended, "SequenceModeling.2.linear.weight", 2, (const int64_t[]){256, 512});
    must_not_pass(extended, &nothing_expected,
                  FRAGMENTS("1 unexpected in the file: SequenceModeling.2.linear.weight", "changed before training"));
    fake_free(extended);
}

static void networks_of_other_layers_are_told_by_what_they_lack(void **state)
{
    (void)state;
    struct fake *other_norms = fake_usual("None-ResNet-BiLSTM-CTC");
    fake_remove_all(other_norms, ".running_");
    must_not_pass(other_norms, &nothing_expected,
                  FRAGMENTS("missing in the file: FeatureExtraction.ConvNet.bn0_1.running_mean",
                            "likely cause: BatchNorm's statistics were not saved, or not kept"));
    fake_free(other_norms);
    struct fake *one_way = fake_usual("None-VGG-BiLSTM-CTC");
    fake_remove_all(one_way, "_reverse");
    must_find(one_way, "SequenceModeling.0.linear.weight")->shape[1] = 256;
    must_not_pass(one_way, &nothing_expected,
                  FRAGMENTS("8 missing in the file: SequenceModeling.0.rnn.weight_ih_l0_reverse",
                            "likely cause: its LSTMs read in one direction only"));
    fake_remove(one_way, "Prediction.bias");
    must_not_pass(one_way, &nothing_expected, FRAGMENTS("9 missing", "only a part of the network was saved"));
    fake_free(one_way);
}

static void p_hat_that_is_no_grid_is_refused(void **state)
{
    (void)state;
    struct fake *fake = fake_usual("TPS-VGG-None-CTC");
    uint8_t *y = fake->p_hat + (23 * 1234 + 2) * 4;
    const float before = load_f32le(y);
    store_f32le(y, before + 1.0F);
    assert_int_equal(must_infer(fake).img_h, 0);
    must_not_pass(fake, &nothing_expected, FRAGMENTS("P_hat holds no sampling grid"));
    store_f32le(y, before);
    assert_int_equal(must_infer(fake).img_h, 32);
    store_f32le(fake->p_hat + 4, NAN);
    must_not_pass(fake, &nothing_expected, FRAGMENTS("P_hat holds no sampling grid"));
    fake_free(fake);
}

static void longest_message_still_ends_in_the_options(void **state)
{
    (void)state;
    struct fake *fake = fake_usual("TPS-RCNN-BiLSTM-Attn");
    for (size_t i = 0; i < 3; i++) /* as unexpected: long names, cut when shown */
        snprintf(fake->names[i], sizeof fake->names[i], "FeatureExtraction.ConvNet.%zu.%0*d", i, 90, 1);
    tensor_table_sort(&fake->table);
    must_find(fake, "Transformation.LocalizationNetwork.localization_fc1.0.bias")->shape[0] = INT64_MAX;
    trba_architecture asked = make_architecture("TPS-ResNet-BiLSTM-CTC", &usual_sizes);
    asked.input_channel = 3;
    asked.output_channel = asked.hidden_size = asked.num_fiducial = asked.num_class = 1 << 20;
    asked.img_h = asked.img_w = 1 << 20;
    must_not_pass(fake, &asked, FRAGMENTS("options that work: --Transformation TPS --FeatureExtraction RCNN",
                                          "--imgH 32 --imgW 100 (or none of them: the file itself says what it is)"));
    fake_free(fake);
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

struct counts {
    size_t n[3];
};

static void count_difference(void *user, trba_difference kind, const char *name, const char *detail)
{
    struct counts *counts = user;
    counts->n[kind]++;
    assert_non_null(name);
    assert_true((detail[0] != '\0') == (kind == TRBA_DIFFERENCE_SHAPE));
}

static void compare_counts_each_kind(void **state)
{
    (void)state;
    struct fake *fake = fake_usual("None-VGG-BiLSTM-CTC");
    const trba_architecture found = must_infer(fake);
    assert_int_equal(architecture_compare(&fake->table, &found, NULL, NULL), 0);
    const trba_architecture attention = {.prediction = TRBA_PREDICTION_ATTN, .output_channel = 256};
    const trba_architecture full = architecture_fill(&attention, &found);
    struct counts counts = {{0}};
    const size_t n = architecture_compare(&fake->table, &full, count_difference, &counts);
    assert_int_equal(counts.n[TRBA_DIFFERENCE_MISSING], 10);
    assert_int_equal(counts.n[TRBA_DIFFERENCE_UNEXPECTED], 2);
    assert_int_equal(counts.n[TRBA_DIFFERENCE_SHAPE], 22);
    assert_int_equal(n, 10 + 2 + 22);
    fake_free(fake);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static void names_are_recognised_behind_any_prefix(void **state)
{
    (void)state;
    assert_string_equal(architecture_recognise_name("module.FeatureExtraction.ConvNet.0.weight"),
                        "FeatureExtraction.ConvNet.0.weight");
    assert_string_equal(architecture_recognise_name("module.module._orig_mod.Prediction.bias"), "Prediction.bias");
    assert_string_equal(architecture_recognise_name("Prediction.generator.bias"), "Prediction.generator.bias");
    assert_null(architecture_recognise_name("module.MyFeatureExtraction.ConvNet.0.weight"));
    assert_null(architecture_recognise_name("head.Prediction.layers.0.weight"));
    assert_null(architecture_recognise_name("SequenceModeling"));
    assert_null(architecture_recognise_name(""));
}

static void network_names_are_written(void **state)
{
    (void)state;
    char name[64];
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        const trba_architecture arch = make_architecture(golden[i].name, &usual_sizes);
        trba_architecture_name(&arch, name, sizeof name);
        assert_string_equal(name, golden[i].name);
    }
    trba_architecture_name(&nothing_expected, name, sizeof name);
    assert_string_equal(name, "?-?-?-?");
    memset(name, 'x', sizeof name);
    trba_architecture_name(&nothing_expected, name, 4);
    assert_string_equal(name, "?-?");
    assert_int_equal(name[4], 'x');
    trba_architecture_name(&nothing_expected, name, 0);
    assert_int_equal(name[0], '?');
}

static void stage_of_no_known_name_is_refused(void **state)
{
    (void)state;
    trba_architecture arch = {.prediction = TRBA_PREDICTION_CTC};
    assert_false(architecture_set_stage(&arch, "Prediction", 10, "Transformer", 11));
    assert_false(architecture_set_stage(&arch, "Prediction", 10, "", 0));
    assert_false(architecture_set_stage(&arch, "imgH", 4, "None", 4));
    assert_int_equal(arch.prediction, TRBA_PREDICTION_CTC);
    assert_true(architecture_set_stage(&arch, "Prediction", 10, "attn", 4));
    assert_int_equal(arch.prediction, TRBA_PREDICTION_ATTN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_networks_have_the_tensors_of_the_original),
        cmocka_unit_test(all_networks_are_inferred_at_several_sizes),
        cmocka_unit_test(image_size_is_read_from_p_hat_of_any_dtype_and_strides),
        cmocka_unit_test(one_lost_tensor_hides_no_size),
        cmocka_unit_test(missing_buffers_and_counters_are_no_mistake),
        cmocka_unit_test(strangers_are_named),
        cmocka_unit_test(names_of_strangers_are_made_fit_to_be_shown),
        cmocka_unit_test(trba_of_strhub_is_refused_by_name),
        cmocka_unit_test(ctc_head_of_the_paper_is_refused_by_name),
        cmocka_unit_test(sizes_that_cannot_be_are_refused),
        cmocka_unit_test(other_network_than_asked_for_is_answered_in_one_message),
        cmocka_unit_test(sidecar_that_contradicts_is_to_be_corrected),
        cmocka_unit_test(contradicting_sizes_are_all_reported),
        cmocka_unit_test(rgb_network_is_named_as_one),
        cmocka_unit_test(sizes_of_stages_the_network_lacks_are_no_contradiction),
        cmocka_unit_test(damaged_networks_are_told_with_a_likely_cause),
        cmocka_unit_test(networks_of_other_layers_are_told_by_what_they_lack),
        cmocka_unit_test(p_hat_that_is_no_grid_is_refused),
        cmocka_unit_test(longest_message_still_ends_in_the_options),
        cmocka_unit_test(compare_counts_each_kind),
        cmocka_unit_test(names_are_recognised_behind_any_prefix),
        cmocka_unit_test(network_names_are_written),
        cmocka_unit_test(stage_of_no_known_name_is_refused),
    };
    return cmocka_run_group_tests_name("architecture", tests, NULL, NULL);
}
