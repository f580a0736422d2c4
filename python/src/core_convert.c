/* SPDX-License-Identifier: Apache-2.0 */
/* core_convert.c - between Python objects and trba.h: errors, paths, byte buffers, architectures. */
#include "core_module.h"

#include <string.h>

PyObject *message_to_python(const char *message)
{
    return PyUnicode_DecodeUTF8(message, (Py_ssize_t)strlen(message), "backslashreplace");
}

PyObject *raise_error(PyObject *module, const trba_error *err)
{
    const struct core_state *state = PyModule_GetState(module);
    PyObject *class = PyTuple_GetItem(state->error_classes, (Py_ssize_t)err->status); /* borrowed */
    PyObject *message = message_to_python(err->message);
    if (class != NULL && message != NULL) PyErr_SetObject(class, message);
    Py_XDECREF(message);
    return NULL;
}

bool optional_bytes(PyObject *object, const char **out)
{
    char *bytes = NULL;
    /* Without a length to fill in, a zero byte inside is a ValueError: no string of trba.h could carry it. */
    if (object != Py_None && PyBytes_AsStringAndSize(object, &bytes, NULL) != 0) return false;
    *out = bytes;
    return true;
}

PyObject *architecture_to_python(const trba_architecture *arch)
{
    char name[64];
    trba_architecture_name(arch, name, sizeof name);
    return Py_BuildValue("(siiiiiiiiiii)", name, (int)arch->transformation, (int)arch->feature_extraction,
                         (int)arch->sequence_modeling, (int)arch->prediction, arch->input_channel,
                         arch->output_channel, arch->hidden_size, arch->num_fiducial, arch->num_class, arch->img_h,
                         arch->img_w);
}

bool architecture_from_python(PyObject *tuple, trba_architecture *out)
{
    int transformation, feature_extraction, sequence_modeling, prediction;
    trba_architecture arch = {0};
    if (!PyArg_ParseTuple(tuple, "iiiiiiiiiii", &transformation, &feature_extraction, &sequence_modeling, &prediction,
                          &arch.input_channel, &arch.output_channel, &arch.hidden_size, &arch.num_fiducial,
                          &arch.num_class, &arch.img_h, &arch.img_w))
        return false;
    arch.transformation = (trba_transformation)transformation;
    arch.feature_extraction = (trba_feature_extraction)feature_extraction;
    arch.sequence_modeling = (trba_sequence_modeling)sequence_modeling;
    arch.prediction = (trba_prediction)prediction;
    *out = arch;
    return true;
}

bool source_get(PyObject *object, int is_path, struct checkpoint_source *out)
{
    *out = (struct checkpoint_source){.path = NULL};
    if (is_path) return optional_bytes(object, &out->path);
    return PyObject_GetBuffer(object, &out->view, PyBUF_SIMPLE) == 0;
}

void source_release(struct checkpoint_source *source)
{
    if (source->path == NULL) PyBuffer_Release(&source->view);
}
