/* SPDX-License-Identifier: Apache-2.0 */
/* core_checkpoint.c - what is in a checkpoint, and writing it to a file of another form.
 *
 *   checkpoint(source, is_path) -> (format, root, prefix, (architecture, why not), tensors)
 *   save_checkpoint(source, is_path, path, format, dtype, prefix)
 */
#include "core_module.h"

/* ---- opening ---- */

/* A checkpoint, and what it points into. */
struct open_checkpoint {
    struct checkpoint_source source;
    trba_checkpoint *checkpoint;
};

static void close_checkpoint(struct open_checkpoint *opened)
{
    trba_checkpoint_free(opened->checkpoint);
    source_release(&opened->source); /* last: the checkpoint points into it */
}

/* False with an exception set. Close after success only. (Filled in place: buffers must not move.) */
static bool open_checkpoint(PyObject *module, PyObject *object, int is_path, struct open_checkpoint *out)
{
    trba_error err;
    trba_status status;
    out->checkpoint = NULL;
    if (!source_get(object, is_path, &out->source)) return false;
    const struct checkpoint_source *source = &out->source;
    Py_BEGIN_ALLOW_THREADS
    if (source->path != NULL)
        status = trba_checkpoint_open(source->path, &out->checkpoint, &err);
    else
        status = trba_checkpoint_open_memory(source->view.buf, (size_t)source->view.len, &out->checkpoint, &err);
    Py_END_ALLOW_THREADS
    if (status == TRBA_OK) return true;
    close_checkpoint(out);
    raise_error(module, &err);
    return false;
}

/* ---- what is in it ---- */

static PyObject *shape_to_python(const trba_tensor_info *info)
{
    PyObject *shape = PyTuple_New(info->n_dimensions);
    for (int i = 0; shape != NULL && i < info->n_dimensions; i++) {
        PyObject *size = PyLong_FromLongLong(info->shape[i]);
        if (size == NULL || PyTuple_SetItem(shape, i, size) != 0) Py_CLEAR(shape);
    }
    return shape;
}

/* [(name, dtype, shape), ...] */
static PyObject *tensors_to_python(const trba_checkpoint *checkpoint)
{
    const size_t n = trba_checkpoint_tensor_count(checkpoint);
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list != NULL && i < n; i++) {
        trba_tensor_info info;
        trba_checkpoint_tensor(checkpoint, i, &info); /* cannot fail: i < n */
        PyObject *tensor = Py_BuildValue("(NsN)", message_to_python(info.name), info.dtype, shape_to_python(&info));
        if (tensor == NULL || PyList_SetItem(list, (Py_ssize_t)i, tensor) != 0) Py_CLEAR(list);
    }
    return list;
}

/* (architecture or None, "" or why there is none) */
static PyObject *find_architecture(const trba_checkpoint *checkpoint)
{
    trba_architecture arch;
    trba_error err;
    if (trba_checkpoint_architecture(checkpoint, &arch, &err) == TRBA_OK)
        return Py_BuildValue("(Ns)", architecture_to_python(&arch), "");
    return Py_BuildValue("(ON)", Py_None, message_to_python(err.message));
}

PyObject *core_checkpoint(PyObject *module, PyObject *args)
{
    PyObject *object;
    int is_path;
    struct open_checkpoint opened;
    if (!PyArg_ParseTuple(args, "Op:checkpoint", &object, &is_path) ||
        !open_checkpoint(module, object, is_path, &opened))
        return NULL;
    const trba_checkpoint *checkpoint = opened.checkpoint;
    PyObject *info = Py_BuildValue("(sNNNN)", trba_checkpoint_format(checkpoint),
                                   message_to_python(trba_checkpoint_root(checkpoint)),
                                   message_to_python(trba_checkpoint_prefix(checkpoint)),
                                   find_architecture(checkpoint), tensors_to_python(checkpoint));
    close_checkpoint(&opened);
    return info;
}

/* ---- saving ---- */

PyObject *core_save_checkpoint(PyObject *module, PyObject *args)
{
    PyObject *object, *path_bytes, *prefix;
    int is_path, format, dtype;
    const char *path;
    trba_save_options options = trba_save_options_default();
    struct open_checkpoint opened;
    if (!PyArg_ParseTuple(args, "OpSiiO:save_checkpoint", &object, &is_path, &path_bytes, &format, &dtype, &prefix) ||
        !optional_bytes(path_bytes, &path) || !optional_bytes(prefix, &options.prefix) ||
        !open_checkpoint(module, object, is_path, &opened))
        return NULL;
    options.format = (trba_save_format)format;
    options.dtype = (trba_dtype)dtype;
    trba_error err;
    trba_status status;
    Py_BEGIN_ALLOW_THREADS
    status = trba_checkpoint_save(opened.checkpoint, path, &options, &err);
    Py_END_ALLOW_THREADS
    close_checkpoint(&opened);
    if (status != TRBA_OK) return raise_error(module, &err);
    Py_RETURN_NONE;
}
