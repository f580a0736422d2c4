/* SPDX-License-Identifier: Apache-2.0 */
/* user_c.c - what a program that uses the installed library does first: asks its version, opens a model that is not
 * there, prints why that failed. Exits with 0 if all of it went as trba.h says. */
#include <stdio.h>
#include <trba.h>

int main(void)
{
    char expected[32];
    trba_model *model = NULL;
    trba_error error;

    sprintf(expected, "%d.%d.%d", TRBA_VERSION_MAJOR, TRBA_VERSION_MINOR, TRBA_VERSION_PATCH);
    for (int i = 0; expected[i] != '\0' || trba_version()[i] != '\0'; i++)
        if (expected[i] != trba_version()[i]) return 1;
    if (trba_model_open("there is no such file.pth", NULL, &model, &error) != TRBA_ERROR_IO) return 2;
    printf("trba %s from C: %s: %s\n", trba_version(), trba_status_name(error.status), error.message);
    return model == NULL ? 0 : 3;
}
