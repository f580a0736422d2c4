/* SPDX-License-Identifier: Apache-2.0 */
/* pickle_machine.c - one function per family of opcodes, one table of all opcodes, one short loop.
 *
 *   stack   values; MARK remembers a height, and nothing below the newest mark can be popped
 *   memo    values by number, by reference: a dict memoised before it is filled is the same dict afterwards
 *   calls   (REDUCE, NEWOBJ, INST, OBJ) make an object that remembers its callable and arguments; nothing is called.
 *           Only the built-in containers (OrderedDict, set, ...) become the container they would have become
 *
 * Nothing here recurses and nothing copies a value, so nesting, sharing and loops in the data cost one opcode each.
 * Lengths are held against the bytes that are left before anything else is done with them.
 */
#include "weights/pickle_machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

/* TPS-ResNet-BiLSTM-Attn takes 8,744, with the state of Adam 28,003: this is 150 times as many. */
enum { OPCODES_LIMIT = 4 * 1024 * 1024 };
/* Python's pickler writes containers in batches of 1000, nested by its recursion limit of about 1000. */
enum { STACK_LIMIT = 1024 * 1024, MARKS_LIMIT = 4096 };
/* Python 3.14 writes protocol 5. */
enum { PROTOCOL_LIMIT = 5 };

struct pickle_machine {
    struct byte_reader *in;
    struct pickle_heap *heap;
    struct pickle_value **stack;
    size_t n_stack, stack_capacity;
    size_t marks[MARKS_LIMIT];
    size_t n_marks;
    struct pickle_value **memo;
    size_t n_memo;     /* length of the array; entries may be NULL */
    size_t n_memoised; /* entries that are not */
    size_t n_opcodes;
    bool is_stopped;
    trba_status status; /* of the failure */
    char problem[128];
};

/* ---- failing, pushing, popping ----------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4)))
static bool fail_with(struct pickle_machine *m, trba_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(m->problem, sizeof m->problem, format, args);
    va_end(args);
    m->status = status;
    return false;
}

/* The heap refused: was there no memory, or is it the heap's limit? */
static bool fail_memory(struct pickle_machine *m)
{
    if (m->heap->arena.has_failed) return fail_with(m, TRBA_ERROR_MEMORY, "no memory for its values");
    return fail_with(m, TRBA_ERROR_LIMIT, "it needs more than %zu MiB of memory", m->heap->arena.limit_bytes >> 20);
}

static bool fail_end(struct pickle_machine *m)
{
    m->in->failed = true;
    return fail_with(m, TRBA_ERROR_FORMAT, "the data ends in the middle");
}

/* Makes room for `needed` pointers; new ones are NULL. */
static bool grow_array(struct pickle_machine *m, struct pickle_value ***array, size_t *capacity, size_t needed)
{
    if (needed <= *capacity) return true;
    size_t wanted = *capacity == 0 ? 256 : *capacity;
    while (wanted < needed) wanted *= 2;
    const size_t extra_bytes = (wanted - *capacity) * sizeof(struct pickle_value *);
    if (!arena_charge(&m->heap->arena, extra_bytes)) return fail_memory(m);
    struct pickle_value **grown = realloc(*array, wanted * sizeof(struct pickle_value *));
    if (grown == NULL) {
        arena_refund(&m->heap->arena, extra_bytes);
        return fail_with(m, TRBA_ERROR_MEMORY, "no memory for its stack and memo");
    }
    memset(grown + *capacity, 0, extra_bytes);
    *array = grown;
    *capacity = wanted;
    return true;
}

static bool push(struct pickle_machine *m, struct pickle_value *value)
{
    if (value == NULL) return fail_memory(m);
    if (m->n_stack == STACK_LIMIT)
        return fail_with(m, TRBA_ERROR_LIMIT, "more than %d values on the stack", STACK_LIMIT);
    if (!grow_array(m, &m->stack, &m->stack_capacity, m->n_stack + 1)) return false;
    m->stack[m->n_stack++] = value;
    return true;
}

static size_t stack_floor(const struct pickle_machine *m) { return m->n_marks > 0 ? m->marks[m->n_marks - 1] : 0; }

/* NULL, with the failure noted, when there is nothing above the newest mark. */
static struct pickle_value *pop(struct pickle_machine *m)
{
    if (m->n_stack == stack_floor(m)) {
        fail_with(m, TRBA_ERROR_FORMAT, "the stack is empty");
        return NULL;
    }
    return m->stack[--m->n_stack];
}

