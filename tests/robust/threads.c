/* SPDX-License-Identifier: Apache-2.0 */
/* threads.c - the same bits, whoever reads, beside whomever.
 *
 *   usage: threads CHECKPOINT clovaai|easyocr IMAGE...
 *
 * One session of one thread reads every picture and a few regions of the first, alone: that is what all others must
 * get, to the last bit of every character's probability.
 *
 *   settings   batches of 1, 3 and 8 pictures of many sizes, in several orders, with 1, 2 and 3 threads
 *   fork       the child reads with the parent's model and page, and with its session, while the parent does
 *   crowd      16 threads share model and page; each makes and frees sessions at random and reads at random
 *
 * Prints what it did. Built with ThreadSanitizer, it finds races, too. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trba.h"

#if defined(__SANITIZE_THREAD__)
enum { N_ROUNDS = 4 }; /* every one takes twenty times as long */
#else
enum { N_ROUNDS = 12 };
#endif
enum { N_THREADS = 16, N_REGIONS = 4, MOST_IMAGES = 32, DIGEST_BYTES = 4096, N_ORDERS = 3 };

struct digest {
    char text[DIGEST_BYTES];
};

/* What all threads share, and none changes. */
struct world {
    trba_model *model;
    trba_page *page;
    trba_image images[MOST_IMAGES];
    size_t n_images;
    trba_region regions[N_REGIONS];
    struct digest images_expected[MOST_IMAGES], regions_expected[N_REGIONS];
};

static void require(trba_status status, const trba_error *err)
{
    if (status == TRBA_OK) return;
    fprintf(stderr, "%s: %s\n", trba_status_name(status), err->message);
    _exit(1);
}

/* ---- results as text --------------------------------------------------------------------------------------------- */

static unsigned bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (unsigned)bits;
}

static void describe(const trba_result *result, struct digest *out)
{
    size_t used = (size_t)snprintf(out->text, DIGEST_BYTES, "%d '%.200s' '%.200s' %08x %08x %d x %d, %d, %d:",
                                   (int)result->status, result->text, result->message, bits_of(result->confidence),
                                   bits_of(result->score), result->width, result->height, result->truncated,
                                   result->rotation);
    for (size_t i = 0; i < result->n_characters && used + 64 < DIGEST_BYTES; i++) {
        const trba_character *c = &result->characters[i];
        used += (size_t)snprintf(out->text + used, DIGEST_BYTES - used, " %.8s %08x %08x %d", c->text,
                                 bits_of(c->probability), bits_of(c->position), c->step);
    }
}

static void check(const trba_result *result, const struct digest *expected, const char *who)
{
    struct digest mine;
    describe(result, &mine);
    if (strcmp(mine.text, expected->text) == 0) return;
    fprintf(stderr, "%s got\n%s\ninstead of\n%s\n", who, mine.text, expected->text);
    _exit(1);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static trba_session *make_session(const struct world *world, int n_threads, int batch_size)
{
    trba_session_options options = trba_session_options_default();
    trba_session *session;
    trba_error err;
    options.n_threads = n_threads;
    options.batch_size = batch_size;
    require(trba_session_new(world->model, &options, &session, &err), &err);
    return session;
}

/* The pictures order[0 .. n) as one batch. */
static void read_batch(const struct world *world, trba_session *session, const size_t *order, size_t n, const char *who)
{
    trba_image images[MOST_IMAGES] = {{.kind = TRBA_IMAGE_FILE}};
    const trba_result *results;
    trba_error err;
    for (size_t i = 0; i < n; i++) images[i] = world->images[order[i]];
    require(trba_session_read_batch(session, images, n, &results, &err), &err);
    for (size_t i = 0; i < n; i++) check(&results[i], &world->images_expected[order[i]], who);
}

static void read_regions(const struct world *world, trba_session *session, const char *who)
{
    const trba_result *results;
    trba_error err;
    require(trba_session_read_regions(session, world->page, world->regions, N_REGIONS, NULL, &results, &err), &err);
    for (size_t i = 0; i < N_REGIONS; i++) check(&results[i], &world->regions_expected[i], who);
}

static void read_all(const struct world *world, trba_session *session, const char *who)
{
    size_t order[MOST_IMAGES];
    for (size_t i = 0; i < world->n_images; i++) order[i] = i;
    read_batch(world, session, order, world->n_images, who);
    read_regions(world, session, who);
}

static void find_expected(struct world *world)
{
    trba_session *session = make_session(world, 1, 1);
    const trba_result *result;
    trba_error err;
    for (size_t i = 0; i < world->n_images; i++) {
        require(trba_session_read_batch(session, &world->images[i], 1, &result, &err), &err);
        describe(result, &world->images_expected[i]);
    }
    for (size_t i = 0; i < N_REGIONS; i++) {
        require(trba_session_read_regions(session, world->page, &world->regions[i], 1, NULL, &result, &err), &err);
        describe(result, &world->regions_expected[i]);
    }
    trba_session_free(session);
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

/* A stride that has no factor in common with most numbers gives every picture other neighbours. */
static void shuffle(size_t *order, size_t n, size_t number)
{
    static const size_t strides[N_ORDERS] = {1, 7, 11};
    for (size_t i = 0; i < n; i++) order[i] = (i * strides[number] + number) % n;
}

static void try_settings(const struct world *world)
{
    static const int batch_sizes[] = {1, 3, 8};
    size_t order[MOST_IMAGES];
    for (int n_threads = 1; n_threads <= 3; n_threads++)
        for (int b = 0; b < 3; b++) {
            trba_session *session = make_session(world, n_threads, batch_sizes[b]);
            for (size_t number = 0; number < N_ORDERS; number++) {
                shuffle(order, world->n_images, number);
                read_batch(world, session, order, world->n_images, "a batch in another order");
            }
            read_regions(world, session, "a batch of regions");
            trba_session_free(session);
        }
}

/* ---- fork -------------------------------------------------------------------------------------------------------- */

static void be_child(const struct world *world, trba_session *inherited)
{
    read_all(world, inherited, "the child, with its parent's session");
    trba_session_free(inherited);
    trba_session *session = make_session(world, 2, 3);
    read_all(world, session, "the child");
    trba_session_free(session);
    trba_page_free(world->page);
    trba_model_free(world->model);
    _exit(0);
}

/* `sleeper`: a session with threads that sleep in the parent and do not exist in the child, or NULL. */
static void try_fork(const struct world *world, trba_session *sleeper)
{
    trba_session *session = make_session(world, 1, 2);
    read_all(world, session, "the parent before");
    const pid_t child = fork();
    if (child == 0) be_child(world, session);
    int status = -1;
    read_all(world, session, "the parent");
    if (sleeper != NULL) read_all(world, sleeper, "the parent, with threads");
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "the child ended with %d\n", status);
        _exit(1);
    }
    trba_session_free(session);
}

