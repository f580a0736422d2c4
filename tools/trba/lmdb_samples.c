/* SPDX-License-Identifier: Apache-2.0 */
/* lmdb_samples.c - LMDB through liblmdb, the one file that includes lmdb.h.
 *
 * liblmdb maps the file and believes what is in it. So what can be checked from outside is checked before it looks: the
 * file is as long as its own header says it is, as a truncated one would end the program with SIGBUS. A file damaged on
 * purpose can still do harm: sets are as trusted as programs are.
 */
#include "lmdb_samples.h"

#include <errno.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/path_array.h"
#include "common/tool_memory.h"

enum { KEY_BYTES = 32, NUMBER_BYTES = 24, DATA_VERSION = 1, MOST_SAMPLES = 999999999 /* nine digits */ };

struct lmdb_samples {
    char *folder;
    MDB_env *env;
    MDB_txn *txn; /* one snapshot for all reading; the bytes in it stay until it ends */
    MDB_dbi dbi;
};

/* ---- what is wrong with it --------------------------------------------------------------------------------------- */

/* The first words of the file: a page number of 8 bytes (4 where programs have 32 bits), 8 bytes more, then this. */
#define LMDB_MAGIC UINT32_C(0xBEEFC0DE)
enum { HEADER_WORDS = 6, MAGIC_AT = 4, MAGIC_AT_32_BITS = 3 };

static uint32_t swap_bytes(uint32_t word)
{
    return word >> 24 | (word >> 8 & 0xFF00) | (word << 8 & 0xFF0000) | word << 24;
}

/* What liblmdb calls invalid, told more exactly. */
static const char *explain_header(const char *data_path)
{
    uint32_t words[HEADER_WORDS] = {0};
    FILE *file = fopen(data_path, "re");
    const size_t n = file != NULL ? fread(words, sizeof *words, HEADER_WORDS, file) : 0;
    if (file != NULL) fclose(file);
    if (n < HEADER_WORDS) return "it is cut off";
    if (words[MAGIC_AT] == LMDB_MAGIC) return words[MAGIC_AT + 1] == DATA_VERSION ? "it is damaged or cut off"
                                                                                  : "its format has another version";
    if (words[MAGIC_AT] == swap_bytes(LMDB_MAGIC) || words[MAGIC_AT_32_BITS] == swap_bytes(LMDB_MAGIC))
        return "it was written on a machine with the other order of bytes";
    if (words[MAGIC_AT_32_BITS] == LMDB_MAGIC) return "it was written by a program of 32 bits";
    return "it is no LMDB file";
}

static bool refuse(const char *data_path, int code, char message[OPTION_MESSAGE_BYTES])
{
    const bool is_format = code == MDB_INVALID || code == MDB_VERSION_MISMATCH;
    snprintf(message, OPTION_MESSAGE_BYTES, "cannot read %.300s: %s", data_path,
             is_format ? explain_header(data_path) : mdb_strerror(code));
    return false;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* Does the file have all the pages that are in use? */
static bool check_length(MDB_env *env, const char *data_path, size_t n_bytes, char message[OPTION_MESSAGE_BYTES])
{
    MDB_envinfo info;
    MDB_stat counts;
    int code = mdb_env_info(env, &info);
    if (code == 0) code = mdb_env_stat(env, &counts);
    if (code != 0) return refuse(data_path, code, message);
    if (counts.ms_psize > 0 && info.me_last_pgno < n_bytes / counts.ms_psize) return true;
    snprintf(message, OPTION_MESSAGE_BYTES, "cannot read %.300s: it is cut off, %zu bytes are left of %zu pages",
             data_path, n_bytes, info.me_last_pgno + 1);
    return false;
}

static bool open_environment(struct lmdb_samples *s, const char *data_path, char message[OPTION_MESSAGE_BYTES])
{
    struct stat file;
    if (stat(data_path, &file) != 0) return refuse(data_path, errno, message);
    if (file.st_size == 0) return refuse(data_path, MDB_INVALID, message);
    int code = mdb_env_create(&s->env);
    /* Maps what is there, and not the terabyte that the writer had set aside. */
    if (code == 0) code = mdb_env_set_mapsize(s->env, (size_t)file.st_size);
    if (code == 0) code = mdb_env_open(s->env, s->folder, MDB_RDONLY | MDB_NOLOCK, 0);
    if (code != 0) return refuse(data_path, code, message);
    if (!check_length(s->env, data_path, (size_t)file.st_size, message)) return false;
    code = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->txn);
    if (code == 0) code = mdb_dbi_open(s->txn, NULL, 0, &s->dbi);
    return code == 0 || refuse(data_path, code, message);
}

