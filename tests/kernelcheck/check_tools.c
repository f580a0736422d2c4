/* SPDX-License-Identifier: Apache-2.0 */
/* check_tools.c - random values, guarded buffers and comparisons of the kernel checkers. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernelcheck.h"

enum { BORDER_FLOATS = 64 };
static const uint32_t sentinel_bits = 0x7FEDCAFEu; /* a NaN: what a kernel leaves unwritten equals nothing */

/* ---- random values ---- */

/* xorshift64* (Vigna 2016). */
uint32_t check_random(struct check *c)
{
    c->random ^= c->random >> 12;
    c->random ^= c->random << 25;
    c->random ^= c->random >> 27;
    return (uint32_t)(c->random * 0x2545F4914F6CDD1Du >> 32);
}

int check_pick(struct check *c, int low, int high)
{
    return low + (int)(check_random(c) % (uint32_t)(high - low + 1));
}

bool check_toss(struct check *c) { return check_random(c) >> 31 != 0; }

float check_value(struct check *c, enum value_mix mix)
{
    const float value = (float)check_random(c) * 0x1p-30f - 2.0f; /* -2 .. 2 */
    if (mix == VALUES_UNIT) return value;
    switch (check_random(c) % 64) {
    case 0: case 1: case 2: return value > 0.0f ? 0.0f : -0.0f;
    case 3: return value * 0x1p-128f; /* denormal */
    case 4: return value * 0x1p+20f;
    default: return value;
    }
}

/* ---- buffers ---- */

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static size_t page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }
enum { MAPPED_BYTES = (CHECK_MAX_FLOATS + 2 * BORDER_FLOATS) * (int)sizeof(float) };

void check_buffers_new(struct check *c)
{
    const size_t page = page_bytes(), n = (MAPPED_BYTES + page - 1) / page * page;
    for (int i = 0; i < CHECK_MAX_BUFFERS; i++) {
        char *bytes = mmap(NULL, n + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (bytes == MAP_FAILED) die("mmap");
        if (mprotect(bytes + n, page, PROT_NONE) != 0) die("mprotect");
        c->buffers[i].end = (float *)(void *)(bytes + n);
    }
}

void check_buffers_free(struct check *c)
{
    const size_t page = page_bytes(), n = (MAPPED_BYTES + page - 1) / page * page;
    for (int i = 0; i < CHECK_MAX_BUFFERS; i++) munmap((char *)c->buffers[i].end - n, n + page);
}

void check_begin(struct check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->sizes, sizeof c->sizes, format, args);
    va_end(args);
    c->n_buffers = 0;
}

static struct check_buffer *take_buffer(struct check *c, size_t n)
{
    if (c->n_buffers == CHECK_MAX_BUFFERS || n > CHECK_MAX_FLOATS) {
        fprintf(stderr, "%s %s: the checker wants too many or too large buffers\n", c->kernel, c->sizes);
        exit(2);
    }
    struct check_buffer *buffer = &c->buffers[c->n_buffers++];
    buffer->n = n;
    buffer->output = NULL;
    return buffer;
}

float *check_input(struct check *c, size_t n, enum value_mix mix)
{
    float *values = take_buffer(c, n)->end - n;
    for (size_t i = 0; i < n; i++) values[i] = check_value(c, mix);
    return values;
}

float *check_output(struct check *c, size_t n)
{
    struct check_buffer *buffer = take_buffer(c, n);
    buffer->output = buffer->end - BORDER_FLOATS - n;
    for (float *at = buffer->output - BORDER_FLOATS; at < buffer->end; at++)
        memcpy(at, &sentinel_bits, sizeof sentinel_bits);
    return buffer->output;
}

int16_t *check_input_int16(struct check *c, size_t n)
{
    return (int16_t *)(void *)check_input(c, n / 2, VALUES_UNIT);
}

int16_t *check_output_int16(struct check *c, size_t n) { return (int16_t *)(void *)check_output(c, n / 2); }

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

void check_end(struct check *c)
{
    for (int i = 0; i < c->n_buffers; i++) {
        const struct check_buffer *buffer = &c->buffers[i];
        if (buffer->output == NULL) continue;
        for (int k = 0; k < BORDER_FLOATS; k++) {
            check_true(c, "wrote before its output", bits_of(buffer->output[-1 - k]) == sentinel_bits);
            check_true(c, "wrote behind its output", bits_of(buffer->output[buffer->n + (size_t)k]) == sentinel_bits);
        }
    }
}

/* ---- comparisons ---- */

static void report(struct check *c, const char *what)
{
    c->has_failed = true;
    printf("FAILED %s %s, seed %llu, %s: %s", c->tier, c->kernel, (unsigned long long)c->seed, c->sizes, what);
}

static void report_values(struct check *c, const char *what, size_t index, float got, double expected, double bound)
{
    report(c, what);
    printf("[%zu] is %.9g (%08x), expected %.12g", index, (double)got, (unsigned)bits_of(got), expected);
    if (bound > 0.0) printf(" +- %.3g", bound);
    printf("\n");
}

void check_true(struct check *c, const char *what, bool holds)
{
    if (c->has_failed) return;
    c->n_checks++;
    if (holds) return;
    report(c, what);
    printf("\n");
}

void check_bits(struct check *c, const char *what, size_t index, float got, float expected)
{
    if (c->has_failed) return;
    c->n_checks++;
    if (bits_of(got) != bits_of(expected)) report_values(c, what, index, got, (double)expected, 0.0);
}

/* `unit`: what the largest error is counted in. */
static void check_within(struct check *c, const char *what, size_t index, float got, double exact, double bound,
                         double unit)
{
    if (c->has_failed) return;
    c->n_checks++;
    if (isnan(exact) && isnan(got)) return;
    const double error = fabs((double)got - exact);
    if (!(error <= bound)) {
        report_values(c, what, index, got, exact, bound);
        return;
    }
    if (error > c->largest_share * bound) c->largest_share = error / bound;
    if (unit > 0.0 && error > c->largest_error * unit) c->largest_error = error / unit;
}

void check_summed(struct check *c, const char *what, size_t index, float got, double exact, double n_roundings,
                  double magnitude)
{
    const double unit = 0x1p-24 * magnitude + 0x1p-150;
    check_within(c, what, index, got, exact, 1.01 * n_roundings * unit, unit);
}

void check_absolute(struct check *c, const char *what, size_t index, float got, double exact, double bound)
{
    check_within(c, what, index, got, exact, bound, 1.0);
}
