/* SPDX-License-Identifier: Apache-2.0 */
/* soak.c - reads pictures for as long as it is told, and watches what the process holds meanwhile.
 *
 *   soak N_IMAGES SAMPLE_EVERY SEED FOLDER MODEL...
 *
 *   FOLDER   pictures: read as files and from memory; those whose names begin with "bad-" must fail, others not
 *   MODEL    checkpoints, each with one session that lives as long as the program
 *
 *   repeat   a batch of random pictures, raw pixels among them, through one of the long-lived sessions;
 *            now and then a session, a page or a model that is made, used and freed at once
 *   every SAMPLE_EVERY images a line of tab-separated values on stdout, under a heading: struct sample
 *
 * Every picture must give the same bits each time that a model reads it, whatever it shares a batch with. From the
 * first sample at or past 1,000 images on, resident and allocated memory must stay within 1 MiB, descriptors and
 * threads must not change at all; at the end the sessions, left alone, must not use the processor. Exit code 0: all
 * this is so; 1: a sentence on stderr says what is not; 2: the arguments cannot be used.
 */
#include <dirent.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trba.h"

enum {
    MAX_BATCH = 16,
    MAX_MODELS = 4,
    MAX_REGIONS = 8,
    N_RAW = 96,           /* pictures of raw pixels */
    RAW_LEAST = 10,       /* pixels a side; at most so many more: */
    RAW_MORE_WIDTH = 390,
    RAW_MORE_HEIGHT = 70,
    WIDEST_RATIO = 64,    /* that is read at all with EasyOCR's preprocessing */
    LONG_THREADS = 2,     /* of the long-lived sessions */
    SETTLED_IMAGES = 1000,
    FLAT_BYTES = 1 << 20
};
static const double idle_s = 0.5, idle_cpu_s = 0.005;

/* ---- small things ------------------------------------------------------------------------------------------------ */

static void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("soak: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    fflush(stdout);
    exit(1);
}

static void *allocate(size_t n_bytes)
{
    void *memory = calloc(1, n_bytes);
    if (memory == NULL) fail("no memory for %zu bytes", n_bytes);
    return memory;
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* SplitMix64 (Steele, Lea, Flood 2014): a number below n. */
static size_t draw(uint64_t *random, size_t n)
{
    uint64_t z = *random += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (size_t)((z ^ z >> 31) % n);
}

/* ---- what the process holds -------------------------------------------------------------------------------------- */

struct sample {
    size_t n_images, n_broken; /* read so far; of them, those that failed as they must */
    double wall_s, cpu_s;
    size_t resident_bytes;     /* after malloc_trim(): what the allocator keeps for later is not what a program leaks */
    size_t allocated_bytes;    /* by malloc(), in use */
    size_t n_descriptors, n_threads;
};

/* The number behind NAME in a file of /proc, which is a list of "NAME: NUMBER". */
static size_t read_proc_number(const char *path, const char *name)
{
    char line[256];
    unsigned long number = 0;
    bool is_found = false;
    FILE *file = fopen(path, "r");
    if (file == NULL) fail("cannot read %s", path);
    while (!is_found && fgets(line, sizeof line, file) != NULL) {
        const size_t n = strlen(name);
        if (strncmp(line, name, n) == 0 && line[n] == ':') is_found = sscanf(line + n + 1, "%lu", &number) == 1;
    }
    fclose(file);
    if (!is_found) fail("%s has no line %s", path, name);
    return number;
}

static size_t count_entries(const char *folder)
{
    size_t n = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL) fail("cannot read %s", folder);
    while (readdir(dir) != NULL) n++;
    closedir(dir);
    return n - 3; /* ".", ".." and the folder itself */
}

static struct sample take_sample(size_t n_images, size_t n_broken, double started_s)
{
    malloc_trim(0);
    const struct mallinfo2 heap = mallinfo2();
    return (struct sample){.n_images = n_images,
                           .n_broken = n_broken,
                           .wall_s = seconds(CLOCK_MONOTONIC) - started_s,
                           .cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID),
                           /* VmRSS of /proc/self/status is the kernel's estimate, off by up to a megabyte. */
                           .resident_bytes = read_proc_number("/proc/self/smaps_rollup", "Rss") * 1024,
                           .allocated_bytes = heap.uordblks + heap.hblkhd,
                           .n_descriptors = count_entries("/proc/self/fd"),
                           .n_threads = read_proc_number("/proc/self/status", "Threads")};
}

static void print_sample(const struct sample *s)
{
    printf("%zu\t%zu\t%.1f\t%.1f\t%zu\t%zu\t%zu\t%zu\n", s->n_images, s->n_broken, s->wall_s, s->cpu_s,
           s->resident_bytes / 1024, s->allocated_bytes / 1024, s->n_descriptors, s->n_threads);
    fflush(stdout);
}

