/* SPDX-License-Identifier: Apache-2.0 */
/* predictions.c - {"set": ..., "path": ..., "truth": ..., "text": ..., "confidence": ..., "right": ...,
 * "message": ..., "rotation": ...}, a line each, in the order of the sets. The keys and their order are promised in
 * trba.1.
 */
#include "predictions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/console.h"
#include "common/json_text.h"
#include "common/overwriting.h"
#include "common/standard_files.h"
#include "common/tool_memory.h"

enum { FLOAT_DIGITS = 9 /* enough to get the same float back */ };

bool predictions_open(struct predictions *predictions, const char *path)
{
    if (!is_replaceable(path, "{\"set\":")) {
        console_print("%s is there already and holds no predictions, and would be lost: name another file", path);
        return false;
    }
    *predictions = (struct predictions){.file = fopen(path, "we"), .path = path};
    if (predictions->file == NULL) console_print("cannot write to %s: %s", path, strerror(errno));
    return predictions->file != NULL;
}

/* Null where the comparison says nothing. */
static json_t *make_verdict(enum eval_verdict verdict)
{
    return verdict == VERDICT_LEFT_OUT ? json_null() : json_boolean(verdict == VERDICT_RIGHT);
}

void predictions_add(struct predictions *predictions, const struct eval_set *set, const struct eval_sample *sample,
                     const trba_result *answer, enum eval_verdict verdict, const char *why)
{
    json_t *line = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "set", json_text(set->path), "path",
                             json_text(sample->name), "truth", json_text(sample->label), "text",
                             answer != NULL ? json_text(answer->text) : json_null(), "confidence",
                             answer != NULL ? json_number((double)answer->confidence) : json_null(), "right",
                             make_verdict(verdict), "message", json_text(why), "rotation",
                             answer != NULL ? json_integer(answer->rotation) : json_null());
    char *dumped = line != NULL ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(FLOAT_DIGITS)) : NULL;
    if (dumped == NULL) memory_exhausted(); /* a line that is left out would shift all that follow */
    fprintf(predictions->file, "%s\n", dumped);
    free(dumped);
    json_decref(line);
}

bool predictions_close(struct predictions *predictions)
{
    const bool is_written = output_is_written(predictions->file, predictions->path);
    const bool is_closed = fclose(predictions->file) == 0;
    if (is_written && !is_closed) console_print("cannot write to %s: %s", predictions->path, strerror(errno));
    return is_written && is_closed;
}
