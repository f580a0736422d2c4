/* SPDX-License-Identifier: Apache-2.0 */
/* trba.h - read the text in word images with scene-text recognition networks, straight from a PyTorch checkpoint.
 *
 *   trba_model   *model;                                         weights, alphabet, settings: immutable, shared
 *   trba_session *session;                                       scratch memory and threads: one per thread
 *   const trba_result *result;
 *   trba_error err;
 *
 *   trba_model_open("best.pth", NULL, &model, &err);
 *   trba_session_new(model, NULL, &session, &err);
 *   const trba_image image = trba_image_file("word.png");
 *   if (trba_session_read(session, &image, &result, &err) == TRBA_OK)
 *       printf("%s %.4f\n", result->text, result->confidence);
 *   trba_session_free(session);
 *   trba_model_free(model);
 *
 * The networks are the 24 of clovaai/deep-text-recognition-benchmark (Baek et al., "What Is Wrong With Scene Text
 * Recognition Model Comparisons?", ICCV 2019): {None,TPS} x {VGG,RCNN,ResNet} x {None,BiLSTM} x {CTC,Attn}.
 *
 * Rules that hold for every function here:
 *   - The library never prints, exits, aborts, reads the environment or installs signal handlers.
 *   - A function that can fail returns a trba_status, and writes one sentence to `err` if `err` is not NULL.
 *     On failure no output argument is touched.
 *   - `struct_size` fields are set by the *_options_default() functions, and options that were not made by these are
 *     refused: what a later version adds has its default in programs that are compiled again.
 *   - Freeing NULL is allowed. Strings are UTF-8.
 *   - Any function may be called from any number of threads at once, but a session is used by one at a time, nothing is
 *     freed while it is in use, and no thread is cancelled (pthread_cancel()) within a call.
 *   - Calculations round to nearest and trap no exception, whatever the caller has set; its floating-point environment
 *     is as before when a function returns. Threads of the library take no signals but those that their own
 *     instructions raise; nor do OpenBLAS's, if the library loads it. A call needs up to 192 KiB of the caller's stack.
 *   - Process-wide state is changed by two kinds of models and by trba_system_info() only. A model whose tier is
 *     TRBA_CPU_BLAS loads OpenBLAS, for good, and sets it to one thread (openblas_set_num_threads(1)), because the
 *     session's own threads call it; no other tier needs it. trba_system_info() loads it to describe it, and leaves it
 *     its threads. (OpenBLAS and Fortran's runtime themselves end the process if memory runs out while they start.) A
 *     model in INT16 or BF16 asks Linux for leave to use AMX's tiles, for the whole process (trba_precision).
 */
#ifndef TRBA_H
#define TRBA_H

#include <stddef.h>
#include <stdint.h>

#define TRBA_VERSION_MAJOR 0
#define TRBA_VERSION_MINOR 1
#define TRBA_VERSION_PATCH 0

#if defined(__GNUC__)
#define TRBA_API __attribute__((visibility("default")))
#else
#define TRBA_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status and errors ------------------------------------------------------------------------------------------- */

typedef enum trba_status {
    TRBA_OK = 0,
    TRBA_ERROR_ARGUMENT,    /* the caller passed something that cannot be right (NULL, negative, unknown) */
    TRBA_ERROR_IO,          /* a file cannot be opened, read or written */
    TRBA_ERROR_FORMAT,      /* the bytes are not what they should be: damaged, truncated, hostile, another kind */
    TRBA_ERROR_UNSUPPORTED, /* a valid file of a kind this library does not read; a processor tier that is not here */
    TRBA_ERROR_MISMATCH,    /* the tensors contradict the options, or do not make up one of the networks */
    TRBA_ERROR_CHARSET,     /* the alphabet is unknown or does not fit the number of classes */
    TRBA_ERROR_LIMIT,       /* over a documented limit (pixels, sides, tensors, nesting) */
    TRBA_ERROR_MEMORY       /* memory could not be had */
} trba_status;

/* The caller's; may live on the stack. `message` is one sentence (a checkpoint mismatch: a few lines), never empty
 * after a failure. */
