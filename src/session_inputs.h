/* SPDX-License-Identifier: Apache-2.0 */
/* session_inputs.h - what a session reads, made ready for the network: images or regions of a page, a chunk at a time,
 * each in the turns it is read in.
 */
#ifndef TRBA_SESSION_INPUTS_H
#define TRBA_SESSION_INPUTS_H

#include "base/status.h"
#include "base/thread_pool.h"
#include "image/image.h"

enum { MAX_TURNS = 4 };

/* What one call reads: images, or regions of a page. */
struct sources {
    size_t n;
    const trba_image *images;   /* [n], or NULL */
    const trba_page *page;
    const trba_region *regions; /* [n] */
    trba_rotate rotate;         /* never ANY */
    bool turns_tall;            /* by 90 degrees, before all else */
};

/* The sources that are prepared together: at most batch_size. */
struct chunk {
    const struct sources *sources;
    size_t first;
    int n;
};

/* An image in one of its turns, ready for the network. */
struct network_input {
    int quarter_turns; /* counter-clockwise */
    int width;
    float *values;     /* [img_h][width][channels] */
    size_t capacity;   /* of values, in floats */
};

/* One image of the chunk. */
struct prepared_image {
    trba_error error;  /* status TRBA_OK: all is well */
    int width, height; /* as decoded, or as cropped */
    int n_turns;
    struct network_input inputs[MAX_TURNS]; /* [n_turns]; of equally sure readings the first is kept */
};

/* Who prepares. Zero-initialised at first. */
struct session_inputs {
    const trba_model *model;
    struct thread_pool *pool;
    trba_exif exif;
    trba_alpha alpha;
    int batch_size;
    struct prepared_image *prepared; /* [batch_size] */
    struct prepare_scratch *scratch; /* [threads] */
};

/* Makes room. Model and pool must live as long. After a failure, too, session_inputs_free() is due. */
trba_status session_inputs_init(struct session_inputs *inputs, const trba_model *model, struct thread_pool *pool,
                                const trba_session_options *options, int batch_size, trba_error *err);
/* Takes the memory for batch_size inputs of that width, in one turn each. */
trba_status session_inputs_reserve(struct session_inputs *inputs, int width, trba_error *err);
/* Prepares chosen[0 .. n) of the chunk's sources; for a second reading, EASYOCR's, their contrast is stretched. What is
 * wrong with one is said in its prepared image. */
void session_inputs_prepare(struct session_inputs *inputs, const struct chunk *chunk, const int *chosen, int n,
                            bool is_second);

size_t session_inputs_memory(const struct session_inputs *inputs);
void session_inputs_free(struct session_inputs *inputs);

#endif
