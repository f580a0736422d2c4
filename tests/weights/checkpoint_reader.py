# SPDX-License-Identifier: Apache-2.0
"""checkpoint_reader.py - tensor_table_open() of the testing library, through ctypes.

The structures mirror src/weights/tensor_table.h and include/trba.h.
"""
import ctypes
import os

import numpy

OK, ARGUMENT, IO, FORMAT, UNSUPPORTED, MISMATCH, CHARSET, LIMIT, MEMORY = range(9)
MAX_DIMENSIONS = 8


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 2044)]


class Tensor(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("dtype", ctypes.c_int),
        ("n_dimensions", ctypes.c_int),
        ("shape", ctypes.c_int64 * MAX_DIMENSIONS),
        ("strides", ctypes.c_int64 * MAX_DIMENSIONS),
        ("data", ctypes.c_void_p),
        ("n_elements", ctypes.c_size_t),
    ]


class Metadata(ctypes.Structure):
    _fields_ = [("key", ctypes.c_char_p), ("value", ctypes.c_char_p)]


class Table(ctypes.Structure):
    _fields_ = [
        ("format", ctypes.c_char_p),
        ("root", ctypes.c_char_p),
        ("prefix", ctypes.c_char_p),
        ("tensors", ctypes.POINTER(Tensor)),
        ("n_tensors", ctypes.c_size_t),
        ("metadata", ctypes.POINTER(Metadata)),
        ("n_metadata", ctypes.c_size_t),
    ]


RECOGNISER = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)


def load_library():
    library = ctypes.CDLL(os.environ["TRBA_TESTING_LIB"])
    library.tensor_table_open.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, RECOGNISER,
                                          ctypes.POINTER(ctypes.POINTER(Table)), ctypes.POINTER(Error)]
    library.tensor_table_free.argtypes = [ctypes.POINTER(Table)]
    library.tensor_table_free.restype = None
    library.tensor_read_float.argtypes = [ctypes.POINTER(Tensor), ctypes.c_void_p]
    library.tensor_read_float.restype = None
    library.tensor_dtype_name.argtypes = [ctypes.c_int]
    library.tensor_dtype_name.restype = ctypes.c_char_p
    return library


LIBRARY = load_library()

# Where a canonical name may begin: the stages of the networks.
STAGES = (b"Transformation.", b"FeatureExtraction.", b"SequenceModeling.", b"Prediction.")


@RECOGNISER
def recognise(address):
    name = ctypes.string_at(address)
    found = [name.find(stage) for stage in STAGES if stage in name]
    return address + min(found) if found else None


class Refused(Exception):
    """The library refused the file: .status, and the sentence as text."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Checkpoint:
    """What the library read: format, root, prefix, metadata {key: value}, tensors {name: (dtype, float array)}."""

    def __init__(self, table):
        self.format = table.format.decode()
        self.root = table.root.decode()
        self.prefix = table.prefix.decode()
        pairs = [table.metadata[i] for i in range(table.n_metadata)]
        self.metadata = {pair.key.decode(): pair.value.decode() for pair in pairs}
        self.tensors = {}
        for i in range(table.n_tensors):
            tensor = table.tensors[i]
            values = numpy.full(tensor.n_elements + 1, 12345.0, numpy.float32)  # the last is a sentinel
            LIBRARY.tensor_read_float(ctypes.byref(tensor), values.ctypes.data)
            assert values[-1] == 12345.0, "wrote beyond the end"
            shape = tuple(tensor.shape[: tensor.n_dimensions])
            self.tensors[tensor.name.decode()] = (LIBRARY.tensor_dtype_name(tensor.dtype).decode(),
                                                  values[:-1].reshape(shape))


def read_checkpoint(data):
    """Opens the bytes of a checkpoint; Refused if the library does."""
    table, error = ctypes.POINTER(Table)(), Error()
    status = LIBRARY.tensor_table_open(data, len(data), None, recognise, ctypes.byref(table), ctypes.byref(error))
    if status != OK:
        assert not table, "a failed call touched its output"
        assert error.status == status
        raise Refused(status, error.message.decode())
    checkpoint = Checkpoint(table.contents)
    LIBRARY.tensor_table_free(table)
    return checkpoint
