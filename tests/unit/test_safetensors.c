/* SPDX-License-Identifier: Apache-2.0 */
/* test_safetensors.c - whole files worked out by hand, through the door that every reader is behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "weights/tensor_table.h"

/* 120 and 96 bytes of header; the blanks are allowed padding. */
static const char two_tensors[] =
    "\x78\0\0\0\0\0\0\0"
    "{\"a.x\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[2,10]},"
    "\"a.y\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[0,2]}}       "
    "\x00\x3c" "\0\0\x20\x40" "\0\0\x80\xbf";

static const char with_metadata[] =
    "\x60\0\0\0\0\0\0\0"
    "{\"__metadata__\":{\"charset\":\"ab\"},\"x\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}           "
    "\1\2\3";

static const char *recognise(const char *name) { return strncmp(name, "a.", 2) == 0 ? name + 2 : NULL; }

static struct tensor_table *open_bytes(const char *bytes, size_t n)
{
    struct tensor_table *table = NULL;
    trba_error err;
    if (tensor_table_open(bytes, n, NULL, recognise, &table, &err) != TRBA_OK) fail_msg("%s", err.message);
    return table;
}

static void tensors_are_read_where_they_lie(void **state)
{
    (void)state;
    struct tensor_table *table = open_bytes(two_tensors, sizeof two_tensors - 1);
    assert_string_equal(table->format, "safetensors");
    assert_string_equal(table->prefix, "a.");
    assert_int_equal(table->n_tensors, 2);
    const struct tensor *x = tensor_table_find(table, "x"), *y = tensor_table_find(table, "y");
    assert_int_equal(x->n_dimensions, 2);
    assert_int_equal(x->shape[1], 2);
    assert_ptr_equal(x->data, two_tensors + 8 + 120 + 2);
    float values[2];
    tensor_read_float(x, values);
    assert_true(values[0] == 2.5f && values[1] == -1.0f);
    assert_int_equal(y->n_dimensions, 0);
    tensor_read_float(y, values);
    assert_true(values[0] == 1.0f);
    assert_null(tensor_table_find(table, "z"));
    tensor_table_free(table);
}

static void metadata_is_kept(void **state)
{
    (void)state;
    struct tensor_table *table = open_bytes(with_metadata, sizeof with_metadata - 1);
    assert_string_equal(tensor_table_find_metadata(table, "charset"), "ab");
    assert_null(tensor_table_find_metadata(table, "alphabet"));
    assert_string_equal(table->tensors[0].name, "x");
    tensor_table_free(table);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof two_tensors - 1; n++) {
        struct tensor_table *table = NULL;
        trba_error err;
        assert_int_not_equal(tensor_table_open(two_tensors, n, NULL, recognise, &table, &err), TRBA_OK);
        assert_null(table);
        assert_true(strlen(err.message) > 0);
    }
}

static void errors_may_go_unheard(void **state)
{
    (void)state;
    struct tensor_table *table = NULL;
    assert_int_equal(tensor_table_open("", 0, NULL, recognise, &table, NULL), TRBA_ERROR_FORMAT);
    tensor_table_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_are_read_where_they_lie),
        cmocka_unit_test(metadata_is_kept),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(errors_may_go_unheard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
