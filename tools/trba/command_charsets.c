/* SPDX-License-Identifier: Apache-2.0 */
/* command_charsets.c - "trba charsets": the alphabets that have a name; "trba charsets NAME": the characters of one. */
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "common/console.h"
#include "common/exit_codes.h"
#include "common/json_text.h"
#include "trba.h"
#include "trba_commands.h"

struct charsets_settings {
    int json, help;
};

static const struct option_spec charsets_specs[] = {
    {.group = "Options", .name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct charsets_settings, json),
     .help = "print JSON; its keys are in the manual page (default: off)"},
    {.name = "help", .letter = 'h', .kind = OPTION_FLAG, .offset = offsetof(struct charsets_settings, help),
     .help = "print this and end"},
};

static int print_charsets(void)
{
    printf("name            characters  classes CTC/Attn  known  use\n");
    for (size_t i = 0; trba_charset_preset_at(i) != NULL; i++) {
        const trba_charset_preset *preset = trba_charset_preset_at(i);
        printf("%-15s %10d  %7d/%-8d  %-5s  %s\n", preset->name, preset->n_characters, preset->n_characters + 1,
               preset->n_characters + 2, preset->text != NULL ? "yes" : "size", preset->description);
    }
    return finish_output(PROGRAM_OK);
}

static json_t *make_preset(const trba_charset_preset *preset)
{
    return json_pack("{s:s, s:i, s:o, s:s}", "name", preset->name, "n_characters", preset->n_characters, "text",
                     preset->text != NULL ? json_text(preset->text) : json_null(), "description", preset->description);
}

static int print_charsets_as_json(void)
{
    json_t *presets = json_array();
    for (size_t i = 0; trba_charset_preset_at(i) != NULL; i++)
        json_array_append_new(presets, make_preset(trba_charset_preset_at(i)));
    return print_json(presets, PROGRAM_OK);
}

static const trba_charset_preset *find_preset(const char *name)
{
    for (size_t i = 0; trba_charset_preset_at(i) != NULL; i++)
        if (strcmp(trba_charset_preset_at(i)->name, name) == 0) return trba_charset_preset_at(i);
    return NULL;
}

/* The characters alone on a line, as --charset file: reads them, or all that is known of the alphabet. */
static int print_preset(const char *name, bool as_json)
{
    const trba_charset_preset *preset = find_preset(name);
    if (preset == NULL) {
        console_print("there is no alphabet of the name \"%s\"; \"trba charsets\" lists them", name);
        return PROGRAM_REFUSED;
    }
    if (preset->text == NULL) console_print("of %s only the number of characters is known", name);
    const int code = preset->text != NULL ? PROGRAM_OK : PROGRAM_PARTIAL;
    if (as_json) return print_json(make_preset(preset), code);
    if (preset->text != NULL) printf("%s\n", preset->text);
    return finish_output(code);
}

int command_charsets(int argc, char *const *argv)
{
    static const struct command command = {
        .usage = "trba charsets [NAME] [options]",
        .text = "Lists the alphabets that have a name, or prints the characters of one.\n",
        .least_inputs = 0, .most_inputs = 1};
    struct charsets_settings settings = {.json = 0};
    const struct option_set set = {charsets_specs, sizeof charsets_specs / sizeof *charsets_specs, &settings};
    struct option_inputs inputs;
    int code;
    if (command_line_parse(&command, &(struct option_sets){&set, 1}, &settings.help, argc, argv, &inputs, &code))
        code = inputs.n_items > 0 ? print_preset(inputs.items[0], settings.json != 0)
               : settings.json    ? print_charsets_as_json()
                                  : print_charsets();
    free(inputs.items);
    return code;
}