typedef struct trba_error {
    trba_status status;
    char message[2044];
} trba_error;

/* A short fixed English name of a status: "ok", "bad argument", ... Never NULL. */
TRBA_API const char *trba_status_name(trba_status status);

/* ---- version and machine ----------------------------------------------------------------------------------------- */

/* "0.1.0", of the library that is running (the macros above are of the header compiled against). */
TRBA_API const char *trba_version(void);

/* The instruction-set tiers, each a cap: a model uses at most this tier, and at most what the processor has.
 * REF is plain C loops, the judge of all others. BLAS is portable C over OpenBLAS's GEMM: where OpenBLAS cannot be
 * loaded, opening a model of this tier is TRBA_ERROR_UNSUPPORTED, also if AUTO has chosen it. */
typedef enum trba_cpu {
    TRBA_CPU_AUTO = 0, /* the best this processor has */
    TRBA_CPU_REF,
    TRBA_CPU_BLAS,
    TRBA_CPU_AVX2,
    TRBA_CPU_AVX512,
    TRBA_CPU_AVX512VNNI,
    TRBA_CPU_AVX512AMX /* AMX tiles for INT16 and BF16; all else as AVX512VNNI */
} trba_cpu;

/* How many processors this process may run on: as many threads has a session whose n_threads is 0, but at most 64. */
TRBA_API int trba_cpu_count(void);
/* The best tier of this processor and of this build. */
TRBA_API trba_cpu trba_cpu_best(void);
/* "auto", "ref", "blas", "avx2", "avx512", "avx512vnni", "avx512amx". */
TRBA_API const char *trba_cpu_name(trba_cpu cpu);
/* The tier of that name. TRBA_ERROR_ARGUMENT if there is none; TRBA_ERROR_UNSUPPORTED if this processor lacks it. */
TRBA_API trba_status trba_cpu_from_name(const char *name, trba_cpu *out, trba_error *err);
/* Writes one line on version, compiler, processor tiers and OpenBLAS to `out` (always terminated; at most
 * `capacity` bytes). OpenBLAS is loaded for it; where that fails, the line says "no OpenBLAS". */
TRBA_API void trba_system_info(char *out, size_t capacity);

/* ---- architecture ------------------------------------------------------------------------------------------------ */

typedef enum trba_transformation {
    TRBA_TRANSFORMATION_ANY = 0, TRBA_TRANSFORMATION_NONE, TRBA_TRANSFORMATION_TPS
} trba_transformation;
typedef enum trba_feature_extraction {
    TRBA_FEATURE_EXTRACTION_ANY = 0, TRBA_FEATURE_EXTRACTION_VGG, TRBA_FEATURE_EXTRACTION_RCNN,
    TRBA_FEATURE_EXTRACTION_RESNET
} trba_feature_extraction;
typedef enum trba_sequence_modeling {
    TRBA_SEQUENCE_MODELING_ANY = 0, TRBA_SEQUENCE_MODELING_NONE, TRBA_SEQUENCE_MODELING_BILSTM
} trba_sequence_modeling;
typedef enum trba_prediction {
    TRBA_PREDICTION_ANY = 0, TRBA_PREDICTION_CTC, TRBA_PREDICTION_ATTN
} trba_prediction;

/* What a checkpoint is, or what the caller expects it to be. ANY and 0 mean "not known" or "whatever the tensors say".
 * The names are the option names of the clovaai programs. */
typedef struct trba_architecture {
    trba_transformation transformation;
    trba_feature_extraction feature_extraction;
    trba_sequence_modeling sequence_modeling;
    trba_prediction prediction;
    int input_channel;  /* 1 grey, 3 RGB */
    int output_channel; /* channels of the feature extractor's last map */
    int hidden_size;    /* of the LSTMs; 0 when the network has none */
    int num_fiducial;   /* TPS control points, 1024 at most; 0 without TPS */
    int num_class;      /* CTC: characters + 1 (blank); Attn: characters + 2 ([GO], [s]) */
    int img_h, img_w;   /* known from the tensors with TPS only (from the P_hat buffer) */
} trba_architecture;