/* Returns false if the key is not there. */
static bool get_value(const struct lmdb_samples *s, const char *key_text, MDB_val *out)
{
    MDB_val key = {strlen(key_text), (void *)(uintptr_t)key_text};
    return mdb_get(s->txn, s->dbi, &key, out) == 0;
}

/* num-samples, held against the number of entries. */
static bool count_samples(const struct lmdb_samples *s, size_t *n_samples, char message[OPTION_MESSAGE_BYTES])
{
    MDB_val value;
    MDB_stat counts;
    char digits[NUMBER_BYTES] = "", *end = digits;
    unsigned long long n = 0;
    const bool has_value = get_value(s, "num-samples", &value) && mdb_stat(s->txn, s->dbi, &counts) == 0;
    if (has_value && value.mv_size > 0 && value.mv_size < NUMBER_BYTES) {
        memcpy(digits, value.mv_data, value.mv_size);
        n = strtoull(digits, &end, 10);
    }
    *n_samples = (size_t)n;
    if (has_value && end != digits && *end == '\0' && n <= MOST_SAMPLES && n <= counts.ms_entries) return true;
    snprintf(message, OPTION_MESSAGE_BYTES, "cannot read the LMDB in %.300s: %s", s->folder,
             !has_value ? "it has no num-samples, so it is not one of clovaai's data sets"
                        : "its num-samples is not the number of its samples");
    return false;
}

bool lmdb_samples_open(const char *folder, void **out, size_t *n_samples, char message[OPTION_MESSAGE_BYTES])
{
    struct lmdb_samples *samples = memory_resize(NULL, 1, sizeof *samples);
    char *data_path = path_join(folder, "data.mdb");
    *samples = (struct lmdb_samples){.folder = memory_copy_text(folder)};
    const bool is_open = open_environment(samples, data_path, message) && count_samples(samples, n_samples, message);
    free(data_path);
    if (is_open) *out = samples;
    else lmdb_samples_close(samples);
    return is_open;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static char *copy_label(const MDB_val *value)
{
    char *label = memory_resize(NULL, value->mv_size + 1, 1);
    memcpy(label, value->mv_data, value->mv_size);
    label[value->mv_size] = '\0';
    return label;
}

void lmdb_samples_get(const void *samples, size_t index, struct eval_sample *out)
{
    const struct lmdb_samples *s = samples;
    MDB_val label, image;
    char label_key[KEY_BYTES], image_key[KEY_BYTES];
    snprintf(label_key, sizeof label_key, "label-%09zu", index + 1);
    snprintf(image_key, sizeof image_key, "image-%09zu", index + 1);
    out->name = path_join(s->folder, image_key);
    if (!get_value(s, label_key, &label))
        out->problem = "it has no label";
    else if (memchr(label.mv_data, '\0', label.mv_size) != NULL)
        out->problem = "its label has zero bytes";
    out->has_no_label = out->problem != NULL;
    out->label = out->has_no_label ? memory_copy_text("") : copy_label(&label);
    if (get_value(s, image_key, &image))
        out->image = trba_image_encoded(image.mv_data, image.mv_size);
    else if (out->problem == NULL)
        out->problem = "it is not in the LMDB";
}

void lmdb_samples_close(void *samples)
{
    struct lmdb_samples *s = samples;
    mdb_txn_abort(s->txn);
    if (s->env != NULL) mdb_env_close(s->env);
    free(s->folder);
    free(s);
}