static struct pickle_value *top(struct pickle_machine *m)
{
    struct pickle_value *value = pop(m);
    if (value != NULL) m->n_stack++;
    return value;
}

/* Takes everything above the newest mark, and the mark, off the stack. `*items` stays valid until the next push. */
static bool pop_to_mark(struct pickle_machine *m, struct pickle_value ***items, size_t *n)
{
    *items = NULL;
    *n = 0;
    if (m->n_marks == 0) return fail_with(m, TRBA_ERROR_FORMAT, "there is no mark");
    const size_t height = m->marks[--m->n_marks];
    *items = m->stack + height;
    *n = m->n_stack - height;
    m->n_stack = height;
    return true;
}

static bool add_all(struct pickle_machine *m, struct pickle_list *list, struct pickle_value **items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!pickle_list_add(m->heap, list, items[i])) return fail_memory(m);
    return true;
}

/* ---- reading arguments ------------------------------------------------------------------------------------------- */

/* An unsigned little-endian number of 1, 2, 4 or 8 bytes. */
static bool read_number(struct pickle_machine *m, int width, uint64_t *out)
{
    const uint8_t *at = bytes_take(m->in, (size_t)width);
    *out = 0;
    if (at == NULL) return fail_end(m);
    for (int i = 0; i < width; i++) *out |= (uint64_t)at[i] << (8 * i);
    return true;
}

/* A length of `width` bytes and as many bytes. */
static bool read_counted(struct pickle_machine *m, int width, struct pickle_text *out)
{
    uint64_t n;
    *out = (struct pickle_text){.bytes = "", .n = 0};
    if (!read_number(m, width, &n)) return false;
    const size_t n_left = bytes_left(m->in);
    if (n > n_left) {
        m->in->failed = true;
        return fail_with(m, TRBA_ERROR_FORMAT, "a length of %llu bytes where %zu are left", (unsigned long long)n,
                         n_left);
    }
    *out = (struct pickle_text){.bytes = (const char *)bytes_take(m->in, (size_t)n), .n = (size_t)n};
    return true;
}

/* The text up to the next line feed, which is skipped. */
static bool read_line(struct pickle_machine *m, struct pickle_text *out)
{
    const char *begin = (const char *)m->in->data + m->in->position;
    const char *end = bytes_left(m->in) > 0 ? memchr(begin, '\n', bytes_left(m->in)) : NULL;
    *out = (struct pickle_text){.bytes = "", .n = 0};
    if (end == NULL) return fail_end(m);
    *out = (struct pickle_text){.bytes = begin, .n = (size_t)(end - begin)};
    bytes_take(m->in, out->n + 1);
    return true;
}

/* A decimal number as protocol 0 writes it; "L" may follow. At most 18 digits: the machine has no use for more. */
static bool parse_decimal(struct pickle_text text, int64_t *out)
{
    const bool is_negative = text.n > 0 && text.bytes[0] == '-';
    size_t i = is_negative ? 1 : 0;
    const size_t end = text.n > 0 && text.bytes[text.n - 1] == 'L' ? text.n - 1 : text.n;
    if (i >= end || end - i > 18) return false;
    int64_t value = 0;
    for (; i < end; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9') return false;
        value = value * 10 + (text.bytes[i] - '0');
    }
    *out = is_negative ? -value : value;
    return true;
}

/* ---- opcodes: scalars -------------------------------------------------------------------------------------------- */

static bool push_integer(struct pickle_machine *m, enum pickle_kind kind, int64_t integer)
{
    struct pickle_value *value = pickle_new(m->heap, kind);
    if (value != NULL) value->as.integer = integer;
    return push(m, value);
}

static bool push_text(struct pickle_machine *m, enum pickle_kind kind, struct pickle_text text)
{
    struct pickle_value *value = pickle_new(m->heap, kind);
    if (value != NULL) value->as.text = text;
    return push(m, value);
}

static bool op_none(struct pickle_machine *m, int unused)
{
    (void)unused;
    return push(m, pickle_new(m->heap, PICKLE_NONE));
}

static bool op_bool(struct pickle_machine *m, int value) { return push_integer(m, PICKLE_BOOL, value); }