/* Writes e.g. "TPS-ResNet-BiLSTM-Attn" to `out` (always terminated; 64 bytes are enough). "?" for a stage not known. */
TRBA_API void trba_architecture_name(const trba_architecture *arch, char *out, size_t capacity);

/* ---- checkpoints: what is in the file ---------------------------------------------------------------------------- */

/* An opened checkpoint: the table of its tensors. Nothing of the file is executed. Immutable; may be shared. */
typedef struct trba_checkpoint trba_checkpoint;

#define TRBA_MAX_DIMENSIONS 8

typedef struct trba_tensor_info {
    const char *name;  /* as in the file, without the path to its dict; owned by the checkpoint */
    const char *dtype; /* "float32", "float16", "bfloat16", "float64", "int64", ...; static */
    int n_dimensions;
    int64_t shape[TRBA_MAX_DIMENSIONS];
} trba_tensor_info;

/* Opens a PyTorch checkpoint (zip form, or the legacy form of torch < 1.6) or a safetensors file and finds the dict of
 * weights in it. The file must not change while the checkpoint is open (it is mapped, not copied). */
TRBA_API trba_status trba_checkpoint_open(const char *path, trba_checkpoint **out, trba_error *err);
/* The same from memory; `bytes` is not copied and must outlive the checkpoint. */
TRBA_API trba_status trba_checkpoint_open_memory(const void *bytes, size_t n_bytes, trba_checkpoint **out,
                                                 trba_error *err);
TRBA_API void trba_checkpoint_free(trba_checkpoint *checkpoint);

/* "PyTorch zip", "PyTorch legacy", "TorchScript", "safetensors". Static. */
TRBA_API const char *trba_checkpoint_format(const trba_checkpoint *checkpoint);
/* Where in the file the weights were: "" for the top level, else e.g. "state_dict". Owned by the checkpoint. */
TRBA_API const char *trba_checkpoint_root(const trba_checkpoint *checkpoint);
/* The prefix that the names carried and that was taken off, e.g. "module."; "" if none. Owned by the checkpoint. */
TRBA_API const char *trba_checkpoint_prefix(const trba_checkpoint *checkpoint);
TRBA_API size_t trba_checkpoint_tensor_count(const trba_checkpoint *checkpoint);
/* TRBA_ERROR_ARGUMENT if `index` is not below the count. */
TRBA_API trba_status trba_checkpoint_tensor(const trba_checkpoint *checkpoint, size_t index, trba_tensor_info *out);

/* Reads the architecture out of tensor names and shapes. TRBA_ERROR_MISMATCH if they make up none of the networks. */
TRBA_API trba_status trba_checkpoint_architecture(const trba_checkpoint *checkpoint, trba_architecture *out,
                                                  trba_error *err);

typedef enum trba_difference {
    TRBA_DIFFERENCE_MISSING,    /* the architecture needs it, the checkpoint lacks it */
    TRBA_DIFFERENCE_UNEXPECTED, /* the checkpoint has it, the architecture does not */
    TRBA_DIFFERENCE_SHAPE       /* both have it, in different shapes */
} trba_difference;

/* Calls `visit` for every tensor in which the checkpoint differs from what `asked` needs, like the lists of
 * load_state_dict(). ANY and 0 in `asked` are filled from the checkpoint. `detail` is "" or e.g.
 * "has [38,256], needs [97,256]". Returns the number of differences. */
TRBA_API size_t trba_checkpoint_compare(const trba_checkpoint *checkpoint, const trba_architecture *asked,
                                        void (*visit)(void *user, trba_difference kind, const char *name,
                                                      const char *detail),
                                        void *user);

typedef enum trba_dtype {
    TRBA_DTYPE_ANY = 0, /* each tensor keeps its own */
    TRBA_DTYPE_FLOAT32, TRBA_DTYPE_FLOAT16, TRBA_DTYPE_BFLOAT16
} trba_dtype;

