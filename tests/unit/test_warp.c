/* SPDX-License-Identifier: Apache-2.0 */
/* test_warp.c - the perspective worked out by hand, rotated boxes, and every region that is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/crop.h"

/* Level 10 y + x, so that a pixel says where it is from. */
static const uint8_t page_pixels[] = {0,  1,  2,  3,  4,   /**/
                                      10, 11, 12, 13, 14,  /**/
                                      20, 21, 22, 23, 24,  /**/
                                      30, 31, 32, 33, 34};
static const struct image_view page = {page_pixels, 5, 4, 1, 5};

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

static void check_drawn(const trba_region *region, bool is_black_outside, int width, int height,
                        const uint8_t *expected)
{
    struct crop crop;
    struct crop_scratch scratch = {{0}, {0}};
    struct image_view view;
    trba_error err = {0};
    assert_int_equal(crop_plan(&page, region, is_black_outside, &crop, &err), TRBA_OK);
    assert_false(crop.is_cut);
    assert_int_equal(crop_draw(&page, &crop, 1, &scratch, &view, &err), TRBA_OK);
    assert_int_equal(view.width, width);
    assert_int_equal(view.height, height);
    for (int y = 0; y < height; y++)
        assert_memory_equal(view.pixels + (size_t)y * view.stride_bytes, expected + y * width, (size_t)width);
    crop_scratch_free(&scratch);
}

/* The outermost pixels show the corners themselves: three columns show x = 1, 2.5, 4. */
static void corners_are_the_centres_of_the_outermost_pixels(void **state)
{
    (void)state;
    const trba_region box = {{1, 4, 4, 1}, {0.5f, 0.5f, 2.5f, 2.5f}}; /* 3 x 2, not of whole pixels */
    static const uint8_t expected[] = {6, 8, 9, 26, 28, 29}; /* 6, 7.5, 9: halves go to the even number */
    check_drawn(&box, false, 3, 2, expected);
}

static void text_that_runs_down_is_drawn_upright(void **state)
{
    (void)state;
    const trba_region down = {{3, 3, 1, 1}, {0, 3, 3, 0}}; /* its top left is the page's top right: 3 wide, 2 high */
    static const uint8_t expected[] = {3, 18, 33, 1, 16, 31};
    check_drawn(&down, false, 3, 2, expected);
}

/* A trapezium twice as wide below, so that its middle row is not half way down. Solved by hand for u, v in 0..1:
 * w = 1 - v / 2, x = (1 + 2 u - v) / w, y = 1.5 v / w. */
static void perspective_follows_the_hand_made_solution(void **state)
{
    (void)state;
    const trba_region region = {{1, 3, 4, 0}, {0, 0, 3, 3}};
    struct warp warp = {.width = 5, .height = 4};
    warp_set_corners(&warp, region.x, region.y);
    static const double expected[9] = {2 / 4., -1 / 3., 1, 0, 1.5 / 3, 0, 0, -.5 / 3, 1};
    for (int i = 0; i < 9; i++) assert_true(fabs((double)warp.m[i] - expected[i]) < 1e-7);
}

static void outside_is_black_or_the_nearest_pixel(void **state)
{
    (void)state;
    const trba_region above = {{1, 4, 4, 1}, {-2.5f, -2.5f, 0.5f, 0.5f}}; /* rows -2.5, -1, 0.5 */
    static const uint8_t nearest[] = {1, 2, 4, 1, 2, 4, 6, 8, 9}, black[] = {0, 0, 0, 0, 0, 0, 6, 8, 9};
    check_drawn(&above, false, 3, 3, nearest);
    check_drawn(&above, true, 3, 3, black);
}

static void one_pixel_shows_the_middle(void **state)
{
    (void)state;
    const trba_region thin = {{0.25f, 1.75f, 1.75f, 0.25f}, {1, 1, 3, 3}};
    static const uint8_t expected[] = {11, 31}; /* x = 1, y = 1 and 3 */
    check_drawn(&thin, false, 1, 2, expected);
}

/* ---- boxes ------------------------------------------------------------------------------------------------------- */

static void whole_boxes_are_cut_and_clipped(void **state)
{
    (void)state;
    const trba_region inside = trba_region_box(1, 2, 3, 1), over = trba_region_box(-3, 2, 5, 9);
    struct crop crop;
    assert_int_equal(crop_plan(&page, &inside, false, &crop, NULL), TRBA_OK);
    assert_true(crop.is_cut && crop.left == 1 && crop.top == 2 && crop.width == 3 && crop.height == 1);
    assert_int_equal(crop_plan(&page, &over, false, &crop, NULL), TRBA_OK);
    assert_true(crop.is_cut && crop.left == 0 && crop.top == 2 && crop.width == 2 && crop.height == 2);
}

static void check_region(const trba_region *region, const float x[4], const float y[4])
{
    for (int i = 0; i < 4; i++) {
        assert_true(region->x[i] == x[i]);
        assert_true(region->y[i] == y[i]);
    }
}

