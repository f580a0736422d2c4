/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_sidecars.c - parse, finish, and see that what came out can be used. */
#include "fuzz_sidecars.h"

#include <string.h>

#include "base/utf8.h"

static void check_text(const char *text)
{
    if (text != NULL) fuzz_require(utf8_count(text, strlen(text)) != SIZE_MAX, "an alphabet that is not UTF-8");
}

static void check_sidecar(const struct sidecar *sidecar)
{
    char name[64];
    trba_architecture_name(&sidecar->expect, name, sizeof name);
    fuzz_require(sidecar->preset >= TRBA_PRESET_ANY && sidecar->preset <= TRBA_PRESET_EASYOCR, "no such preset");
    fuzz_require(sidecar->pad >= TRBA_CHOICE_ANY && sidecar->pad <= TRBA_CHOICE_YES, "no such choice");
    fuzz_require(sidecar->rotate >= TRBA_ROTATE_NONE && sidecar->rotate < TRBA_ROTATE_ANY, "no such way to rotate");
    fuzz_require(sidecar->batch_max_length >= 0, "a negative length");
    check_text(sidecar->charset_preset);
    check_text(sidecar->charset_text);
}

void fuzz_sidecar_bytes(sidecar_parser parse, const uint8_t *bytes, size_t n_bytes)
{
    struct sidecar_draft draft = {.path = "sidecar"};
    struct sidecar sidecar = {.path = NULL};
    trba_error err = {.message = ""};
    trba_status status = parse(&draft, (const char *)bytes, n_bytes, &err);
    if (status == TRBA_OK) status = sidecar_draft_finish(&draft, &sidecar, &err);
    if (fuzz_check_status(status, &err)) check_sidecar(&sidecar);
    sidecar_draft_clear(&draft);
    sidecar_free(&sidecar);
}