typedef enum trba_save_format {
    TRBA_SAVE_ANY = 0,     /* by the path: .safetensors, or .pth or .pt; else an error */
    TRBA_SAVE_SAFETENSORS,
    TRBA_SAVE_PYTORCH      /* the zip form of torch.save(): a state_dict */
} trba_save_format;

typedef struct trba_save_options {
    size_t struct_size;
    trba_save_format format;
    trba_dtype dtype;   /* what numbers with a point become, rounded to nearest, ties to even; whole numbers stay */
    const char *prefix; /* before every name, e.g. "module."; NULL: none */
} trba_save_options;

TRBA_API trba_save_options trba_save_options_default(void);

/* Writes the tensors, under the names trba_checkpoint_tensor() shows, to a file of another form. `options` may be NULL;
 * all arguments are read during the call only. The file is written beside `path` under another name, flushed to the
 * disk, read back, compared tensor by tensor, and only then renamed to `path`, which may exist (and may be the file the
 * checkpoint was opened from). A link there is replaced, not followed; but one that leads into /proc, as /dev/stdout
 * does, is TRBA_ERROR_IO, like a folder, a pipe or a device. So after success `path` holds all of it; after failure it
 * is as it was and nothing else is left. A process that ends during the call leaves the other name: `path` with
 * ".part-PID-N" behind it, its own PID and the first N from 0 to 99 that is free, for a signal handler to remove. A
 * number that is finite and would become infinite in the new type is TRBA_ERROR_LIMIT and names the tensor. safetensors
 * keep the texts found beside the weights as __metadata__; the PyTorch form has no place for them. At most 4 GiB. Any
 * number of threads may save one checkpoint at once, to different paths. */
TRBA_API trba_status trba_checkpoint_save(const trba_checkpoint *checkpoint, const char *path,
                                          const trba_save_options *options, trba_error *err);

/* ---- alphabets --------------------------------------------------------------------------------------------------- */

typedef struct trba_charset_preset {
    const char *name;        /* "alnum36", "printable94", "english_g2", ... */
    const char *text;        /* the characters in class order, UTF-8; NULL when only the size is known */
    int n_characters;        /* code points, duplicates counted; classes = this + 1 (CTC) or + 2 (Attn) */
    const char *description; /* who uses it */
} trba_charset_preset;

/* The presets one after the other; NULL past the end. Static. */
TRBA_API const trba_charset_preset *trba_charset_preset_at(size_t index);

/* ---- models ------------------------------------------------------------------------------------------------------ */

/* Weights packed for one processor tier, alphabet and settings. Immutable after opening: any number of threads and
 * sessions may use one model at once. */
typedef struct trba_model trba_model;

typedef enum trba_preset {
    TRBA_PRESET_ANY = 0, /* the sidecar's, else EASYOCR for its english_g2, which tensors and alphabet show, else
                            CLOVAAI */
    TRBA_PRESET_CLOVAAI, /* Pillow's bicubic resize to imgH x imgW; confidence is the product of the probabilities */
    TRBA_PRESET_EASYOCR  /* OpenCV's linear resize to imgH, padded to whole multiples of imgH; EasyOCR's confidence */
} trba_preset;

typedef enum trba_choice { TRBA_CHOICE_ANY = 0, TRBA_CHOICE_NO, TRBA_CHOICE_YES } trba_choice;

/* How often a word is read, turned by quarters. The surest reading is kept, of equals the first. Tall is what is at
 * least 1.5 times as tall as wide. */
typedef enum trba_rotate {
    TRBA_ROTATE_NONE = 0, /* once, as it is */
    TRBA_ROTATE_AUTO,     /* four times: turned by 0, 90, 180 and 270 degrees */
    TRBA_ROTATE_TALL,     /* what is tall three times: turned by 0, 90 and 270 degrees; all else once */
    TRBA_ROTATE_ANY       /* as the model's sidecar says, else NONE: the default of sessions, not of regions */
} trba_rotate;

