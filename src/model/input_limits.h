/* SPDX-License-Identifier: Apache-2.0 */
/* input_limits.h - how large a picture, how long a text and how large layers a network is made for, whoever asks. */
#ifndef TRBA_MODEL_INPUT_LIMITS_H
#define TRBA_MODEL_INPUT_LIMITS_H

enum { MAX_IMG_H = 1024, MAX_IMG_W = 16384, MAX_MAX_LENGTH = 1024 };
enum { MAX_LAYER_SIZE = 1 << 20 }; /* channels, the LSTMs' state, control points, classes */

#endif
