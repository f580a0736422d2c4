/* SPDX-License-Identifier: Apache-2.0 */
/* test_golden_networks.c - small networks read pictures as PyTorch did, in every processor tier.
 *
 *   networks/NAME.txt     file, preset, size and charset of a network, then for each picture
 *                         picture NAME-1.png, text ..., confidence ..., logits STEPS CLASSES and that many numbers
 *
 * The checkpoints come in every form and in five number types: a processor of another byte order that reads these as
 * PyTorch did reads all of them. README.md says how they were made; docs/PARITY.md is about large networks.
 */
#include "golden_files.h"

#include <limits.h>
#include <math.h>

#include "session.h"

enum { N_NETWORKS = 5, LINE_BYTES = 4096, LOGITS_MAX = 4096 };

/* Relative to the largest logit: up to 30 layers and 39 steps of recurrence, as in the parity tests. Measured: 8e-6. */
static const float tolerance = 1e-4f;
/* The product of up to 39 probabilities, each with its own rounding. */
static const float confidence_tolerance = 1e-2f;

struct network_record {
    char file[128], architecture[64], preset[32], charset[128];
    int img_h, img_w;
};

struct picture_record {
    char name[128], text[128];
    float confidence;
    int n_steps, n_classes;
    float logits[LOGITS_MAX]; /* [n_steps][n_classes] */
};

/* ---- reading a record -------------------------------------------------------------------------------------------- */

/* The next line is "KEY ..." ; what follows the blank goes to `out`, cut to fit. False at the end of the file. */
static bool read_field(FILE *record, const char *key, char *out, size_t capacity)
{
    char line[LINE_BYTES];
    if (fgets(line, sizeof line, record) == NULL) return false;
    line[strcspn(line, "\n")] = '\0';
    const size_t n = strlen(key);
    if (strncmp(line, key, n) != 0 || line[n] != ' ') fail_msg("expected \"%s ...\", found \"%s\"", key, line);
    snprintf(out, capacity, "%s", line + n + 1);
    return true;
}

static void read_network(FILE *record, struct network_record *out)
{
    char size[32], digest[128];
    assert_true(read_field(record, "file", out->file, sizeof out->file));
    assert_true(read_field(record, "architecture", out->architecture, sizeof out->architecture));
    assert_true(read_field(record, "preset", out->preset, sizeof out->preset));
    assert_true(read_field(record, "size", size, sizeof size));
    assert_int_equal(sscanf(size, "%d %d", &out->img_h, &out->img_w), 2);
    assert_true(read_field(record, "charset", out->charset, sizeof out->charset));
    /* The digests of its numbers are for check_golden_programs.py. */
    assert_true(read_field(record, "float32", digest, sizeof digest));
    assert_true(read_field(record, "float16", digest, sizeof digest));
    assert_true(read_field(record, "bfloat16", digest, sizeof digest));
}

static bool read_picture(FILE *record, struct picture_record *out)
{
    char field[64];
    if (!read_field(record, "picture", out->name, sizeof out->name)) return false;
    assert_true(read_field(record, "text", out->text, sizeof out->text));
    assert_true(read_field(record, "confidence", field, sizeof field));
    out->confidence = strtof(field, NULL);
    assert_true(read_field(record, "logits", field, sizeof field));
    assert_int_equal(sscanf(field, "%d %d", &out->n_steps, &out->n_classes), 2);
    assert_in_range(out->n_steps * out->n_classes, 1, LOGITS_MAX);
    for (int i = 0; i < out->n_steps * out->n_classes; i++) assert_int_equal(fscanf(record, "%f", &out->logits[i]), 1);
    assert_int_equal(fgetc(record), '\n');
    return true;
}

/* ---- reading a picture ------------------------------------------------------------------------------------------- */

struct logits {
    int n_steps, n_classes;
    float values[LOGITS_MAX];
};

static void keep_logits(void *user, const char *stage, const float *data, int n, int h, int w, int c,
                        size_t pixel_stride, size_t row_stride, size_t image_stride)
{
    (void)row_stride;
    (void)image_stride;
    struct logits *logits = user;
    if (strcmp(stage, "logits") != 0) return;
    assert_true(n == 1 && h == 1);
    assert_in_range(w * c, 1, LOGITS_MAX);
    logits->n_steps = w;
    logits->n_classes = c;
    for (int step = 0; step < w; step++)
        memcpy(logits->values + step * c, data + (size_t)step * pixel_stride, (size_t)c * sizeof(float));
}

