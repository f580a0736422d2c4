/* SPDX-License-Identifier: Apache-2.0 */
/* allocation_failure.c - every request for memory (or for a thread) fails once, in turn; then it and all after it.
 *
 *   usage: allocation_failure checkpoint|model|all CHECKPOINT IMAGE...
 *
 * A scenario is one public function, called for n = 1, 2, ... with its n-th request failing, until it asks for fewer
 * than n. Each time: either the call fails with TRBA_ERROR_MEMORY and a sentence and touches no output, or it did not
 * need that memory and its result is the usual one; then it is called again with enough memory, and its result is the
 * usual one; then everything is freed, and not one block more is in use than before. (Run it with AddressSanitizer, and
 * a leak is found a second time.)
 *
 * Prints a line per scenario: how many requests the call makes, and how many it could do without. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failing_memory.h"
#include "trba.h"

enum { MOST_IMAGES = 16, N_REGIONS = 3, DIGEST_BYTES = 8192 };

/* Arguments, what a scenario has prepared, and what its call has made. */
struct context {
    const char *path;
    trba_image images[MOST_IMAGES];
    int n_images, chosen_image, n_threads;
    trba_cpu cpu;
    trba_precision precision;
    const char *save_path;

    trba_checkpoint *checkpoint;
    trba_model *model;
    trba_session *session;
    trba_page *page;
    const trba_result *results; /* [n_results]; the session's */
    size_t n_results;
};

struct scenario {
    const char *name;
    void (*prepare)(struct context *c);                       /* with enough memory */
    trba_status (*call)(struct context *c, trba_error *err);  /* what is tried */
    void (*describe)(const struct context *c, char *digest);  /* its result */
    void (*undo)(struct context *c);                          /* frees the result */
    void (*finish)(struct context *c);                        /* frees what was prepared */
};

static void give_up(const char *scenario, long number, const char *what, const char *detail)
{
    printf("%s, request %ld: %s: %s\n", scenario, number, what, detail);
    exit(1);
}

static void require(trba_status status, const trba_error *err)
{
    if (status != TRBA_OK) give_up("preparation", 0, trba_status_name(status), err->message);
}

/* ---- steps that scenarios share ---------------------------------------------------------------------------------- */

static void do_nothing(struct context *c) { (void)c; }

static trba_status open_model(struct context *c, trba_error *err)
{
    trba_model_options options = trba_model_options_default();
    options.cpu = c->cpu;
    options.precision = c->precision;
    return trba_model_open(c->path, &options, &c->model, err);
}

static trba_status make_session(struct context *c, trba_error *err)
{
    trba_session_options options = trba_session_options_default();
    options.n_threads = c->n_threads;
    options.batch_size = 2;
    options.rotate = TRBA_ROTATE_AUTO;
    return trba_session_new(c->model, &options, &c->session, err);
}

static void free_session(struct context *c)
{
    trba_session_free(c->session);
    c->session = NULL;
}

static void free_model(struct context *c)
{
    trba_model_free(c->model);
    c->model = NULL;
}

static void prepare_session(struct context *c)
{
    trba_error err;
    require(make_session(c, &err), &err);
}

/* All numbers as their bits. */
static void describe_results(const trba_result *results, size_t n, char *digest)
{
    size_t used = 0;
    digest[0] = '\0';
    for (size_t i = 0; i < n && used + 512 < DIGEST_BYTES; i++) {
        uint32_t bits[2];
        memcpy(&bits[0], &results[i].confidence, sizeof bits[0]);
        memcpy(&bits[1], &results[i].score, sizeof bits[1]);
        used += (size_t)snprintf(digest + used, DIGEST_BYTES - used, "%d %.100s %08x %08x %zu %.200s\n",
                                 (int)results[i].status, results[i].text, (unsigned)bits[0], (unsigned)bits[1],
                                 results[i].n_characters, results[i].message);
    }
}

