/* SPDX-License-Identifier: Apache-2.0 */
/* command_convert.c - "trba convert IN OUT": the same tensors in another file.
 *
 *   are the sidecars spared? -> IN -> checkpoint -> trba_checkpoint_save() -> OUT, and a word about the sidecar that
 *   OUT now needs beside it
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command_line.h"
#include "common/console.h"
#include "common/exit_codes.h"
#include "common/model_search.h"
#include "common/overwriting.h"
#include "common/tool_memory.h"
#include "part_file.h"
#include "trba.h"
#include "trba_commands.h"

_Static_assert(TRBA_DTYPE_FLOAT32 == 1 && TRBA_DTYPE_FLOAT16 == 2 && TRBA_DTYPE_BFLOAT16 == 3, "order of the choices");
_Static_assert(TRBA_SAVE_SAFETENSORS == 1 && TRBA_SAVE_PYTORCH == 2, "order of the choices");

struct convert_settings {
    int dtype, format, help;
    const char *prefix;
};

static const struct option_spec convert_specs[] = {
    {.group = "Options", .name = "dtype", .kind = OPTION_CHOICE, .choices = "float32|float16|bfloat16",
     .offset = offsetof(struct convert_settings, dtype),
     .help = "what numbers with a point become, rounded to the nearest (default: each tensor keeps its own)"},
    {.name = "format", .kind = OPTION_CHOICE, .choices = "safetensors|pth",
     .offset = offsetof(struct convert_settings, format),
     .help = "the form of OUT; pth is PyTorch's own (default: by its name, .safetensors, .pth or .pt)"},
    {.name = "prefix", .kind = OPTION_TEXT, .value = "TEXT", .offset = offsetof(struct convert_settings, prefix),
     .help = "write TEXT before every name, e.g. module. for clovaai's programs (default: none)"},
    {.name = "help", .letter = 'h', .kind = OPTION_FLAG, .offset = offsetof(struct convert_settings, help),
     .help = "print this and end"},
};

/* ---- the sidecar ------------------------------------------------------------------------------------------------- */

/* The length of the path's folder, slash included, and of the path without its extension. */
static size_t folder_bytes(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

static size_t stem_bytes(const char *path)
{
    const char *dot = strrchr(path + folder_bytes(path), '.');
    return dot != NULL ? (size_t)(dot - path) : strlen(path);
}

/* The first n bytes of the path, and this. */
static char *path_beside(const char *path, size_t n, const char *end)
{
    char *beside = memory_resize(NULL, n + strlen(end) + 1, 1);
    memcpy(beside, path, n);
    strcpy(beside + n, end);
    return beside;
}

/* What the library looks for beside a checkpoint, in its order. */
static char *sidecar_path(const char *path, int number)
{
    static const struct { bool has_stem; const char *end; } names[] = {
        {true, ".yaml"}, {true, ".yml"}, {false, "trba.yaml"}, {false, "opt.txt"}};
    return path_beside(path, names[number].has_stem ? stem_bytes(path) : folder_bytes(path), names[number].end);
}

enum { TRBA_YAML = 2, N_SIDECARS = 4 };

/* trba.yaml beside a trba.pth is for that one alone. */
static bool is_for_all(const char *path)
{
    char *checkpoint = path_beside(path, folder_bytes(path), "trba.pth");
    const bool has_checkpoint = access(checkpoint, F_OK) == 0;
    free(checkpoint);
    return !has_checkpoint;
}

/* The sidecar beside the checkpoint, or NULL. */
static char *find_sidecar(const char *path, int *number)
{
    for (*number = 0; *number < N_SIDECARS; ++*number) {
        char *sidecar = sidecar_path(path, *number);
        if (access(sidecar, F_OK) == 0 && (*number != TRBA_YAML || is_for_all(path))) return sidecar;
        free(sidecar);
    }
    return NULL;
}

/* The alphabet and the settings stand in the sidecar, not in the weights. It is the user's, so it is not copied over
 * anything of his. A trba.yaml goes under the name of OUT: it may be one for the whole folder, or a trba.pth's alone,
 * and is not to become that where OUT is. */
static void tell_sidecar(const char *in, const char *out)
{
    int number, other;
    char *sidecar = find_sidecar(in, &number);
    char *there = find_sidecar(out, &other);
    if (sidecar != NULL && there == NULL) {
        there = sidecar_path(out, number == TRBA_YAML ? 0 : number);
        console_print("the settings in %s belong to %s, too: copy them to %s", sidecar, out, there);
    }
    free(sidecar);
    free(there);
}

/* False, and said, if the file to write is the sidecar of the one to read. */
static bool spares_sidecar(const char *in, const char *out)
{
    int number;
    char *sidecar = find_sidecar(in, &number);
    const bool is_spared = !is_same_file(out, sidecar);
    if (!is_spared) console_print("%s has the settings of %s, and would be lost: name another file", out, in);
    free(sidecar);
    return is_spared;
}

/* Is trba.yaml the checkpoint's sidecar because it is for the whole folder? */
static bool shares_sidecar(const char *path)
{
    int number;
    free(find_sidecar(path, &number));
    return number == TRBA_YAML; /* N_SIDECARS if there is none */
}

static bool is_checkpoint_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && (strcmp(dot, ".pth") == 0 || strcmp(dot, ".pt") == 0 || strcmp(dot, ".safetensors") == 0);
}

