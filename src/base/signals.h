/* SPDX-License-Identifier: Apache-2.0 */
/* signals.h - threads that take no signals of the program's. */
#ifndef TRBA_BASE_SIGNALS_H
#define TRBA_BASE_SIGNALS_H

/* Calls it with all signals blocked that are sent to the process, and none that instructions raise: threads that it
 * starts inherit that. Signals to the process are the caller's threads' business, which may block and await them. */
void signals_call_blocked(void (*call)(void *arg), void *arg);

#endif