/* The numbers that are multiplied. FP32 has PyTorch's answers. INT16 multiplies 16-bit integers, a scale for each row
 * and each column, and sums exactly, in convolutions, LSTMs, attention and linear layers; the first layer, the last,
 * and those with few numbers to a sum stay in float32: about 1.5 times as fast with VNNI; docs/PRECISION.md says how
 * many texts change. With AMX all convolutions but the first have a scale for a picture's map instead, multiply in two
 * parts of 8 bits, and leave out the product of the low ones. It needs AVX2; on lesser tiers it is FP32. BF16 rounds
 * what convolutions but the first multiply to bfloat16; those of TPS, and what is not a convolution, are as in INT16.
 * It needs AMX, without which it is FP32. Where there is AMX, opening a model in either asks Linux for leave to use its
 * tiles; from then on signal stacks (sigaltstack()) must have room for them, as sysconf(_SC_MINSIGSTKSZ) says. */
typedef enum trba_precision {
    TRBA_PRECISION_FP32 = 0,
    TRBA_PRECISION_INT16,
    TRBA_PRECISION_BF16,
    TRBA_PRECISION_AUTO /* INT16 with VNNI, else FP32: the faster of these on this processor */
} trba_precision;

/* "fp32", "int16", "bf16", "auto". */
TRBA_API const char *trba_precision_name(trba_precision precision);

typedef struct trba_model_options {
    size_t struct_size;
    trba_architecture expect; /* what the caller believes; contradicting the tensors is an error. img_h, img_w: the
                                 input size, at most 1024 x 16384, and with TPS (num_fiducial + 3) * img_h * img_w at
                                 most 2^24; 0: from TPS, else the sidecar's, else 32 x 100 (EASYOCR: 64) */
    /* At most one of the three; all NULL: the sidecar's, else the preset of which the network leaves no doubt (else
     * error) */
    const char *charset_preset; /* a preset's name */
    const char *charset_text;   /* the characters in class order */
    const char *charset_file;   /* a file of them: one line, or one token per line */
    trba_preset preset;
    trba_choice pad;            /* clovaai's --PAD: keep the aspect ratio, replicate the last column */
    int batch_max_length;       /* attention decodes at most this many characters, 1024 at most; 0: the sidecar's, else
                                   25 */
    trba_choice compat;         /* YES: clovaai's demo.py to the letter, its defects included (docs/COMPATIBILITY.md) */
    trba_choice use_sidecar;    /* ANY, YES: read opt.txt or STEM.yaml beside the checkpoint; NO: do not look */
    trba_cpu cpu;               /* the cap */
    trba_precision precision;
} trba_model_options;

TRBA_API trba_model_options trba_model_options_default(void);

/* Opens a checkpoint and packs it. `options` may be NULL. `options` and its strings are read during the call only.
 * The file must not change during the call (it is mapped, not copied: one that is cut short ends the process), and is
 * not needed afterwards. Nothing is ever read with missing or left-over weights: every mismatch is collected and
 * reported in one message with the likely cause. */
TRBA_API trba_status trba_model_open(const char *path, const trba_model_options *options, trba_model **out,
                                     trba_error *err);
/* The same from memory (no sidecar). `bytes` is read during the call only. */
TRBA_API trba_status trba_model_open_memory(const void *bytes, size_t n_bytes, const trba_model_options *options,
                                            trba_model **out, trba_error *err);
/* No session of the model may be in use or be used afterwards. */
TRBA_API void trba_model_free(trba_model *model);

typedef struct trba_model_info {
    trba_architecture architecture; /* img_h, img_w: the input size in use (EASYOCR: img_w is 0, it varies) */
    trba_preset preset;
    int pad, compat;                /* 0 or 1 */
    int batch_max_length;
    trba_cpu cpu;                   /* the tier in use */
    trba_precision precision;       /* in use: never AUTO */
    const char *charset_name;       /* a preset's name, else "custom"; owned by the model, as all strings here */
    int n_characters;
    const char *sidecar;            /* path of the sidecar that was read; "" if none */
    trba_rotate rotate;             /* what ANY means: never ANY. With `compat` NONE, whatever the sidecar says */
    size_t packed_bytes;            /* memory of the packed weights */
} trba_model_info;