static void try_forks(const struct world *world)
{
    try_fork(world, NULL);
#if !defined(__SANITIZE_THREAD__) /* it ends a process that was forked beside other threads */
    trba_session *sleeper = make_session(world, 3, 2);
    read_all(world, sleeper, "the session that will sleep");
    try_fork(world, sleeper);
    trba_session_free(sleeper);
#endif
}

/* ---- crowd ------------------------------------------------------------------------------------------------------- */

struct visitor {
    pthread_t thread;
    const struct world *world;
    uint32_t random;
};

static size_t choose(struct visitor *visitor, size_t n)
{
    visitor->random = visitor->random * 1664525u + 1013904223u;
    return (visitor->random >> 8) % n;
}

static void *visit(void *argument)
{
    struct visitor *visitor = argument;
    const struct world *world = visitor->world;
    trba_session *session = NULL;
    size_t order[MOST_IMAGES];
    for (int round = 0; round < N_ROUNDS; round++) {
        if (session == NULL) session = make_session(world, 1 + (int)choose(visitor, 3), 1 + (int)choose(visitor, 4));
        const size_t n = 1 + choose(visitor, world->n_images);
        for (size_t i = 0; i < n; i++) order[i] = choose(visitor, world->n_images);
        read_batch(world, session, order, n, "one of the crowd");
        if (choose(visitor, 3) == 0) read_regions(world, session, "one of the crowd, on the page");
        if (choose(visitor, 2) == 0) {
            trba_session_free(session);
            session = NULL;
        }
    }
    trba_session_free(session);
    return NULL;
}

static void try_crowd(const struct world *world)
{
    static struct visitor visitors[N_THREADS];
    for (int i = 0; i < N_THREADS; i++) {
        visitors[i] = (struct visitor){.world = world, .random = (uint32_t)(i + 1) * 2654435761u};
        if (pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]) != 0) _exit(1);
    }
    for (int i = 0; i < N_THREADS; i++) pthread_join(visitors[i].thread, NULL);
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static void open_world(struct world *world, const char *path, int is_easyocr, trba_cpu cpu, trba_precision precision)
{
    trba_model_options options = trba_model_options_default();
    trba_error err;
    options.preset = is_easyocr ? TRBA_PRESET_EASYOCR : TRBA_PRESET_CLOVAAI;
    options.expect.img_h = 32;
    options.cpu = cpu;
    options.precision = precision;
    require(trba_model_open(path, &options, &world->model, &err), &err);
    require(trba_page_open(&world->images[0], NULL, &world->page, &err), &err);
    world->regions[0] = trba_region_box(0, 0, 20, 12);
    world->regions[1] = trba_region_box(4, 2, 12, 9);
    world->regions[2] = trba_region_rotated(12, 8, 14, 8, 15);
    world->regions[3] = trba_region_box(-30, -30, 5, 5);
}

int main(int argc, char **argv)
{
    static struct world world;
    if (argc < 4 || argc > 3 + MOST_IMAGES) {
        fprintf(stderr, "usage: threads CHECKPOINT clovaai|easyocr IMAGE...\n");
        return 2;
    }
    for (int i = 3; i < argc; i++) world.images[world.n_images++] = trba_image_file(argv[i]);
    static const struct { trba_cpu cpu; trba_precision precision; } kinds[] = {
        {TRBA_CPU_BLAS, TRBA_PRECISION_FP32}, {TRBA_CPU_AUTO, TRBA_PRECISION_FP32},
        {TRBA_CPU_AUTO, TRBA_PRECISION_INT16}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        open_world(&world, argv[1], strcmp(argv[2], "easyocr") == 0, kinds[i].cpu, kinds[i].precision);
        find_expected(&world);
        try_settings(&world);
        try_forks(&world);
        try_crowd(&world);
        trba_page_free(world.page);
        trba_model_free(world.model);
        printf("%s, %s: settings, fork, crowd: the same bits\n", trba_cpu_name(kinds[i].cpu),
               trba_precision_name(kinds[i].precision));
    }
    return 0;
}
