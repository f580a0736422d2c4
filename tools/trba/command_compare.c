/* SPDX-License-Identifier: Apache-2.0 */
/* command_compare.c - "trba compare FILE --Transformation ...": what differs between a checkpoint and a network, tensor
 * by tensor, like the lists of PyTorch's load_state_dict().
 */
#include <stdlib.h>

#include "command_line.h"
#include "common/console.h"
#include "common/exit_codes.h"
#include "common/harmless_text.h"
#include "common/json_text.h"
#include "common/model_search.h"
#include "network_json.h"
#include "trba.h"
#include "trba_commands.h"

struct compare_settings {
    int json, num_class, help;
};

enum { MOST_CLASSES = 1 << 20 };

static const struct option_spec compare_specs[] = {
    {.group = "Options", .name = "num_class", .kind = OPTION_NUMBER, .value = "N", .least = 2, .most = MOST_CLASSES,
     .offset = offsetof(struct compare_settings, num_class),
     .help = "classes of the network: characters + 1 (CTC) or + 2 (Attn) (default: as in the checkpoint)"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct compare_settings, json),
     .help = "print JSON; its keys are in the manual page (default: off)"},
    {.name = "help", .letter = 'h', .kind = OPTION_FLAG, .offset = offsetof(struct compare_settings, help),
     .help = "print this and end"},
};

static const char *difference_name(trba_difference kind)
{
    switch (kind) {
    case TRBA_DIFFERENCE_MISSING: return "missing";
    case TRBA_DIFFERENCE_UNEXPECTED: return "unexpected";
    case TRBA_DIFFERENCE_SHAPE: return "shape";
    }
    return "?";
}

static void print_difference(void *user, trba_difference kind, const char *name, const char *detail)
{
    (void)user;
    printf("%-10s  ", difference_name(kind));
    harmless_text_write(name, "", stdout);
    printf("%s%s\n", detail[0] != '\0' ? "  " : "", detail);
}

static void collect_difference(void *user, trba_difference kind, const char *name, const char *detail)
{
    json_array_append_new(user, json_pack("{s:s, s:o, s:o}", "kind", difference_name(kind), "name", json_text(name),
                                          "detail", json_text(detail)));
}

static int compare_as_json(const char *path, const trba_checkpoint *checkpoint, const trba_architecture *asked)
{
    json_t *differences = json_array();
    const size_t n = trba_checkpoint_compare(checkpoint, asked, collect_difference, differences);
    trba_architecture found;
    const bool is_known = trba_checkpoint_architecture(checkpoint, &found, NULL) == TRBA_OK;
    return print_json(json_pack("{s:o, s:o, s:o, s:I, s:o}", "file", json_text(path), "found",
                                is_known ? network_json(&found) : json_null(), "asked", network_json(asked),
                                "n_differences", (json_int_t)n, "differences", differences),
                      n > 0 ? PROGRAM_PARTIAL : PROGRAM_OK);
}

static int compare_as_text(const trba_checkpoint *checkpoint, const trba_architecture *asked)
{
    const size_t n = trba_checkpoint_compare(checkpoint, asked, print_difference, NULL);
    return finish_output(n > 0 ? PROGRAM_PARTIAL : PROGRAM_OK);
}

static int compare_file(const char *file, const trba_architecture *asked, bool as_json)
{
    char path[MODEL_PATH_BYTES], message[OPTION_MESSAGE_BYTES];
    trba_checkpoint *checkpoint = NULL;
    trba_error err;
    if (!model_search(file, path, message, sizeof message)) {
        console_print("%s", message);
        return PROGRAM_REFUSED;
    }
    if (trba_checkpoint_open(path, &checkpoint, &err) != TRBA_OK) {
        console_print("%s", err.message);
        return PROGRAM_REFUSED;
    }
    const int code = as_json ? compare_as_json(path, checkpoint, asked) : compare_as_text(checkpoint, asked);
    trba_checkpoint_free(checkpoint);
    return code;
}

int command_compare(int argc, char *const *argv)
{
    static const struct command command = {
        .usage = "trba compare FILE [options]",
        .text = "Lists the tensors in which the checkpoint differs from the network that the options describe:\n"
                "missing, unexpected, or of another shape. Exit code 1 if there are any.\n",
        .least_inputs = 1, .most_inputs = 1};
    struct compare_settings settings = {.json = 0};
    struct architecture_settings architecture = {.rgb = 0};
    const struct option_set sets[] = {architecture_option_set(&architecture),
                                      {compare_specs, sizeof compare_specs / sizeof *compare_specs, &settings}};
    struct option_inputs inputs;
    char message[OPTION_MESSAGE_BYTES];
    int code;
    if (command_line_parse(&command, &(struct option_sets){sets, 2}, &settings.help, argc, argv, &inputs, &code)) {
        if (architecture_options_finish(&architecture, message)) {
            architecture.expect.num_class = settings.num_class;
            code = compare_file(inputs.items[0], &architecture.expect, settings.json != 0);
        } else {
            console_print("%s", message);
            code = PROGRAM_REFUSED;
        }
    }
    free(inputs.items);
    return code;
}
