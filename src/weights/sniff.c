/* SPDX-License-Identifier: Apache-2.0 */
/* sniff.c - the kinds of files that people hand to a program that wants a checkpoint.
 *
 *   readable    zip (PK), pickle (PROTO 2 to 5, or the magic number of the legacy form in protocol 1), safetensors (a
 *               small length, then "{")
 *   damaged     empty, nothing but zeros, a zip file without its end
 *   known       a table of first bytes, each with a sentence on what to do
 *   guessed     HTML, text, protocol buffers (ONNX, TensorFlow)
 */
#include "weights/sniff.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "weights/zip_archive.h"

enum { LOOK_BYTES = 512 };

#define SIGNATURE(offset, text, sentence) {offset, sizeof text - 1, text, sentence}
static const struct signature {
    size_t offset, n;
    const char *bytes, *sentence;
} signatures[] = {
    SIGNATURE(0, "version https://git-lfs",
              "this is a git-lfs pointer, not the weights: run \"git lfs pull\" or download the file itself"),
    SIGNATURE(257, "ustar",
              "this is a tar archive (PyTorch before 0.1.10 saved such files): unpack it if a checkpoint is inside, or "
              "load and save it again with a newer PyTorch"),
    SIGNATURE(0, "\x89HDF\r\n\x1a\n", "this is an HDF5 file (Keras): a PyTorch checkpoint is needed"),
    SIGNATURE(0, "GGUF", "this is a GGUF file (llama.cpp): a PyTorch checkpoint is needed"),
    SIGNATURE(4, "TFL3", "this is a TensorFlow Lite model: a PyTorch checkpoint is needed"),
    SIGNATURE(0, "\x1f\x8b", "this file is compressed with gzip: unpack it first (gunzip)"),
    SIGNATURE(0, "\xfd" "7zXZ", "this file is compressed with xz: unpack it first (unxz)"),
    SIGNATURE(0, "7z\xbc\xaf\x27\x1c", "this is a 7z archive: unpack it first"),
    SIGNATURE(0, "BZh", "this file is compressed with bzip2: unpack it first (bunzip2)"),
    SIGNATURE(0, "\x28\xb5\x2f\xfd", "this file is compressed with zstd: unpack it first (unzstd)"),
    SIGNATURE(0, "Rar!", "this is a RAR archive: unpack it first"),
    SIGNATURE(0, "\x89PNG", "this is a picture (PNG), not a model: are model and image swapped?"),
    SIGNATURE(0, "\xff\xd8\xff", "this is a picture (JPEG), not a model: are model and image swapped?"),
    SIGNATURE(0, "GIF8", "this is a picture (GIF), not a model: are model and image swapped?"),
    SIGNATURE(0, "%PDF", "this is a PDF document, not a model: a file of torch.save() or safetensors is needed"),
    SIGNATURE(0, "\x93NUMPY", "this is a NumPy array (.npy): save a state_dict with torch.save() instead"),
    SIGNATURE(0, "\x7f" "ELF", "this is a program, not a model: a file of torch.save() or safetensors is needed"),
};

static bool has_signature(const uint8_t *bytes, size_t n_bytes, const struct signature *signature)
{
    return signature->offset + signature->n <= n_bytes &&
           memcmp(bytes + signature->offset, signature->bytes, signature->n) == 0;
}

static bool is_printable(uint8_t byte)
{
    return (byte >= 0x20 && byte != 0x7F) || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool is_text(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_printable(bytes[i])) return false;
    return true;
}

static bool is_zeros(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0) return false;
    return true;
}

/* The first thing after white space and a byte order mark is "<". */
static bool is_markup(const uint8_t *bytes, size_t n)
{
    size_t i = n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (i < n && (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\r' || bytes[i] == '\n')) i++;
    return i < n && bytes[i] == '<';
}

/* A local header, or the end record that an empty archive begins with. */
static bool is_zip(const uint8_t *bytes, size_t n_bytes)
{
    return n_bytes >= 4 && bytes[0] == 'P' && bytes[1] == 'K' && (bytes[2] == 3 || bytes[2] == 5);
}

static bool is_pickle(const uint8_t *bytes, size_t n_bytes)
{
    const size_t n_magic = sizeof SNIFF_DECIMAL_MAGIC - 1;
    return (n_bytes >= 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5) ||
           (n_bytes >= n_magic && memcmp(bytes, SNIFF_DECIMAL_MAGIC, n_magic) == 0);
}

/* A header length and "{". Text could look like that, but then all of the length's bytes would be printable. */
static bool is_safetensors(const uint8_t *bytes, size_t n_bytes)
{
    return n_bytes >= 9 && bytes[8] == '{' && !is_text(bytes, 8);
}

/* The first field of an ONNX ModelProto is ir_version (3 since 2017), of a TensorFlow SavedModel the version 1. The
 * next is a producer name, an opset or a graph: all with a length. */
static const char *guess_protocol_buffer(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes < 4 || bytes[0] != 0x08 || (bytes[2] & 7) != 2) return NULL;
    if (bytes[1] == 1 && bytes[2] == 0x12) return "this is a TensorFlow SavedModel: a PyTorch checkpoint is needed";
    if (bytes[1] >= 3 && bytes[1] <= 20)
        return "this is an ONNX model: the PyTorch checkpoint that it was exported from is needed";
    return NULL;
}

/* What is missing, or NULL. */
static const char *find_damage(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes == 0) return "this file is empty: the download or the copy failed, so try it again";
    if (is_zeros(bytes, n_bytes < LOOK_BYTES ? n_bytes : LOOK_BYTES))
        return "this file begins with nothing but zeros: the download is incomplete, so try it again";
    if (is_zip(bytes, n_bytes) && !zip_has_end_record(bytes, n_bytes))
        return "the end of this zip file is missing: the download is incomplete, so try it again";
    return NULL;
}

static const char *describe(const uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        if (has_signature(bytes, n_bytes, &signatures[i])) return signatures[i].sentence;
    const size_t n = n_bytes < LOOK_BYTES ? n_bytes : LOOK_BYTES;
    const char *guess = guess_protocol_buffer(bytes, n);
    if (guess != NULL) return guess;
    if (!is_text(bytes, n))
        return "this is not a checkpoint of a known kind: a file of torch.save() or a safetensors file is needed";
    if (is_markup(bytes, n))
        return "this is a web page (HTML), not the weights: the download went to a page in between, so fetch the file "
               "with a browser";
    return "this is a text file, not a checkpoint: a file of torch.save() or safetensors is needed";
}

enum sniff_kind sniff_file(const void *bytes, size_t n_bytes, const char **sentence)
{
    const uint8_t *first = bytes;
    *sentence = find_damage(first, n_bytes);
    if (*sentence != NULL) return SNIFF_DAMAGED;
    *sentence = "";
    if (is_zip(first, n_bytes)) return SNIFF_ZIP;
    if (is_pickle(first, n_bytes)) return SNIFF_PICKLE;
    if (is_safetensors(first, n_bytes)) return SNIFF_SAFETENSORS;
    *sentence = describe(first, n_bytes);
    return SNIFF_OTHER;
}