static void quarter_turned_boxes_have_exact_corners(void **state)
{
    (void)state;
    const trba_region upright = trba_region_rotated(10, 20, 6, 4, 0);
    const trba_region right = trba_region_rotated(10, 20, 6, 4, 90), left = trba_region_rotated(10, 20, 6, 4, -90);
    const trba_region over = trba_region_rotated(10, 20, 6, 4, 540);
    check_region(&upright, (float[]){7, 13, 13, 7}, (float[]){18, 18, 22, 22});
    check_region(&right, (float[]){12, 12, 8, 8}, (float[]){17, 23, 23, 17});
    check_region(&left, (float[]){8, 8, 12, 12}, (float[]){23, 17, 17, 23});
    check_region(&over, (float[]){13, 7, 7, 13}, (float[]){22, 22, 18, 18});
}

static void turned_boxes_have_turned_corners(void **state)
{
    (void)state;
    const trba_region region = trba_region_rotated(0, 0, 10, 0, 36.8698976f); /* cosine 0.8, sine 0.6 */
    assert_true(fabsf(region.x[1] - 4) < 1e-5f && fabsf(region.y[1] - 3) < 1e-5f);
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static void check_refused(trba_region region, trba_status status, const char *words)
{
    struct crop crop = {.width = -7};
    trba_error err = {0};
    assert_int_equal(crop_plan(&page, &region, false, &crop, &err), status);
    if (strstr(err.message, words) == NULL) fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    assert_int_equal(crop.width, -7);
}

static void regions_that_are_none_are_refused_with_the_reason(void **state)
{
    (void)state;
    const trba_status bad = TRBA_ERROR_ARGUMENT;
    check_refused((trba_region){{0, NAN, 2, 0}, {0, 0, 2, 2}}, bad, "corner 2 of the region is not a finite number");
    check_refused((trba_region){{0, 2, 2, 0}, {0, 0, 2, INFINITY}}, bad, "corner 4");
    check_refused(trba_region_box(0, 0, 1e7f, 2), TRBA_ERROR_LIMIT, "1000000 pixels from the page");
    check_refused(trba_region_box(0, 0, 3e38f, 3e38f), TRBA_ERROR_LIMIT, "corner 2");
    check_refused(trba_region_box(1, 1, 0, 2), bad, "no area");
    check_refused(trba_region_box(1, 1, 0, 0), bad, "no area");
    check_refused(trba_region_box(3, 1, -2, 2), bad, "the region's width is negative (-2 x 2 pixels)");
    check_refused(trba_region_box(3, 1, 2.5f, -1), bad, "the region's height is negative (2.5 x -1 pixels)");
    check_refused((trba_region){{0, 0, 3, 3}, {0, 2, 2, 0}}, bad, "the region's corners run counter-clockwise");
    check_refused((trba_region){{0, 3, 0, 3}, {0, 0, 2, 2}}, bad, "not convex");    /* sides cross */
    check_refused((trba_region){{0, 4, 1, 0}, {0, 0, 1, 4}}, bad, "not convex");    /* a corner points in */
    check_refused((trba_region){{0, 2, 4, 0}, {0, 0, 0, 3}}, bad, "on a line");
    check_refused((trba_region){{0, 4, 4, 0}, {0, 0, 3, 0}}, bad, "on a line");     /* two corners are one */
    check_refused((trba_region){{0, .5f, .5f, 0}, {0, 0, 3, 3}}, bad, "less than one pixel wide");
    check_refused((trba_region){{0, 3, 3, 0}, {0, 0, .5f, .5f}}, bad, "less than one pixel high");
    check_refused((trba_region){{-9000, 9000, 9000, -9000}, {-9000.5f, -9000, 9000, 9000}}, TRBA_ERROR_LIMIT,
                  "16 million");
}

static void regions_outside_the_page_are_refused(void **state)
{
    (void)state;
    const char *const words = "outside the page of 5 x 4 pixels";
    check_refused(trba_region_box(5, 0, 3, 3), TRBA_ERROR_ARGUMENT, words);
    check_refused(trba_region_box(0, -3, 3, 3), TRBA_ERROR_ARGUMENT, words);
    check_refused(trba_region_box(-3.5f, 0, 2, 3), TRBA_ERROR_ARGUMENT, words);
    check_refused(trba_region_box(0.5f, 4, 2, 3), TRBA_ERROR_ARGUMENT, words);
    check_refused(trba_region_rotated(9, 9, 12, 2, -45), TRBA_ERROR_ARGUMENT, words); /* its bounding box is not */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corners_are_the_centres_of_the_outermost_pixels),
        cmocka_unit_test(text_that_runs_down_is_drawn_upright),
        cmocka_unit_test(perspective_follows_the_hand_made_solution),
        cmocka_unit_test(outside_is_black_or_the_nearest_pixel),
        cmocka_unit_test(one_pixel_shows_the_middle),
        cmocka_unit_test(whole_boxes_are_cut_and_clipped),
        cmocka_unit_test(quarter_turned_boxes_have_exact_corners),
        cmocka_unit_test(turned_boxes_have_turned_corners),
        cmocka_unit_test(regions_that_are_none_are_refused_with_the_reason),
        cmocka_unit_test(regions_outside_the_page_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