struct range {
    size_t least, most;
};

static void check_flat(struct range *range, size_t bytes, const char *what, size_t n_images)
{
    if (range->most == 0) range->least = range->most = bytes;
    if (bytes < range->least) range->least = bytes;
    if (bytes > range->most) range->most = bytes;
    if (range->most - range->least > FLAT_BYTES)
        fail("%s memory is not flat: %zu to %zu KiB after %zu images", what, range->least / 1024, range->most / 1024,
             n_images);
}

struct watch {
    struct sample first;
    struct range resident, allocated;
};

static void check_sample(struct watch *watch, const struct sample *s)
{
    if (s->n_images < SETTLED_IMAGES) return;
    if (watch->first.n_images == 0) watch->first = *s;
    check_flat(&watch->resident, s->resident_bytes, "resident", s->n_images);
    check_flat(&watch->allocated, s->allocated_bytes, "allocated", s->n_images);
    if (s->n_descriptors != watch->first.n_descriptors)
        fail("%zu descriptors are open after %zu images, %zu before", s->n_descriptors, s->n_images,
             watch->first.n_descriptors);
    if (s->n_threads != watch->first.n_threads)
        fail("%zu threads run after %zu images, %zu before", s->n_threads, s->n_images, watch->first.n_threads);
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

struct picture {
    char *name;
    trba_image image;
    bool is_broken;
};

struct pictures {
    struct picture *items; /* [n] */
    size_t n;
};

static char *join_path(const char *folder, const char *name)
{
    const size_t n = strlen(folder) + strlen(name) + 2;
    char *path = allocate(n);
    snprintf(path, n, "%s/%s", folder, name);
    return path;
}

static void *read_bytes(const char *path, size_t *n_bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) fail("cannot read %s", path);
    *n_bytes = (size_t)ftell(file);
    rewind(file);
    void *bytes = allocate(*n_bytes + 1);
    if (fread(bytes, 1, *n_bytes, file) != *n_bytes) fail("cannot read %s", path);
    fclose(file);
    return bytes;
}

/* A picture as a file and as bytes. Takes `path`. */
static void add_file(struct pictures *pictures, char *path, bool is_broken)
{
    size_t n_bytes;
    void *bytes = read_bytes(path, &n_bytes);
    pictures->items[pictures->n++] = (struct picture){path, trba_image_file(path), is_broken};
    pictures->items[pictures->n++] = (struct picture){path, trba_image_encoded(bytes, n_bytes), is_broken};
}

/* Noise, in one of the five orders of bytes, its rows now and then farther apart than they are long. */
static void add_raw(struct pictures *pictures, size_t width, size_t height, uint64_t *random)
{
    static const size_t pixel_bytes[] = {1, 3, 3, 4, 4};
    const size_t kind = draw(random, 5), stride_bytes = width * pixel_bytes[kind] + draw(random, 2) * 13;
    uint8_t *pixels = allocate(height * stride_bytes);
    for (size_t i = 0; i < height * stride_bytes; i++) pixels[i] = (uint8_t)draw(random, 256);
    pictures->items[pictures->n++] =
        (struct picture){"raw pixels", trba_image_pixels(pixels, (int)width, (int)height, stride_bytes,
                                                         (trba_pixel_format)(TRBA_PIXELS_GREY + kind)), false};
}

