/* SPDX-License-Identifier: Apache-2.0 */
/* folder_walk.h - the image files below a folder. */
#ifndef TRBA_STRDEMO_FOLDER_WALK_H
#define TRBA_STRDEMO_FOLDER_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/path_array.h"

/* Adds every .png, .jpg and .jpeg file (upper or lower case) below `folder`, in natural order of the whole path. Like
 * os.walk(), it follows links to files but not to folders, so there are no loops; unlike it, it passes over pipes and
 * devices. Returns the number of folders that could not be read; each was a line on stderr, unless `is_quiet`. */
size_t folder_walk(const char *folder, bool is_quiet, struct path_array *out);

#endif
