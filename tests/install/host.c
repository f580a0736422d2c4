/* SPDX-License-Identifier: Apache-2.0 */
/* host.c - a program whose own functions have the names of inner functions of the library, shared or static. It reads a
 * picture; nothing in the library may call what is here.
 *
 *   usage: host MODEL PICTURE        prints the word; exits with 0 if none of its own functions was called
 */
#include <stdio.h>
#include <trba.h>

static int n_calls;

/* Of other types than the library's, as they would be: */
int arena_init(int size);
int resize_bicubic(void);
int resize_linear(const char *what);
int utf8_decode(int character);

int arena_init(int size)
{
    n_calls++;
    return size;
}

int resize_bicubic(void)
{
    return ++n_calls;
}

int resize_linear(const char *what)
{
    n_calls++;
    return what[0];
}

int utf8_decode(int character)
{
    n_calls++;
    return character;
}

int main(int argc, char **argv)
{
    trba_model *model = NULL;
    trba_session *session = NULL;
    const trba_result *result;
    trba_error error;

    if (argc != 3) return 2;
    const trba_image image = trba_image_file(argv[2]);
    if (trba_model_open(argv[1], NULL, &model, &error) != TRBA_OK ||
        trba_session_new(model, NULL, &session, &error) != TRBA_OK ||
        trba_session_read(session, &image, &result, &error) != TRBA_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    puts(result->text);
    trba_session_free(session);
    trba_model_free(model);
    if (n_calls > 0) fprintf(stderr, "the library called functions of its host program, %d times\n", n_calls);
    return n_calls > 0 ? 3 : 0;
}