/* Reads the first image with a new session: is this model what it should be? */
static void describe_model(const struct context *c, char *digest)
{
    struct context mine = *c;
    trba_error err;
    trba_model_info info;
    trba_model_get_info(c->model, &info);
    mine.n_threads = 1;
    require(make_session(&mine, &err), &err);
    require(trba_session_read(mine.session, &c->images[0], &mine.results, &err), &err);
    describe_results(mine.results, 1, digest);
    const size_t used = strlen(digest);
    snprintf(digest + used, DIGEST_BYTES - used, "%s %d %s", info.charset_name, info.batch_max_length, info.sidecar);
    trba_session_free(mine.session);
}

/* ---- scenarios --------------------------------------------------------------------------------------------------- */

static trba_status open_checkpoint(struct context *c, trba_error *err)
{
    return trba_checkpoint_open(c->path, &c->checkpoint, err);
}

static void describe_checkpoint(const struct context *c, char *digest)
{
    trba_architecture arch;
    trba_error err;
    char name[64];
    require(trba_checkpoint_architecture(c->checkpoint, &arch, &err), &err);
    trba_architecture_name(&arch, name, sizeof name);
    size_t used = (size_t)snprintf(digest, DIGEST_BYTES, "%s %s %s %s %d", name, trba_checkpoint_format(c->checkpoint),
                                   trba_checkpoint_root(c->checkpoint), trba_checkpoint_prefix(c->checkpoint),
                                   arch.num_class);
    for (size_t i = 0; i < trba_checkpoint_tensor_count(c->checkpoint) && used + 256 < DIGEST_BYTES; i++) {
        trba_tensor_info info;
        require(trba_checkpoint_tensor(c->checkpoint, i, &info), &err);
        used += (size_t)snprintf(digest + used, DIGEST_BYTES - used, " %.80s %s %lld", info.name, info.dtype,
                                 (long long)info.shape[0]);
    }
}

static void free_checkpoint(struct context *c)
{
    trba_checkpoint_free(c->checkpoint);
    c->checkpoint = NULL;
}

static void prepare_checkpoint(struct context *c)
{
    trba_error err;
    require(open_checkpoint(c, &err), &err);
}

static trba_status save_as(struct context *c, trba_save_format format, trba_dtype dtype, trba_error *err)
{
    trba_save_options options = trba_save_options_default();
    options.format = format;
    options.dtype = dtype;
    options.prefix = "module.";
    return trba_checkpoint_save(c->checkpoint, c->save_path, &options, err);
}

static trba_status save_safetensors(struct context *c, trba_error *err)
{
    return save_as(c, TRBA_SAVE_SAFETENSORS, TRBA_DTYPE_FLOAT16, err);
}

static trba_status save_pytorch(struct context *c, trba_error *err)
{
    return save_as(c, TRBA_SAVE_PYTORCH, TRBA_DTYPE_ANY, err);
}

/* The file's length and a checksum of its bytes. */
static void describe_saved(const struct context *c, char *digest)
{
    unsigned long n = 0, sum = 0;
    FILE *file = fopen(c->save_path, "rb");
    if (file == NULL) give_up("save", 0, "no file was saved", c->save_path);
    for (int byte = getc(file); byte != EOF; byte = getc(file), n++) sum = sum * 31 + (unsigned long)byte;
    fclose(file);
    snprintf(digest, DIGEST_BYTES, "%lu bytes, %lx", n, sum);
}

static void remove_saved(struct context *c) { unlink(c->save_path); }

static void describe_session(const struct context *c, char *digest)
{
    trba_error err;
    const trba_result *result;
    require(trba_session_read(c->session, &c->images[0], &result, &err), &err);
    describe_results(result, 1, digest);
}

static trba_status read_one(struct context *c, trba_error *err)
{
    c->n_results = 1;
    return trba_session_read(c->session, &c->images[c->chosen_image], &c->results, err);
}

/* Memory that was missing for one image is that image's failure: it counts as the call's. */
static trba_status judge_results(const struct context *c, trba_status status, trba_error *err)
{
    for (size_t i = 0; status == TRBA_OK && i < c->n_results; i++) {
        if (c->results[i].status != TRBA_ERROR_MEMORY) continue;
        status = err->status = TRBA_ERROR_MEMORY;
        snprintf(err->message, sizeof err->message, "%s", c->results[i].message);
    }
    return status;
}