/* BININT is signed, its shorter forms are not. */
static bool op_binary_integer(struct pickle_machine *m, int width)
{
    uint64_t number;
    if (!read_number(m, width, &number)) return false;
    return push_integer(m, PICKLE_INT, width == 4 ? (int64_t)(int32_t)(uint32_t)number : (int64_t)number);
}

/* Two's complement of any length. Up to 8 bytes it is an int. */
static bool op_binary_long(struct pickle_machine *m, int width)
{
    struct pickle_text text;
    if (!read_counted(m, width, &text)) return false;
    if (text.n > 8) return push_text(m, PICKLE_LONG, text);
    uint64_t number = text.n > 0 && ((uint8_t)text.bytes[text.n - 1] & 0x80) ? UINT64_MAX : 0;
    for (size_t i = text.n; i-- > 0;) number = number << 8 | (uint8_t)text.bytes[i];
    return push_integer(m, PICKLE_INT, (int64_t)number);
}

/* INT and LONG: a decimal line. INT also writes True and False, as 01 and 00. */
static bool op_decimal(struct pickle_machine *m, int may_be_bool)
{
    struct pickle_text line;
    int64_t number;
    if (!read_line(m, &line)) return false;
    if (may_be_bool && pickle_text_equals(line, "01")) return push_integer(m, PICKLE_BOOL, 1);
    if (may_be_bool && pickle_text_equals(line, "00")) return push_integer(m, PICKLE_BOOL, 0);
    if (!parse_decimal(line, &number)) return fail_with(m, TRBA_ERROR_FORMAT, "this is not an integer");
    return push_integer(m, PICKLE_INT, number);
}

/* Big-endian, alone among all numbers of a pickle. */
static bool op_float(struct pickle_machine *m, int unused)
{
    (void)unused;
    const uint8_t *at = bytes_take(m->in, 8);
    if (at == NULL) return fail_end(m);
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) bits = bits << 8 | at[i];
    struct pickle_value *value = pickle_new(m->heap, PICKLE_FLOAT);
    if (value != NULL) memcpy(&value->as.number, &bits, sizeof bits);
    return push(m, value);
}

/* Python 2's str is text here: its keys and options are ASCII. */
static bool op_counted_text(struct pickle_machine *m, int width)
{
    struct pickle_text text;
    return read_counted(m, width, &text) && push_text(m, PICKLE_TEXT, text);
}

static bool op_counted_bytes(struct pickle_machine *m, int width)
{
    struct pickle_text text;
    return read_counted(m, width, &text) && push_text(m, PICKLE_BYTES, text);
}

/* STRING (quoted) and UNICODE of protocol 0. Escapes do not occur in names and are not decoded. */
static bool op_text_line(struct pickle_machine *m, int is_quoted)
{
    struct pickle_text line;
    if (!read_line(m, &line)) return false;
    if (line.n > 0 && memchr(line.bytes, '\\', line.n) != NULL)
        return fail_with(m, TRBA_ERROR_UNSUPPORTED, "escapes in texts of protocol 0 are not read");
    if (!is_quoted) return push_text(m, PICKLE_TEXT, line);
    const char quote = line.n >= 2 ? line.bytes[0] : '\0';
    if ((quote != '\'' && quote != '"') || line.bytes[line.n - 1] != quote)
        return fail_with(m, TRBA_ERROR_FORMAT, "the text has no quotes");
    return push_text(m, PICKLE_TEXT, (struct pickle_text){.bytes = line.bytes + 1, .n = line.n - 2});
}

/* ---- opcodes: the stack and the memo ----------------------------------------------------------------------------- */

static bool op_mark(struct pickle_machine *m, int unused)
{
    (void)unused;
    if (m->n_marks == MARKS_LIMIT) return fail_with(m, TRBA_ERROR_LIMIT, "more than %d open containers", MARKS_LIMIT);
    m->marks[m->n_marks++] = m->n_stack;
    return true;
}

static bool op_pop_mark(struct pickle_machine *m, int unused)
{
    (void)unused;
    struct pickle_value **items;
    size_t n;
    return pop_to_mark(m, &items, &n);
}

/* Python pops the mark itself when nothing lies above it. */
static bool op_pop(struct pickle_machine *m, int unused)
{
    if (m->n_marks > 0 && m->n_stack == stack_floor(m)) return op_pop_mark(m, unused);
    return pop(m) != NULL;
}

