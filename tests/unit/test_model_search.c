/* SPDX-License-Identifier: Apache-2.0 */
/* test_model_search.c - which file a model's name means: here in a program that was built without a source tree and is
 * installed nowhere, so that only ./models is left. */
#define _GNU_SOURCE /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../tools/common/model_search.c"

static char folder[] = "/tmp/trba_models_XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL || chdir(folder) != 0 || mkdir("models", 0700) != 0;
}

static int leave_folder(void **state)
{
    (void)state;
    return rmdir("models") != 0 || chdir("/") != 0 || rmdir(folder) != 0;
}

static int remove_models(void **state)
{
    (void)state;
    unlink("models/trba.pth");
    unlink("models/english_g2.pth");
    unsetenv("TRBA_MODEL");
    return 0;
}

static void put(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
}

static void must_find(const char *asked, const char *wanted)
{
    char path[MODEL_PATH_BYTES], message[200] = "";
    if (!model_search(asked, path, message, sizeof message)) fail_msg("%s", message);
    assert_string_equal(path, wanted);
}

static void must_miss(const char *asked, const char *name, const char *remedy)
{
    char path[MODEL_PATH_BYTES], message[200] = "";
    assert_false(model_search(asked, path, message, sizeof message));
    if (strstr(message, name) == NULL || strstr(message, remedy) == NULL || strstr(message, "--model FILE") == NULL)
        fail_msg("the message is: %s", message);
}

static void a_model_that_is_missing_is_said(void **state)
{
    (void)state;
    must_miss(NULL, "trba.pth", "source tree");
    must_miss("trba-ctc", "trba-ctc.pth", "source tree");
    must_miss("english_g2", "english_g2.pth", "make models");
    assert_int_equal(setenv("TRBA_MODEL", "english_g2", 1), 0);
    must_miss(NULL, "english_g2.pth", "make models");
}

static void a_name_is_looked_for_and_a_path_is_not(void **state)
{
    (void)state;
    put("models/trba.pth");
    must_find(NULL, "models/trba.pth");
    must_find("trba", "models/trba.pth");
    must_find("trba.pth", "trba.pth");
    must_find("./trba", "./trba");
    must_find("best", "best");
}

static void the_environment_counts_where_nothing_is_asked_for(void **state)
{
    (void)state;
    put("models/trba.pth");
    put("models/english_g2.pth");
    assert_int_equal(setenv("TRBA_MODEL", "", 1), 0);
    must_find(NULL, "models/trba.pth");
    assert_int_equal(setenv("TRBA_MODEL", "english_g2", 1), 0);
    must_find(NULL, "models/english_g2.pth");
    must_find("trba", "models/trba.pth");
    assert_int_equal(setenv("TRBA_MODEL", "mine.pth", 1), 0);
    must_find(NULL, "mine.pth");
}

static void a_path_without_end_is_refused(void **state)
{
    (void)state;
    static char asked[MODEL_PATH_BYTES + 1];
    char path[MODEL_PATH_BYTES], message[200] = "";
    memset(asked, 'a', MODEL_PATH_BYTES);
    assert_false(model_search(asked, path, message, sizeof message));
    assert_non_null(strstr(message, "too long"));
}

int main(void)
{
    unsetenv("TRBA_MODEL");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_model_that_is_missing_is_said, remove_models),
        cmocka_unit_test_teardown(a_name_is_looked_for_and_a_path_is_not, remove_models),
        cmocka_unit_test_teardown(the_environment_counts_where_nothing_is_asked_for, remove_models),
        cmocka_unit_test(a_path_without_end_is_refused),
    };
    return cmocka_run_group_tests_name("model_search", tests, enter_folder, leave_folder);
}
