/* SPDX-License-Identifier: Apache-2.0 */
/* test_system.c - what trba.h says of the machine: processors, tiers by their names, one line for bug reports.
 *
 * The library asks sched_getaffinity() for the processors; the one below answers for a machine of any size.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sched.h>

#include "../golden/golden_files.h"
#include "trba.h"

static int n_processors = 1;

/* In the place of the C library's. */
int sched_getaffinity(pid_t pid, size_t set_bytes, cpu_set_t *set)
{
    (void)pid;
    if (n_processors < 0) return -1;
    memset(set, 0, set_bytes);
    for (int i = 0; i < n_processors; i++) CPU_SET_S((size_t)(3 * i), set_bytes, set);
    return 0;
}

/* ---- processors -------------------------------------------------------------------------------------------------- */

static void processors_are_those_the_process_may_run_on(void **state)
{
    (void)state;
    for (n_processors = 1; n_processors < 300; n_processors++) assert_int_equal(trba_cpu_count(), n_processors);
}

static void there_is_one_processor_where_nobody_knows(void **state)
{
    (void)state;
    n_processors = 0;
    assert_int_equal(trba_cpu_count(), 1);
    n_processors = -1;
    assert_int_equal(trba_cpu_count(), 1);
}

/* Of this process. */
static int count_threads(void)
{
    DIR *stream = opendir("/proc/self/task");
    assert_non_null(stream);
    int n = -2; /* . and .. */
    while (readdir(stream) != NULL) n++;
    closedir(stream);
    return n;
}

/* A session that is not told how many threads. */
static trba_session *new_session(const trba_model *model)
{
    trba_session *session = NULL;
    trba_error err;
    if (trba_session_new(model, NULL, &session, &err) != TRBA_OK) fail_msg("%s", err.message);
    return session;
}

/* How many threads it has. */
static int count_session_threads(const trba_model *model, int n_before)
{
    while (count_threads() > n_before) sched_yield(); /* those of the last session have ended, but are listed still */
    trba_session *session = new_session(model);
    const int n = 1 + count_threads() - n_before; /* the caller is one */
    trba_session_free(session);
    return n;
}

static void a_session_has_a_thread_for_each_but_at_most_64(void **state)
{
    (void)state;
    trba_model *model = NULL;
    trba_error err;
    trba_model_options options = trba_model_options_default();
    options.charset_text = "abcdefghijklmnopqr";
    const struct golden_path path = golden_path("networks", "vgg_ctc.pth");
    n_processors = 1;
    if (trba_model_open(path.text, &options, &model, &err) != TRBA_OK) fail_msg("%s", err.message);
    n_processors = 2;
    trba_session *first = new_session(model); /* with its thread a sanitizer starts one of its own, once */
    const int n_before = count_threads();
    static const int cases[][2] = {{1, 1}, {2, 2}, {5, 5}, {63, 63}, {64, 64}, {65, 64}, {200, 64}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        n_processors = cases[i][0];
        assert_int_equal(count_session_threads(model, n_before), cases[i][1]);
    }
    trba_session_free(first);
    trba_model_free(model);
}

/* ---- tiers ------------------------------------------------------------------------------------------------------- */

static const char *const tiers[] = {"auto", "ref", "blas", "avx2", "avx512", "avx512vnni", "avx512amx"};
enum { N_TIERS = sizeof tiers / sizeof tiers[0] };

static void tiers_up_to_the_best_have_their_names(void **state)
{
    (void)state;
    trba_error err;
    assert_in_range(trba_cpu_best(), TRBA_CPU_BLAS, TRBA_CPU_AVX512AMX);
    for (int i = 0; i < N_TIERS; i++) {
        trba_cpu cpu = (trba_cpu)99;
        assert_string_equal(trba_cpu_name((trba_cpu)i), tiers[i]);
        const trba_status status = trba_cpu_from_name(tiers[i], &cpu, &err);
        if (i <= (int)trba_cpu_best()) {
            assert_int_equal(status, TRBA_OK);
            assert_int_equal(cpu, i);
        } else {
            assert_int_equal(status, TRBA_ERROR_UNSUPPORTED);
            assert_int_equal(cpu, 99);
            assert_non_null(strstr(err.message, tiers[i]));
            assert_non_null(strstr(err.message, tiers[trba_cpu_best()]));
        }
    }
    assert_string_equal(trba_cpu_name((trba_cpu)N_TIERS), "unknown");
}

static void other_names_are_refused(void **state)
{
    (void)state;
    static const char *const others[] = {"", "AVX2", "avx", "avx5123", " ref", "avx512vnniavx512vnni"};
    trba_cpu cpu = (trba_cpu)99;
    trba_error err;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(trba_cpu_from_name(others[i], &cpu, &err), TRBA_ERROR_ARGUMENT);
        for (int tier = 0; tier < N_TIERS; tier++) assert_non_null(strstr(err.message, tiers[tier]));
    }
    assert_int_equal(trba_cpu_from_name(NULL, &cpu, &err), TRBA_ERROR_ARGUMENT);
    assert_int_equal(trba_cpu_from_name("ref", NULL, &err), TRBA_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "a place for the tier"));
    assert_int_equal(cpu, 99);
}

/* ---- the line for bug reports ------------------------------------------------------------------------------------ */

static void the_line_says_version_tier_and_processors(void **state)
{
    (void)state;
    char line[1024], expected[128];
    n_processors = 7;
    trba_system_info(line, sizeof line);
    snprintf(expected, sizeof expected, "trba %s; compiler ", trba_version());
    assert_memory_equal(line, expected, strlen(expected));
    snprintf(expected, sizeof expected, "; best tier %s; 7 processors; ", trba_cpu_name(trba_cpu_best()));
    assert_non_null(strstr(line, expected));
    assert_null(strchr(line, '\n'));
}

static void the_line_is_cut_to_fit(void **state)
{
    (void)state;
    char whole[1024], line[1024 + 1];
    n_processors = 7;
    trba_system_info(whole, sizeof whole);
    for (size_t capacity = 0; capacity <= strlen(whole) + 1; capacity++) {
        memset(line, 0x55, sizeof line);
        trba_system_info(line, capacity);
        assert_int_equal(line[capacity], 0x55);
        if (capacity == 0) continue;
        assert_int_equal(strlen(line), capacity - 1);
        assert_memory_equal(line, whole, capacity - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processors_are_those_the_process_may_run_on),
        cmocka_unit_test(there_is_one_processor_where_nobody_knows),
        cmocka_unit_test(a_session_has_a_thread_for_each_but_at_most_64),
        cmocka_unit_test(tiers_up_to_the_best_have_their_names),
        cmocka_unit_test(other_names_are_refused),
        cmocka_unit_test(the_line_says_version_tier_and_processors),
        cmocka_unit_test(the_line_is_cut_to_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