TRBA_API void trba_model_get_info(const trba_model *model, trba_model_info *out);

/* The text of character `index` of the model's alphabet, in class order (blank, [GO] and [s] are not characters); NULL
 * past the last. UTF-8, owned by the model. Any thread may call it. */
TRBA_API const char *trba_model_character(const trba_model *model, size_t index);

/* One layer with weights, and how this processor computes it. Strings are owned by the model. */
typedef struct trba_layer_info {
    const char *name;    /* of its weights in the checkpoint */
    const char *work;    /* "3x3 convolution, stride 1x1, 64 to 128 channels" */
    const char *kernels; /* by their names in src/kernels/kernels.inc, in the order they run; "cblas_sgemm": OpenBLAS */
    size_t packed_bytes;
} trba_layer_info;

/* Layers stage by stage. `index` below trba_model_layer_count(), else TRBA_ERROR_ARGUMENT. */
TRBA_API size_t trba_model_layer_count(const trba_model *model);
TRBA_API trba_status trba_model_layer(const trba_model *model, size_t index, trba_layer_info *out);

/* ---- images ------------------------------------------------------------------------------------------------------ */

typedef enum trba_image_kind { TRBA_IMAGE_FILE = 1, TRBA_IMAGE_ENCODED, TRBA_IMAGE_PIXELS } trba_image_kind;
typedef enum trba_pixel_format {
    TRBA_PIXELS_GREY = 1, TRBA_PIXELS_RGB, TRBA_PIXELS_BGR, TRBA_PIXELS_RGBA, TRBA_PIXELS_BGRA
} trba_pixel_format; /* 8 bits each */

/* Which way up an encoded picture is. */
typedef enum trba_exif {
    TRBA_EXIF_ANY = 0, /* as the preset's program: CLOVAAI (Pillow) ignores it, EASYOCR (OpenCV) applies it */
    TRBA_EXIF_IGNORE,  /* as stored */
    TRBA_EXIF_APPLY    /* turned as its EXIF orientation says */
} trba_exif;

/* What shows where a picture is transparent. */
typedef enum trba_alpha {
    TRBA_ALPHA_IGNORE = 0, /* the colour that is stored there, as Pillow's convert('L') and OpenCV's imread() do */
    TRBA_ALPHA_WHITE,      /* the picture laid on white */
    TRBA_ALPHA_BLACK       /* the picture laid on black */
} trba_alpha;

/* One word image: a PNG or JPEG file, the bytes of one, or raw pixels. Nothing is copied or owned. */
typedef struct trba_image {
    trba_image_kind kind;
    const char *path;         /* FILE */
    const void *bytes;        /* ENCODED: the file's bytes; PIXELS: the top left pixel */
    size_t n_bytes;           /* ENCODED */
    int width, height;        /* PIXELS */
    size_t stride_bytes;      /* PIXELS: from a row to the next */
    trba_pixel_format format; /* PIXELS */
} trba_image;

static inline trba_image trba_image_file(const char *path)
{
    trba_image image = {TRBA_IMAGE_FILE, NULL, NULL, 0, 0, 0, 0, TRBA_PIXELS_GREY};
    image.path = path;
    return image;
}

static inline trba_image trba_image_encoded(const void *bytes, size_t n_bytes)
{
    trba_image image = {TRBA_IMAGE_ENCODED, NULL, NULL, 0, 0, 0, 0, TRBA_PIXELS_GREY};
    image.bytes = bytes;
    image.n_bytes = n_bytes;
    return image;
}

static inline trba_image trba_image_pixels(const void *pixels, int width, int height, size_t stride_bytes,
                                           trba_pixel_format format)
{
    trba_image image = {TRBA_IMAGE_PIXELS, NULL, NULL, 0, 0, 0, 0, TRBA_PIXELS_GREY};
    image.bytes = pixels;
    image.width = width;
    image.height = height;
    image.stride_bytes = stride_bytes;
    image.format = format;
    return image;
}

