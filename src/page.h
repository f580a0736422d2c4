/* SPDX-License-Identifier: Apache-2.0 */
/* page.h - what is behind a trba_page, for the session that reads from it. */
#ifndef TRBA_PAGE_H
#define TRBA_PAGE_H

#include "image/image.h"

struct trba_page {
    struct image_buffer buffer; /* owns the pixels */
    struct image_view view;     /* grey or RGB */
};

#endif
