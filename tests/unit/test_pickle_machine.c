/* SPDX-License-Identifier: Apache-2.0 */
/* test_pickle_machine.c - pickles worked out by hand, and what they build. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "weights/pickle_machine.h"

static struct pickle_heap heap;
static trba_error err;

static int set_up(void **state)
{
    (void)state;
    pickle_heap_init(&heap);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pickle_heap_free(&heap);
    return 0;
}

/* The value of a pickle that must be read to its end. */
static struct pickle_value *read_bytes(const char *bytes, size_t n)
{
    struct byte_reader in = byte_reader_new(bytes, n);
    struct pickle_value *value = NULL;
    const trba_status status = pickle_read(&in, &heap, &value, &err);
    if (status != TRBA_OK) fail_msg("%s", err.message);
    assert_int_equal(bytes_left(&in), 0);
    return value;
}
#define READ(bytes) read_bytes(bytes, sizeof bytes - 1)

static void assert_refused_bytes(const char *bytes, size_t n, const char *part)
{
    struct byte_reader in = byte_reader_new(bytes, n);
    struct pickle_value *value = NULL;
    assert_int_not_equal(pickle_read(&in, &heap, &value, &err), TRBA_OK);
    assert_null(value);
    if (strstr(err.message, part) == NULL) fail_msg("\"%s\" is not in \"%s\"", part, err.message);
}
#define ASSERT_REFUSED(bytes, part) assert_refused_bytes(bytes, sizeof bytes - 1, part)

static void assert_int(const struct pickle_value *value, int64_t expected)
{
    assert_int_equal(value->kind, PICKLE_INT);
    assert_true(value->as.integer == expected);
}

static void integers_of_every_form_are_read(void **state)
{
    (void)state;
    assert_int(READ("K\xff."), 255);
    assert_int(READ("M\xff\xff."), 65535);
    assert_int(READ("J\xfe\xff\xff\xff."), -2);
    assert_int(READ("I-12\n."), -12);
    assert_int(READ("L123456789012L\n."), 123456789012);
    assert_int(READ("\x8a\0."), 0);
    assert_int(READ("\x8a\1\xff."), -1);
    assert_int(READ("\x8a\2\xff\0."), 255);
    assert_int(READ("\x8a\x08\0\0\0\0\0\0\0\x80."), INT64_MIN);
    assert_int(READ("\x8b\1\0\0\0\x7f."), 127);
}

static void integers_over_64_bits_keep_their_bytes(void **state)
{
    (void)state;
    const struct pickle_value *value = READ("\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.");
    assert_int_equal(value->kind, PICKLE_LONG);
    assert_true(pickle_text_equals(value->as.text, "l\xfc\x9c\x46\xf9 j\xa8P\x19"));
}

static void bools_none_and_floats_are_read(void **state)
{
    (void)state;
    assert_int_equal(READ("N.")->kind, PICKLE_NONE);
    assert_int_equal(READ("\x88.")->as.integer, 1);
    assert_int_equal(READ("\x89.")->kind, PICKLE_BOOL);
    assert_int_equal(READ("I01\n.")->kind, PICKLE_BOOL);
    assert_true(READ("G\x3f\xf8\0\0\0\0\0\0.")->as.number == 1.5); /* big-endian */
}

static void texts_of_every_form_are_read(void **state)
{
    (void)state;
    assert_true(pickle_is_text(READ("X\2\0\0\0hi."), "hi"));
    assert_true(pickle_is_text(READ("\x8c\2hi."), "hi"));
    assert_true(pickle_is_text(READ("\x8d\2\0\0\0\0\0\0\0hi."), "hi"));
    assert_true(pickle_is_text(READ("U\2hi."), "hi"));
    assert_true(pickle_is_text(READ("T\2\0\0\0hi."), "hi"));
    assert_true(pickle_is_text(READ("S'hi'\n."), "hi"));
    assert_true(pickle_is_text(READ("Vhi\n."), "hi"));
    assert_int_equal(READ("C\2hi.")->kind, PICKLE_BYTES);
    assert_int_equal(READ("B\2\0\0\0hi.")->kind, PICKLE_BYTES);
    assert_int_equal(READ("\x96\2\0\0\0\0\0\0\0hi.")->kind, PICKLE_BYTES);
}

