/* SPDX-License-Identifier: Apache-2.0 */
/* model_search.c - the folders where english_g2.pth may lie, in order. */
#include "model_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_NAME "english_g2"
#define DEFAULT_FILE DEFAULT_NAME ".pth"

/* The build says where models are; a build that does not still finds ./models. */
#ifndef TRBA_SOURCE_MODELS_DIR
#define TRBA_SOURCE_MODELS_DIR ""
#endif
#ifndef TRBA_MODELS_DIR
#define TRBA_MODELS_DIR ""
#endif

static bool is_in_folder(const char *folder, char path[MODEL_PATH_BYTES])
{
    if (folder[0] == '\0') return false;
    const int n = snprintf(path, MODEL_PATH_BYTES, "%s/" DEFAULT_FILE, folder);
    return n > 0 && n < MODEL_PATH_BYTES && access(path, R_OK) == 0;
}

/* PREFIX/bin/strdemo -> PREFIX/share/trba/models, wherever the installation was moved to. */
static bool is_beside_program(char path[MODEL_PATH_BYTES])
{
    char folder[MODEL_PATH_BYTES];
    static const char below[] = "/../share/trba/models";
    const ssize_t n = readlink("/proc/self/exe", folder, sizeof folder - sizeof below);
    if (n <= 0) return false;
    folder[n] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash == NULL) return false;
    memcpy(slash, below, sizeof below);
    return is_in_folder(folder, path);
}

bool model_search(const char *asked, char path[MODEL_PATH_BYTES], char *message, size_t message_bytes)
{
    const char *from_environment = getenv("TRBA_MODEL");
    if (asked == NULL && from_environment != NULL && from_environment[0] != '\0') asked = from_environment;
    if (asked != NULL && strcmp(asked, DEFAULT_NAME) != 0) {
        const int n = snprintf(path, MODEL_PATH_BYTES, "%s", asked);
        if (n < MODEL_PATH_BYTES) return true;
        snprintf(message, message_bytes, "the path of the model is too long");
        return false;
    }
    if (is_in_folder(TRBA_SOURCE_MODELS_DIR, path) || is_in_folder(TRBA_MODELS_DIR, path) ||
        is_beside_program(path) || is_in_folder("models", path))
        return true;
    snprintf(message, message_bytes,
             "the default model " DEFAULT_FILE " is not here: "
             "run \"make models\" in the source tree, or say --model FILE");
    return false;
}

bool model_is_english_g2(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash != NULL ? slash + 1 : path, DEFAULT_FILE) == 0;
}
