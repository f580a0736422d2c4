/* SPDX-License-Identifier: Apache-2.0 */
/* sidecar_yaml.c - a .yaml sidecar: our own, an EasyOCR custom network's, or the configuration of EasyOCR's trainer.
 *
 *   key: value                    handed over
 *   network_params:               EasyOCR's custom network; its keys are handed over as if they stood one level up
 *     input_channel: 1
 *   anything deeper               passed over
 *
 * Events are read one by one and nothing is built from them: aliases are refused, so there is nothing to blow up. */
#include "model/sidecar_draft.h"

#include <stdbool.h>
#include <string.h>

#include <yaml.h>

enum { MAX_DEPTH = 16 };

struct yaml_reader {
    struct sidecar_draft *draft;
    yaml_parser_t parser;
};

static trba_status refuse_yaml(const struct yaml_reader *r, size_t line, const char *why, trba_error *err)
{
    return error_set(err, TRBA_ERROR_FORMAT, "%s:%zu: %s", r->draft->path, line + 1, why);
}

/* The next event; the caller deletes it. Lines count from 0 in libyaml. */
static trba_status next_event(struct yaml_reader *r, yaml_event_t *event, trba_error *err)
{
    if (yaml_parser_parse(&r->parser, event)) return TRBA_OK;
    if (r->parser.error == YAML_MEMORY_ERROR)
        return error_set(err, TRBA_ERROR_MEMORY, "no memory to read %s", r->draft->path);
    const char *problem = r->parser.problem != NULL ? r->parser.problem : "unknown problem";
    return error_set(err, TRBA_ERROR_FORMAT, "%s:%zu: this is not YAML: %s", r->draft->path,
                     r->parser.problem_mark.line + 1, problem);
}

/* +1 where a sequence or mapping begins, -1 where one ends. */
static int depth_change(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: return 1;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return -1;
    default: return 0;
    }
}

/* Passes over the rest of a sequence or mapping whose first event was just read. */
static trba_status skip_collection(struct yaml_reader *r, trba_error *err)
{
    for (int depth = 1; depth > 0;) {
        yaml_event_t event;
        const trba_status status = next_event(r, &event, err);
        if (status != TRBA_OK) return status;
        const size_t line = event.start_mark.line;
        const bool is_alias = event.type == YAML_ALIAS_EVENT;
        depth += depth_change(&event);
        yaml_event_delete(&event);
        if (is_alias) return refuse_yaml(r, line, "aliases are not read; write the value out", err);
        if (depth > MAX_DEPTH) return refuse_yaml(r, line, "this is nested too deeply", err);
    }
    return TRBA_OK;
}

static bool is_scalar(const yaml_event_t *event, const char *text)
{
    return event->type == YAML_SCALAR_EVENT && event->data.scalar.length == strlen(text) &&
           memcmp(event->data.scalar.value, text, strlen(text)) == 0;
}

static trba_status set_key(struct yaml_reader *r, const yaml_event_t *key, const yaml_event_t *value, trba_error *err)
{
    if (is_scalar(key, "character_list") && r->draft->sidecar.preset == TRBA_PRESET_ANY)
        r->draft->sidecar.preset = TRBA_PRESET_EASYOCR;
    const struct sidecar_entry entry = {
        .path = r->draft->path,
        .line = value->start_mark.line + 1,
        .key = (const char *)key->data.scalar.value,
        .value = (const char *)value->data.scalar.value,
        .key_bytes = key->data.scalar.length,
        .value_bytes = value->data.scalar.length,
        .is_quoted = value->data.scalar.style != YAML_PLAIN_SCALAR_STYLE,
    };
    return sidecar_draft_set(r->draft, &entry, err);
}

static trba_status read_mapping(struct yaml_reader *r, bool is_top, trba_error *err);

/* What follows a key: `value` is its first event. */
static trba_status read_value(struct yaml_reader *r, const yaml_event_t *key, const yaml_event_t *value, bool is_top,
                              trba_error *err)
{
    if (value->type == YAML_ALIAS_EVENT)
        return refuse_yaml(r, value->start_mark.line, "aliases are not read; write the value out", err);
    if (value->type == YAML_SCALAR_EVENT) return set_key(r, key, value, err);
    if (sidecar_key_is_known((const char *)key->data.scalar.value, key->data.scalar.length))
        return refuse_yaml(r, value->start_mark.line, "this key must have one plain value", err);
    if (value->type != YAML_MAPPING_START_EVENT || !is_top || !is_scalar(key, "network_params"))
        return skip_collection(r, err);
    if (r->draft->sidecar.preset == TRBA_PRESET_ANY) r->draft->sidecar.preset = TRBA_PRESET_EASYOCR;
    return read_mapping(r, false, err);
}

/* Reads the value of a key and deletes its first event. */
static trba_status read_pair(struct yaml_reader *r, const yaml_event_t *key, bool is_top, trba_error *err)
{
    if (key->type != YAML_SCALAR_EVENT)
        return refuse_yaml(r, key->start_mark.line, "a key must be a plain word", err);
    yaml_event_t value;
    trba_status status = next_event(r, &value, err);
    if (status != TRBA_OK) return status;
    status = read_value(r, key, &value, is_top, err);
    yaml_event_delete(&value);
    return status;
}

/* Reads the pairs of a mapping whose first event was just read. */
static trba_status read_mapping(struct yaml_reader *r, bool is_top, trba_error *err)
{
    for (;;) {
        yaml_event_t key;
        trba_status status = next_event(r, &key, err);
        if (status != TRBA_OK) return status;
        const bool is_end = key.type == YAML_MAPPING_END_EVENT;
        if (!is_end) status = read_pair(r, &key, is_top, err);
        yaml_event_delete(&key);
        if (is_end || status != TRBA_OK) return status;
    }
}

/* Reads up to the first node of the first document. An empty file has none. */
static trba_status read_stream(struct yaml_reader *r, trba_error *err)
{
    for (;;) {
        yaml_event_t event;
        const trba_status status = next_event(r, &event, err);
        if (status != TRBA_OK) return status;
        const yaml_event_type_t type = event.type;
        const size_t line = event.start_mark.line;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT) return TRBA_OK;
        if (type == YAML_MAPPING_START_EVENT) return read_mapping(r, true, err);
        if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT)
            return refuse_yaml(r, line, "a sidecar must be a list of \"key: value\" lines", err);
    }
}

trba_status sidecar_parse_yaml(struct sidecar_draft *draft, const char *bytes, size_t n_bytes, trba_error *err)
{
    struct yaml_reader r = {.draft = draft};
    if (!yaml_parser_initialize(&r.parser))
        return error_set(err, TRBA_ERROR_MEMORY, "no memory to read %s", draft->path);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, n_bytes);
    const trba_status status = read_stream(&r, err);
    yaml_parser_delete(&r.parser);
    return status;
}
