/* SPDX-License-Identifier: Apache-2.0 */
/* core_module.c - the extension module trba._core: its functions, its state, and small questions to the library. */
#include "core_module.h"

static PyObject *core_version(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyUnicode_FromString(trba_version());
}

static PyObject *core_system_info(PyObject *module, PyObject *unused)
{
    char info[1024];
    (void)module, (void)unused;
    trba_system_info(info, sizeof info);
    return PyUnicode_FromString(info);
}

static PyObject *core_status_name(PyObject *module, PyObject *number)
{
    const long status = PyLong_AsLong(number);
    (void)module;
    if (status == -1 && PyErr_Occurred()) return NULL;
    return PyUnicode_FromString(trba_status_name((trba_status)status));
}

static PyObject *core_cpu_from_name(PyObject *module, PyObject *bytes)
{
    const char *name;
    trba_cpu cpu;
    trba_error err;
    if (!optional_bytes(bytes, &name)) return NULL;
    if (trba_cpu_from_name(name, &cpu, &err) != TRBA_OK) return raise_error(module, &err);
    return PyLong_FromLong((long)cpu);
}

/* [(name, text or None, n_characters, description), ...] */
static PyObject *core_charset_presets(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    PyObject *list = PyList_New(0);
    const trba_charset_preset *preset;
    for (size_t i = 0; list != NULL && (preset = trba_charset_preset_at(i)) != NULL; i++) {
        PyObject *item = Py_BuildValue("(szis)", preset->name, preset->text, preset->n_characters, preset->description);
        if (item == NULL || PyList_Append(list, item) != 0) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

/* ---- the module ---- */

static PyMethodDef core_functions[] = {
    {"version", core_version, METH_NOARGS, NULL},
    {"system_info", core_system_info, METH_NOARGS, NULL},
    {"status_name", core_status_name, METH_O, NULL},
    {"cpu_from_name", core_cpu_from_name, METH_O, NULL},
    {"charset_presets", core_charset_presets, METH_NOARGS, NULL},
    {"checkpoint", core_checkpoint, METH_VARARGS, NULL},
    {"save_checkpoint", core_save_checkpoint, METH_VARARGS, NULL},
    {"open_model", core_open_model, METH_VARARGS, NULL},
    {"model_info", core_model_info, METH_O, NULL},
    {"open_page", core_open_page, METH_VARARGS, NULL},
    {"page_info", core_page_info, METH_O, NULL},
    {"new_session", core_new_session, METH_VARARGS, NULL},
    {"session_memory", core_session_memory, METH_O, NULL},
    {"read", core_read, METH_VARARGS, NULL},
    {"read_regions", core_read_regions, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* The exceptions are Python classes: they are imported once, when the module is. */
static int fill_state(PyObject *module)
{
    struct core_state *state = PyModule_GetState(module);
    PyObject *errors = PyImport_ImportModule("trba._errors");
    state->error_classes = errors != NULL ? PyObject_GetAttrString(errors, "ERROR_CLASSES") : NULL;
    Py_XDECREF(errors);
    return state->error_classes != NULL ? 0 : -1;
}

static int traverse_state(PyObject *module, visitproc visit, void *arg)
{
    const struct core_state *state = PyModule_GetState(module);
    if (state != NULL) Py_VISIT(state->error_classes);
    return 0;
}

static int clear_state(PyObject *module)
{
    struct core_state *state = PyModule_GetState(module);
    if (state != NULL) Py_CLEAR(state->error_classes);
    return 0;
}

static void free_module(void *module)
{
    clear_state(module);
}

PyMODINIT_FUNC PyInit__core(void)
{
    static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)fill_state}, {0, NULL}};
    static PyModuleDef definition = {
        PyModuleDef_HEAD_INIT,
        .m_name = "trba._core",
        .m_doc = "The C library behind the package trba; not an interface.",
        .m_size = sizeof(struct core_state),
        .m_methods = core_functions,
        .m_slots = slots,
        .m_traverse = traverse_state,
        .m_clear = clear_state,
        .m_free = free_module,
    };
    return PyModuleDef_Init(&definition);
}
