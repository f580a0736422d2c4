/* SPDX-License-Identifier: Apache-2.0 */
/* session_passes.h - a session's way through the network: inputs of one width together, and what is read from them
 * into the results.
 */
#ifndef TRBA_SESSION_PASSES_H
#define TRBA_SESSION_PASSES_H

#include "model/network.h"
#include "model/result_store.h"
#include "session_inputs.h"

enum { MAX_BATCH = 4096 };

/* One input's way through the network. */
struct passage {
    const struct network_input *input;
    size_t place; /* the result that its reading becomes */
    int image;    /* of the chunk */
    bool is_done;
};

/* Who runs the network. Zero-initialised at first. */
struct session_passes {
    const trba_model *model;
    struct layer_run run;
    int batch_size;      /* at most so many inputs in a pass */
    network_trace trace; /* NULL: none */
    void *trace_user;
};

/* Plans a full pass of inputs of that width, so that its memory is there. Model and pool must live as long. After a
 * failure, too, session_passes_free() is due. */
trba_status session_passes_init(struct session_passes *passes, const trba_model *model, struct thread_pool *pool,
                                int batch_size, int width, trba_error *err);
/* Passes over those of passages[0 .. n) that are not done. A second reading takes the first one's place in the store
 * unless that was surer. */
trba_status session_passes_run(struct session_passes *passes, struct passage *passages, int n, bool is_second,
                               struct result_store *store, trba_error *err);

void session_passes_free(struct session_passes *passes);

#endif
