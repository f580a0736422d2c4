/* SPDX-License-Identifier: Apache-2.0 */
/* core_page.c - pages, and Python's regions -> trba_region.
 *
 *   open_page(image, preset, exif, alpha) -> capsule       `image` as in core_images.c
 *   page_info(page) -> (width, height, bytes of memory)
 *   a region: (x, y, w, h), (cx, cy, w, h, degrees) or (x1, y1, ... x4, y4)
 *
 * A page is a capsule around its trba_page. A call that reads from it holds a reference, so it outlives the call.
 */
#include "core_module.h"

#include <float.h>
#include <math.h>

/* ---- pages ---- */

static void free_page(PyObject *capsule)
{
    trba_page_free(PyCapsule_GetPointer(capsule, PAGE_CAPSULE));
}

static PyObject *wrap_page(trba_page *page)
{
    PyObject *capsule = PyCapsule_New(page, PAGE_CAPSULE, free_page);
    if (capsule == NULL) trba_page_free(page);
    return capsule;
}

PyObject *core_open_page(PyObject *module, PyObject *args)
{
    PyObject *object;
    int preset, exif, alpha;
    trba_page_options options = trba_page_options_default();
    trba_image image;
    struct image_owner owner;
    if (!PyArg_ParseTuple(args, "Oiii:open_page", &object, &preset, &exif, &alpha) ||
        !image_get(object, &owner, &image))
        return NULL;
    options.preset = (trba_preset)preset;
    options.exif = (trba_exif)exif;
    options.alpha = (trba_alpha)alpha;
    trba_page *page = NULL;
    trba_error err;
    trba_status status;
    Py_BEGIN_ALLOW_THREADS
    status = trba_page_open(&image, &options, &page, &err);
    Py_END_ALLOW_THREADS
    image_release(&owner);
    return status == TRBA_OK ? wrap_page(page) : raise_error(module, &err);
}

PyObject *core_page_info(PyObject *module, PyObject *capsule)
{
    (void)module;
    const trba_page *page = PyCapsule_GetPointer(capsule, PAGE_CAPSULE);
    if (page == NULL) return NULL;
    int width, height;
    trba_page_size(page, &width, &height);
    return Py_BuildValue("(iiK)", width, height, (unsigned long long)trba_page_memory(page));
}

/* ---- regions ---- */

/* What is too large for a float becomes the largest, what is infinite stays so: the library refuses either. */
static float to_float(double value)
{
    if (isfinite(value) && fabs(value) > (double)FLT_MAX) return value > 0 ? FLT_MAX : -FLT_MAX;
    return (float)value;
}

static trba_region make_quadrilateral(const double numbers[8])
{
    trba_region region;
    for (int i = 0; i < 4; i++) {
        region.x[i] = to_float(numbers[2 * i]);
        region.y[i] = to_float(numbers[2 * i + 1]);
    }
    return region;
}

/* trba_region_box() would add in float, and lose what strdemo, which reads the same numbers from a file, does not. */
static trba_region make_box(double x, double y, double w, double h)
{
    return make_quadrilateral((const double[]){x, y, x + w, y, x + w, y + h, x, y + h});
}

static bool get_region(PyObject *numbers, trba_region *out)
{
    double n[8] = {0};
    switch (PyTuple_Size(numbers)) {
    case 4:
        if (!PyArg_ParseTuple(numbers, "dddd", &n[0], &n[1], &n[2], &n[3])) return false;
        *out = make_box(n[0], n[1], n[2], n[3]);
        return true;
    case 5:
        if (!PyArg_ParseTuple(numbers, "ddddd", &n[0], &n[1], &n[2], &n[3], &n[4])) return false;
        *out = trba_region_rotated(to_float(n[0]), to_float(n[1]), to_float(n[2]), to_float(n[3]), to_float(n[4]));
        return true;
    case 8:
        if (!PyArg_ParseTuple(numbers, "dddddddd", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]))
            return false;
        *out = make_quadrilateral(n);
        return true;
    case -1: return false; /* no tuple */
    default: PyErr_SetString(PyExc_ValueError, "a region has 4, 5 or 8 numbers"); return false;
    }
}

void regions_release(struct region_list *regions)
{
    PyMem_Free(regions->regions);
}

bool regions_get(PyObject *list, struct region_list *out)
{
    const Py_ssize_t n = PyList_Size(list);
    if (n < 0) return false;
    struct region_list regions = {.n = (size_t)n};
    regions.regions = PyMem_Calloc(regions.n, sizeof *regions.regions);
    bool is_good = regions.regions != NULL;
    if (!is_good) PyErr_NoMemory();
    for (Py_ssize_t i = 0; is_good && i < n; i++) {
        PyObject *numbers = PyList_GetItem(list, i);
        is_good = numbers != NULL && get_region(numbers, &regions.regions[i]);
    }
    if (is_good)
        *out = regions;
    else
        regions_release(&regions);
    return is_good;
}