static bool op_dup(struct pickle_machine *m, int unused)
{
    (void)unused;
    struct pickle_value *value = top(m);
    return value != NULL && push(m, value);
}

/* Picklers number from 0 or 1 without gaps, so a number beyond the opcodes so far is a lie that would cost memory. */
static bool memo_put(struct pickle_machine *m, uint64_t number)
{
    struct pickle_value *value = top(m);
    if (value == NULL) return false;
    if (number > m->n_opcodes)
        return fail_with(m, TRBA_ERROR_FORMAT, "memo number %llu is beyond all numbers so far",
                         (unsigned long long)number);
    if (!grow_array(m, &m->memo, &m->n_memo, (size_t)number + 1)) return false;
    if (m->memo[number] == NULL) m->n_memoised++;
    m->memo[number] = value;
    return true;
}

static bool memo_get(struct pickle_machine *m, uint64_t number)
{
    if (number >= m->n_memo || m->memo[number] == NULL)
        return fail_with(m, TRBA_ERROR_FORMAT, "memo number %llu was never set", (unsigned long long)number);
    return push(m, m->memo[number]);
}

static bool op_memo_put(struct pickle_machine *m, int width)
{
    uint64_t number;
    return read_number(m, width, &number) && memo_put(m, number);
}

static bool op_memo_get(struct pickle_machine *m, int width)
{
    uint64_t number;
    return read_number(m, width, &number) && memo_get(m, number);
}

static bool op_memo_line(struct pickle_machine *m, int is_put)
{
    struct pickle_text line;
    int64_t number;
    if (!read_line(m, &line)) return false;
    if (!parse_decimal(line, &number) || number < 0)
        return fail_with(m, TRBA_ERROR_FORMAT, "this is not a memo number");
    return is_put ? memo_put(m, (uint64_t)number) : memo_get(m, (uint64_t)number);
}

/* MEMOIZE: the next free number. */
static bool op_memoize(struct pickle_machine *m, int unused)
{
    (void)unused;
    return memo_put(m, m->n_memoised);
}

/* ---- opcodes: containers ----------------------------------------------------------------------------------------- */

static bool op_empty(struct pickle_machine *m, int kind)
{
    return push(m, pickle_new(m->heap, (enum pickle_kind)kind));
}

static bool push_container(struct pickle_machine *m, enum pickle_kind kind, struct pickle_value **items, size_t n)
{
    struct pickle_value *value = pickle_new(m->heap, kind);
    if (value == NULL) return fail_memory(m);
    return add_all(m, &value->as.list, items, n) && push(m, value);
}

/* TUPLE, LIST, DICT, FROZENSET: all values above the mark. */
static bool op_marked(struct pickle_machine *m, int kind)
{
    struct pickle_value **items;
    size_t n;
    if (!pop_to_mark(m, &items, &n)) return false;
    if (kind == PICKLE_DICT && n % 2 != 0) return fail_with(m, TRBA_ERROR_FORMAT, "a key without a value");
    return push_container(m, (enum pickle_kind)kind, items, n);
}

/* TUPLE1, TUPLE2, TUPLE3 */
static bool op_tuple(struct pickle_machine *m, int n)
{
    if (m->n_stack - stack_floor(m) < (size_t)n) return fail_with(m, TRBA_ERROR_FORMAT, "the stack is empty");
    m->n_stack -= (size_t)n;
    return push_container(m, PICKLE_TUPLE, m->stack + m->n_stack, (size_t)n);
}

/* An object nobody here knows may be of a subclass of list or dict; a tensor or a storage class certainly is not. */
static bool is_opaque(const struct pickle_value *value)
{
    return value->kind == PICKLE_OBJECT && pickle_meaning(value->as.object->callable) == KNOWN_NOTHING;
}

static bool append_all(struct pickle_machine *m, struct pickle_value *to, struct pickle_value **items, size_t n)
{
    if (to->kind == PICKLE_LIST) return add_all(m, &to->as.list, items, n);
    if (is_opaque(to)) return add_all(m, &to->as.object->items, items, n);
    return fail_with(m, TRBA_ERROR_FORMAT, "an append to %s", pickle_kind_name(to->kind));
}

