/* SPDX-License-Identifier: Apache-2.0 */
/* peak.c - what this machine can do at most: multiply-adds a second for each instruction set, bytes a second for each
 * level of memory. Every speed of the benchmark is held against these.
 *
 *   usage: peak N...        thread counts, e.g. `peak 1 2`
 *
 * Prints one JSON object: probe -> thread count -> {"median", "best"}, in 1e9 operations (a multiply-add is two) or 1e9
 * bytes a second, summed over the threads. Probes that the processor lacks are left out.
 *
 *   fma_*, bf16_*, int16_*, int8_*  twelve independent accumulators, operands in registers: nothing but the unit itself
 *   amx_*                           two accumulating tiles, operands in tiles; no more, because another thread on the
 *                                   core leaves fewer to rename with (src/kernels/avx512amx)
 *   read_*                          each thread reads its own buffer of that size over and over
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum { N_RUNS = 7, MAX_THREADS = 64 };
#define RUN_SECONDS 0.1
#define BUFFER_BYTES ((size_t)256 << 20)

/* Does `n` rounds of work and returns the operations (bytes) of one round. `buffer` [BUFFER_BYTES]. */
typedef double probe_function(long n, const uint64_t *buffer);

struct probe {
    const char *name;
    probe_function *run;
    int is_supported;
};

static volatile uint64_t read_result; /* keeps the reads from being optimised away */

/* ---- arithmetic -------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)

/* Operands have random digits, as a network's numbers have: with zeros the unit takes less power, and the processor's
 * clock may be faster (products of tiles for seconds, Intel Xeon, family 6, model 207: 5.8 instead of 7.0 ns). */
enum numbers { FLOATS, BF16, INTEGERS };

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223; /* Numerical Recipes */
    return *state;
}

/* Floats and bfloat16 of 1/2 to 2; integers of all bits. */
static void fill(void *out, size_t n_bytes, enum numbers numbers, uint32_t seed)
{
    static const uint32_t digits[] = {0x00FFFFFF, 0x00FF00FF, 0xFFFFFFFF}, exponents[] = {0x3F000000, 0x3F003F00, 0};
    for (size_t i = 0; i < n_bytes; i += sizeof(uint32_t)) {
        const uint32_t high = next_random(&seed) >> 16, bits = high << 16 | next_random(&seed) >> 16;
        const uint32_t number = exponents[numbers] | (bits & digits[numbers]);
        memcpy((uint8_t *)out + i, &number, sizeof number);
    }
}

/* Changes the sign of floats and bfloat16, so that sums do not grow; of integers the top bits. */
static void negate(void *out, size_t n_bytes, enum numbers numbers)
{
    for (size_t i = 0; i < n_bytes; i += sizeof(uint32_t)) {
        uint32_t number;
        memcpy(&number, (uint8_t *)out + i, sizeof number);
        number ^= numbers == FLOATS ? 0x80000000 : 0x80008000;
        memcpy((uint8_t *)out + i, &number, sizeof number);
    }
}

#define ACCUMULATE_12(insn, y) \
    insn " %12," y ",%0\n\t" insn " %12," y ",%1\n\t" insn " %12," y ",%2\n\t" insn " %12," y ",%3\n\t" \
    insn " %12," y ",%4\n\t" insn " %12," y ",%5\n\t" insn " %12," y ",%6\n\t" insn " %12," y ",%7\n\t" \
    insn " %12," y ",%8\n\t" insn " %12," y ",%9\n\t" insn " %12," y ",%10\n\t" insn " %12," y ",%11\n\t"

typedef float vector256 __attribute__((vector_size(32)));
typedef float vector512 __attribute__((vector_size(64)));

/* A probe of one instruction with `operations` a piece; 24 of them a round, 12 that add and 12 that take away. */
#define DEFINE_VECTOR_PROBE(name, isa, type, numbers, insn, operations) \
    __attribute__((target(isa))) static double name(long n, const uint64_t *buffer) \
    { \
        (void)buffer; \
        const type zero = {0}; \
        type a = zero, b = zero, c = zero, d = zero, e = zero, f = zero; \
        type g = zero, h = zero, i = zero, j = zero, k = zero, l = zero, x, y, minus_y; \
        fill(&x, sizeof x, numbers, 1); \
        fill(&y, sizeof y, numbers, 2); \
        minus_y = y; \
        negate(&minus_y, sizeof minus_y, numbers); \
        for (long round = 0; round < n; round++) \
            __asm__ volatile(ACCUMULATE_12(insn, "%13") ACCUMULATE_12(insn, "%14") \
                             : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i), \
                               "+v"(j), "+v"(k), "+v"(l) \
                             : "v"(x), "v"(y), "v"(minus_y)); \
        return 24.0 * (operations); \
    }