static void containers_of_every_form_are_built(void **state)
{
    (void)state;
    assert_int_equal(READ(").")->as.list.n, 0);
    assert_int(pickle_item(READ("K\1K\2\x86."), 1), 2);
    assert_int(pickle_item(READ("(K\1K\2K\3t."), 2), 3);
    assert_int(pickle_item(READ("]K\7a."), 0), 7);
    assert_int(pickle_item(READ("](K\7K\x08" "e."), 1), 8);
    assert_int(pickle_item(READ("(K\7l."), 0), 7);
    assert_int(pickle_dict_find(READ("}U\1kK\5s."), "k"), 5);
    assert_int(pickle_dict_find(READ("}(U\1kK\5U\1lK\6u."), "l"), 6);
    assert_int(pickle_dict_find(READ("(U\1kK\5d."), "k"), 5);
    assert_int_equal(READ("\x8f(K\1K\2\x90.")->as.list.n, 2);
    assert_int_equal(READ("(K\1\x91.")->kind, PICKLE_SET);
}

static void the_last_of_two_equal_keys_counts(void **state)
{
    (void)state;
    assert_int(pickle_dict_find(READ("}(U\1kK\5U\1kK\6u."), "k"), 6);
}

static void a_dict_memoised_before_it_is_filled_is_the_same_dict(void **state)
{
    (void)state;
    const struct pickle_value *pair = READ("}q\0K\1h\0U\1kK\5s\x87.");
    assert_ptr_equal(pickle_item(pair, 0), pickle_item(pair, 2));
    assert_int(pickle_dict_find(pickle_item(pair, 0), "k"), 5);
}

static void memoize_takes_the_next_number(void **state)
{
    (void)state;
    assert_int(pickle_item(READ("K\1\x94K\2\x94h\0\x87."), 2), 1);
    assert_int(pickle_item(READ("K\1p0\ng0\n\x86."), 1), 1);
}

static void a_list_may_hold_itself(void **state)
{
    (void)state;
    const struct pickle_value *list = READ("]q\0h\0a.");
    assert_ptr_equal(pickle_item(list, 0), list);
}

static void values_above_a_mark_are_dropped_or_doubled(void **state)
{
    (void)state;
    assert_int(READ("K\5(K\1K\2" "1."), 5); /* POP_MARK */
    assert_int(READ("K\5(0."), 5);          /* POP, of a mark with nothing above it */
    assert_int(pickle_item(READ("K\1K\7" "2\x87."), 2), 7); /* DUP */
}

static void a_call_becomes_an_object_that_remembers_it(void **state)
{
    (void)state;
    const struct pickle_value *value = READ("cposix\nsystem\nU\2id\x85R.");
    assert_int_equal(value->kind, PICKLE_OBJECT);
    assert_true(pickle_text_equals(value->as.object->callable->as.global->module, "posix"));
    assert_true(pickle_is_text(pickle_item(value->as.object->arguments, 0), "id"));
}

static void every_form_of_a_call_is_read(void **state)
{
    (void)state;
    static const char *const forms[] = {"ca\nb\n)\x81.", "ca\nb\n)}\x92.", "(ia\nb\n.", "(ca\nb\no.",
                                        "U\1aU\1b\x93)R."};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct pickle_value *value = read_bytes(forms[i], strlen(forms[i]));
        assert_int_equal(value->kind, PICKLE_OBJECT);
        assert_true(pickle_text_equals(value->as.object->callable->as.global->name, "b"));
        assert_int_equal(value->as.object->arguments->as.list.n, 0);
    }
}

static void build_sets_the_state_of_an_object_and_leaves_a_dict_alone(void **state)
{
    (void)state;
    const struct pickle_value *object = READ("ca\nb\n)\x81}U\1kK\5sb.");
    assert_int(pickle_dict_find(object->as.object->state, "k"), 5);
    const struct pickle_value *dict = READ("ccollections\nOrderedDict\n)R}U\x09_metadataK\5sb.");
    assert_int_equal(dict->kind, PICKLE_DICT);
    assert_int_equal(dict->as.list.n, 0);
}

static void an_ordered_dict_of_python_2_is_filled_from_its_pairs(void **state)
{
    (void)state;
    assert_int(pickle_dict_find(READ("ccollections\nOrderedDict\n](](U\1kK\5e](U\1lK\6ee\x85R."), "l"), 6);
    assert_int_equal(READ("c__builtin__\nset\n](K\1K\2e\x85R.")->as.list.n, 2);
    const struct pickle_value *list = READ("c__builtin__\nlist\n](K\1K\2e\x85R.");
    assert_int_equal(list->kind, PICKLE_LIST);
    assert_int(pickle_item(list, 1), 2);
}

