/* SPDX-License-Identifier: Apache-2.0 */
/* test_blas.c - OpenBLAS is found, multiplies, and is missed with a sentence that says what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "layers/blas.h"

enum { N_ROWS = 3, N_COLUMNS = 5, DEPTH = 7, B_STRIDE = 11, N_THREADS = 8 };

static struct kernels blas_table(void)
{
    struct kernels kernels;
    kernels_select(&kernels, TRBA_CPU_BLAS);
    assert_true(kernels.uses_blas);
    assert_null(kernels.blas_sgemm);
    return kernels;
}

/* Whole numbers: no order of summing rounds. */
static void products_are_those_of_plain_loops(void **state)
{
    (void)state;
    struct kernels kernels = blas_table();
    trba_error err;
    if (blas_load(NULL, &kernels, &err) != TRBA_OK) fail_msg("%s", err.message);
    float a[N_ROWS * DEPTH], b[DEPTH * B_STRIDE], c[N_ROWS * N_COLUMNS + 1];
    for (int i = 0; i < N_ROWS * DEPTH; i++) a[i] = (float)(i * 5 % 13 - 6);
    for (int i = 0; i < DEPTH * B_STRIDE; i++) b[i] = (float)(i * 7 % 17 - 8);
    for (int i = 0; i <= N_ROWS * N_COLUMNS; i++) c[i] = -999.0f;
    blas_multiply(&kernels, N_ROWS, N_COLUMNS, DEPTH, a, b, B_STRIDE, c);
    for (int i = 0; i < N_ROWS; i++)
        for (int j = 0; j < N_COLUMNS; j++) {
            float sum = 0.0f;
            for (int k = 0; k < DEPTH; k++) sum += a[i * DEPTH + k] * b[k * B_STRIDE + j];
            if (c[i * N_COLUMNS + j] != sum)
                fail_msg("row %d, column %d is %g, expected %g", i, j, (double)c[i * N_COLUMNS + j], (double)sum);
        }
    assert_true(c[N_ROWS * N_COLUMNS] == -999.0f);
}

static void *load_into(void *kernels) { return blas_load(NULL, kernels, NULL) == TRBA_OK ? kernels : NULL; }

static void threads_that_load_it_at_once_find_the_same(void **state)
{
    (void)state;
    struct kernels tables[N_THREADS];
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++) {
        tables[i] = blas_table();
        assert_int_equal(pthread_create(&threads[i], NULL, load_into, &tables[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, &tables[i]);
        assert_true(tables[i].blas_sgemm != NULL && tables[i].blas_sgemm == tables[0].blas_sgemm);
    }
}

static void it_describes_itself(void **state)
{
    (void)state;
    assert_memory_equal(blas_describe(), "OpenBLAS ", strlen("OpenBLAS "));
}

/* That `library` is refused in one sentence with all of these words. */
static void check_refusal(const char *library, const char *const words[], int n_words)
{
#ifdef TRBA_OPENBLAS_SONAME
    struct kernels kernels = blas_table();
    trba_error err = {.status = TRBA_OK};
    assert_int_equal(blas_load(library, &kernels, &err), TRBA_ERROR_UNSUPPORTED);
    assert_int_equal(err.status, TRBA_ERROR_UNSUPPORTED);
    for (int i = 0; i < n_words; i++)
        if (strstr(err.message, words[i]) == NULL) fail_msg("no \"%s\" in: %s", words[i], err.message);
    assert_null(strchr(err.message, '\n'));
    assert_null(kernels.blas_sgemm);
    assert_int_equal(blas_load(library, &kernels, NULL), TRBA_ERROR_UNSUPPORTED);
#else
    (void)library, (void)words, (void)n_words;
    print_message("skipped: this build links OpenBLAS, so there is nothing that could be missing\n");
    skip();
#endif
}

static void a_library_that_is_not_there_is_named(void **state)
{
    (void)state;
    static const char *const words[] = {"the tier blas needs OpenBLAS", "libnone.so.0", "No such file",
                                        "install it (Debian: libopenblas0)", "or use the tier ref"};
    check_refusal("libnone.so.0", words, sizeof words / sizeof words[0]);
}

static void a_library_without_its_functions_is_refused(void **state)
{
    (void)state;
    static const char *const words[] = {"the tier blas needs OpenBLAS", "libm.so.6", "cblas_sgemm",
                                        "or use the tier ref"};
    check_refusal("libm.so.6", words, sizeof words / sizeof words[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_load_it_at_once_find_the_same), /* first: before it is there */
        cmocka_unit_test(products_are_those_of_plain_loops),
        cmocka_unit_test(it_describes_itself),
        cmocka_unit_test(a_library_that_is_not_there_is_named),
        cmocka_unit_test(a_library_without_its_functions_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