static bool set_all(struct pickle_machine *m, struct pickle_value *to, struct pickle_value **items, size_t n)
{
    if (n % 2 != 0) return fail_with(m, TRBA_ERROR_FORMAT, "a key without a value");
    if (to->kind == PICKLE_DICT) return add_all(m, &to->as.list, items, n);
    if (is_opaque(to)) return add_all(m, &to->as.object->pairs, items, n);
    return fail_with(m, TRBA_ERROR_FORMAT, "a key is set in %s", pickle_kind_name(to->kind));
}

static bool op_append(struct pickle_machine *m, int unused)
{
    (void)unused;
    struct pickle_value *item = pop(m);
    struct pickle_value *to = item == NULL ? NULL : top(m);
    return to != NULL && append_all(m, to, &item, 1);
}

static bool op_setitem(struct pickle_machine *m, int unused)
{
    (void)unused;
    struct pickle_value *pair[2];
    if ((pair[1] = pop(m)) == NULL || (pair[0] = pop(m)) == NULL) return false;
    struct pickle_value *to = top(m);
    return to != NULL && set_all(m, to, pair, 2);
}

static bool op_appends(struct pickle_machine *m, int unused)
{
    (void)unused;
    struct pickle_value **items;
    size_t n;
    if (!pop_to_mark(m, &items, &n)) return false;
    struct pickle_value *to = top(m);
    return to != NULL && append_all(m, to, items, n);
}

static bool op_setitems(struct pickle_machine *m, int unused)
{
    (void)unused;
    struct pickle_value **items;
    size_t n;
    if (!pop_to_mark(m, &items, &n)) return false;
    struct pickle_value *to = top(m);
    return to != NULL && set_all(m, to, items, n);
}

/* ADDITEMS */
static bool op_additems(struct pickle_machine *m, int unused)
{
    (void)unused;
    struct pickle_value **items;
    size_t n;
    if (!pop_to_mark(m, &items, &n)) return false;
    struct pickle_value *to = top(m);
    if (to == NULL) return false;
    if (to->kind != PICKLE_SET)
        return fail_with(m, TRBA_ERROR_FORMAT, "an item is added to %s", pickle_kind_name(to->kind));
    return add_all(m, &to->as.list, items, n);
}

/* ---- opcodes: names and calls ------------------------------------------------------------------------------------ */

static bool op_global(struct pickle_machine *m, int unused)
{
    (void)unused;
    struct pickle_text module, name;
    return read_line(m, &module) && read_line(m, &name) && push(m, pickle_new_global(m->heap, module, name));
}

static bool op_stack_global(struct pickle_machine *m, int unused)
{
    (void)unused;
    const struct pickle_value *name = pop(m);
    const struct pickle_value *module = name == NULL ? NULL : pop(m);
    if (module == NULL) return false;
    if (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT)
        return fail_with(m, TRBA_ERROR_FORMAT, "a Python name that is not a text");
    return push(m, pickle_new_global(m->heap, module->as.text, name->as.text));
}

static bool op_persistent(struct pickle_machine *m, int unused)
{
    (void)unused;
    struct pickle_value *id = pop(m);
    if (id == NULL) return false;
    struct pickle_value *value = pickle_new(m->heap, PICKLE_PERSISTENT);
    if (value == NULL) return fail_memory(m);
    value->as.id = id;
    if (!pickle_list_add(m->heap, &m->heap->persistent, value)) return fail_memory(m);
    return push(m, value);
}

/* Python 2 wrote an OrderedDict as OrderedDict([[key, value], ...]). */
static bool fill_dict(struct pickle_machine *m, struct pickle_value *dict, const struct pickle_value *from)
{
    if (from->kind == PICKLE_DICT) return add_all(m, &dict->as.list, from->as.list.items, from->as.list.n);
    for (size_t i = 0; pickle_item(from, i) != NULL; i++) {
        struct pickle_value *pair[2] = {pickle_item(pickle_item(from, i), 0), pickle_item(pickle_item(from, i), 1)};
        if (pair[0] == NULL || pair[1] == NULL)
            return fail_with(m, TRBA_ERROR_FORMAT, "a dict is made from something that is no pair");
        if (!add_all(m, &dict->as.list, pair, 2)) return false;
    }
    return true;
}