static void subclasses_of_list_and_dict_keep_their_items(void **state)
{
    (void)state;
    const struct pickle_value *value = READ("ca\nb\n)\x81U\1kK\5sK\7a.");
    assert_int(value->as.object->pairs.items[1], 5);
    assert_int(value->as.object->items.items[0], 7);
}

static void persistent_ids_and_globals_are_listed(void **state)
{
    (void)state;
    const struct pickle_value *value = READ("ctorch\nFloatStorage\nU\1x\x86Q.");
    assert_int_equal(value->kind, PICKLE_PERSISTENT);
    assert_int_equal(heap.persistent.n, 1);
    assert_int_equal(heap.globals->known->meaning, KNOWN_STORAGE);
    assert_int_equal(heap.globals->known->dtype, TENSOR_FLOAT32);
}

static void pickles_follow_each_other(void **state)
{
    (void)state;
    struct byte_reader in = byte_reader_new("K\1.K\2.", 6);
    struct pickle_value *first = NULL, *second = NULL;
    assert_int_equal(pickle_read(&in, &heap, &first, &err), TRBA_OK);
    assert_int_equal(pickle_read(&in, &heap, &second, &err), TRBA_OK);
    assert_int(first, 1);
    assert_int(second, 2);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    ASSERT_REFUSED("", "without a STOP");
    ASSERT_REFUSED(".", "before anything is complete");
    ASSERT_REFUSED("(N.", "before anything is complete");
    ASSERT_REFUSED("0.", "POP: the stack is empty");
    ASSERT_REFUSED("(\x85.", "TUPLE1: the stack is empty");
    ASSERT_REFUSED("K\1)R.", "REDUCE: a call of an int");
    ASSERT_REFUSED("ca\nb\nK\1R.", "a call with an int as arguments");
    ASSERT_REFUSED("K\1U\1kNs.", "SETITEM: a key is set in an int");
    ASSERT_REFUSED("}Na.", "APPEND: an append to a dict");
    ASSERT_REFUSED("](K\1\x90.", "an item is added to a list");
    ASSERT_REFUSED("(Nd.", "a key without a value");
    ASSERT_REFUSED("h\0.", "memo number 0 was never set");
    ASSERT_REFUSED("Nr\xff\xff\xff\xff.", "is beyond all numbers");
    ASSERT_REFUSED("X\xff\xff\xff\x7fhi.", "a length of 2147483647 bytes where 3 are left");
    ASSERT_REFUSED("K\1K\1\x93.", "a Python name that is not a text");
    ASSERT_REFUSED("Ix\n.", "not an integer");
    ASSERT_REFUSED("Nq\0gx\n.", "GET: this is not a memo number");
    ASSERT_REFUSED("Np-1\n.", "PUT: this is not a memo number");
    ASSERT_REFUSED("S'a\\x41'\n.", "escapes in texts of protocol 0 are not read");
    ASSERT_REFUSED("Shi\n.", "the text has no quotes");
    ASSERT_REFUSED("S'hi\"\n.", "the text has no quotes");
    ASSERT_REFUSED("S'\n.", "the text has no quotes");
    ASSERT_REFUSED("1.", "POP_MARK: there is no mark");
    ASSERT_REFUSED("2.", "DUP: the stack is empty");
    ASSERT_REFUSED("\xff.", "no such opcode");
    ASSERT_REFUSED("\x80\x06N.", "protocol 6");
    ASSERT_REFUSED("cabc", "ends in the middle");
}

static void the_message_says_where(void **state)
{
    (void)state;
    ASSERT_REFUSED("\x80\2NNs.", "at byte 4, opcode 0x73 SETITEM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(integers_of_every_form_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(integers_over_64_bits_keep_their_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bools_none_and_floats_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_of_every_form_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(containers_of_every_form_are_built, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_last_of_two_equal_keys_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dict_memoised_before_it_is_filled_is_the_same_dict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memoize_takes_the_next_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_may_hold_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_above_a_mark_are_dropped_or_doubled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_call_becomes_an_object_that_remembers_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_form_of_a_call_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(build_sets_the_state_of_an_object_and_leaves_a_dict_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_ordered_dict_of_python_2_is_filled_from_its_pairs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(subclasses_of_list_and_dict_keep_their_items, set_up, tear_down),
        cmocka_unit_test_setup_teardown(persistent_ids_and_globals_are_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pickles_follow_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_message_says_where, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
