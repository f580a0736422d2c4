/* SPDX-License-Identifier: Apache-2.0 */
/* kernelcheck.c - every kernel of kernels.inc, in every tier this machine can run, against its meaning.
 *
 *   ref          plain C, against the same definitions in double
 *   avx2         what kernels_select() gives with that cap
 *   emulated16   the sources of the AVX-512 tier on pairs of AVX2 vectors: all of that tier but the intrinsics
 *   avx512       the AVX-512 tier itself
 *   avx512vnni   the same with VNNI
 *   emulatedamx  the source of the AMX tier with its tiles in memory, on a processor with AVX-512 VNNI
 *   avx512amx    the AMX tier itself
 *   (blas        has the kernels of ref; its products are tested with the layers)
 *
 *   usage: kernelcheck [--seed N] [--tier NAME] [--kernel NAME]
 *
 * Prints a line per tier and kernel. Exit status: 0 all held, 1 something differed or crashed, 2 bad arguments. The
 * idea is that of dav1d's checkasm. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "kernelcheck.h"

static const char *const class_names[] = {
    [KERNEL_EXACT] = "exact", [KERNEL_SUMMED] = "summed", [KERNEL_TRANSCENDENTAL] = "transcendental"};

static const struct checker {
    const char *name;
    enum kernel_class class;
    void (*run)(struct check *c);
} checkers[] = {
#define KERNEL(returns, name, arguments, class) {#name, class, check_##name},
#include "kernels/kernels.inc"
#undef KERNEL
};
enum { N_CHECKERS = sizeof checkers / sizeof checkers[0] };

struct options {
    uint64_t seed;
    const char *tier, *kernel; /* NULL: all */
};

/* ---- a step over a guard ---- */

static const struct check *running;

/* The kernel touched the inaccessible page behind a buffer, or worse: say where, with functions that a signal handler
 * may call. */
static void say_where(int signal_number)
{
    const char *const parts[] = {"FAILED ", running->tier, " ", running->kernel, ", ", running->sizes,
                                 signal_number == SIGILL ? ": illegal instruction\n"
                                                         : ": read or wrote outside a buffer\n"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (write(STDOUT_FILENO, parts[i], strlen(parts[i])) < 0) break;
    _exit(1);
}

static void catch_signals(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = say_where;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) sigaction(signals[i], &action, NULL);
}

/* ---- tiers ---- */

/* The table of a tier; false, and why, when it cannot run here. */
static bool fill_table(const char *tier, struct kernels *table, const char **why)
{
    *why = "this processor, or this build, lacks it";
    kernels_fill_ref(table);
    if (strcmp(tier, "ref") == 0) return true;
    if (strcmp(tier, "emulated16") == 0) {
#ifdef TRBA_HAVE_AVX2 /* its vectors are pairs of AVX2's */
        if (cpu_best() < TRBA_CPU_AVX2) return false;
        kernels_override_emulated16(table);
        return true;
#else
        return false;
#endif
    }
    if (strcmp(tier, "emulatedamx") == 0) {
#ifdef TRBA_HAVE_AVX512VNNI
        kernels_select(table, TRBA_CPU_AVX512VNNI);
        if (table->cpu != TRBA_CPU_AVX512VNNI) return false;
        kernels_override_emulatedamx(table);
        return true;
#else
        return false;
#endif
    }
    trba_cpu cap;
    if (trba_cpu_from_name(tier, &cap, NULL) != TRBA_OK) return false;
    kernels_select(table, cap);
    if (cap == TRBA_CPU_AVX512AMX && !cpu_allow_tiles()) {
        *why = "the operating system keeps its tiles from this process";
        return false;
    }
    return table->cpu == cap;
}