DEFINE_VECTOR_PROBE(fma_avx2, "avx2,fma", vector256, FLOATS, "vfmadd231ps", 8 * 2)
DEFINE_VECTOR_PROBE(fma_avx512, "avx512f", vector512, FLOATS, "vfmadd231ps", 16 * 2)
DEFINE_VECTOR_PROBE(bf16_avx512, "avx512f,avx512bf16", vector512, BF16, "vdpbf16ps", 32 * 2)
DEFINE_VECTOR_PROBE(int16_avx512_vnni, "avx512f,avx512vnni", vector512, INTEGERS, "vpdpwssd", 32 * 2)
DEFINE_VECTOR_PROBE(int8_avx512_vnni, "avx512f,avx512vnni", vector512, INTEGERS, "vpdpbusd", 64 * 2)

/* GCC 12 does not know that the instructions for tiles read memory (of a configuration, that they read more than 8
 * bytes), and leaves out what was written for them. */
#define KEEP_IN_MEMORY(address) __asm__ volatile("" : : "r"(address) : "memory")

/* All tiles 16 rows of 64 bytes: two sums, and two operands. */
__attribute__((target("amx-tile"))) static void amx_set_tiles(enum numbers numbers)
{
    uint8_t operand[16 * 64];
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } config = {.palette = 1};
    for (int tile = 0; tile < 8; tile++) {
        config.row_bytes[tile] = 64;
        config.rows[tile] = 16;
    }
    KEEP_IN_MEMORY(&config);
    _tile_loadconfig(&config);
    _tile_zero(0);
    _tile_zero(1);
    fill(operand, sizeof operand, numbers, 1);
    KEEP_IN_MEMORY(operand);
    _tile_loadd(2, operand, 64);
    fill(operand, sizeof operand, numbers, 2);
    KEEP_IN_MEMORY(operand);
    _tile_loadd(3, operand, 64);
}

#define DEFINE_AMX_PROBE(name, isa, numbers, product, depth)                \
    __attribute__((target(isa))) static double name(long n, const uint64_t *buffer) \
    {                                                                       \
        (void)buffer;                                                       \
        amx_set_tiles(numbers);                                             \
        for (long round = 0; round < n; round++) {                          \
            product(0, 2, 3);                                               \
            product(1, 2, 3);                                               \
            product(0, 2, 3);                                               \
            product(1, 2, 3);                                               \
        }                                                                   \
        _tile_release();                                                    \
        return 4.0 * 16 * 16 * (depth)*2;                                   \
    }

DEFINE_AMX_PROBE(amx_bf16, "amx-tile,amx-bf16", BF16, _tile_dpbf16ps, 32)
DEFINE_AMX_PROBE(amx_int8, "amx-tile,amx-int8", INTEGERS, _tile_dpbusd, 64)

/* Whether CPUID leaf 7 has bit `bit` of EDX (22 AMX bf16, 25 AMX int8) and Linux lets this process use tiles. */
static int has_amx(int bit)
{
    const long request_permission = 0x1023, tile_data = 18; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> bit & 1))
        return 0;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}
#endif

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/* Written for the compiler to make vectors of; enough sums that their latency does not limit. */
__attribute__((always_inline)) static inline double read_words(long n, const uint64_t *buffer, size_t bytes)
{
    uint64_t sums[32] = {0};
    for (long round = 0; round < n; round++)
        for (size_t i = 0; i < bytes / sizeof *buffer; i += 32)
            for (size_t k = 0; k < 32; k++)
                sums[k] ^= buffer[i + k];
    for (size_t k = 0; k < 32; k++)
        read_result ^= sums[k];
    return (double)bytes;
}

#define DEFINE_READ_PROBE(attribute, name, bytes) \
    attribute static double name(long n, const uint64_t *buffer) { return read_words(n, buffer, bytes); }