/* ---- pages and regions ------------------------------------------------------------------------------------------- */

/* A picture of a whole page, decoded once, to read many regions of it. Immutable after opening: any number of threads,
 * sessions and models may use one page at once. */
typedef struct trba_page trba_page;

typedef struct trba_page_options {
    size_t struct_size;
    trba_preset preset; /* whose pixels. ANY, CLOVAAI: Pillow's, in colour if the picture has any. EASYOCR: OpenCV's
                           grey, which EasyOCR cuts its words from; a network that reads RGB then sees grey */
    trba_exif exif;     /* the regions' coordinates are those of the page after turning */
    trba_alpha alpha;
} trba_page_options;

TRBA_API trba_page_options trba_page_options_default(void);

/* Decodes a page. `image` may be of every kind; it, its bytes and `options` (may be NULL) are read during the call
 * only. On success `*out` is the caller's, to be freed with trba_page_free(); on failure `*err` says why and `*out` is
 * untouched. Any thread may call it. The limits are those of word images: 65,500 pixels a side, 100 million in all. */
TRBA_API trba_status trba_page_open(const trba_image *image, const trba_page_options *options, trba_page **out,
                                    trba_error *err);
/* The size in pixels, after turning. */
TRBA_API void trba_page_size(const trba_page *page, int *width, int *height);
/* Bytes the page holds. */
TRBA_API size_t trba_page_memory(const trba_page *page);
/* No session may be reading from the page. */
TRBA_API void trba_page_free(trba_page *page);

/* Where a word stands on a page: its four corners in page pixels, clockwise from the top left *of the text*, so that
 * one type says box, rotated box and quadrilateral. x grows to the right, y downwards. */
typedef struct trba_region {
    float x[4], y[4];
} trba_region;

/* The box with that top left corner. With whole numbers it is cut out of the page without resampling: columns
 * x .. x + w - 1, rows y .. y + h - 1. */
static inline trba_region trba_region_box(float x, float y, float w, float h)
{
    const trba_region region = {{x, x + w, x + w, x}, {y, y, y + h, y + h}};
    return region;
}

/* The box of that centre and size, turned clockwise by `degrees` as seen (OpenCV's RotatedRect). Multiples of 90 give
 * exact corners. */
TRBA_API trba_region trba_region_rotated(float cx, float cy, float w, float h, float degrees);

typedef struct trba_region_options {
    size_t struct_size;
    trba_rotate rotate;   /* default: NONE */
    trba_choice vertical; /* YES: turn what is tall by 90 degrees counter-clockwise before it is read, as PaddleOCR
                             does; ANY, NO: do not, as EasyOCR and clovaai do not. A `rotate` that has other turns read,
                             too, begins with this one */
} trba_region_options;

TRBA_API trba_region_options trba_region_options_default(void);

/* ---- sessions and results ---------------------------------------------------------------------------------------- */

typedef struct trba_character {
    const char *text;    /* the class's UTF-8 text, terminated */
    float probability;   /* softmax probability of the step (Attn) or of the frame that decided it (CTC) */
    float position;      /* its centre, as a fraction 0..1 of the width of the network's input (of a turned image: after
                            turning; after TPS: of the rectified word; with padding: padding included). Attn: the
                            attention's centre of mass */
    int step;            /* decoder step (Attn) or frame (CTC) */
} trba_character;

typedef struct trba_result {
    trba_status status;               /* of this image */
    const char *message;              /* one sentence when status is not TRBA_OK, else "" */
    const char *text;                 /* "" on failure */
    float confidence;                 /* as the reference program of the preset computes it; comparable between images
                                         of one model, not between models, nor between CTC and Attn */
    float score;                      /* geometric mean of the characters' probabilities: comparable across lengths */
    size_t n_characters;
    const trba_character *characters; /* [n_characters]; NULL when there is none */
    int truncated;                    /* 1: attention did not reach its end token within batch_max_length */
    int width, height;                /* of the image as decoded, or the region as cropped and turned; 0: that failed */
    int rotation;                     /* by how many degrees the image or region was turned counter-clockwise for this
                                         reading: 0, 90, 180 or 270 */
} trba_result;

