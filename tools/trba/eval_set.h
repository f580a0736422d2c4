/* SPDX-License-Identifier: Apache-2.0 */
/* eval_set.h - images with the texts that are in them, in the forms that data sets come in.
 *
 *   LMDB         a folder with data.mdb, as clovaai's create_lmdb_dataset.py writes it: lmdb_samples.c
 *   labels.csv   EasyOCR's: columns filename and words                                : listed_samples.c
 *   gt.txt       a line an image, PATH<TAB>LABEL: what create_lmdb_dataset.py reads   : listed_samples.c
 */
#ifndef TRBA_PROGRAM_EVAL_SET_H
#define TRBA_PROGRAM_EVAL_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/option_table.h"
#include "trba.h"

/* One image and its truth. */
struct eval_sample {
    char *name;          /* for people: a path, or LMDB's key behind its folder; allocated */
    char *label;         /* "" if there is a problem with it; allocated */
    bool has_no_label;   /* that is the problem: the truth cannot be known */
    trba_image image;    /* a file (its path is `name`) or LMDB's bytes */
    const char *problem; /* why there is nothing to read, else NULL; static */
};

void eval_sample_free(struct eval_sample *sample);

/* An opened set. `samples` belongs to the functions. */
struct eval_set {
    char *path;
    size_t n_samples;
    void *samples;
    void (*get)(const void *samples, size_t index, struct eval_sample *out);
    void (*close)(void *samples);
};

struct eval_sets {
    struct eval_set *items; /* [n]; allocated */
    size_t n, capacity;
};

/* Opens every set behind the inputs: files and folders as above, and other folders with all sets below them, in natural
 * order. A folder with several of the three files is the first of them in the order above. `root` is where the paths in
 * gt.txt and labels.csv start; NULL: the folder of the file. Returns false with a sentence if that or an input is
 * not what it should be, or a set cannot be read or is empty. Free in both cases. */
bool eval_sets_open(const struct option_inputs *inputs, const char *root, struct eval_sets *out,
                    char message[OPTION_MESSAGE_BYTES]);
void eval_sets_free(struct eval_sets *sets);

/* Image `index` of the set; the caller frees it. LMDB's bytes stay until the set is closed. */
void eval_set_get(const struct eval_set *set, size_t index, struct eval_sample *out);

#endif
