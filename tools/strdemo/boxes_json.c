/* SPDX-License-Identifier: Apache-2.0 */
/* boxes_json.c - regions in JSON, as programs write them.
 *
 *   [x, y, w, h]                                      a box
 *   [x1, y1, ... x4, y4], [[x1, y1], ... [x4, y4]]    four corners, clockwise from the top left of the text
 *   [REGION, text, ...]                               as EasyOCR and PaddleOCR return: the rest is passed over
 *   {"bbox": REGION}, {"points": ...}, ...            the first key of a list that is there (COCO, PaddleOCR, labelme)
 *   {"x": 1, "y": 2, "w": 3, "h": 4}                  also width, height; left, top
 *
 * The file is a list of regions, one region, or an object that has such a list, or an empty one, under a key of another
 * list: then a box of its own is that of the page or the line, and does not count.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "boxes_file.h"

enum { MOST_NESTED = 4 };

static const char *const region_keys[] = {"points", "polygon", "poly", "quad", "segmentation", "box",
                                          "boxes", "bbox"};
static const char *const list_keys[] = {"regions", "boxes", "annotations", "results", "shapes", "polygons", "dt_polys",
                                        "words", "lines"};

/* ---- one region -------------------------------------------------------------------------------------------------- */

/* All of the array's elements, if there are n and all are numbers. */
static bool take_numbers(const json_t *array, size_t n, double *out)
{
    if (json_array_size(array) != n) return false;
    for (size_t i = 0; i < n; i++) {
        if (!json_is_number(json_array_get(array, i))) return false;
        out[i] = json_number_value(json_array_get(array, i));
    }
    return true;
}

static bool take_points(const json_t *array, double out[8])
{
    if (json_array_size(array) != 4) return false;
    for (size_t i = 0; i < 4; i++)
        if (!take_numbers(json_array_get(array, i), 2, out + 2 * i)) return false;
    return true;
}

static bool take_named_box(const json_t *object, trba_region *out)
{
    static const char *const names[][4] = {
        {"x", "y", "w", "h"}, {"x", "y", "width", "height"}, {"left", "top", "width", "height"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        double numbers[4];
        int n = 0;
        for (; n < 4 && json_is_number(json_object_get(object, names[i][n])); n++)
            numbers[n] = json_number_value(json_object_get(object, names[i][n]));
        if (n < 4) continue;
        *out = boxes_make_box(numbers);
        return true;
    }
    return false;
}

/* [REGION, "text", 0.9] of EasyOCR, [REGION, ["text", 0.9]] of PaddleOCR, [REGION] of COCO's segmentation? */
static bool is_region_with_more(const json_t *value)
{
    const json_t *second = json_array_get(value, 1);
    return json_is_array(json_array_get(value, 0)) &&
           (second == NULL || json_is_string(second) || json_is_string(json_array_get(second, 0)));
}

static bool take_region(const json_t *value, int depth, trba_region *out)
{
    double numbers[8];
    if (depth > MOST_NESTED) return false;
    for (size_t i = 0; json_is_object(value) && i < sizeof region_keys / sizeof *region_keys; i++) {
        const json_t *inner = json_object_get(value, region_keys[i]);
        if (inner != NULL && take_region(inner, depth + 1, out)) return true;
    }
    if (json_is_object(value)) return take_named_box(value, out);
    if (take_numbers(value, 4, numbers)) {
        *out = boxes_make_box(numbers);
        return true;
    }
    if (take_numbers(value, 8, numbers) || take_points(value, numbers)) {
        *out = boxes_make_quadrilateral(numbers);
        return true;
    }
    return is_region_with_more(value) && take_region(json_array_get(value, 0), depth + 1, out);
}

/* ---- the list ---------------------------------------------------------------------------------------------------- */

/* PaddleOCR's list has a list for each picture: one, here. */
static const json_t *unwrap(const json_t *list)
{
    trba_region region;
    const json_t *first = json_array_get(list, 0);
    return json_array_size(list) == 1 && json_is_array(first) && !take_region(first, 0, &region) ? first : list;
}

/* Is one of them a region, and the second no text, as it is in [REGION, "text"]? */
static bool holds_regions(const json_t *list)
{
    trba_region region;
    const json_t *second = json_array_get(list, 1);
    const bool is_text = json_is_string(second) || json_is_string(json_array_get(second, 0));
    for (size_t i = 0; i < json_array_size(list) && !is_text; i++)
        if (take_region(json_array_get(list, i), 0, &region)) return true;
    return false;
}

/* In an object the first list that holds regions, else the first that holds anything, else the first. */
static const json_t *find_list(const json_t *root)
{
    const json_t *found = NULL;
    if (json_is_array(root)) return unwrap(root);
    for (size_t i = 0; i < sizeof list_keys / sizeof *list_keys; i++) {
        const json_t *list = json_object_get(root, list_keys[i]);
        if (holds_regions(list)) return list;
        if (json_array_size(found) == 0 && json_is_array(list) && (found == NULL || json_array_size(list) > 0))
            found = list;
    }
    return found;
}

static bool is_one_region(const json_t *root)
{
    double numbers[8];
    trba_region region;
    if (json_is_object(root)) {
        const json_t *list = find_list(root);
        const bool is_list = list != NULL && (json_array_size(list) == 0 || holds_regions(list));
        return !is_list && take_region(root, 0, &region);
    }
    return take_numbers(root, 4, numbers) || take_numbers(root, 8, numbers) || take_points(root, numbers);
}

static bool is_same_id(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b)) return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

