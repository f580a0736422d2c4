/* SPDX-License-Identifier: Apache-2.0 */
/* sidecar.c - finds the file that lies beside a checkpoint and hands it to the parser of its format. */
#include "model/sidecar.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file_map.h"
#include "model/sidecar_draft.h"

enum { LARGEST_FILE_BYTES = 1 << 20 };

/* Where sidecars are looked for: `stem` is the checkpoint's path without its extension, and its first `folder_bytes`
 * bytes are the folder with its slash. */
struct place {
    const char *stem;
    size_t stem_bytes, folder_bytes;
};

static struct place find_place(const char *checkpoint_path)
{
    const char *slash = strrchr(checkpoint_path, '/');
    const char *name = slash != NULL ? slash + 1 : checkpoint_path;
    const char *dot = strrchr(name, '.');
    const size_t name_bytes = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
    const size_t folder_bytes = (size_t)(name - checkpoint_path);
    return (struct place){checkpoint_path, folder_bytes + name_bytes, folder_bytes};
}

/* Returns a new path: `head_bytes` of the checkpoint's path and the rest; NULL without memory. */
static char *make_path(const struct place *place, size_t head_bytes, const char *rest)
{
    const size_t n_bytes = head_bytes + strlen(rest) + 1;
    char *path = malloc(n_bytes);
    if (path != NULL) snprintf(path, n_bytes, "%.*s%s", (int)head_bytes, place->stem, rest);
    return path;
}

static trba_status parse_file(struct sidecar_draft *draft, bool is_yaml, trba_error *err)
{
    struct file_map map;
    trba_status status = file_map_open(draft->path, &map, err);
    if (status != TRBA_OK) return status;
    if (map.n_bytes > LARGEST_FILE_BYTES)
        status = error_set(err, TRBA_ERROR_LIMIT, "a sidecar may have 1 MiB at most; this file has %zu bytes: %s",
                           map.n_bytes, draft->path);
    else if (is_yaml) status = sidecar_parse_yaml(draft, map.bytes, map.n_bytes, err);
    else status = sidecar_parse_opt(draft, map.bytes, map.n_bytes, err);
    file_map_close(&map);
    return status;
}

static trba_status read_file(const char *path, bool is_yaml, struct sidecar *out, trba_error *err)
{
    struct sidecar_draft draft = {.path = path};
    trba_status status = parse_file(&draft, is_yaml, err);
    if (status == TRBA_OK) status = sidecar_draft_finish(&draft, out, err);
    sidecar_draft_clear(&draft);
    return status;
}

/* Is FOLDER/trba.yaml there for the whole folder? Not beside a trba.pth: then it is that one's alone, which finds it
 * under its own name. `path` is as before afterwards. */
static bool is_for_all(char *path)
{
    static const char extension[] = ".yaml", of_checkpoint[] = ".pth";
    char *dot = path + strlen(path) - strlen(extension);
    memcpy(dot, of_checkpoint, sizeof of_checkpoint);
    const bool has_checkpoint = access(path, F_OK) == 0;
    memcpy(dot, extension, sizeof extension);
    return !has_checkpoint;
}

trba_status sidecar_read(const char *checkpoint_path, struct sidecar *out, trba_error *err)
{
    const struct place place = find_place(checkpoint_path);
    const struct { size_t head_bytes; const char *rest; bool is_yaml, is_trba_yaml; } candidates[] = {
        {place.stem_bytes, ".yaml", true, false},
        {place.stem_bytes, ".yml", true, false},
        {place.folder_bytes, "trba.yaml", true, true},
        {place.folder_bytes, "opt.txt", false, false},
    };
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        char *path = make_path(&place, candidates[i].head_bytes, candidates[i].rest);
        if (path == NULL) return error_set(err, TRBA_ERROR_MEMORY, "no memory to look for a sidecar");
        const bool is_there = access(path, F_OK) == 0 && (!candidates[i].is_trba_yaml || is_for_all(path));
        const trba_status status = is_there ? read_file(path, candidates[i].is_yaml, out, err) : TRBA_OK;
        free(path);
        if (is_there) return status;
    }
    *out = (struct sidecar){.path = NULL};
    return TRBA_OK;
}

void sidecar_free(struct sidecar *sidecar)
{
    if (sidecar == NULL) return;
    free(sidecar->path);
    free(sidecar->charset_preset);
    free(sidecar->charset_text);
    *sidecar = (struct sidecar){.path = NULL};
}
