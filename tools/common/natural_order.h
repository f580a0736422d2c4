/* SPDX-License-Identifier: Apache-2.0 */
/* natural_order.h - img2.png before img10.png. */
#ifndef TRBA_TOOLS_NATURAL_ORDER_H
#define TRBA_TOOLS_NATURAL_ORDER_H

/* Compares two paths as Python's natsort.natsorted() does (which the reference program sorts its folder with): less
 * than, equal to or greater than 0.
 *
 * A path is cut into texts and runs of the digits 0-9; texts are compared by code points, runs by their value, and the
 * path that ends first is less. Paths that are equal in this sense ("a1", "a01") are ordered by their bytes, so that
 * the order never depends on the folder's. natsort also takes characters apart into letter and accent and knows digits
 * of other scripts; this function does neither, so names with such characters may fall elsewhere. */
int natural_order_compare(const char *a, const char *b);

#endif
