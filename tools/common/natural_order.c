/* SPDX-License-Identifier: Apache-2.0 */
/* natural_order.c - natsort's order of texts and numbers.
 *
 *   "img010b"  ->  "img" 10 "b"
 *   "7up"      ->  "" 7 "up"       the first part is always a text, so texts meet texts and numbers meet numbers
 */
#include "natural_order.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool ends_text(char c) { return c == '\0' || is_digit(c); }

/* The code point at `*at`, which moves on. A byte that is not UTF-8 counts as U+DC00 + byte, as in Python's paths. */
static uint32_t next_code_point(const char **at)
{
    static const uint8_t lead_mask[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    const uint8_t *byte = (const uint8_t *)*at;
    const size_t n = byte[0] < 0x80 ? 1 : byte[0] < 0xC2 ? 0 : byte[0] < 0xE0 ? 2 : byte[0] < 0xF0 ? 3
                     : byte[0] < 0xF5 ? 4 : 0;
    uint32_t value = byte[0] & lead_mask[n];
    size_t i = 1;
    for (; i < n && (byte[i] & 0xC0) == 0x80; i++) value = value << 6 | (byte[i] & 0x3F);
    const bool is_whole = n > 0 && i == n;
    *at += is_whole ? n : 1;
    return is_whole ? value : 0xDC00u + byte[0];
}

/* Compares the texts at *a and *b; both move to their ends when they are equal. */
static int compare_texts(const char **a, const char **b)
{
    while (!ends_text(**a) && !ends_text(**b)) {
        const uint32_t from_a = next_code_point(a), from_b = next_code_point(b);
        if (from_a != from_b) return from_a < from_b ? -1 : 1;
    }
    return (int)ends_text(**b) - (int)ends_text(**a);
}

/* Compares the runs of digits at *a and *b by value, of any length; both move to their ends when they are equal. */
static int compare_numbers(const char **a, const char **b)
{
    while (**a == '0') ++*a;
    while (**b == '0') ++*b;
    const size_t a_digits = strspn(*a, "0123456789"), b_digits = strspn(*b, "0123456789");
    if (a_digits != b_digits) return a_digits < b_digits ? -1 : 1;
    const int order = memcmp(*a, *b, a_digits);
    *a += a_digits;
    *b += b_digits;
    return order;
}

int natural_order_compare(const char *a, const char *b)
{
    const char *whole_a = a, *whole_b = b;
    while (*a != '\0' || *b != '\0') {
        const int texts = compare_texts(&a, &b);
        if (texts != 0) return texts;
        if (*a == '\0' || *b == '\0') break;
        const int numbers = compare_numbers(&a, &b);
        if (numbers != 0) return numbers;
    }
    if (*a != '\0' || *b != '\0') return *a == '\0' ? -1 : 1;
    return strcmp(whole_a, whole_b);
}
