/* SPDX-License-Identifier: Apache-2.0 */
/* core_session.c - sessions, and results -> Python tuples.
 *
 *   new_session(model, n_threads, batch_size, exif, alpha, retry_contrast, rotate) -> capsule
 *   read(session, images) -> [result, ...]
 *   read_regions(session, page, regions, rotate, vertical) -> [result, ...]
 *       result      (status, message, text, confidence, score, characters, truncated, width, height, rotation, points)
 *       characters  ((text, probability, position, step), ...)
 *       points      a region's corners ((x, y), ...); None for an image
 *
 * A session's threads exist only in the process that made them. In a child made by fork() it can neither be used nor be
 * freed, because freeing waits for its threads; there its memory is left alone.
 */
#include "core_module.h"

#include <stdlib.h>
#include <unistd.h>

#define SESSION_CAPSULE "trba._core.session"

struct core_session {
    trba_session *session;
    PyObject *model; /* keeps the model alive */
    pid_t pid;       /* the process of its threads */
    bool is_reading; /* guarded by the GIL */
};

/* ---- lifetime ---- */

static void free_session(PyObject *capsule)
{
    struct core_session *self = PyCapsule_GetPointer(capsule, SESSION_CAPSULE);
    if (self->pid == getpid()) {
        trba_session *session = self->session;
        Py_BEGIN_ALLOW_THREADS
        trba_session_free(session);
        Py_END_ALLOW_THREADS
    }
    Py_DECREF(self->model);
    PyMem_Free(self);
}

/* Takes the session over, also on failure. */
static PyObject *wrap_session(trba_session *session, PyObject *model)
{
    struct core_session *self = PyMem_Calloc(1, sizeof *self);
    PyObject *capsule = self != NULL ? PyCapsule_New(self, SESSION_CAPSULE, free_session) : PyErr_NoMemory();
    if (capsule == NULL) {
        trba_session_free(session);
        PyMem_Free(self);
        return NULL;
    }
    Py_INCREF(model);
    *self = (struct core_session){.session = session, .model = model, .pid = getpid()};
    return capsule;
}

PyObject *core_new_session(PyObject *module, PyObject *args)
{
    PyObject *capsule;
    trba_session_options options = trba_session_options_default();
    int exif, alpha, retry_contrast, rotate;
    if (!PyArg_ParseTuple(args, "Oiiiiii:new_session", &capsule, &options.n_threads, &options.batch_size, &exif,
                          &alpha, &retry_contrast, &rotate))
        return NULL;
    options.exif = (trba_exif)exif;
    options.alpha = (trba_alpha)alpha;
    options.retry_contrast = (trba_choice)retry_contrast;
    options.rotate = (trba_rotate)rotate;
    const trba_model *model = PyCapsule_GetPointer(capsule, MODEL_CAPSULE);
    if (model == NULL) return NULL;
    trba_session *session = NULL;
    trba_error err;
    trba_status status;
    Py_BEGIN_ALLOW_THREADS
    status = trba_session_new(model, &options, &session, &err);
    Py_END_ALLOW_THREADS
    return status == TRBA_OK ? wrap_session(session, capsule) : raise_error(module, &err);
}

/* The session, which must be this process's and idle; else NULL with an exception set. */
static struct core_session *idle_session(PyObject *capsule)
{
    struct core_session *self = PyCapsule_GetPointer(capsule, SESSION_CAPSULE);
    if (self == NULL) return NULL;
    if (self->pid == getpid() && !self->is_reading) return self;
    PyErr_SetString(PyExc_RuntimeError, self->is_reading ? "the session is reading already"
                                                         : "the session belongs to the process that made it");
    return NULL;
}

/* Bytes the session holds now. */
PyObject *core_session_memory(PyObject *module, PyObject *capsule)
{
    (void)module;
    const struct core_session *self = idle_session(capsule);
    return self != NULL ? PyLong_FromSize_t(trba_session_memory(self->session)) : NULL;
}

