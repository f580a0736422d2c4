/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_programs.c - from an input's lines to argv, and around the program: folder, standard files, clean-up. */
#include "fuzz_programs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz_folder.h"
#include "tiny_network.h"

enum { MAX_ARGUMENTS = 64, LAST_LARGE_DIGITS = 5, KEPT_DIGITS = 2 };

/* ---- arguments --------------------------------------------------------------------------------------------------- */

/* Numbers of three to five digits are within the options' ranges, and a picture of 999 x 999 in batches of 999 takes
 * all memory: they lose all but two. Longer ones stay, to be refused. */
static void shorten_numbers(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        const size_t n = strspn(from, "0123456789");
        const size_t n_kept = n > KEPT_DIGITS && n <= LAST_LARGE_DIGITS ? KEPT_DIGITS : n > 0 ? n : 1;
        memmove(to, from, n_kept);
        to += n_kept;
        from += n > 0 ? n : 1;
    }
    *to = '\0';
}

/* Nothing leads out of the folder. */
static void confine(char *text)
{
    for (char *at = text; *at != '\0'; at++)
        if (*at == '/') *at = '_';
    for (char *at = text; (at = strstr(at, "..")) != NULL;) *at = '_';
}

/* Cuts the text into lines; argv[n] is NULL. */
static int split_lines(char *text, const char *name, char **argv)
{
    int n = 0;
    argv[n++] = (char *)(uintptr_t)name;
    for (char *line = text; line != NULL && n < MAX_ARGUMENTS - 1;) {
        char *newline = strchr(line, '\n');
        if (newline != NULL) *newline = '\0';
        shorten_numbers(line);
        confine(line);
        argv[n++] = line;
        line = newline != NULL ? newline + 1 : NULL;
    }
    argv[n] = NULL;
    return n;
}

/* ---- surroundings ------------------------------------------------------------------------------------------------ */

static const uint8_t word_png[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00,
    0x00, 0x08, 0x00, 0x00, 0x00, 0x04, 0x08, 0x00, 0x00, 0x00, 0x00, 0x96, 0xa6, 0x21, 0x2c, 0x00, 0x00, 0x00,
    0x2d, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x64, 0x60, 0x17, 0x55, 0x36, 0xb4, 0xf7, 0x8d, 0x66, 0x38,
    0x60, 0xbe, 0xc7, 0xff, 0xc3, 0xfc, 0x18, 0x75, 0x46, 0x86, 0xe7, 0x5f, 0x99, 0x05, 0xe5, 0x75, 0xad, 0x19,
    0x0e, 0x88, 0xd7, 0xbc, 0x2f, 0xf8, 0x3f, 0xc7, 0x1d, 0x00, 0xbd, 0xa6, 0x0c, 0x79, 0xa6, 0xd0, 0x15, 0x33,
    0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

static const uint8_t tall_png[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00,
    0x00, 0x04, 0x00, 0x00, 0x00, 0x09, 0x08, 0x00, 0x00, 0x00, 0x00, 0x30, 0x04, 0xd2, 0x7c, 0x00, 0x00, 0x00,
    0x23, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x94, 0x64, 0x60, 0x60, 0x60, 0xd2, 0xc8, 0xdb, 0xf2, 0x8b,
    0x49, 0x23, 0x6f, 0xcb, 0x2f, 0xc6, 0x89, 0xa8, 0x5c, 0x4e, 0x18, 0x97, 0x21, 0xf2, 0x69, 0xe1, 0x5f, 0x00,
    0x20, 0x23, 0x0e, 0xc1, 0xef, 0xf4, 0x3b, 0xb3, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42,
    0x60, 0x82};

/* Boxes, a list, two data sets, the results of runs that were stopped in the middle of a line, a sidecar. */
static const struct { const char *name, *text; } texts[] = {
    {"page.json", "[[0, 0, 4, 3], [2, 1, 5, 3], [1, 0, 2, 4]]"},
    {"names.txt", "word.png\nmissing.png\n"},
    {"gt.txt", "word.png\tab\ntall9.png c d\nmissing.png\tx\n"},
    {"labels.csv", "filename,words\nword.png,\"a,b\"\nmissing.png,x\n"},
    {"done.tsv", "word.png\tab\t0.5\nmiss"},
    {"done.jsonl", "{\"path\": \"word.png\", \"status\": \"ok\"}\n{\"path\": \"missing.png\", \"status\": \"io\"}\n{"},
    {"told.yaml", "charset_preset: alnum36\nPAD: True\nrotate: tall\nbatch_max_length: 9\n"},
};

/* Anew for every input: the one before may have written over them (--output word.png). */
static void write_files(void)
{
    static uint8_t *network;
    static size_t network_bytes;
    if (network == NULL) network = tiny_network_new(&network_bytes);
    fuzz_folder_clean(NULL);
    fuzz_folder_write("tiny.pth", network, network_bytes);
    fuzz_folder_write("broken.pth", network, network_bytes / 2);
    fuzz_folder_write("told.pth", network, network_bytes);
    fuzz_folder_write("word.png", word_png, sizeof word_png);
    fuzz_folder_write("tall9.png", tall_png, sizeof tall_png);
    fuzz_folder_write("tall10.png", tall_png, sizeof tall_png);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        fuzz_folder_write(texts[i].name, texts[i].text, strlen(texts[i].text));
}

static FILE *open_nowhere(const char *mode)
{
    FILE *file = fopen("/dev/null", mode);
    fuzz_require(file != NULL, "there is no /dev/null");
    return file;
}

/* strdemo closes stdout at its end, but the next input needs it: CMakeLists.txt puts this in the place of fclose(). */
int program_fclose(FILE *file)
{
    return file == stdout ? fflush(file) : fclose(file);
}

/* With stdin, stdout and stderr (in glibc and musl variables like others) leading nowhere; descriptor 2 stays, for the
 * sanitizers. */
static void run_quietly(program_main run, int argc, char **argv)
{
    FILE *const in = stdin, *const out = stdout, *const errors = stderr;
    stdin = open_nowhere("r");
    stdout = open_nowhere("w");
    stderr = open_nowhere("w");
    const int code = run(argc, argv);
    fclose(stdin);
    fclose(stdout);
    fclose(stderr);
    stdin = in;
    stdout = out;
    stderr = errors;
    fuzz_require(code >= 0 && code <= 3, "an exit code that is not documented");
}

void fuzz_program_bytes(program_main run, const char *name, const uint8_t *bytes, size_t n_bytes)
{
    char *argv[MAX_ARGUMENTS];
    char *text = fuzz_copy_text(bytes, n_bytes);
    const int argc = split_lines(text, name, argv);
    const int back = open(".", O_RDONLY | O_DIRECTORY);
    write_files();
    unsetenv("TRBA_MODEL");
    fuzz_require(back >= 0 && chdir(fuzz_folder()) == 0, "no folder to run in");
    run_quietly(run, argc, argv);
    fuzz_require(fchdir(back) == 0, "no way back from the folder");
    close(back);
    free(text);
}