/* OrderedDict(items), set(items), ...: the items are the last argument (defaultdict has its factory before them). */
static bool push_known_container(struct pickle_machine *m, enum pickle_kind kind, const struct pickle_value *arguments)
{
    struct pickle_value *value = pickle_new(m->heap, kind);
    if (value == NULL) return fail_memory(m);
    const size_t n = arguments->as.list.n;
    const struct pickle_value *from = n > 0 ? arguments->as.list.items[n - 1] : NULL;
    bool is_filled = true;
    if (from != NULL && kind == PICKLE_DICT)
        is_filled = fill_dict(m, value, from);
    else if (from != NULL && (from->kind == PICKLE_LIST || from->kind == PICKLE_TUPLE))
        is_filled = add_all(m, &value->as.list, from->as.list.items, from->as.list.n);
    return is_filled && push(m, value);
}

/* The one place where Python would run something. */
static bool push_call(struct pickle_machine *m, struct pickle_value *callable, struct pickle_value *arguments)
{
    if (callable->kind != PICKLE_GLOBAL && callable->kind != PICKLE_PERSISTENT && callable->kind != PICKLE_OBJECT)
        return fail_with(m, TRBA_ERROR_FORMAT, "a call of %s", pickle_kind_name(callable->kind));
    if (arguments->kind != PICKLE_TUPLE)
        return fail_with(m, TRBA_ERROR_FORMAT, "a call with %s as arguments", pickle_kind_name(arguments->kind));
    switch (pickle_meaning(callable)) {
    case KNOWN_DICT: return push_known_container(m, PICKLE_DICT, arguments);
    case KNOWN_LIST: return push_known_container(m, PICKLE_LIST, arguments);
    case KNOWN_SET: return push_known_container(m, PICKLE_SET, arguments);
    default: return push(m, pickle_new_object(m->heap, callable, arguments));
    }
}

/* REDUCE and NEWOBJ: callable, arguments. NEWOBJ_EX: and keyword arguments, which nothing here needs. */
static bool op_call(struct pickle_machine *m, int has_keywords)
{
    if (has_keywords && pop(m) == NULL) return false;
    struct pickle_value *arguments = pop(m);
    struct pickle_value *callable = arguments == NULL ? NULL : pop(m);
    return callable != NULL && push_call(m, callable, arguments);
}

static struct pickle_value *new_tuple(struct pickle_machine *m, struct pickle_value **items, size_t n)
{
    struct pickle_value *tuple = pickle_new(m->heap, PICKLE_TUPLE);
    if (tuple == NULL) fail_memory(m);
    return tuple != NULL && add_all(m, &tuple->as.list, items, n) ? tuple : NULL;
}

/* INST: module and class as lines, arguments above the mark. */
static bool op_inst(struct pickle_machine *m, int unused)
{
    (void)unused;
    struct pickle_text module, name;
    struct pickle_value **items;
    size_t n;
    if (!read_line(m, &module) || !read_line(m, &name) || !pop_to_mark(m, &items, &n)) return false;
    struct pickle_value *arguments = new_tuple(m, items, n);
    struct pickle_value *callable = arguments == NULL ? NULL : pickle_new_global(m->heap, module, name);
    if (arguments == NULL) return false;
    return callable == NULL ? fail_memory(m) : push_call(m, callable, arguments);
}

/* OBJ: the class and its arguments above the mark. */
static bool op_obj(struct pickle_machine *m, int unused)
{
    (void)unused;
    struct pickle_value **items;
    size_t n;
    if (!pop_to_mark(m, &items, &n)) return false;
    if (n == 0) return fail_with(m, TRBA_ERROR_FORMAT, "the stack is empty");
    struct pickle_value *arguments = new_tuple(m, items + 1, n - 1);
    return arguments != NULL && push_call(m, items[0], arguments);
}

/* The state of a dict is an attribute (OrderedDict._metadata), never an item. */
static bool op_build(struct pickle_machine *m, int unused)
{
    (void)unused;
    struct pickle_value *state = pop(m);
    struct pickle_value *to = state == NULL ? NULL : top(m);
    if (to == NULL) return false;
    if (to->kind == PICKLE_OBJECT)
        to->as.object->state = state;
    else if (to->kind != PICKLE_DICT)
        return fail_with(m, TRBA_ERROR_FORMAT, "attributes are set on %s", pickle_kind_name(to->kind));
    return true;
}

/* ---- opcodes: the program itself --------------------------------------------------------------------------------- */

