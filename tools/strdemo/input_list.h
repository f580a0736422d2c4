/* SPDX-License-Identifier: Apache-2.0 */
/* input_list.h - the images behind the inputs of a command line, one after the other.
 *
 *   word.png    a file
 *   folder      every .png, .jpg, .jpeg below it, in natural order of the whole path
 *   @list.txt   the files named in it, one per line; @- reads the list from stdin
 *   -           an encoded image on stdin
 *
 * Lists are read as they are needed, a folder's paths are held while it is worked on, images are not opened here: a
 * million inputs take no more memory than one folder's names.
 */
#ifndef TRBA_STRDEMO_INPUT_LIST_H
#define TRBA_STRDEMO_INPUT_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/option_table.h"

/* One image to read. */
struct input_item {
    char *path;          /* as results name it; "-" for stdin */
    void *bytes;         /* stdin's; NULL for a file */
    size_t n_bytes;
    const char *problem; /* a sentence if stdin could not be read, else NULL; static */
};

void input_item_free(struct input_item *item);

struct input_list;

/* `inputs` must outlive the list. */
struct input_list *input_list_new(const struct option_inputs *inputs);
void input_list_free(struct input_list *list);

/* The same images without their bytes: nothing is said, and nothing waited for. Lists from stdin, pipes and devices are
 * passed over. */
struct input_list *input_list_rehearse(const struct option_inputs *inputs);

/* The next image; false past the last. The item is the caller's. A folder or list that cannot be read is a line on
 * stderr, counted, and passed over. */
bool input_list_next(struct input_list *list, struct input_item *out);

/* May input_list_next() have to wait for somebody, because a list or a picture comes from stdin, a pipe or a device? */
bool input_list_may_wait(const struct option_inputs *inputs);

/* How many folders and lists could not be read, or named no image, so far. */
size_t input_list_n_problems(const struct input_list *list);

#endif