static trba_status read_batch(struct context *c, trba_error *err)
{
    c->n_results = (size_t)c->n_images;
    return judge_results(c, trba_session_read_batch(c->session, c->images, c->n_results, &c->results, err), err);
}

static void describe_reading(const struct context *c, char *digest)
{
    describe_results(c->results, c->n_results, digest);
}

static void forget_reading(struct context *c) { c->results = NULL; }

static trba_status open_page(struct context *c, trba_error *err)
{
    return trba_page_open(&c->images[c->chosen_image], NULL, &c->page, err);
}

static void describe_page(const struct context *c, char *digest)
{
    int width, height;
    trba_page_size(c->page, &width, &height);
    snprintf(digest, DIGEST_BYTES, "%d x %d, %zu bytes", width, height, trba_page_memory(c->page));
}

static void free_page(struct context *c)
{
    trba_page_free(c->page);
    c->page = NULL;
}

static void prepare_page(struct context *c)
{
    trba_error err;
    prepare_session(c);
    require(open_page(c, &err), &err);
}

static trba_status read_regions(struct context *c, trba_error *err)
{
    const trba_region regions[N_REGIONS] = {
        trba_region_box(1, 1, 20, 10), trba_region_rotated(12, 8, 16, 8, 10), trba_region_box(-9, 0, 3, 3)};
    trba_region_options options = trba_region_options_default();
    options.rotate = TRBA_ROTATE_AUTO;
    c->n_results = N_REGIONS;
    return judge_results(c, trba_session_read_regions(c->session, c->page, regions, N_REGIONS, &options, &c->results,
                                                      err), err);
}

static void finish_page(struct context *c)
{
    free_page(c);
    free_session(c);
}

static const struct scenario checkpoint_scenarios[] = {
    {"open a checkpoint", do_nothing, open_checkpoint, describe_checkpoint, free_checkpoint, do_nothing},
    {"save safetensors", prepare_checkpoint, save_safetensors, describe_saved, remove_saved, free_checkpoint},
    {"save PyTorch's form", prepare_checkpoint, save_pytorch, describe_saved, remove_saved, free_checkpoint},
};
static const struct scenario model_scenarios[] = {
    {"open a model", do_nothing, open_model, describe_model, free_model, do_nothing},
};
/* With a model that is open already. */
static const struct scenario session_scenarios[] = {
    {"make a session", do_nothing, make_session, describe_session, free_session, do_nothing},
    {"read a batch", prepare_session, read_batch, describe_reading, forget_reading, free_session},
};
static const struct scenario image_scenarios[] = {
    {"read an image", prepare_session, read_one, describe_reading, forget_reading, free_session},
    {"open a page", do_nothing, open_page, describe_page, free_page, do_nothing},
    {"read regions", prepare_page, read_regions, describe_reading, forget_reading, finish_page},
};

/* ---- the trial --------------------------------------------------------------------------------------------------- */

static int has_result(const struct context *c, const struct scenario *s)
{
    if (s->undo == free_checkpoint) return c->checkpoint != NULL;
    if (s->undo == free_model) return c->model != NULL;
    if (s->undo == free_session) return c->session != NULL;
    if (s->undo == free_page) return c->page != NULL;
    if (s->undo == remove_saved) return access(c->save_path, F_OK) == 0;
    return 0; /* a batch's results are there even if one image of it failed */
}

static void check_result(const struct context *c, const struct scenario *s, long number, const char *usual)
{
    char digest[DIGEST_BYTES];
    s->describe(c, digest);
    if (usual[0] != '\0' && strcmp(digest, usual) != 0) give_up(s->name, number, "another result", digest);
}

/* Request `number` fails. Returns whether the call made that many; counts in *n_needless if it did without. */
static int try_once(struct context *c, const struct scenario *s, enum failure failure, long number, const char *usual,
                    long *n_needless)
{
    trba_error err = {.status = TRBA_OK, .message = ""};
    const long live = failing_memory_live_blocks();
    s->prepare(c);
    failing_memory_arm(failure, number);
    const trba_status status = s->call(c, &err);
    failing_memory_disarm();
    const int has_failed = failing_memory_has_failed();
    if (status == TRBA_OK) {
        check_result(c, s, number, usual);
        s->undo(c);
        *n_needless += has_failed;
    } else if (!has_failed || status != TRBA_ERROR_MEMORY || err.status != status || err.message[0] == '\0') {
        give_up(s->name, number, trba_status_name(status), err.message);
    } else if (has_result(c, s)) {
        give_up(s->name, number, "it failed and left a result", err.message);
    }
    const trba_status again = s->call(c, &err);
    if (again != TRBA_OK) give_up(s->name, number, "the next call fails, too", err.message);
    check_result(c, s, number, usual);
    s->undo(c);
    s->finish(c);
    if (failing_memory_live_blocks() != live) give_up(s->name, number, "memory is not given back", err.message);
    return has_failed;
}

