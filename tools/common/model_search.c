/* SPDX-License-Identifier: Apache-2.0 */
/* model_search.c - the folders where the models with a name may lie, in order. */
#include "model_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_NAME "trba"
#define SUFFIX ".pth"

/* The build says where the source tree has them; one that does not still finds ./models. */
#ifndef TRBA_SOURCE_MODELS_DIR
#define TRBA_SOURCE_MODELS_DIR ""
#endif

/* The build says where those of an installed program are, seen from it. */
#ifndef TRBA_BINDIR_TO_MODELS
#define TRBA_BINDIR_TO_MODELS "../share/trba/models"
#endif

/* The models of models/README.md; where to get one that is not there. */
static const struct { const char *name, *remedy; } known_models[] = {
    {DEFAULT_NAME, "it belongs to the source tree and to every installation"},
    {"trba-ctc", "it belongs to the source tree and to every installation"},
    {"english_g2", "run \"make models\" in the source tree"},
};

static bool is_in_folder(const char *folder, const char *name, char path[MODEL_PATH_BYTES])
{
    if (folder[0] == '\0') return false;
    const int n = snprintf(path, MODEL_PATH_BYTES, "%s/%s" SUFFIX, folder, name);
    return n > 0 && n < MODEL_PATH_BYTES && access(path, R_OK) == 0;
}

/* PREFIX/bin/strdemo -> PREFIX/share/trba/models, wherever the installation was moved to; false where there is no such
 * folder, as beside a program that is not installed. */
static bool find_installed_folder(char folder[MODEL_PATH_BYTES])
{
    static const char below[] = "/" TRBA_BINDIR_TO_MODELS;
    const ssize_t n = readlink("/proc/self/exe", folder, MODEL_PATH_BYTES - sizeof below);
    if (n <= 0) return false;
    folder[n] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash == NULL) return false;
    memcpy(slash, below, sizeof below);
    return access(folder, F_OK) == 0;
}

/* An installed program does not look where it was built: that may be another version by now, or somebody else's. */
static bool is_found(const char *name, char path[MODEL_PATH_BYTES])
{
    char installed[MODEL_PATH_BYTES];
    const char *folder = find_installed_folder(installed) ? installed : TRBA_SOURCE_MODELS_DIR;
    return is_in_folder(folder, name, path) || is_in_folder("models", name, path);
}

bool model_search(const char *asked, char path[MODEL_PATH_BYTES], char *message, size_t message_bytes)
{
    const char *from_environment = getenv("TRBA_MODEL");
    if (asked == NULL && from_environment != NULL && from_environment[0] != '\0') asked = from_environment;
    if (asked == NULL) asked = DEFAULT_NAME;
    for (size_t i = 0; i < sizeof known_models / sizeof known_models[0]; i++) {
        if (strcmp(asked, known_models[i].name) != 0) continue;
        if (is_found(asked, path)) return true;
        snprintf(message, message_bytes, "the model %s (%s" SUFFIX ") is not here: %s, or say --model FILE", asked,
                 asked, known_models[i].remedy);
        return false;
    }
    const int n = snprintf(path, MODEL_PATH_BYTES, "%s", asked);
    if (n < MODEL_PATH_BYTES) return true;
    snprintf(message, message_bytes, "the path of the model is too long");
    return false;
}
