/* SPDX-License-Identifier: Apache-2.0 */
/* test_file_map.c - files as bytes, mapped or read: contents, empty files, a sentence for each thing that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_map.h"
#include "base/file_read.h"

static char folder[] = "/tmp/trba_files_XXXXXX";
static char path[64], missing[64], pipe_path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(missing, sizeof missing, "%s/missing", folder);
    snprintf(pipe_path, sizeof pipe_path, "%s/pipe", folder);
    return mkfifo(pipe_path, 0600);
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(pipe_path);
    return rmdir(folder);
}

/* A file of n bytes: byte i is i * 7, cut to eight bits. */
static void write_pattern(size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < n; i++) fputc((int)(i * 7 & 0xFF), file);
    assert_int_equal(fclose(file), 0);
}

static void assert_pattern(const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < n; i++) assert_int_equal(at[i], i * 7 & 0xFF);
}

static void a_file_is_mapped_and_read_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 65535, 65536, 65537, 200000};
    struct file_buffer buffer = {.bytes = NULL};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        write_pattern(sizes[i]);
        struct file_map map;
        assert_int_equal(file_map_open(path, &map, NULL), TRBA_OK);
        assert_non_null(map.bytes);
        assert_int_equal(map.n_bytes, sizes[i]);
        assert_pattern(map.bytes, map.n_bytes);
        file_map_forget(&map, (const char *)map.bytes + sizes[i] / 3, sizes[i] / 2);
        assert_pattern(map.bytes, map.n_bytes);
        file_map_close(&map);
        assert_null(map.bytes);
        file_map_close(&map);

        assert_int_equal(file_read(path, 200000, &buffer, NULL), TRBA_OK); /* the same buffer again */
        assert_int_equal(buffer.n_bytes, sizes[i]);
        assert_pattern(buffer.bytes, buffer.n_bytes);
    }
    file_buffer_free(&buffer);
    file_buffer_free(&buffer);
}

static void must_refuse_to_map(const char *name, const char *fragment)
{
    struct file_map map = {.bytes = NULL, .n_bytes = 123};
    trba_error err = {.message = ""};
    assert_int_equal(file_map_open(name, &map, &err), TRBA_ERROR_IO);
    assert_int_equal(err.status, TRBA_ERROR_IO);
    assert_int_equal(map.n_bytes, 123); /* untouched */
    if (strstr(err.message, fragment) == NULL) fail_msg("\"%s\" does not say \"%s\"", err.message, fragment);
    const size_t n = strlen(err.message);
    assert_true(n > strlen(name));
    assert_string_equal(err.message + n - strlen(name), name); /* ends in the path */
    assert_int_equal(file_map_open(name, &map, NULL), TRBA_ERROR_IO);
}

static void what_cannot_be_mapped_has_a_sentence_of_its_own(void **state)
{
    (void)state;
    must_refuse_to_map(missing, "no such file");
    must_refuse_to_map("", "the name of the file is empty");
    must_refuse_to_map(folder, "folder");
    must_refuse_to_map(pipe_path, "not a regular file"); /* and does not wait for a writer */
    must_refuse_to_map("/dev/null", "not a regular file");
}

static void a_file_without_permission_is_named(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("skipped: the superuser may read every file\n");
        skip();
    }
    write_pattern(1);
    assert_int_equal(chmod(path, 0), 0);
    struct file_map map;
    trba_error err = {.message = ""};
    assert_int_equal(file_map_open(path, &map, &err), TRBA_ERROR_IO);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(chmod(path, 0600), 0);
}

static void must_refuse_to_read(const char *name, size_t limit, trba_status expected, const char *fragment)
{
    struct file_buffer buffer = {.bytes = NULL};
    trba_error err = {.message = ""};
    assert_int_equal(file_read(name, limit, &buffer, &err), expected);
    if (strstr(err.message, fragment) == NULL) fail_msg("\"%s\" does not say \"%s\"", err.message, fragment);
    assert_non_null(strstr(err.message, name));
    file_buffer_free(&buffer);
}

static void what_cannot_be_read_has_a_sentence_of_its_own(void **state)
{
    (void)state;
    write_pattern(5 << 20);
    must_refuse_to_read(missing, 100, TRBA_ERROR_IO, "no such file");
    must_refuse_to_read("", 100, TRBA_ERROR_IO, "the name of the file is empty");
    must_refuse_to_read(folder, 100, TRBA_ERROR_IO, "folder");
    must_refuse_to_read(path, 4 << 20, TRBA_ERROR_LIMIT, "4 MiB");
    must_refuse_to_read("/dev/zero", 1 << 20, TRBA_ERROR_LIMIT, "1 MiB"); /* endless, without a size */
    struct file_buffer buffer = {.bytes = NULL};
    assert_int_equal(file_read(path, 5 << 20, &buffer, NULL), TRBA_OK);
    assert_int_equal(buffer.n_bytes, 5 << 20);
    file_buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_mapped_and_read_whole),
        cmocka_unit_test(what_cannot_be_mapped_has_a_sentence_of_its_own),
        cmocka_unit_test(a_file_without_permission_is_named),
        cmocka_unit_test(what_cannot_be_read_has_a_sentence_of_its_own),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