/* ---- results ---- */

static PyObject *character_to_python(const trba_character *c)
{
    return Py_BuildValue("(sffi)", c->text, (double)c->probability, (double)c->position, c->step);
}

static PyObject *characters_to_python(const trba_result *result)
{
    PyObject *tuple = PyTuple_New((Py_ssize_t)result->n_characters);
    for (size_t i = 0; tuple != NULL && i < result->n_characters; i++) {
        PyObject *character = character_to_python(&result->characters[i]);
        if (character == NULL || PyTuple_SetItem(tuple, (Py_ssize_t)i, character) != 0) Py_CLEAR(tuple);
    }
    return tuple;
}

/* `region` is NULL for an image. */
static PyObject *points_to_python(const trba_region *region)
{
    if (region == NULL) return Py_NewRef(Py_None);
    const float *x = region->x, *y = region->y;
    return Py_BuildValue("((ff)(ff)(ff)(ff))", (double)x[0], (double)y[0], (double)x[1], (double)y[1], (double)x[2],
                         (double)y[2], (double)x[3], (double)y[3]);
}

static PyObject *result_to_python(const trba_result *result, const trba_region *region)
{
    return Py_BuildValue("(iNsffNiiiiN)", (int)result->status, message_to_python(result->message), result->text,
                         (double)result->confidence, (double)result->score, characters_to_python(result),
                         result->truncated, result->width, result->height, result->rotation,
                         points_to_python(region));
}

/* `regions` is NULL for images. */
static PyObject *results_to_python(const trba_result *results, const trba_region *regions, size_t n)
{
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list != NULL && i < n; i++) {
        PyObject *result = result_to_python(&results[i], regions != NULL ? &regions[i] : NULL);
        if (result == NULL || PyList_SetItem(list, (Py_ssize_t)i, result) != 0) Py_CLEAR(list);
    }
    return list;
}

/* ---- reading ---- */

PyObject *core_read(PyObject *module, PyObject *args)
{
    PyObject *capsule, *list;
    if (!PyArg_ParseTuple(args, "OO:read", &capsule, &list)) return NULL;
    struct core_session *self = idle_session(capsule);
    struct image_list images;
    if (self == NULL || !images_get(list, &images)) return NULL;
    const trba_result *results = NULL;
    trba_error err;
    trba_status status;
    self->is_reading = true;
    Py_BEGIN_ALLOW_THREADS
    status = trba_session_read_batch(self->session, images.images, images.n, &results, &err);
    Py_END_ALLOW_THREADS
    PyObject *out = status == TRBA_OK ? results_to_python(results, NULL, images.n) : raise_error(module, &err);
    self->is_reading = false;
    images_release(&images);
    return out;
}

PyObject *core_read_regions(PyObject *module, PyObject *args)
{
    PyObject *session_capsule, *page_capsule, *list;
    int rotate, vertical;
    if (!PyArg_ParseTuple(args, "OOOii:read_regions", &session_capsule, &page_capsule, &list, &rotate, &vertical))
        return NULL;
    struct core_session *self = idle_session(session_capsule);
    const trba_page *page = self != NULL ? PyCapsule_GetPointer(page_capsule, PAGE_CAPSULE) : NULL;
    struct region_list regions;
    if (page == NULL || !regions_get(list, &regions)) return NULL;
    trba_region_options options = trba_region_options_default();
    options.rotate = (trba_rotate)rotate;
    options.vertical = (trba_choice)vertical;
    const trba_result *results = NULL;
    trba_error err;
    trba_status status;
    self->is_reading = true;
    Py_BEGIN_ALLOW_THREADS
    status = trba_session_read_regions(self->session, page, regions.regions, regions.n, &options, &results, &err);
    Py_END_ALLOW_THREADS
    PyObject *out =
        status == TRBA_OK ? results_to_python(results, regions.regions, regions.n) : raise_error(module, &err);
    self->is_reading = false;
    regions_release(&regions);
    return out;
}