/* The usual result, after one call in which the libraries below have made what they keep. */
static void find_usual(struct context *c, const struct scenario *s, char *usual)
{
    trba_error err;
    for (int round = 0; round < 2; round++) {
        s->prepare(c);
        require(s->call(c, &err), &err);
        s->describe(c, usual);
        s->undo(c);
        s->finish(c);
    }
}

static void run_scenario(struct context *c, const struct scenario *s, const char *variant)
{
    char usual[DIGEST_BYTES];
    long n = 0, n_needless = 0;
    find_usual(c, s, usual);
    while (try_once(c, s, FAIL_ONCE, n + 1, usual, &n_needless)) n++;
    const long step = 1 + n / 16; /* memory that stays away is much the same wherever that begins */
    for (long number = n; number > 0; number -= step) {
        long ignored = 0;
        try_once(c, s, FAIL_FROM_THERE, number, usual, &ignored);
    }
    printf("%-20s %-24s %5ld requests, %ld of them needless\n", s->name, variant, n, n_needless);
    fflush(stdout);
}

#define RUN_ALL(context, scenarios, variant) \
    for (size_t at = 0; at < sizeof(scenarios) / sizeof *(scenarios); at++) \
        run_scenario(context, &(scenarios)[at], variant)

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void keep_model_open(struct context *c)
{
    trba_error err;
    require(open_model(c, &err), &err);
}

static void run_models_once(struct context *c, const char *variant)
{
    RUN_ALL(c, model_scenarios, variant);
    keep_model_open(c);
    RUN_ALL(c, session_scenarios, variant);
    free_model(c);
}

/* With the best kernels, in integers, then with threads; `on_every_tier`: with the plain ones and OpenBLAS before. */
static void run_models(struct context *c, int on_every_tier)
{
    const trba_cpu tiers[] = {TRBA_CPU_REF, TRBA_CPU_BLAS, TRBA_CPU_AUTO};
    for (int i = on_every_tier ? 0 : 2; i < 3; i++) {
        c->cpu = tiers[i];
        run_models_once(c, trba_cpu_name(c->cpu));
    }
    c->precision = TRBA_PRECISION_INT16;
    run_models_once(c, "int16");
    c->precision = TRBA_PRECISION_FP32;
    c->n_threads = 3;
    keep_model_open(c);
    RUN_ALL(c, session_scenarios, "3 threads");
    free_model(c);
    c->n_threads = 1;
}

static void run_images(struct context *c)
{
    keep_model_open(c);
    for (c->chosen_image = 0; c->chosen_image < c->n_images; c->chosen_image++)
        RUN_ALL(c, image_scenarios, base_name(c->images[c->chosen_image].path));
    free_model(c);
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 3 + MOST_IMAGES) {
        fprintf(stderr, "usage: allocation_failure checkpoint|model|all CHECKPOINT IMAGE...\n");
        return 2;
    }
    const int has_all = strcmp(argv[1], "all") == 0;
    char save_path[4096];
    snprintf(save_path, sizeof save_path, "%s.saved", argv[2]);
    struct context c = {.path = argv[2], .save_path = save_path, .n_images = argc - 3, .n_threads = 1};
    for (int i = 0; i < c.n_images; i++) c.images[i] = trba_image_file(argv[3 + i]);

    if (has_all || strcmp(argv[1], "checkpoint") == 0) RUN_ALL(&c, checkpoint_scenarios, "");
    if (has_all || strcmp(argv[1], "model") == 0) run_models(&c, has_all);
    if (has_all) run_images(&c);
    return 0;
}
