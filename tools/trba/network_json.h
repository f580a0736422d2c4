/* SPDX-License-Identifier: Apache-2.0 */
/* network_json.h - a network as "trba info" and "trba compare" print it. */
#ifndef TRBA_PROGRAM_NETWORK_JSON_H
#define TRBA_PROGRAM_NETWORK_JSON_H

#include <jansson.h>

#include "trba.h"

/* Its name, its stages and its sizes under clovaai's names; null for what is not known, or not there. */
json_t *network_json(const trba_architecture *network);

/* A number, or null for 0. */
json_t *size_or_null(int value);

#endif
