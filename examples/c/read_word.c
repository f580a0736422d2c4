/* SPDX-License-Identifier: Apache-2.0 */
/* read_word.c - reads one picture of a word.
 *
 *   usage: read_word CHECKPOINT IMAGE      prints  text confidence
 *   build: cc read_word.c -o read_word $(pkg-config --cflags --libs trba)
 */
#include <stdio.h>
#include <trba.h>

/* Returns an exit code. */
static int read_word(const char *checkpoint, const char *path)
{
    trba_model *model = NULL;
    trba_session *session = NULL;
    const trba_result *result;
    trba_error err;

    trba_status status = trba_model_open(checkpoint, NULL, &model, &err);
    if (status == TRBA_OK) status = trba_session_new(model, NULL, &session, &err);
    const trba_image image = trba_image_file(path);
    if (status == TRBA_OK) status = trba_session_read(session, &image, &result, &err);
    if (status == TRBA_OK)
        printf("%s %.4f\n", result->text, result->confidence); /* the result is the session's: use it before freeing */
    else
        fprintf(stderr, "read_word: %s\n", err.message);
    trba_session_free(session); /* freeing NULL is fine */
    trba_model_free(model);
    return status == TRBA_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: read_word CHECKPOINT IMAGE\n");
        return 2;
    }
    return read_word(argv[1], argv[2]);
}