static bool run_checker(const struct checker *checker, const char *tier, const struct kernels *table,
                        const struct kernels *ref, uint64_t seed)
{
    static struct check c;
    c = (struct check){.tier = tier, .kernel = checker->name, .class = checker->class, .table = table, .ref = ref,
                       .seed = seed};
    c.random = (seed + 1) * 0x9E3779B97F4A7C15u; /* never zero */
    if (c.random == 0) c.random = 1;
    running = &c;
    check_buffers_new(&c);
    checker->run(&c);
    check_buffers_free(&c);
    printf("%-11s  %-20s  %-14s  %9ld checks", tier, checker->name, class_names[checker->class], c.n_checks);
    if (c.has_failed) printf("  FAILED");
    else if (c.class == KERNEL_EXACT) printf("  all equal");
    else printf("  largest error %8.3g%s, %4.1f %% of its bound", c.largest_error,
                c.class == KERNEL_SUMMED ? " u" : "", 100.0 * c.largest_share);
    printf("\n");
    fflush(stdout);
    return !c.has_failed;
}

/* Runs the checkers of one tier; returns how many failed. Appends the tier to `ran`. */
static int run_tier(const char *tier, const struct options *options, char *ran, size_t capacity)
{
    struct kernels table, ref;
    const char *why;
    if (!fill_table(tier, &table, &why)) {
        printf("%-11s  SKIPPED: %s\n", tier, why);
        return options->tier != NULL; /* asked for by name: not running it is a failure */
    }
    kernels_fill_ref(&ref);
    snprintf(ran + strlen(ran), capacity - strlen(ran), " %s", tier);
    int n_failed = 0;
    for (int i = 0; i < N_CHECKERS; i++) {
        if (options->kernel != NULL && strcmp(options->kernel, checkers[i].name) != 0) continue;
        if (!run_checker(&checkers[i], tier, &table, &ref, options->seed)) n_failed++;
    }
    return n_failed;
}

/* ---- options ---- */

static void usage(void)
{
    fprintf(stderr, "usage: kernelcheck [--seed N] [--tier ref|avx2|emulated16|avx512|avx512vnni|emulatedamx|"
                    "avx512amx] [--kernel NAME]\n");
    exit(2);
}

static uint64_t parse_seed(const char *text)
{
    char *end;
    errno = 0;
    const unsigned long long seed = strtoull(text, &end, 0);
    if (errno != 0 || end == text || *end != '\0') usage();
    return seed;
}

static void check_kernel_name(const char *name)
{
    for (int i = 0; i < N_CHECKERS; i++)
        if (strcmp(name, checkers[i].name) == 0) return;
    usage();
}

static struct options parse_options(int argc, char **argv)
{
    struct options options = {.seed = 1};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) usage();
        if (strcmp(argv[i], "--seed") == 0) options.seed = parse_seed(argv[i + 1]);
        else if (strcmp(argv[i], "--tier") == 0) options.tier = argv[i + 1];
        else if (strcmp(argv[i], "--kernel") == 0) options.kernel = argv[i + 1];
        else usage();
    }
    if (options.kernel != NULL) check_kernel_name(options.kernel);
    return options;
}

int main(int argc, char **argv)
{
    static const char *const tiers[] = {"ref", "avx2", "emulated16", "avx512", "avx512vnni", "emulatedamx",
                                         "avx512amx"};
    const struct options options = parse_options(argc, argv);
    catch_signals();
    printf("seed %llu; u = 2^-24 times the sum of the terms' magnitudes\n", (unsigned long long)options.seed);
    char ran[64] = "";
    int n_failed = 0, n_tiers = 0;
    for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++) {
        if (options.tier != NULL && strcmp(options.tier, tiers[i]) != 0) continue;
        n_failed += run_tier(tiers[i], &options, ran, sizeof ran);
        n_tiers++;
    }
    if (n_tiers == 0) usage();
    printf("blas        not run: it has the kernels of ref\n");
    printf("processor tiers that ran:%s (kernelcheck)\n", ran);
    printf(n_failed == 0 ? "all held\n" : "%d FAILED\n", n_failed);
    return n_failed == 0 ? 0 : 1;
}