static bool op_protocol(struct pickle_machine *m, int unused)
{
    (void)unused;
    uint64_t version;
    if (!read_number(m, 1, &version)) return false;
    if (version > PROTOCOL_LIMIT)
        return fail_with(m, TRBA_ERROR_UNSUPPORTED, "protocol %u is not known", (unsigned)version);
    return true;
}

/* A frame is a hint on how much to read ahead; it must fit all the same. */
static bool op_frame(struct pickle_machine *m, int unused)
{
    (void)unused;
    uint64_t n;
    if (!read_number(m, 8, &n)) return false;
    if (n > bytes_left(m->in)) return fail_with(m, TRBA_ERROR_FORMAT, "a frame longer than the data");
    return true;
}

static bool op_stop(struct pickle_machine *m, int unused)
{
    (void)unused;
    m->is_stopped = true;
    return true;
}

static bool op_unsupported(struct pickle_machine *m, int unused)
{
    (void)unused;
    return fail_with(m, TRBA_ERROR_UNSUPPORTED, "this opcode is not read");
}

/* Protocol 0 keeps no more of a tensor's storage than how it is shown. */
static bool op_persistent_line(struct pickle_machine *m, int unused)
{
    (void)unused;
    return fail_with(m, TRBA_ERROR_UNSUPPORTED, "not even PyTorch can read tensors from protocol 0: save them with "
                     "protocol 2");
}

static const struct pickle_opcode {
    const char *name;
    bool (*run)(struct pickle_machine *m, int parameter);
    int parameter;
} opcodes[256] = {
    ['('] = {"MARK", op_mark, 0},
    ['.'] = {"STOP", op_stop, 0},
    ['0'] = {"POP", op_pop, 0},
    ['1'] = {"POP_MARK", op_pop_mark, 0},
    ['2'] = {"DUP", op_dup, 0},
    ['F'] = {"FLOAT", op_unsupported, 0},
    ['I'] = {"INT", op_decimal, 1},
    ['J'] = {"BININT", op_binary_integer, 4},
    ['K'] = {"BININT1", op_binary_integer, 1},
    ['L'] = {"LONG", op_decimal, 0},
    ['M'] = {"BININT2", op_binary_integer, 2},
    ['N'] = {"NONE", op_none, 0},
    ['P'] = {"PERSID", op_persistent_line, 0},
    ['Q'] = {"BINPERSID", op_persistent, 0},
    ['R'] = {"REDUCE", op_call, 0},
    ['S'] = {"STRING", op_text_line, 1},
    ['T'] = {"BINSTRING", op_counted_text, 4},
    ['U'] = {"SHORT_BINSTRING", op_counted_text, 1},
    ['V'] = {"UNICODE", op_text_line, 0},
    ['X'] = {"BINUNICODE", op_counted_text, 4},
    ['a'] = {"APPEND", op_append, 0},
    ['b'] = {"BUILD", op_build, 0},
    ['c'] = {"GLOBAL", op_global, 0},
    ['d'] = {"DICT", op_marked, PICKLE_DICT},
    ['}'] = {"EMPTY_DICT", op_empty, PICKLE_DICT},
    ['e'] = {"APPENDS", op_appends, 0},
    ['g'] = {"GET", op_memo_line, 0},
    ['h'] = {"BINGET", op_memo_get, 1},
    ['i'] = {"INST", op_inst, 0},
    ['j'] = {"LONG_BINGET", op_memo_get, 4},
    ['l'] = {"LIST", op_marked, PICKLE_LIST},
    [']'] = {"EMPTY_LIST", op_empty, PICKLE_LIST},
    ['o'] = {"OBJ", op_obj, 0},
    ['p'] = {"PUT", op_memo_line, 1},
    ['q'] = {"BINPUT", op_memo_put, 1},
    ['r'] = {"LONG_BINPUT", op_memo_put, 4},
    ['s'] = {"SETITEM", op_setitem, 0},
    ['t'] = {"TUPLE", op_marked, PICKLE_TUPLE},
    [')'] = {"EMPTY_TUPLE", op_empty, PICKLE_TUPLE},
    ['u'] = {"SETITEMS", op_setitems, 0},
    ['G'] = {"BINFLOAT", op_float, 0},
    ['B'] = {"BINBYTES", op_counted_bytes, 4},
    ['C'] = {"SHORT_BINBYTES", op_counted_bytes, 1},
    [0x80] = {"PROTO", op_protocol, 0},
    [0x81] = {"NEWOBJ", op_call, 0},
    [0x82] = {"EXT1", op_unsupported, 0},
    [0x83] = {"EXT2", op_unsupported, 0},
    [0x84] = {"EXT4", op_unsupported, 0},
    [0x85] = {"TUPLE1", op_tuple, 1},
    [0x86] = {"TUPLE2", op_tuple, 2},
    [0x87] = {"TUPLE3", op_tuple, 3},
    [0x88] = {"NEWTRUE", op_bool, 1},
    [0x89] = {"NEWFALSE", op_bool, 0},
    [0x8A] = {"LONG1", op_binary_long, 1},
    [0x8B] = {"LONG4", op_binary_long, 4},
    [0x8C] = {"SHORT_BINUNICODE", op_counted_text, 1},
    [0x8D] = {"BINUNICODE8", op_counted_text, 8},
    [0x8E] = {"BINBYTES8", op_counted_bytes, 8},
    [0x8F] = {"EMPTY_SET", op_empty, PICKLE_SET},
    [0x90] = {"ADDITEMS", op_additems, 0},
    [0x91] = {"FROZENSET", op_marked, PICKLE_SET},
    [0x92] = {"NEWOBJ_EX", op_call, 1},
    [0x93] = {"STACK_GLOBAL", op_stack_global, 0},
    [0x94] = {"MEMOIZE", op_memoize, 0},
    [0x95] = {"FRAME", op_frame, 0},
    [0x96] = {"BYTEARRAY8", op_counted_bytes, 8},
    [0x97] = {"NEXT_BUFFER", op_unsupported, 0},
    [0x98] = {"READONLY_BUFFER", op_unsupported, 0},
};

