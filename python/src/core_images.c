/* SPDX-License-Identifier: Apache-2.0 */
/* core_images.c - Python's images -> trba_image, without copying where that is possible.
 *
 *   (FILE, 0, bytes)             a path
 *   (ENCODED, 0, buffer)         the bytes of a PNG or JPEG file, in one piece
 *   (PIXELS, format, buffer)     [h, w] or [h, w, channels] of unsigned bytes, any strides
 *
 * The library steps through rows that are apart, but wants the pixels of a row side by side and rows in their order;
 * anything else (every second column, a mirrored image) is copied first.
 */
#include "core_module.h"

/* Bytes of one pixel. */
static int format_channels(trba_pixel_format format)
{
    switch (format) {
    case TRBA_PIXELS_GREY: return 1;
    case TRBA_PIXELS_RGB:
    case TRBA_PIXELS_BGR: return 3;
    default: return 4;
    }
}

static bool is_steppable(const Py_buffer *view, Py_ssize_t row_bytes)
{
    const Py_ssize_t channels = view->ndim == 3 ? view->shape[2] : 1;
    return (view->ndim == 2 || view->strides[2] == 1 || channels == 1) && view->strides[1] == channels &&
           view->strides[0] >= row_bytes;
}

/* The Python files have checked the shape and said so in a sentence; this keeps memory safe whatever they do. */
static bool check_shape(const Py_buffer *view, trba_pixel_format format)
{
    const bool is_shaped = view->itemsize == 1 && (view->ndim == 2 || view->ndim == 3) && view->shape[0] <= INT_MAX &&
                           view->shape[1] <= INT_MAX &&
                           (view->ndim == 3 ? view->shape[2] : 1) == format_channels(format);
    if (!is_shaped) PyErr_SetString(PyExc_ValueError, "the pixels are not [h, w] or [h, w, channels] of bytes");
    return is_shaped;
}

/* The pixels in one piece, in memory that the owner frees; NULL with an exception set if there is none. */
static const void *copy_pixels(struct image_owner *owner)
{
    owner->copy = PyMem_Malloc((size_t)owner->view.len);
    if (owner->copy == NULL) return PyErr_NoMemory();
    return PyBuffer_ToContiguous(owner->copy, &owner->view, owner->view.len, 'C') == 0 ? owner->copy : NULL;
}

/* On failure the owner holds what image_release() frees. */
static bool get_pixels(PyObject *object, trba_pixel_format format, struct image_owner *owner, trba_image *out)
{
    Py_buffer *view = &owner->view;
    if (PyObject_GetBuffer(object, view, PyBUF_STRIDED_RO) != 0 || !check_shape(view, format)) return false;
    const Py_ssize_t row_bytes = view->shape[1] * format_channels(format);
    const void *pixels = view->buf;
    Py_ssize_t stride_bytes = view->strides[0];
    if (view->len > 0 && !is_steppable(view, row_bytes)) {
        pixels = copy_pixels(owner);
        stride_bytes = row_bytes;
        if (pixels == NULL) return false;
    }
    *out = trba_image_pixels(pixels, (int)view->shape[1], (int)view->shape[0], (size_t)stride_bytes, format);
    return true;
}

static bool get_encoded(PyObject *object, struct image_owner *owner, trba_image *out)
{
    if (PyObject_GetBuffer(object, &owner->view, PyBUF_SIMPLE) != 0) return false;
    *out = trba_image_encoded(owner->view.buf, (size_t)owner->view.len);
    return true;
}

static bool get_file(PyObject *object, trba_image *out)
{
    const char *path;
    if (!optional_bytes(object, &path)) return false;
    *out = trba_image_file(path);
    return true;
}

static bool fill_image(PyObject *item, struct image_owner *owner, trba_image *out)
{
    int kind, format;
    PyObject *object; /* borrowed: the caller's list holds it */
    if (!PyArg_ParseTuple(item, "iiO", &kind, &format, &object)) return false;
    switch (kind) {
    case TRBA_IMAGE_FILE: return get_file(object, out);
    case TRBA_IMAGE_ENCODED: return get_encoded(object, owner, out);
    case TRBA_IMAGE_PIXELS: return get_pixels(object, (trba_pixel_format)format, owner, out);
    default: PyErr_Format(PyExc_ValueError, "no kind of image has the number %d", kind); return false;
    }
}

void image_release(struct image_owner *owner)
{
    PyBuffer_Release(&owner->view); /* does nothing where none was taken */
    PyMem_Free(owner->copy);
}

bool image_get(PyObject *item, struct image_owner *owner, trba_image *out)
{
    *owner = (struct image_owner){.copy = NULL};
    const bool is_good = fill_image(item, owner, out);
    if (!is_good) image_release(owner);
    return is_good;
}

void images_release(struct image_list *images)
{
    for (size_t i = 0; images->owners != NULL && i < images->n; i++) image_release(&images->owners[i]);
    PyMem_Free(images->owners);
    PyMem_Free(images->images);
}

bool images_get(PyObject *list, struct image_list *out)
{
    const Py_ssize_t n = PyList_Size(list);
    if (n < 0) return false;
    struct image_list images = {.n = (size_t)n};
    images.images = PyMem_Calloc(images.n, sizeof *images.images);
    images.owners = PyMem_Calloc(images.n, sizeof *images.owners);
    bool is_good = images.images != NULL && images.owners != NULL;
    if (!is_good) PyErr_NoMemory();
    for (size_t i = 0; is_good && i < images.n; i++) {
        PyObject *item = PyList_GetItem(list, (Py_ssize_t)i);
        is_good = item != NULL && fill_image(item, &images.owners[i], &images.images[i]);
    }
    if (is_good)
        *out = images;
    else
        images_release(&images);
    return is_good;
}