/* Scratch memory, results and a thread pool. One session is used by one thread at a time. */
typedef struct trba_session trba_session;

typedef struct trba_session_options {
    size_t struct_size;
    int n_threads;  /* 1 .. 64 threads that work on one call, the caller included; 0: one per processor, 64 if there are
                       more */
    int batch_size; /* 1 .. 4096 images that go through the network together; 0: 1. The answer does not depend on it.
                       Their pixels, at the network's input size, may be 2^28 (else TRBA_ERROR_LIMIT) */
    trba_exif exif; /* of the images it reads; pages have their own */
    trba_alpha alpha;
    trba_choice retry_contrast; /* EASYOCR: ANY, YES: a word of confidence below 0.1 is read once more with its contrast
                                   stretched, and the surer reading kept, as readtext() does; NO: it is read once */
    trba_rotate rotate; /* of the images it reads, regions have their own; default: ANY */
} trba_session_options;

TRBA_API trba_session_options trba_session_options_default(void);

/* `model` must outlive the session. Starts n_threads - 1 threads, which sleep while nothing is read. Memory for
 * `batch_size` images of the model's input size is taken here; only a wider image (EASYOCR), one that is read in
 * several turns, a larger picture to decode or to turn, or more results make a session take more, once. Reading what it
 * has room for asks the system for no memory, decoding included, but for pictures whose decoder needs over 64 MiB (a
 * progressive JPEG of over ten million pixels). When there is none to be had, the read fails with TRBA_ERROR_MEMORY,
 * and the session is as good as before.
 *
 * fork(): models, pages and sessions of one thread may be used in the child as in the parent. A session of more threads
 * must be neither used nor freed there: its threads stay behind. */
TRBA_API trba_status trba_session_new(const trba_model *model, const trba_session_options *options, trba_session **out,
                                      trba_error *err);
TRBA_API void trba_session_free(trba_session *session);

/* Reads one word. On success `*out` points to its result, owned by the session and valid until the next read or
 * trba_session_free(). A bad image is a failure of the call (and says so in `err`). */
TRBA_API trba_status trba_session_read(trba_session *session, const trba_image *image, const trba_result **out,
                                       trba_error *err);

/* Reads any number of words, `batch_size` at a time. On success `*out` is an array of `n_images` results, in order. A
 * bad image fails only its own result (its `status`, `message`); the call fails only when nothing could be read for a
 * reason that is no image's. The results are the session's, valid until the next read or trba_session_free(). Text,
 * confidence and every other number are the same bits as if each image were read alone, whatever the batch size and the
 * thread count. */
TRBA_API trba_status trba_session_read_batch(trba_session *session, const trba_image *images, size_t n_images,
                                             const trba_result **out, trba_error *err);

/* Reads any number of regions of a page, `batch_size` at a time. `page` and `regions` must stay until it returns;
 * `options` may be NULL. On success `*out` is an array of `n_regions` results, in order, owned by the session and valid
 * until the next read. A region that is not convex, not clockwise, without area, outside the page, not finite or over a
 * limit fails only its own result; the call fails, and `*out` is untouched, only for a reason that is no region's. Each
 * result is the same bits as if its region were read alone. Any number of sessions may read one page at once.
 *
 * A box of whole numbers is cut, and what reaches over the page's edge is cut off. Any other region is drawn upright
 * like cv2.warpPerspective() with INTER_LINEAR, as large as the longer of its opposite sides; docs/PAGES.md has the
 * details, the limits, and how close to OpenCV it is. */
TRBA_API trba_status trba_session_read_regions(trba_session *session, const trba_page *page,
                                               const trba_region *regions, size_t n_regions,
                                               const trba_region_options *options, const trba_result **out,
                                               trba_error *err);

/* Bytes the session holds now. */
TRBA_API size_t trba_session_memory(const trba_session *session);

#ifdef __cplusplus
}
#endif

#endif