#define DEFINE_READ_PROBES(attribute, suffix) \
    DEFINE_READ_PROBE(attribute, read_l2##suffix, (size_t)256 << 10) \
    DEFINE_READ_PROBE(attribute, read_l3##suffix, (size_t)8 << 20) \
    DEFINE_READ_PROBE(attribute, read_dram##suffix, BUFFER_BYTES)

#if defined(__x86_64__)
DEFINE_READ_PROBES(__attribute__((target("avx2"))), _avx2)
DEFINE_READ_PROBES(__attribute__((target("avx512f"))), _avx512)
#else
DEFINE_READ_PROBES(, _plain)
#endif

/* ---- running ----------------------------------------------------------------------------------------------------- */

struct work {
    probe_function *run;
    const uint64_t *buffer;
    pthread_barrier_t *start;
    long n;
    double seconds, rate;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *do_work(void *argument)
{
    struct work *const work = argument;
    pthread_barrier_wait(work->start);
    const double start = now();
    const double operations = work->run(work->n, work->buffer);
    work->seconds = now() - start;
    work->rate = operations * (double)work->n / work->seconds;
    return NULL;
}

/* Runs the probe on all threads at once; returns the summed rate, and the longest time in `*seconds`. */
static double run_threads(probe_function *run, uint64_t *const *buffers, int n_threads, long n, double *seconds)
{
    pthread_t threads[MAX_THREADS];
    struct work work[MAX_THREADS];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)n_threads);
    for (int i = 0; i < n_threads; i++) {
        work[i] = (struct work){.run = run, .buffer = buffers[i], .start = &start, .n = n};
        if (pthread_create(&threads[i], NULL, do_work, &work[i]) != 0)
            abort();
    }
    double rate = 0.0;
    *seconds = 0.0;
    for (int i = 0; i < n_threads; i++) {
        pthread_join(threads[i], NULL);
        rate += work[i].rate;
        if (work[i].seconds > *seconds)
            *seconds = work[i].seconds;
    }
    pthread_barrier_destroy(&start);
    return rate;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Prints the median and the best of N_RUNS runs. */
static void print_rates(const struct probe *probe, uint64_t *const *buffers, int n_threads)
{
    double seconds, rates[N_RUNS];
    long n = 1;
    while (run_threads(probe->run, buffers, n_threads, n, &seconds), seconds < RUN_SECONDS / 2)
        n *= 2;
    for (int i = 0; i < N_RUNS; i++)
        rates[i] = run_threads(probe->run, buffers, n_threads, n, &seconds);
    qsort(rates, N_RUNS, sizeof rates[0], compare_doubles);
    printf("\"%d\": {\"median\": %.2f, \"best\": %.2f}", n_threads, rates[N_RUNS / 2] / 1e9, rates[N_RUNS - 1] / 1e9);
}

/* Every probe with every thread count; `buffers` for the largest of them. */
static void print_probes(const struct probe *probes, size_t n_probes, uint64_t *const *buffers,
                         const int *thread_counts, int n_counts)
{
    const char *separator = "{";
    for (size_t p = 0; p < n_probes; p++) {
        if (!probes[p].is_supported)
            continue;
        printf("%s\n  \"%s\": {", separator, probes[p].name);
        for (int i = 0; i < n_counts; i++) {
            printf("%s", i > 0 ? ", " : "");
            print_rates(&probes[p], buffers, thread_counts[i]);
        }
        printf("}");
        separator = ",";
    }
    printf("\n}\n");
}

static int refuse_arguments(void)
{
    fprintf(stderr, "usage: peak N...        at most %d thread counts, 1 to %d\n", MAX_THREADS, MAX_THREADS);
    return 2;
}

int main(int argc, char **argv)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    const int has_avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    const int has_avx512 = __builtin_cpu_supports("avx512f") != 0;
    const struct probe probes[] = {
        {"fma_avx2", fma_avx2, has_avx2},
        {"fma_avx512", fma_avx512, has_avx512},
        {"bf16_avx512", bf16_avx512, __builtin_cpu_supports("avx512bf16") != 0},
        {"int16_avx512_vnni", int16_avx512_vnni, __builtin_cpu_supports("avx512vnni") != 0},
        {"int8_avx512_vnni", int8_avx512_vnni, __builtin_cpu_supports("avx512vnni") != 0},
        {"amx_bf16", amx_bf16, has_amx(22)},
        {"amx_int8", amx_int8, has_amx(25)},
        {"read_256K_l2", has_avx512 ? read_l2_avx512 : read_l2_avx2, has_avx2},
        {"read_8M_l3", has_avx512 ? read_l3_avx512 : read_l3_avx2, has_avx2},
        {"read_256M_dram", has_avx512 ? read_dram_avx512 : read_dram_avx2, has_avx2},
    };
#else
    const struct probe probes[] = {
        {"read_256K_l2", read_l2_plain, 1}, {"read_8M_l3", read_l3_plain, 1}, {"read_256M_dram", read_dram_plain, 1}};
#endif
    uint64_t *buffers[MAX_THREADS] = {NULL};
    int thread_counts[MAX_THREADS], n_counts = 0;
    if (argc < 2 || argc > MAX_THREADS + 1)
        return refuse_arguments();
    for (int i = 1; i < argc; i++) {
        const int n_threads = atoi(argv[i]);
        if (n_threads < 1 || n_threads > MAX_THREADS)
            return refuse_arguments();
        thread_counts[n_counts++] = n_threads;
        for (int t = 0; t < n_threads; t++) {
            if (!buffers[t] && (buffers[t] = aligned_alloc(64, BUFFER_BYTES)) == NULL) {
                fprintf(stderr, "peak: no memory for %d threads, %zu bytes each\n", n_threads, BUFFER_BYTES);
                return 1;
            }
            memset(buffers[t], 1, BUFFER_BYTES); /* or every page would be the one page of zeros */
        }
    }
    print_probes(probes, sizeof probes / sizeof probes[0], buffers, thread_counts, n_counts);
    for (int i = 0; i < MAX_THREADS; i++)
        free(buffers[i]);
    return 0;
}