/* A checkpoint in the folder of `out` that shares its trba.yaml: `in`, whatever its name, or another; or NULL. */
static char *find_sharing(const char *in, const char *out)
{
    if (is_in_same_folder(in, out) && shares_sidecar(in)) return path_beside(in, strlen(in), "");
    char *folder = path_beside(out, folder_bytes(out), "."), *found = NULL;
    DIR *dir = opendir(folder);
    const struct dirent *entry = dir != NULL ? readdir(dir) : NULL;
    for (; entry != NULL && found == NULL; entry = readdir(dir)) {
        char *path = is_checkpoint_name(entry->d_name) ? path_beside(out, folder_bytes(out), entry->d_name) : NULL;
        if (path != NULL && shares_sidecar(path)) found = path;
        else free(path);
    }
    if (dir != NULL) closedir(dir);
    free(folder);
    return found;
}

/* False, and said, if OUT is a new trba.pth that would have alone what is now the sidecar of other checkpoints. */
static bool spares_shared_sidecar(const char *in, const char *out)
{
    if (strcmp(out + folder_bytes(out), "trba.pth") != 0 || !is_for_all(out)) return true;
    char *other = find_sharing(in, out);
    if (other == NULL) return true;
    char *yaml = sidecar_path(other, TRBA_YAML), *copy = sidecar_path(other, 0);
    console_print("%s would be for %s alone, and lost to %s: copy it to %s first, or name another file", yaml, out,
                  other, copy);
    free(copy);
    free(yaml);
    free(other);
    return false;
}

/* ---- converting -------------------------------------------------------------------------------------------------- */

/* False, and said, for "-": other commands mean standard output by it, but what is written here is read back. */
static bool is_named(const char *out)
{
    const bool is_dash = strcmp(out, "-") == 0;
    if (is_dash) console_print("a checkpoint cannot be written to standard output: name a file, ./- if its name is -");
    return !is_dash;
}

static int convert_file(const char *file, const char *out, const struct convert_settings *settings)
{
    char path[MODEL_PATH_BYTES], message[OPTION_MESSAGE_BYTES];
    trba_checkpoint *checkpoint = NULL;
    trba_error err;
    if (!is_named(out)) return PROGRAM_REFUSED;
    if (!model_search(file, path, message, sizeof message)) {
        console_print("%s", message);
        return PROGRAM_REFUSED;
    }
    if (!spares_sidecar(path, out) || !spares_shared_sidecar(path, out)) return PROGRAM_REFUSED;
    if (trba_checkpoint_open(path, &checkpoint, &err) != TRBA_OK) {
        console_print("%s", err.message);
        return PROGRAM_REFUSED;
    }
    trba_save_options options = trba_save_options_default();
    options.format = (trba_save_format)settings->format;
    options.dtype = (trba_dtype)settings->dtype;
    options.prefix = settings->prefix;
    part_file_guard(out);
    const trba_status status = trba_checkpoint_save(checkpoint, out, &options, &err);
    part_file_release();
    trba_checkpoint_free(checkpoint);
    if (status == TRBA_OK) tell_sidecar(path, out);
    else console_print("%s", err.message);
    return status == TRBA_OK ? PROGRAM_OK : status == TRBA_ERROR_IO ? PROGRAM_UNWRITTEN : PROGRAM_REFUSED;
}

int command_convert(int argc, char *const *argv)
{
    static const struct command command = {
        .usage = "trba convert IN OUT [options]",
        .text = "Writes the tensors of a checkpoint, under their names without prefixes, as safetensors or in\n"
                "PyTorch's own form. OUT is read back and compared before it takes its name.\n",
        .least_inputs = 2, .most_inputs = 2};
    struct convert_settings settings = {.dtype = 0};
    const struct option_set set = {convert_specs, sizeof convert_specs / sizeof *convert_specs, &settings};
    struct option_inputs inputs;
    int code;
    if (command_line_parse(&command, &(struct option_sets){&set, 1}, &settings.help, argc, argv, &inputs, &code))
        code = convert_file(inputs.items[0], inputs.items[1], &settings);
    free(inputs.items);
    return code;
}