static void check_logits(const struct logits *ours, const struct picture_record *theirs, const char *where)
{
    assert_int_equal(ours->n_steps, theirs->n_steps);
    assert_int_equal(ours->n_classes, theirs->n_classes);
    float largest = 0, worst = 0;
    int at = 0;
    for (int i = 0; i < theirs->n_steps * theirs->n_classes; i++) {
        const float difference = fabsf(ours->values[i] - theirs->logits[i]);
        largest = fmaxf(largest, fabsf(theirs->logits[i]));
        if (difference > worst) {
            worst = difference;
            at = i;
        }
    }
    print_message("%s: logits differ by %.1e of the largest\n", where, (double)(worst / largest));
    if (!(worst <= tolerance * largest))
        fail_msg("%s: step %d, class %d is %.9g here, %.9g there", where, at / theirs->n_classes,
                 at % theirs->n_classes, (double)ours->values[at], (double)theirs->logits[at]);
}

static void check_picture(trba_session *session, const struct picture_record *theirs, const char *tier)
{
    static struct logits logits;
    const struct golden_path path = golden_path("networks", theirs->name);
    const trba_image image = trba_image_file(path.text);
    const trba_result *result;
    trba_error err;
    char where[256];
    snprintf(where, sizeof where, "%s, %s", theirs->name, tier);
    session_set_trace(session, keep_logits, &logits);
    if (trba_session_read(session, &image, &result, &err) != TRBA_OK) fail_msg("%s: %s", where, err.message);
    check_logits(&logits, theirs, where);
    assert_string_equal(result->text, theirs->text);
    if (fabsf(result->confidence - theirs->confidence) > confidence_tolerance * theirs->confidence)
        fail_msg("%s: the confidence is %.9g here, %.9g there", where, (double)result->confidence,
                 (double)theirs->confidence);
}

/* ---- a network --------------------------------------------------------------------------------------------------- */

static trba_model *open_model(const struct network_record *network, trba_cpu cpu)
{
    const struct golden_path path = golden_path("networks", network->file);
    trba_model_options options = trba_model_options_default();
    trba_model *model = NULL;
    trba_error err;
    options.charset_text = network->charset;
    options.preset = strcmp(network->preset, "easyocr") == 0 ? TRBA_PRESET_EASYOCR : TRBA_PRESET_CLOVAAI;
    options.expect.img_h = network->img_h;
    options.expect.img_w = options.preset == TRBA_PRESET_EASYOCR ? 0 : network->img_w;
    options.cpu = cpu;
    if (trba_model_open(path.text, &options, &model, &err) != TRBA_OK) fail_msg("%s: %s", network->file, err.message);
    trba_model_info info;
    char name[64];
    trba_model_get_info(model, &info);
    trba_architecture_name(&info.architecture, name, sizeof name);
    assert_string_equal(name, network->architecture);
    assert_int_equal(info.cpu, cpu);
    return model;
}

static trba_session *open_session(const trba_model *model)
{
    trba_session_options options = trba_session_options_default();
    trba_session *session = NULL;
    trba_error err;
    options.retry_contrast = TRBA_CHOICE_NO; /* PyTorch read each picture once */
    if (trba_session_new(model, &options, &session, &err) != TRBA_OK) fail_msg("%s", err.message);
    return session;
}

static void check_network_in_tier(const char *name, trba_cpu cpu)
{
    static struct picture_record picture;
    const struct golden_path path = golden_path("networks", name);
    struct network_record network;
    FILE *record = fopen(path.text, "r");
    assert_non_null(record);
    read_network(record, &network);
    trba_model *model = open_model(&network, cpu);
    trba_session *session = open_session(model);
    int n_pictures = 0;
    for (; read_picture(record, &picture); n_pictures++) check_picture(session, &picture, trba_cpu_name(cpu));
    assert_in_range(n_pictures, 1, INT_MAX);
    trba_session_free(session);
    trba_model_free(model);
    fclose(record);
}

static void check_network(const char *name)
{
    for (int cpu = TRBA_CPU_REF; cpu <= (int)trba_cpu_best(); cpu++) check_network_in_tier(name, (trba_cpu)cpu);
}

static void every_network_reads_as_pytorch_did(void **state)
{
    (void)state;
    for_each_golden_file("networks", ".txt", N_NETWORKS, check_network);
}

static void print_tiers(void)
{
    printf("processor tiers that ran:");
    for (int cpu = TRBA_CPU_REF; cpu <= (int)trba_cpu_best(); cpu++) printf(" %s", trba_cpu_name((trba_cpu)cpu));
    printf("\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_network_reads_as_pytorch_did),
    };
    print_tiers();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
