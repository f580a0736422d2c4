/* SPDX-License-Identifier: Apache-2.0 */
/* allocation_count.c - reading takes no memory: not this library, and not the libraries below it.
 *
 *   usage: allocation_count CHECKPOINT IMAGE...
 *
 * With the plain kernels, OpenBLAS and the best ones (these in integers, too), one thread and three: a session reads
 * every picture, tall ones in three turns, as a file, from memory and as raw pixels, alone and as a batch; then regions
 * of a page. Then it does so again, in another order, and every request for memory by any thread is counted. There must
 * be none: with one thread at once, with three as soon as each has met the largest picture. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_memory.h"
#include "trba.h"

enum {
    MOST_FILES = 16, N_RAW = 4, N_TALL = 2, MOST_IMAGES = 2 * MOST_FILES + N_RAW + N_TALL, RAW_WIDTH = 90,
    RAW_HEIGHT = 31, N_REGIONS = 3, MOST_ROUNDS = 60, QUIET_ROUNDS = 3
};

static void require(trba_status status, const trba_error *err)
{
    if (status == TRBA_OK) return;
    printf("%s: %s\n", trba_status_name(status), err->message);
    exit(1);
}

struct reader {
    trba_session *session;
    trba_page *page;
    trba_image images[MOST_IMAGES];
    size_t n_images;
};

/* ---- what is read ------------------------------------------------------------------------------------------------ */

/* The bytes of a file; free_images() frees them. */
static trba_image load_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(1 << 20);
    if (file == NULL || bytes == NULL) {
        printf("cannot read %s\n", path);
        exit(1);
    }
    const size_t n = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return trba_image_encoded(bytes, n);
}

static void add_images(struct reader *reader, int n_files, char **paths)
{
    static unsigned char raw[RAW_HEIGHT * RAW_WIDTH * 4];
    const trba_pixel_format formats[N_RAW] = {TRBA_PIXELS_GREY, TRBA_PIXELS_RGB, TRBA_PIXELS_BGR, TRBA_PIXELS_BGRA};
    for (size_t i = 0; i < sizeof raw; i++) raw[i] = (unsigned char)(i * 37 ^ i >> 5);
    for (int i = 0; i < n_files; i++) {
        reader->images[reader->n_images++] = trba_image_file(paths[i]);
        reader->images[reader->n_images++] = load_file(paths[i]);
    }
    for (int i = 0; i < N_RAW; i++)
        reader->images[reader->n_images++] =
            trba_image_pixels(raw, RAW_WIDTH, RAW_HEIGHT, (size_t)RAW_WIDTH * 4, formats[i]);
    for (int i = 0; i < N_TALL; i++)
        reader->images[reader->n_images++] =
            trba_image_pixels(raw, RAW_HEIGHT / 2, RAW_HEIGHT, (size_t)RAW_WIDTH * 4, formats[i]);
}

static void free_images(struct reader *reader)
{
    for (size_t i = 0; i < reader->n_images; i++)
        if (reader->images[i].kind == TRBA_IMAGE_ENCODED) free((void *)(uintptr_t)reader->images[i].bytes);
}

/* ---- reading it -------------------------------------------------------------------------------------------------- */

/* In one order or the other; a picture that is broken fails, and takes no memory either. */
static void read_everything(struct reader *reader, int backwards)
{
    const trba_region regions[N_REGIONS] = {
        trba_region_box(1, 1, 20, 10), trba_region_rotated(12, 8, 16, 8, 10), trba_region_box(-9, 0, 3, 3)};
    const trba_result *results;
    trba_error err;
    for (size_t i = 0; i < reader->n_images; i++)
        (void)trba_session_read(reader->session, &reader->images[backwards ? reader->n_images - 1 - i : i], &results,
                                &err);
    require(trba_session_read_batch(reader->session, reader->images, reader->n_images, &results, &err), &err);
    require(trba_session_read_regions(reader->session, reader->page, regions, N_REGIONS, NULL, &results, &err), &err);
}

static long count_once(struct reader *reader)
{
    failing_memory_arm(FAIL_NEVER, 0);
    read_everything(reader, 1);
    read_everything(reader, 0);
    return failing_memory_disarm();
}

/* Which thread prepares which picture is chance. One that takes memory each time will never be quiet. */
static long count_when_settled(struct reader *reader)
{
    long n = count_once(reader);
    for (int round = 0, n_quiet = 0; round < MOST_ROUNDS && n_quiet < QUIET_ROUNDS; round++) {
        n = count_once(reader);
        n_quiet = n == 0 ? n_quiet + 1 : 0;
    }
    return n;
}

static long count_requests(struct reader *reader, const trba_model *model, int n_threads)
{
    trba_error err;
    trba_session_options options = trba_session_options_default();
    options.n_threads = n_threads;
    options.batch_size = 4;
    options.rotate = TRBA_ROTATE_TALL;
    require(trba_session_new(model, &options, &reader->session, &err), &err);
    require(trba_page_open(&reader->images[0], NULL, &reader->page, &err), &err);
    read_everything(reader, 0);
    const long n = n_threads == 1 ? count_once(reader) : count_when_settled(reader);
    trba_page_free(reader->page);
    trba_session_free(reader->session);
    return n;
}

static long count_all(const char *checkpoint, struct reader *reader, trba_cpu cpu, trba_precision precision)
{
    trba_error err;
    trba_model *model;
    trba_model_options options = trba_model_options_default();
    options.cpu = cpu;
    options.precision = precision;
    require(trba_model_open(checkpoint, &options, &model, &err), &err);
    const long alone = count_requests(reader, model, 1), shared = count_requests(reader, model, 3);
    printf("%-5s %-5s %ld requests with 1 thread, %ld with 3\n", trba_cpu_name(cpu), trba_precision_name(precision),
           alone, shared);
    trba_model_free(model);
    return alone + shared;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 2 + MOST_FILES) {
        fprintf(stderr, "usage: allocation_count CHECKPOINT IMAGE...\n");
        return 2;
    }
    struct reader reader = {.n_images = 0};
    add_images(&reader, argc - 2, argv + 2);
    long n = 0;
    const trba_cpu tiers[] = {TRBA_CPU_REF, TRBA_CPU_BLAS, TRBA_CPU_AUTO};
    for (size_t i = 0; i < sizeof tiers / sizeof *tiers; i++)
        n += count_all(argv[1], &reader, tiers[i], TRBA_PRECISION_FP32);
    n += count_all(argv[1], &reader, TRBA_CPU_AUTO, TRBA_PRECISION_INT16);
    free_images(&reader);
    return n == 0 ? 0 : 1;
}
