/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - what tests may ask of a session beyond trba.h. */
#ifndef TRBA_SESSION_H
#define TRBA_SESSION_H

#include "model/network.h"

/* `trace` is called with every stage's activations while reading; NULL: no longer. */
void session_set_trace(trba_session *session, network_trace trace, void *user);

#endif
