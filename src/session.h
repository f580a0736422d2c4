/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - what is behind a trba_session, and what tests may ask of it beyond trba.h.
 *
 *   trba_session.c      the public functions: options, lifetime, what a call is given
 *   session_reading.c   a call: chunk by chunk, which reading of an image becomes its result
 *   session_inputs.c    images or regions -> the network's inputs
 *   session_passes.c    inputs -> network -> text
 */
#ifndef TRBA_SESSION_H
#define TRBA_SESSION_H

#include "session_inputs.h"
#include "session_passes.h"

struct trba_session {
    const trba_model *model;
    struct thread_pool *pool;
    struct session_inputs inputs;
    struct session_passes passes;
    struct passage *passages; /* [batch_size * MAX_TURNS] */
    struct result_store store;
    int batch_size;
    trba_rotate rotate; /* of images; never ANY */
    bool retries_contrast;
};

/* Reads all sources; the results are good until the next call. */
trba_status session_read(trba_session *session, const struct sources *sources, const trba_result **out,
                         trba_error *err);

/* `trace` is called with every stage's activations while reading; NULL: no longer. */
void session_set_trace(trba_session *session, network_trace trace, void *user);

#endif
