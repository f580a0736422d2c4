/* SPDX-License-Identifier: Apache-2.0 */
/* core_model.c - opening models.
 *
 * A model is a capsule around its trba_model. Sessions hold a reference to the capsule, so the model outlives them.
 */
#include "core_module.h"

static void free_model(PyObject *capsule)
{
    trba_model_free(PyCapsule_GetPointer(capsule, MODEL_CAPSULE));
}

static PyObject *wrap_model(trba_model *model)
{
    PyObject *capsule = PyCapsule_New(model, MODEL_CAPSULE, free_model);
    if (capsule == NULL) trba_model_free(model);
    return capsule;
}

static bool options_from_python(PyObject *expect, PyObject *const charset[3], trba_model_options *out)
{
    return architecture_from_python(expect, &out->expect) && optional_bytes(charset[0], &out->charset_preset) &&
           optional_bytes(charset[1], &out->charset_text) && optional_bytes(charset[2], &out->charset_file);
}

/* open_model(source, is_path, expect, charset_preset, charset_text, charset_file, preset, pad, batch_max_length,
 * compat, use_sidecar, cpu, precision) -> capsule */
PyObject *core_open_model(PyObject *module, PyObject *args)
{
    PyObject *object, *expect, *charset[3];
    int is_path, preset, pad, compat, use_sidecar, cpu, precision;
    trba_model_options options = trba_model_options_default();
    if (!PyArg_ParseTuple(args, "OpOOOOiiiiiii:open_model", &object, &is_path, &expect, &charset[0], &charset[1],
                          &charset[2], &preset, &pad, &options.batch_max_length, &compat, &use_sidecar, &cpu,
                          &precision) ||
        !options_from_python(expect, charset, &options))
        return NULL;
    options.preset = (trba_preset)preset;
    options.pad = (trba_choice)pad;
    options.compat = (trba_choice)compat;
    options.use_sidecar = (trba_choice)use_sidecar;
    options.cpu = (trba_cpu)cpu;
    options.precision = (trba_precision)precision;

    struct checkpoint_source source;
    if (!source_get(object, is_path, &source)) return NULL;
    trba_model *model = NULL;
    trba_error err;
    trba_status status;
    Py_BEGIN_ALLOW_THREADS
    if (source.path != NULL)
        status = trba_model_open(source.path, &options, &model, &err);
    else
        status = trba_model_open_memory(source.view.buf, (size_t)source.view.len, &options, &model, &err);
    Py_END_ALLOW_THREADS
    source_release(&source);
    return status == TRBA_OK ? wrap_model(model) : raise_error(module, &err);
}

/* The alphabet: a tuple of texts in class order. */
static PyObject *alphabet_to_python(const trba_model *model)
{
    size_t n = 0;
    while (trba_model_character(model, n) != NULL) n++;
    PyObject *tuple = PyTuple_New((Py_ssize_t)n);
    for (size_t i = 0; tuple != NULL && i < n; i++) {
        PyObject *text = PyUnicode_FromString(trba_model_character(model, i));
        if (text == NULL || PyTuple_SetItem(tuple, (Py_ssize_t)i, text) != 0) Py_CLEAR(tuple);
    }
    return tuple;
}

/* model_info(model) -> (architecture, preset, pad, compat, batch_max_length, cpu name, precision, charset name,
 * n_characters, sidecar as bytes, rotate, packed_bytes, alphabet). */
PyObject *core_model_info(PyObject *module, PyObject *capsule)
{
    (void)module;
    const trba_model *model = PyCapsule_GetPointer(capsule, MODEL_CAPSULE);
    if (model == NULL) return NULL;
    trba_model_info info;
    trba_model_get_info(model, &info);
    return Py_BuildValue("(NiiiisisiyiKN)", architecture_to_python(&info.architecture), (int)info.preset, info.pad,
                         info.compat, info.batch_max_length, trba_cpu_name(info.cpu), (int)info.precision,
                         info.charset_name, info.n_characters, info.sidecar, (int)info.rotate,
                         (unsigned long long)info.packed_bytes, alphabet_to_python(model));
}
