/* SPDX-License-Identifier: Apache-2.0 */
/* habits.c - a program with habits of its own: what it has set up is left alone, and does not change what is read.
 *
 *   usage: habits CHECKPOINT IMAGE PRECISION
 *
 *   rounding   downwards, before the model is opened: the same bits with 1 and 2 threads as with rounding to nearest;
 *              afterwards rounding is downwards still, and no exception flag has been raised
 *              nor does a turned region differ
 *   traps      division by zero, invalid operations and overflow are trapped: nothing is
 *   signals    one that is blocked after the session has begun waits until it is asked for
 *   stack      a thread with as little stack as trba.h asks for opens and reads
 *
 * Prints what it did. */
#define _GNU_SOURCE
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "trba.h"

static void require(int holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void require_ok(trba_status status, const trba_error *err)
{
    require(status == TRBA_OK, err->message);
}

struct reading {
    char text[64];
    float confidence;
};

struct case_of_test {
    const char *model, *image;
    trba_precision precision;
    int n_threads;
    struct reading reading;
};

static trba_session *begin(const struct case_of_test *c, trba_model **model)
{
    trba_error err;
    trba_model_options options = trba_model_options_default();
    options.precision = c->precision;
    require_ok(trba_model_open(c->model, &options, model, &err), &err);
    trba_session_options session_options = trba_session_options_default();
    session_options.n_threads = c->n_threads;
    trba_session *session;
    require_ok(trba_session_new(*model, &session_options, &session, &err), &err);
    return session;
}

static void read_image(trba_session *session, const char *image, struct reading *out)
{
    trba_error err;
    const trba_image picture = trba_image_file(image);
    const trba_result *result;
    require_ok(trba_session_read(session, &picture, &result, &err), &err);
    snprintf(out->text, sizeof out->text, "%s", result->text);
    out->confidence = result->confidence;
}

static void *open_and_read(void *arg)
{
    struct case_of_test *c = arg;
    trba_model *model;
    trba_session *session = begin(c, &model);
    read_image(session, c->image, &c->reading);
    trba_session_free(session);
    trba_model_free(model);
    return NULL;
}

static void require_same(const struct case_of_test *a, const struct case_of_test *b, const char *what)
{
    require(strcmp(a->reading.text, b->reading.text) == 0 && a->reading.confidence == b->reading.confidence, what);
}

static void check_rounding(const struct case_of_test *usual)
{
    const trba_region turned = trba_region_rotated(50.3f, 20.7f, 33.3f, 11.1f, 17.0f);
    for (int n_threads = 1; n_threads <= 2; n_threads++) {
        struct case_of_test c = *usual;
        c.n_threads = n_threads;
        require(fesetround(FE_DOWNWARD) == 0, "there is no rounding downwards");
        feclearexcept(FE_ALL_EXCEPT);
        open_and_read(&c);
        const trba_region same = trba_region_rotated(50.3f, 20.7f, 33.3f, 11.1f, 17.0f);
        require(memcmp(&same, &turned, sizeof same) == 0, "rounding downwards changes a region");
        require(fegetround() == FE_DOWNWARD, "rounding has been changed");
        require(fetestexcept(FE_ALL_EXCEPT) == 0, "exception flags have been raised");
        fesetround(FE_TONEAREST);
        require_same(&c, usual, "rounding downwards changes what is read");
    }
    printf("rounding, ");
}

static void check_traps(const struct case_of_test *usual)
{
    struct case_of_test c = *usual;
    c.n_threads = 2;
    feclearexcept(FE_ALL_EXCEPT);
#ifdef __GLIBC__
    if (feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW) == -1) return; /* a processor without traps */
    open_and_read(&c);
    fedisableexcept(FE_ALL_EXCEPT);
#else
    open_and_read(&c);
#endif
    require_same(&c, usual, "traps change what is read");
    printf("traps, ");
}

static void check_signals(const struct case_of_test *usual)
{
    struct case_of_test c = *usual;
    c.n_threads = 2;
    trba_model *model;
    trba_session *session = begin(&c, &model);
    sigset_t terminate;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &terminate, NULL);
    kill(getpid(), SIGTERM); /* would end the process in a thread that does not block it */
    const struct timespec patience = {.tv_sec = 10};
    require(sigtimedwait(&terminate, NULL, &patience) == SIGTERM, "the signal did not wait");
    pthread_sigmask(SIG_UNBLOCK, &terminate, NULL);
    read_image(session, c.image, &c.reading);
    require_same(&c, usual, "a signal changes what is read");
    trba_session_free(session);
    trba_model_free(model);
    printf("signals, ");
}

/* Sanitizers, and compilers that do not optimise, take more stack than there is. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TAKES_MORE_STACK
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define TAKES_MORE_STACK
#endif

static void check_stack(const struct case_of_test *usual)
{
#ifndef TAKES_MORE_STACK
    enum { STACK_BYTES = 192 * 1024 };
    struct case_of_test c = *usual;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    require(pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0, "no thread has so little stack");
    require(pthread_create(&thread, &attributes, open_and_read, &c) == 0, "no thread can be started");
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    require_same(&c, usual, "little stack changes what is read");
#else
    (void)usual;
#endif
    printf("stack\n");
}

int main(int argc, char **argv)
{
    require(argc == 4, "usage: habits CHECKPOINT IMAGE PRECISION");
    struct case_of_test usual = {.model = argv[1], .image = argv[2], .n_threads = 1};
    while (strcmp(trba_precision_name(usual.precision), argv[3]) != 0) {
        require(usual.precision < TRBA_PRECISION_AUTO, "there is no such precision");
        usual.precision++;
    }
    open_and_read(&usual);
    check_rounding(&usual);
    check_traps(&usual);
    check_signals(&usual);
    check_stack(&usual);
    return 0;
}