static void add_raw_pictures(struct pictures *pictures, uint64_t *random)
{
    add_raw(pictures, WIDEST_RATIO * RAW_LEAST, RAW_LEAST, random);
    for (size_t i = 1; i < N_RAW; i++) {
        const size_t width = RAW_LEAST + draw(random, RAW_MORE_WIDTH);
        add_raw(pictures, width, RAW_LEAST + draw(random, RAW_MORE_HEIGHT), random);
    }
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static struct pictures load_pictures(const char *folder, uint64_t *random)
{
    struct dirent **entries;
    const int n = scandir(folder, &entries, is_visible, alphasort);
    if (n <= 0) fail("there are no pictures in %s", folder);
    struct pictures pictures = {.items = allocate(((size_t)n * 2 + N_RAW + 1) * sizeof *pictures.items)};
    for (int i = 0; i < n; i++) {
        add_file(&pictures, join_path(folder, entries[i]->d_name), strncmp(entries[i]->d_name, "bad-", 4) == 0);
        free(entries[i]);
    }
    free(entries);
    add_raw_pictures(&pictures, random);
    pictures.items[pictures.n++] = (struct picture){"no such file", trba_image_file("/no/such/file.png"), true};
    return pictures;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

struct reader {
    const char *path;
    trba_model *model;
    trba_session *session; /* long-lived */
    uint64_t *readings;    /* [pictures]: a fingerprint of what the model reads; 0: not read yet */
};

struct soak {
    struct pictures pictures;
    struct reader readers[MAX_MODELS];
    size_t n_readers;
    uint64_t random;
    size_t n_images, n_broken;
};

/* FNV-1a over what a result says; never 0. */
static uint64_t fingerprint(const trba_result *result)
{
    uint64_t hash = 0xCBF29CE484222325u;
    uint8_t numbers[sizeof result->confidence + sizeof result->score];
    memcpy(numbers, &result->confidence, sizeof result->confidence);
    memcpy(numbers + sizeof result->confidence, &result->score, sizeof result->score);
    for (size_t i = 0; i < sizeof numbers; i++) hash = (hash ^ numbers[i]) * 0x100000001B3u;
    for (const char *at = result->text; *at != '\0'; at++) hash = (hash ^ (uint8_t)*at) * 0x100000001B3u;
    return hash | 1;
}

static void check_result(struct soak *soak, struct reader *reader, size_t which, const trba_result *result)
{
    const struct picture *picture = &soak->pictures.items[which];
    if ((result->status != TRBA_OK) != picture->is_broken)
        fail("%s, %s: %s %s", reader->path, picture->name, trba_status_name(result->status), result->message);
    const uint64_t reading = fingerprint(result);
    if (reader->readings[which] == 0) reader->readings[which] = reading;
    if (reader->readings[which] != reading)
        fail("%s reads %s as \"%s\" (%.9g) after %zu images, and otherwise before", reader->path, picture->name,
             result->text, (double)result->confidence, soak->n_images);
    soak->n_images++;
    soak->n_broken += picture->is_broken;
}

static void read_chosen(struct soak *soak, struct reader *reader, trba_session *session, const size_t *chosen, size_t n)
{
    trba_image images[MAX_BATCH] = {{.kind = TRBA_IMAGE_FILE}};
    const trba_result *results;
    trba_error err;
    for (size_t i = 0; i < n; i++) images[i] = soak->pictures.items[chosen[i]].image;
    if (trba_session_read_batch(session, images, n, &results, &err) != TRBA_OK)
        fail("%s: %s", reader->path, err.message);
    for (size_t i = 0; i < n; i++) check_result(soak, reader, chosen[i], &results[i]);
}

static void read_batch(struct soak *soak, struct reader *reader, trba_session *session)
{
    size_t chosen[MAX_BATCH];
    const size_t n = 1 + draw(&soak->random, MAX_BATCH);
    for (size_t i = 0; i < n; i++) chosen[i] = draw(&soak->random, soak->pictures.n);
    read_chosen(soak, reader, session, chosen, n);
}

/* The picture that is the widest for its height. */
static size_t find_widest(const struct soak *soak, const struct reader *reader)
{
    size_t widest = 0;
    double most = 0;
    for (size_t i = 0; i < soak->pictures.n; i++) {
        const trba_image *image = &soak->pictures.items[i].image;
        const trba_result *result;
        if (trba_session_read(reader->session, image, &result, NULL) != TRBA_OK) continue;
        const double ratio = (double)result->width / (double)result->height;
        if (ratio <= most) continue;
        most = ratio;
        widest = i;
    }
    return widest;
}

/* A full batch of the widest picture needs the most memory that this session ever can. */
static void read_widest(struct soak *soak, struct reader *reader)
{
    size_t chosen[MAX_BATCH];
    const size_t widest = find_widest(soak, reader);
    for (size_t i = 0; i < MAX_BATCH; i++) chosen[i] = widest;
    read_chosen(soak, reader, reader->session, chosen, MAX_BATCH);
}

/* ---- what is made, used and freed -------------------------------------------------------------------------------- */

static trba_session *open_session(const trba_model *model, size_t n_threads, size_t batch_size)
{
    trba_session_options options = trba_session_options_default();
    trba_session *session;
    trba_error err;
    options.n_threads = (int)n_threads;
    options.batch_size = (int)batch_size;
    if (trba_session_new(model, &options, &session, &err) != TRBA_OK) fail("%s", err.message);
    return session;
}

static void visit_session(struct soak *soak, struct reader *reader, const trba_model *model)
{
    trba_session *session = open_session(model, 1 + draw(&soak->random, 4), 1 + draw(&soak->random, MAX_BATCH));
    for (size_t i = 1 + draw(&soak->random, 3); i > 0; i--) read_batch(soak, reader, session);
    trba_session_free(session);
}

static trba_model *open_model(const char *path)
{
    trba_model *model;
    trba_error err;
    if (trba_model_open(path, NULL, &model, &err) != TRBA_OK) fail("%s", err.message);
    return model;
}

static void visit_model(struct soak *soak, struct reader *reader)
{
    trba_model *model = open_model(reader->path);
    visit_session(soak, reader, model);
    trba_model_free(model);
}

/* Boxes in any place, such as the page has not and such as have no area among them. */
static void visit_page(struct soak *soak, struct reader *reader)
{
    const struct picture *picture = &soak->pictures.items[draw(&soak->random, soak->pictures.n)];
    trba_page *page;
    trba_region regions[MAX_REGIONS];
    const trba_result *results;
    trba_error err;
    if ((trba_page_open(&picture->image, NULL, &page, &err) != TRBA_OK) != picture->is_broken)
        fail("the page %s: %s", picture->name, picture->is_broken ? "opened" : err.message);
    if (picture->is_broken) return;
    for (size_t i = 0; i < MAX_REGIONS; i++)
        regions[i] = trba_region_rotated((float)draw(&soak->random, 200), (float)draw(&soak->random, 60),
                                         (float)draw(&soak->random, 150), (float)draw(&soak->random, 50),
                                         (float)(draw(&soak->random, 8) * 45));
    if (trba_session_read_regions(reader->session, page, regions, MAX_REGIONS, NULL, &results, &err) != TRBA_OK)
        fail("%s: %s", reader->path, err.message);
    trba_page_free(page);
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static void open_readers(struct soak *soak, char *const *paths, size_t n)
{
    soak->n_readers = n;
    for (size_t i = 0; i < n; i++) {
        struct reader *reader = &soak->readers[i];
        *reader = (struct reader){.path = paths[i], .model = open_model(paths[i])};
        reader->session = open_session(reader->model, LONG_THREADS, MAX_BATCH);
        reader->readings = allocate(soak->pictures.n * sizeof *reader->readings);
        read_widest(soak, reader);
    }
}

static void read_something(struct soak *soak)
{
    struct reader *reader = &soak->readers[draw(&soak->random, soak->n_readers)];
    read_batch(soak, reader, reader->session);
    if (draw(&soak->random, 16) == 0) visit_session(soak, reader, reader->model);
    if (draw(&soak->random, 16) == 0) visit_page(soak, reader);
    if (draw(&soak->random, 256) == 0) visit_model(soak, reader);
}

static void run(struct soak *soak, size_t n_images, size_t sample_every)
{
    const double started_s = seconds(CLOCK_MONOTONIC);
    struct watch watch = {.first = {.n_images = 0}};
    soak->n_images = soak->n_broken = 0;
    printf("images\tbroken\twall_s\tcpu_s\tresident_kib\tallocated_kib\tdescriptors\tthreads\n");
    for (size_t next = 0; soak->n_images < n_images; read_something(soak)) {
        if (soak->n_images < next) continue;
        const struct sample sample = take_sample(soak->n_images, soak->n_broken, started_s);
        print_sample(&sample);
        check_sample(&watch, &sample);
        next += sample_every;
    }
    const struct sample last = take_sample(soak->n_images, soak->n_broken, started_s);
    print_sample(&last);
    check_sample(&watch, &last);
}

/* The sessions are open, their threads alive: they must sleep. */
static void check_idle(void)
{
    const struct timespec pause = {.tv_nsec = (long)(idle_s * 1e9)};
    const double before_s = seconds(CLOCK_PROCESS_CPUTIME_ID);
    nanosleep(&pause, NULL);
    const double used_s = seconds(CLOCK_PROCESS_CPUTIME_ID) - before_s;
    if (used_s > idle_cpu_s) fail("the idle sessions used the processor for %.4f of %.1f s", used_s, idle_s);
}

static void close_all(struct soak *soak)
{
    for (size_t i = 0; i < soak->n_readers; i++) {
        trba_session_free(soak->readers[i].session);
        trba_model_free(soak->readers[i].model);
    }
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 5 + MAX_MODELS || atol(argv[1]) <= 0 || atol(argv[2]) <= 0) {
        fputs("usage: soak N_IMAGES SAMPLE_EVERY SEED FOLDER MODEL... (at most 4)\n", stderr);
        return 2;
    }
    struct soak soak = {.random = strtoull(argv[3], NULL, 10)};
    /* How many arenas glibc makes depends on which threads happened to call malloc() at once: up to half a megabyte
     * that is nobody's leak, at any time. */
    mallopt(M_ARENA_MAX, 1);
    soak.pictures = load_pictures(argv[4], &soak.random);
    open_readers(&soak, argv + 5, (size_t)argc - 5);
    run(&soak, (size_t)atol(argv[1]), (size_t)atol(argv[2]));
    check_idle();
    close_all(&soak);
    return 0;
}