static bool run_opcode(struct pickle_machine *m, const struct pickle_opcode *opcode)
{
    if (opcode->run == NULL) return fail_with(m, TRBA_ERROR_FORMAT, "there is no such opcode");
    if (++m->n_opcodes > OPCODES_LIMIT)
        return fail_with(m, TRBA_ERROR_LIMIT, "it has more than %d opcodes", OPCODES_LIMIT);
    return opcode->run(m, opcode->parameter);
}

/* What stopped the opcode `code` at that byte, as a sentence. */
static trba_status describe_failure(const struct pickle_machine *m, size_t at, uint8_t code, trba_error *err)
{
    if (m->status == TRBA_ERROR_LIMIT) return pickle_report_excess(m->problem, err);
    if (m->status == TRBA_ERROR_MEMORY) return error_set(err, m->status, "cannot read the pickle: %s", m->problem);
    return error_set(err, m->status, "damaged or hostile pickle: at byte %zu, opcode 0x%02X %s: %s", at, code,
                     opcodes[code].name != NULL ? opcodes[code].name : "?", m->problem);
}

/* Runs until STOP; on failure writes the sentence. */
static trba_status run_pickle(struct pickle_machine *m, trba_error *err)
{
    while (!m->is_stopped) {
        const size_t at = m->in->position;
        const uint8_t code = bytes_u8(m->in);
        if (m->in->failed)
            return error_set(err, TRBA_ERROR_FORMAT, "damaged pickle: the data ends at byte %zu without a STOP", at);
        if (!run_opcode(m, &opcodes[code])) return describe_failure(m, at, code, err);
    }
    return TRBA_OK;
}

trba_status pickle_read(struct byte_reader *in, struct pickle_heap *heap, struct pickle_value **out, trba_error *err)
{
    struct pickle_machine *m = calloc(1, sizeof *m);
    if (m == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory to read the pickle");
    m->in = in;
    m->heap = heap;
    /* The stack is never NULL, so that an empty one has an address too. */
    trba_status status = grow_array(m, &m->stack, &m->stack_capacity, 1)
                             ? run_pickle(m, err)
                             : error_set(err, m->status, "cannot read the pickle: %s", m->problem);
    if (status == TRBA_OK && (m->n_marks > 0 || m->n_stack == 0))
        status = error_set(err, TRBA_ERROR_FORMAT, "damaged pickle: it stops before anything is complete");
    if (status == TRBA_OK) *out = m->stack[m->n_stack - 1];
    arena_refund(&heap->arena, (m->stack_capacity + m->n_memo) * sizeof *m->stack);
    free(m->stack);
    free(m->memo);
    free(m);
    return status;
}