/* COCO's annotations may be of many pictures: do all that name one name the same? */
static bool is_of_one_picture(const json_t *list)
{
    const json_t *first = NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *id = json_object_get(json_array_get(list, i), "image_id");
        if (first == NULL) first = id;
        if (id != NULL && !is_same_id(id, first)) return false;
    }
    return true;
}

static bool take_list(const char *path, const json_t *list, struct boxes *out, char message[BOXES_MESSAGE_BYTES])
{
    if (!is_of_one_picture(list)) {
        snprintf(message, BOXES_MESSAGE_BYTES, "%.300s: the regions are of several pictures, as their image_id says: "
                 "name a file with those of this page alone", path);
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        trba_region region;
        if (!take_region(json_array_get(list, i), 0, &region)) {
            snprintf(message, BOXES_MESSAGE_BYTES, "%.300s: region %zu (the first is 0) is none: [x, y, w, h], four "
                     "[x, y], eight numbers or an object with such a bbox or points is needed", path, i);
            return false;
        }
        boxes_add(out, &region);
    }
    return true;
}

/* A number or null is JSON, too: it is refused for what it is. NULL with a sentence if the text is no JSON at all. */
static json_t *parse(const char *path, const char *text, size_t n, char message[BOXES_MESSAGE_BYTES])
{
    json_error_t problem;
    json_t *root = json_loadb(text, n, JSON_DECODE_ANY, &problem);
    if (text[strspn(text, " \t\r\n")] == '\0')
        snprintf(message, BOXES_MESSAGE_BYTES, "%.300s: this JSON file is empty: without regions it must hold []",
                 path);
    else if (root == NULL)
        snprintf(message, BOXES_MESSAGE_BYTES, "%.300s:%d: this is not JSON: %s", path, problem.line, problem.text);
    return root;
}

bool boxes_read_json(const char *path, const char *text, size_t n, struct boxes *out, char message[BOXES_MESSAGE_BYTES])
{
    json_t *root = parse(path, text, n, message);
    bool is_read = false;
    if (root == NULL) return false;
    if (!json_is_array(root) && !json_is_object(root)) {
        snprintf(message, BOXES_MESSAGE_BYTES, "%.300s: this JSON must be a list of regions such as [x, y, w, h], or "
                 "an object that holds one; it is neither", path);
    } else if (is_one_region(root)) {
        trba_region region;
        is_read = take_region(root, 0, &region);
        boxes_add(out, &region);
    } else if (find_list(root) != NULL) {
        is_read = take_list(path, find_list(root), out, message);
    } else {
        snprintf(message, BOXES_MESSAGE_BYTES, "%.300s: this JSON object has no list of regions (under \"regions\", "
                 "\"boxes\", \"annotations\", ...)", path);
    }
    json_decref(root);
    return is_read;
}
