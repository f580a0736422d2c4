/* SPDX-License-Identifier: Apache-2.0 */
/* core_module.h - what the files of the extension module trba._core share.
 *
 *   core_module.c     the module: its functions, state, and small questions to the library
 *   core_convert.c    between Python objects and trba.h: errors, paths, byte buffers, architectures
 *   core_checkpoint.c what is in a checkpoint, and saving it in another form
 *   core_model.c      opening models
 *   core_images.c     Python's images -> trba_image, without copying where that is possible
 *   core_page.c       pages, and Python's regions -> trba_region
 *   core_session.c    sessions, and results -> Python tuples
 *
 * The module is written in Python's stable ABI (3.11), and is as thin as can be: numbers, byte strings, tuples and
 * capsules cross it; names, classes and checks are the business of the Python files. A function that returns PyObject *
 * returns a new reference, or NULL with an exception set. Every call of the library that takes time runs without the
 * GIL.
 */
#ifndef TRBA_PYTHON_CORE_MODULE_H
#define TRBA_PYTHON_CORE_MODULE_H

#include <Python.h>
#include <stdbool.h>
#include <trba.h>

struct core_state {
    PyObject *error_classes; /* trba._errors.ERROR_CLASSES: a tuple, indexed by trba_status */
};

/* ---- core_convert.c ---- */

/* Raises the exception class of err->status with err->message. Always NULL. */
PyObject *raise_error(PyObject *module, const trba_error *err);
/* A message of the library: UTF-8 but for the names of files, which may be anything. */
PyObject *message_to_python(const char *message);
/* `object` is bytes or None (then *out is NULL). The bytes live as long as the object. */
bool optional_bytes(PyObject *object, const char **out);
/* (name, transformation, ..., img_w): the members of trba_architecture in order, the name of all before them. */
PyObject *architecture_to_python(const trba_architecture *arch);
bool architecture_from_python(PyObject *tuple, trba_architecture *out);

/* A checkpoint to open: `path`, or the bytes of `view`. */
struct checkpoint_source {
    const char *path; /* NULL: `view` */
    Py_buffer view;
};
/* `object` is a path as bytes if `is_path`, else something with a contiguous buffer. Release after use. */
bool source_get(PyObject *object, int is_path, struct checkpoint_source *out);
void source_release(struct checkpoint_source *source);

/* ---- core_checkpoint.c ---- */

PyObject *core_checkpoint(PyObject *module, PyObject *args);
PyObject *core_save_checkpoint(PyObject *module, PyObject *args);

/* ---- core_model.c ---- */

#define MODEL_CAPSULE "trba._core.model"

PyObject *core_open_model(PyObject *module, PyObject *args);
PyObject *core_model_info(PyObject *module, PyObject *model);

/* ---- core_images.c ---- */

/* What an image's bytes belong to. The buffer stays exported, and so cannot move or shrink, until it is released. */
struct image_owner {
    Py_buffer view; /* view.obj is NULL: nothing to release */
    void *copy;     /* of pixels that the library cannot step through; NULL: none */
};
/* `item` is (kind, format, object): see core_images.c. Release after success only. */
bool image_get(PyObject *item, struct image_owner *owner, trba_image *out);
void image_release(struct image_owner *owner);

/* The images of one call. */
struct image_list {
    size_t n;
    trba_image *images;
    struct image_owner *owners;
};
/* `list` is a list of such items. Release after success only. */
bool images_get(PyObject *list, struct image_list *out);
void images_release(struct image_list *images);

/* ---- core_page.c ---- */

#define PAGE_CAPSULE "trba._core.page"

PyObject *core_open_page(PyObject *module, PyObject *args);
PyObject *core_page_info(PyObject *module, PyObject *page);

/* The regions of one call. */
struct region_list {
    size_t n;
    trba_region *regions;
};
/* `list` is a list of tuples of 4, 5 or 8 numbers: see core_page.c. Release after success only. */
bool regions_get(PyObject *list, struct region_list *out);
void regions_release(struct region_list *regions);

/* ---- core_session.c ---- */

PyObject *core_new_session(PyObject *module, PyObject *args);
PyObject *core_read(PyObject *module, PyObject *args);
PyObject *core_read_regions(PyObject *module, PyObject *args);
PyObject *core_session_memory(PyObject *module, PyObject *session);

#endif
