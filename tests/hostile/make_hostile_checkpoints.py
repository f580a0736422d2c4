# SPDX-License-Identifier: Apache-2.0
"""make_hostile_checkpoints.py - broken and malicious checkpoints, made byte by byte when the tests run.

Every case is a function that returns the bytes of a file, under a line that says why it must fail:

    @case("the tensor reaches beyond its storage", "reaches .* bytes into a storage")
    def storage_too_small(): ...

CASES holds them all. `python make_hostile_checkpoints.py FOLDER` writes them as files, NAME.pth each.
"""
import collections
import io
import pathlib
import pickle
import struct
import sys
import tarfile
import zlib

Case = collections.namedtuple("Case", "name reason message make")
CASES = []


def case(reason, message):
    """Registers a function as a case; `message` is a regular expression that the error message must match."""

    def register(make):
        CASES.append(Case(make.__name__, reason, message, make))
        return make

    return register


# ---- pickles, opcode by opcode ---------------------------------------------------------------------------------------

PROTO, STOP, MARK, EMPTY_DICT, EMPTY_LIST, EMPTY_TUPLE = b"\x80\x02", b".", b"(", b"}", b"]", b")"
SETITEM, SETITEMS, APPEND, APPENDS, REDUCE, BUILD, NEWOBJ = b"s", b"u", b"a", b"e", b"R", b"b", b"\x81"
TUPLE, TUPLE1, TUPLE2, BINPERSID, NONE, FALSE, POP, DUP = b"t", b"\x85", b"\x86", b"Q", b"N", b"\x89", b"0", b"2"


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def integer(value):
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def integers(values):
    return MARK + b"".join(integer(value) for value in values) + TUPLE


def name(module, attribute):
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def put(number):
    return b"r" + struct.pack("<I", number)


def get(number):
    return b"j" + struct.pack("<I", number)


def storage(key="0", kind="FloatStorage", n=6, view=b""):
    identity = text("storage") + name("torch", kind) + text(key) + text("cpu") + integer(n) + view
    return MARK + identity + TUPLE + BINPERSID


def tensor(n=6, offset=0, shape=(2, 3), strides=(3, 1), stored=None):
    return (name("torch._utils", "_rebuild_tensor_v2") + MARK + (stored or storage(n=n)) + integer(offset) +
            integers(shape) + integers(strides) + FALSE + EMPTY_DICT + TUPLE + REDUCE)


def state_dict(value, key="Prediction.weight"):
    """A dict with one item, as a whole pickle."""
    return PROTO + EMPTY_DICT + text(key) + value + SETITEM + STOP


# ---- zip files, field by field ---------------------------------------------------------------------------------------


class Entry:
    """One entry; every field may be made to lie, in the local header, the central one or both."""

    def __init__(self, name, data, method=0, packed=None, **fields):
        self.name, self.data, self.method = name.encode(), data, method
        self.packed = data if packed is None else packed
        self.local = dict(name=self.name, flags=0, method=method, crc=zlib.crc32(data), packed=len(self.packed),
                          size=len(data), extra=b"")
        self.central = dict(self.local, offset=None, disk=0)
        for field, value in fields.items():
            side, field = field.split("_", 1)
            for header in (self.local, self.central) if side == "both" else (getattr(self, side),):
                header[field] = value


def local_header(h):
    return struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, h["flags"], h["method"], 0, 0, h["crc"],
                       h["packed"] & 0xFFFFFFFF, h["size"] & 0xFFFFFFFF, len(h["name"]),
                       len(h["extra"])) + h["name"] + h["extra"]


def central_header(h, offset):
    offset = offset if h["offset"] is None else h["offset"]
    return struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, h["flags"], h["method"], 0, 0, h["crc"],
                       h["packed"] & 0xFFFFFFFF, h["size"] & 0xFFFFFFFF, len(h["name"]), len(h["extra"]), 0, h["disk"],
                       0, 0, offset) + h["name"] + h["extra"]


def end_record(count, size, offset, comment=b""):
    return struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, offset, len(comment)) + comment


def zip64_records(count, size, offset, at):
    record = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, offset)
    return record + struct.pack("<IIQI", 0x07064B50, 0, at, 1)


def zip_parts(entries):
    body, directory = b"", b""
    for entry in entries:
        directory += central_header(entry.central, len(body))
        body += local_header(entry.local) + entry.packed
    return body, directory


def zip_file(entries):
    body, directory = zip_parts(entries)
    return body + directory + end_record(len(entries), len(directory), len(body))


FLOATS = struct.pack("<6f", 1, 2, 3, 4, 5, 6)


def torch_zip(data_pkl, storages=(("0", FLOATS),), extra=()):
    entries = [Entry("archive/data.pkl", data_pkl)]
    entries += [Entry("archive/data/" + key, data) for key, data in storages]
    return zip_file(entries + list(extra))


GOOD_PICKLE = state_dict(tensor())


def good_zip():
    """What the broken ones are made from: it must be read."""
    return torch_zip(GOOD_PICKLE)


# ---- legacy files ----------------------------------------------------------------------------------------------------

MAGIC = PROTO + b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19" + STOP
LITTLE = PROTO + EMPTY_DICT + text("little_endian") + b"\x88" + SETITEM + STOP
BIG = PROTO + EMPTY_DICT + text("little_endian") + FALSE + SETITEM + STOP


def legacy_of_big_machine():
    """Read as well: the bytes of this form are little-endian everywhere, whatever it says of the machine."""
    return legacy_file(system=BIG)


def legacy_keys(*keys):
    return PROTO + EMPTY_LIST + MARK + b"".join(text(key) for key in keys) + APPENDS + STOP


def legacy_file(obj=GOOD_PICKLE, keys=("0",), count=6, data=FLOATS, version=1001, system=LITTLE):
    head = MAGIC + PROTO + integer(version) + STOP + system
    return head + obj + legacy_keys(*keys) + struct.pack("<q", count) + data


# ---- safetensors -----------------------------------------------------------------------------------------------------


def safetensors_file(header, data=FLOATS, length=None):
    header = header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def st_tensor(dtype="F32", shape="[2, 3]", offsets="[0, 24]"):
    return '{"dtype": "%s", "shape": %s, "data_offsets": %s}' % (dtype, shape, offsets)


# ---- not a checkpoint at all -----------------------------------------------------------------------------------------


@case("nothing was downloaded", "empty")
def empty_file():
    return b""


@case("a web page in place of the weights", "web page")
def html_page():
    return b"\n<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head></html>"


@case("git-lfs was not installed when the repository was cloned", "git lfs pull")
def git_lfs_pointer():
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 198678680\n"


@case("the download stopped half-way: no end record", "download is incomplete")
def zip_cut_off():
    return good_zip()[:-60]


@case("only the first bytes of a zip file", "download is incomplete")
def zip_first_four_bytes():
    return b"PK\x03\x04"


@case("the oldest PyTorch saved tar archives", "tar archive")
def tar_of_oldest_pytorch():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for member in ("sys_info", "pickle", "tensors", "storages"):
            tar.addfile(tarfile.TarInfo(member), io.BytesIO(b""))
    return out.getvalue()


@case("an exported ONNX model", "ONNX")
def onnx_model():
    return b"\x08\x07\x12\x07pytorch\x1a\x052.0.0:\x10" + bytes(16)


@case("a TensorFlow SavedModel", "TensorFlow SavedModel")
def tensorflow_saved_model():
    return b"\x08\x01\x12\x90\x4e\x0a\x10" + bytes(64)


@case("protocol buffers of a kind that nobody names", "not a checkpoint of a known kind")
def other_protocol_buffer():
    return b"\x08\x02\x12\x03abc" + bytes(range(64))


@case("a Keras model", "HDF5")
def keras_hdf5():
    return b"\x89HDF\r\n\x1a\n" + bytes(64)


@case("a llama.cpp model", "GGUF")
def gguf_model():
    return b"GGUF\x03\x00\x00\x00" + bytes(32)


@case("packed with gzip", "gzip")
def gzip_packed():
    return b"\x1f\x8b\x08\x00" + bytes(30)


@case("packed with xz", "xz")
def xz_packed():
    return b"\xfd7zXZ\x00" + bytes(30)


@case("packed with 7-zip", "7z")
def seven_zip_packed():
    return b"7z\xbc\xaf\x27\x1c" + bytes(30)


@case("model and image swapped", "picture .PNG")
def png_picture():
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20)


@case("model and image swapped", "picture .JPEG")
def jpeg_picture():
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(20)


@case("a text file", "text file")
def plain_text():
    return b"--Transformation TPS\n--FeatureExtraction ResNet\n"


@case("a file that was allocated but never written", "zeros")
def only_zeros():
    return bytes(4096)


@case("noise", "not a checkpoint of a known kind")
def noise():
    return bytes((i * 167 + 13) % 256 for i in range(1000))


@case("a Python pickle that torch.save() did not make", "a Python pickle .of a dict., not a PyTorch checkpoint")
def plain_pickle():
    return pickle.dumps({"words": ["a", "b"], "n": 3}, protocol=4)


@case("a NumPy .npz is a zip file too", "npz")
def numpy_npz():
    return zip_file([Entry("arr_0.npy", b"\x93NUMPY")])


@case("an Office document is a zip file too", "Office")
def office_document():
    return zip_file([Entry("[Content_Types].xml", b"<Types/>"), Entry("word/document.xml", b"<w/>")])


@case("the checkpoint was packed once more", "unpack it first")
def zipped_checkpoint():
    return zip_file([Entry("TPS-ResNet-BiLSTM-Attn.pth", b"...")])


@case("a program of torch.export is a zip file too", "torch.export: save the state_dict")
def torch_export_program():
    return zip_file([Entry("ep/data/weights/weight_0", FLOATS), Entry("ep/models/model.json", b"{}"),
                     Entry("ep/data/sample_inputs/model.pt", b"...")])


@case("an empty zip file", "empty zip")
def empty_zip():
    return zip_file([])


@case("a zip file of photographs", "no data.pkl")
def zip_without_pickle():
    return zip_file([Entry("photos/1.jpg", b"\xff\xd8\xff")])


# ---- pickles that want to run something ------------------------------------------------------------------------------


def call(module, attribute, argument):
    return name(module, attribute) + text(argument) + TUPLE1 + REDUCE


@case("the pickle calls os.system; it must not be run", "posix.system, which was not run")
def calls_os_system():
    return torch_zip(PROTO + call("posix", "system", "touch trba-was-hacked") + STOP)


@case("the pickle calls eval; it must not be run", "builtins.eval, which was not run")
def calls_eval():
    return torch_zip(PROTO + call("builtins", "eval", "__import__('os').abort()") + STOP)


@case("legacy form, calling subprocess", "subprocess.Popen, which was not run")
def legacy_calls_subprocess():
    return legacy_file(obj=PROTO + call("subprocess", "Popen", "id") + STOP, keys=(), data=b"")


@case("getattr chains to reach a forbidden function", "builtins.getattr, which was not run")
def calls_getattr():
    inner = name("builtins", "getattr") + name("os", "path") + text("os") + TUPLE2 + REDUCE
    return torch_zip(PROTO + inner + text("id") + TUPLE1 + REDUCE + STOP)


@case("the storage of the tensor is the result of a call", "in the place of its storage")
def storage_from_a_call():
    return torch_zip(state_dict(tensor(stored=call("posix", "system", "id"))))


@case("an integer is called", "a call of an int")
def calls_an_integer():
    return torch_zip(PROTO + integer(1) + EMPTY_TUPLE + REDUCE + STOP)


@case("a call whose arguments are no tuple", "a call with an int as arguments")
def calls_without_tuple():
    return torch_zip(PROTO + name("torch._utils", "_rebuild_tensor_v2") + integer(1) + REDUCE + STOP)


# ---- pickles that break the machine ----------------------------------------------------------------------------------


@case("SETITEM on a list (CVE-2026-24747)", "a key is set in a list")
def setitem_on_list():
    return torch_zip(PROTO + EMPTY_LIST + text("k") + NONE + SETITEM + STOP)


@case("SETITEM on a tensor (CVE-2026-24747)", "a key is set in an object")
def setitem_on_tensor():
    return torch_zip(PROTO + tensor() + text("k") + NONE + SETITEM + STOP)


@case("APPEND on a dict", "an append to a dict")
def append_on_dict():
    return torch_zip(PROTO + EMPTY_DICT + NONE + APPEND + STOP)


@case("APPENDS on an integer", "an append to an int")
def appends_on_integer():
    return torch_zip(PROTO + integer(3) + MARK + NONE + APPENDS + STOP)


@case("BUILD on a text", "attributes are set on a text")
def build_on_text():
    return torch_zip(PROTO + text("x") + EMPTY_DICT + BUILD + STOP)


@case("SETITEMS with an odd number of values", "a key without a value")
def setitems_odd():
    return torch_zip(PROTO + EMPTY_DICT + MARK + text("k") + SETITEMS + STOP)


@case("POP of an empty stack", "the stack is empty")
def stack_underflow():
    return torch_zip(PROTO + POP + STOP)


@case("TUPLE3 reaches below the mark", "the stack is empty")
def tuple_below_mark():
    return torch_zip(PROTO + NONE + NONE + MARK + NONE + b"\x87" + STOP)


@case("TUPLE without a mark", "there is no mark")
def no_mark():
    return torch_zip(PROTO + NONE + TUPLE + STOP)


@case("STOP with nothing on the stack", "stops before anything is complete")
def stop_with_empty_stack():
    return torch_zip(PROTO + STOP)


@case("STOP inside a container", "stops before anything is complete")
def stop_inside_container():
    return torch_zip(PROTO + NONE + MARK + NONE + STOP)


@case("an opcode that does not exist", "no such opcode")
def unknown_opcode():
    return torch_zip(PROTO + b"\xff" + STOP)


@case("extension registry codes cannot be looked up without Python", "EXT1.*not read")
def extension_opcode():
    return torch_zip(PROTO + b"\x82\x01" + STOP)


@case("a protocol from the future", "protocol 9 is not known")
def protocol_nine():
    return torch_zip(b"\x80\x09" + NONE + STOP)


@case("no STOP at the end", "without a STOP")
def no_stop():
    return torch_zip(GOOD_PICKLE[:-1])


@case("cut inside a text", "a length of")
def cut_inside_text():
    return torch_zip(GOOD_PICKLE[:12])


@case("a text of 4 GiB in a file of a few bytes", "a length of 4294967295 bytes where")
def text_length_lie():
    return torch_zip(PROTO + b"X\xff\xff\xff\xff" + b"abc" + STOP)


@case("a text of 2^63 bytes", "a length of 9223372036854775808 bytes where")
def text_length_64_bit_lie():
    return torch_zip(b"\x80\x04\x8d" + struct.pack("<Q", 2**63) + b"abc" + STOP)


@case("a frame longer than the file", "a frame longer than the data")
def frame_length_lie():
    return torch_zip(b"\x80\x04\x95" + struct.pack("<Q", 2**40) + NONE + STOP)


@case("a memo number that would take 32 GiB of memory", "memo number 4294967295 is beyond")
def memo_index_bomb():
    return torch_zip(PROTO + NONE + put(0xFFFFFFFF) + STOP)


@case("a memo entry that was never made", "memo number 7 was never set")
def memo_missing():
    return torch_zip(PROTO + get(7) + STOP)


@case("a list that holds itself, and no tensors", "no named tensors")
def list_holds_itself():
    return torch_zip(PROTO + EMPTY_LIST + put(0) + get(0) + APPEND + STOP)


@case("dicts that hold each other, and no tensors", "no named tensors")
def dicts_hold_each_other():
    inner = EMPTY_DICT + text("b") + get(0) + SETITEM
    return torch_zip(PROTO + EMPTY_DICT + put(0) + text("a") + inner + SETITEM + STOP)


@case("a module that holds itself", "modules are nested more than")
def module_holds_itself():
    modules = text("_modules") + EMPTY_DICT + text("m") + get(0) + SETITEM + SETITEM
    state = EMPTY_DICT + text("_parameters") + EMPTY_DICT + SETITEM + modules
    return torch_zip(PROTO + name("model", "Model") + EMPTY_TUPLE + NEWOBJ + put(0) + state + BUILD + STOP)


@case("forty modules, each holding the next one twice: 2^40 paths", "share each other more than")
def module_path_explosion():
    out = PROTO
    for depth in range(40):
        held = b"".join(text(key) + get(depth - 1) + SETITEM for key in "ab") if depth else b""
        state = EMPTY_DICT + text("_parameters") + EMPTY_DICT + SETITEM + text("_modules") + EMPTY_DICT + held + SETITEM
        out += name("model", "Model") + EMPTY_TUPLE + NEWOBJ + put(depth) + state + BUILD
    return torch_zip(out + STOP)


@case("thirty lists, each holding the one before ten times: 10^30 items if copied", "no named tensors")
def billion_laughs():
    out = PROTO + EMPTY_LIST + put(0)
    for depth in range(1, 30):
        out += EMPTY_LIST + put(depth) + MARK + get(depth - 1) * 10 + APPENDS
    return torch_zip(out + STOP)


@case("a tuple of two tuples of two tuples ...: 2^40 of them if copied", "no named tensors")
def doubled_tuples():
    out = PROTO + NONE + TUPLE1 + put(0) + POP
    for depth in range(1, 41):
        out += get(depth - 1) + get(depth - 1) + TUPLE2 + put(depth) + POP
    return torch_zip(out + get(40) + STOP)


@case("80,000 objects share a dict of 80,000 attributes: 6.4 * 10^9 keys to look at", "no named tensors")
def shared_attributes():
    attributes = EMPTY_DICT + MARK + (integer(0) + NONE) * 80000 + SETITEMS + put(0)
    objects = (name("m", "M") + EMPTY_TUPLE + NEWOBJ + get(0) + BUILD) * 80000
    return torch_zip(PROTO + EMPTY_LIST + attributes + APPEND + MARK + objects + APPENDS + STOP)


@case("100,000 dicts are made from one list of 100,000 things that are no pairs", "something that is no pair")
def dicts_from_no_pairs():
    items = EMPTY_LIST + MARK + NONE * 100000 + APPENDS + TUPLE1 + put(0)
    return torch_zip(PROTO + items + (name("collections", "OrderedDict") + get(0) + REDUCE) * 100000 + STOP)


@case("half a million texts under one key of 1,000 bytes", "no named tensors")
def long_key_flood():
    items = EMPTY_DICT + MARK + (get(0) + NONE) * 500000 + SETITEMS
    return torch_zip(PROTO + text("k" * 1000) + put(0) + items + STOP)


@case("a tuple nested 100,000 deep", "no named tensors")
def deep_tuple():
    return torch_zip(PROTO + NONE + TUPLE1 * 100000 + STOP)


@case("100,000 open marks", "open containers")
def deep_marks():
    return torch_zip(PROTO + MARK * 100000 + STOP)


@case("two million values on the stack", "values on the stack")
def stack_flood():
    return torch_zip(PROTO + NONE * 2000000 + STOP)


@case("five million opcodes", "more than 4194304 opcodes")
def opcode_flood():
    return torch_zip(PROTO + NONE + (DUP + POP) * 2500000 + STOP)


@case("a million Python names take more memory than any checkpoint", "more than 48 MiB of memory.: save the state_dict")
def memory_flood():
    return torch_zip(PROTO + EMPTY_LIST + (name("a", "b") + POP) * 1000000 + STOP)


MEMOIZE = b"\x94"


@case("a million values that are on the stack, in a tuple, and in the memo twice over", "more than 48 MiB of memory")
def memo_flood():
    memo = MEMOIZE * 2500000
    again = MARK + get(0) * 600000 + TUPLE
    return torch_zip(PROTO + MARK + NONE * 1000000 + memo + TUPLE + POP + again + STOP)


@case("a list of 400,000 tuples that are all to be looked into", "more than 48 MiB of memory")
def queue_flood():
    return torch_zip(PROTO + EMPTY_LIST + (MARK + EMPTY_TUPLE * 100000 + APPENDS) * 4 + STOP)


@case("legacy file that names one storage a million times", "more than 48 MiB of memory")
def legacy_storage_flood():
    identity = storage()[:-len(BINPERSID)] + put(0) + POP
    return legacy_file(obj=PROTO + identity + (get(0) + BINPERSID + POP) * 1000000 + NONE + STOP)


def module(tensors, modules=b""):
    """A whole nn.Module; both are pairs."""
    attributes = [(b"_parameters", tensors), (b"_modules", modules)]
    pairs = b"".join(text(key.decode()) + EMPTY_DICT + MARK + value + SETITEMS for key, value in attributes)
    return name("model", "Model") + EMPTY_TUPLE + NEWOBJ + EMPTY_DICT + MARK + pairs + SETITEMS + BUILD


def module_of_long_names(path, n):
    first = text("0") + tensor() + put(0)
    tensors = first + b"".join(text("%d" % i) + get(0) for i in range(1, n))
    return module(b"", text(path) + module(tensors))


@case("16,000 tensors in a module whose own name has 1,000 bytes", "names of its tensors have more than 4 MiB")
def name_flood():
    return torch_zip(PROTO + module_of_long_names("x" * 1000, 16000) + STOP)


@case("the same, a name of 500 parts that may each begin a known one", "names of its tensors have more than 4 MiB")
def name_part_flood():
    return torch_zip(PROTO + module_of_long_names("F." * 500, 16000) + STOP)


def long_texts(n=1024):
    """A dict in which one text of 64 KiB stands under many names."""
    items = [text("k%d" % i) + (get(1) if i else text("v" * 65536) + put(1)) for i in range(n)]
    return EMPTY_DICT + MARK + b"".join(items) + SETITEMS


@case("one text of 64 KiB under a thousand names: 64 MiB of metadata if copied", "no named tensors")
def metadata_flood():
    return torch_zip(PROTO + long_texts() + STOP)


@case("all of these at once, and deflated", "names of its tensors have more than 4 MiB")
def metadata_and_name_flood():
    items = text("a") + long_texts() + text("net") + module_of_long_names("F." * 500, 16000)
    data = PROTO + EMPTY_DICT + MARK + items + SETITEMS + STOP
    return zip_file([Entry("archive/data.pkl", data, 8, deflate(data)), Entry("archive/data/0", FLOATS)])


@case("no memory is left when the tensors get their names", "more than 48 MiB of memory.: save the state_dict alone")
def heap_full_at_the_names():
    filled = MARK + NONE * 800000 + TUPLE + text("more") + MARK + NONE * 180000 + TUPLE
    tensors = b"".join(text("Prediction.%d" % i) + tensor() for i in range(3))
    return torch_zip(PROTO + EMPTY_DICT + MARK + text("state") + filled + text("net") + EMPTY_DICT + MARK + tensors +
                     SETITEMS + SETITEMS + STOP)


@case("seventeen thousand tensors", "more than 16384 tensors")
def tensor_flood():
    out = PROTO + tensor() + put(0) + POP + EMPTY_DICT
    return torch_zip(out + b"".join(text("t%d" % i) + get(0) + SETITEM for i in range(17000)) + STOP)


def many_tensors(name, n=16384):
    """As many tensors as may be, under names of a network: no error by itself, but every one is looked up."""
    out = PROTO + tensor() + put(0) + POP + EMPTY_DICT
    return torch_zip(out + b"".join(text(name % i) + get(0) + SETITEM for i in range(n)) + STOP)


@case("a tensor's name of 5,000 bytes", "longer than 1024 bytes or not text")
def tensor_name_too_long():
    return torch_zip(state_dict(tensor(), key="x" * 5000))


@case("a tensor's name with a zero byte inside", "longer than 1024 bytes or not text")
def tensor_name_with_zero():
    return torch_zip(state_dict(tensor(), key="Prediction\0.weight"))


@case("two tensors of one name in a dict", "two tensors named Prediction.weight")
def duplicate_tensor_names():
    item = text("Prediction.weight") + tensor() + SETITEM
    return torch_zip(PROTO + EMPTY_DICT + item + item + STOP)


# ---- tensors that lie ------------------------------------------------------------------------------------------------


def lying_tensor(**fields):
    return torch_zip(state_dict(tensor(**fields)))


@case("the shape needs more than the storage has", "reaches 400 bytes into a storage of 24 bytes")
def shape_too_large():
    return lying_tensor(shape=(10, 10), strides=(10, 1))


@case("the offset leads beyond the storage", "reaches .* into a storage of 24 bytes")
def offset_too_large():
    return lying_tensor(offset=1)


@case("the strides lead beyond the storage", "reaches .* into a storage of 24 bytes")
def strides_too_large():
    return lying_tensor(strides=(4, 1))


@case("a negative size", "negative size")
def negative_size():
    return lying_tensor(shape=(-2, 3))


@case("a negative stride", "negative stride")
def negative_stride():
    return lying_tensor(strides=(-3, 1))


@case("a negative offset", "negative offset")
def negative_offset():
    return lying_tensor(offset=-1)


@case("the number of elements overflows 64 bits", "number of elements overflows")
def shape_overflows():
    return lying_tensor(shape=(2**32, 2**33), strides=(0, 0))


@case("the last element's index overflows 64 bits", "overflow")
def strides_overflow():
    return lying_tensor(strides=(2**63 - 1, 2**62))


@case("the offset times four overflows 64 bits", "overflow")
def offset_overflows():
    return lying_tensor(offset=2**63 - 1)


@case("a size of 2^63, which is no 64-bit number", "not at most 8 integers")
def size_of_two_to_the_63():
    return lying_tensor(shape=(2**63, 1))


@case("a tensor of 2^40 elements made from one by stride 0", "repeats a storage of 24 bytes")
def broadcast_bomb():
    return lying_tensor(shape=(2**20, 2**20), strides=(0, 0))


@case("a thousand tensors of the same 100 KB", "share storages so much that they have 64 MiB more than the file")
def shared_storage_bomb():
    n = 25000
    shared = text("t0") + tensor(n=n, shape=(n,), strides=(1,)) + put(0)
    items = shared + b"".join(text("t%d" % i) + get(0) for i in range(1, 1000))
    return torch_zip(PROTO + EMPTY_DICT + MARK + items + SETITEMS + STOP, storages=[("0", bytes(4 * n))])


@case("two tensors of ten million elements each, made from one by stride 0", "repeat what is stored")
def two_broadcasts():
    big = tensor(shape=(10_000_000,), strides=(0,))
    items = [text(key) + big + SETITEM for key in ("Prediction.weight", "Prediction.bias")]
    return torch_zip(PROTO + EMPTY_DICT + b"".join(items) + STOP)


@case("a name that a terminal would obey", r"it mentions \?\[2J\.system")
def name_with_escape():
    return torch_zip(PROTO + name("\x1b[2J", "system") + STOP)


@case("nine dimensions", "not at most 8 integers")
def too_many_dimensions():
    return lying_tensor(shape=(1,) * 9, strides=(1,) * 9)


@case("more sizes than strides", "not at most 8 integers")
def strides_missing():
    return lying_tensor(strides=(1,))


@case("a shape of texts", "not at most 8 integers")
def shape_of_texts():
    return torch_zip(GOOD_PICKLE.replace(integers((2, 3)), MARK + text("2") + text("3") + TUPLE))


@case("the pickle says the storage is larger than it is", "needs a storage of 4000 bytes, and the file has 24")
def storage_size_lie():
    return lying_tensor(n=1000)


@case("a storage of negative size", "impossible size")
def storage_of_negative_size():
    return lying_tensor(n=-6)


@case("the storage's bytes overflow 64 bits", "impossible size|not read|needs a storage")
def storage_size_overflows():
    return lying_tensor(n=2**62)


@case("the storage is not in the file", "needs storage 1, which the file does not have")
def storage_missing():
    return torch_zip(state_dict(tensor(stored=storage(key="1"))))


@case("a storage key that climbs out of the folder", "which the file does not have")
def storage_key_climbs():
    return torch_zip(state_dict(tensor(stored=storage(key="../../etc/passwd"))))


@case("a storage of complex numbers", "a storage of a kind that is not read: torch.ComplexFloatStorage")
def storage_of_unread_kind():
    return torch_zip(state_dict(tensor(stored=storage(kind="ComplexFloatStorage"))))


@case("a storage of a class that PyTorch does not have", "a storage of a kind that is not read: torch.EvilStorage")
def storage_of_unknown_kind():
    return torch_zip(state_dict(tensor(stored=storage(kind="EvilStorage"))))


@case("a persistent id that is no tuple", "in the place of its storage")
def persistent_id_is_text():
    return torch_zip(state_dict(tensor(stored=text("0") + BINPERSID)))


@case("a tensor made without arguments", "not at most 8 integers")
def tensor_without_arguments():
    return torch_zip(state_dict(name("torch._utils", "_rebuild_tensor_v2") + EMPTY_TUPLE + REDUCE))


# ---- zip files that lie ----------------------------------------------------------------------------------------------


@case("two entries of one name: which one is read depends on the program", "two entries named archive/data/0")
def zip_duplicate_names():
    return torch_zip(GOOD_PICKLE, storages=(("0", FLOATS), ("0", FLOATS)))


@case("two data.pkl in two folders", "two entries data.pkl")
def zip_two_pickles():
    return torch_zip(GOOD_PICKLE, extra=[Entry("other/data.pkl", GOOD_PICKLE)])


@case("data.pkl lies in a folder whose name has 2,000 bytes", "folder has too long a name")
def zip_folder_name_too_long():
    return zip_file([Entry("x" * 2000 + "/data.pkl", GOOD_PICKLE)])


@case("weights that would unpack to 1.1 GB, not even a hundred times their size", "would unpack to more than 1024 MiB")
def zip_unpacks_to_too_much():
    n = 275 * 1000 * 1000
    weights = Entry("archive/data/0", b"", method=8, packed=bytes(12 << 20), both_size=4 * n)
    return zip_file([Entry("archive/data.pkl", state_dict(tensor(n=n, shape=(n,), strides=(1,)))), weights])


@case("two entries share their bytes", "share the same bytes")
def zip_overlapping_entries():
    inner = local_header(Entry("archive/data/0", FLOATS).local) + FLOATS
    outer = Entry("archive/data/1", inner)
    hidden = Entry("archive/data/0", FLOATS)
    body, directory = zip_parts([Entry("archive/data.pkl", GOOD_PICKLE), outer])
    directory += central_header(hidden.central, len(body) - len(inner))
    return body + directory + end_record(3, len(directory), len(body))


@case("the local header has another name (CVE-2025-1944)", "contradict each other")
def zip_name_mismatch():
    entries = [Entry("archive/data.pkl", GOOD_PICKLE, local_name=b"archive/data.pk_"), Entry("archive/data/0", FLOATS)]
    return zip_file(entries)


@case("the local header has another method", "contradict each other")
def zip_method_mismatch():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, local_method=8), Entry("archive/data/0", FLOATS)])


@case("the local header has another size", "different sizes")
def zip_size_mismatch():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, local_size=7), Entry("archive/data/0", FLOATS)])


@case("only the local header says encrypted (CVE-2025-1945)", "contradict each other")
def zip_flag_mismatch():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, local_flags=1), Entry("archive/data/0", FLOATS)])


@case("an encrypted entry", "encrypted")
def zip_encrypted():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, both_flags=1), Entry("archive/data/0", FLOATS)])


@case("a stored entry with two sizes", "two different sizes")
def zip_stored_two_sizes():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, both_size=10**6), Entry("archive/data/0", FLOATS)])


@case("a flipped bit in the pickle", "checksum of entry archive/data.pkl")
def zip_pickle_checksum():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, both_crc=12345), Entry("archive/data/0", FLOATS)])


@case("a flipped bit in the weights", "checksum of entry archive/data/0")
def zip_weights_checksum():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE), Entry("archive/data/0", FLOATS, both_crc=12345)])


@case("an entry that begins beyond the file", "an entry lies outside it")
def zip_entry_outside():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, central_offset=10**9), Entry("archive/data/0", FLOATS)])


@case("an entry that ends beyond the file", "an entry lies outside it|different sizes")
def zip_entry_too_long():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, both_size=10**9, both_packed=10**9)])


@case("an entry without a name", "impossible name")
def zip_entry_without_name():
    return zip_file([Entry("", b"x")])


@case("an entry whose name has a zero byte inside", "impossible name")
def zip_entry_zero_name():
    return zip_file([Entry("archive/data.pkl\0.txt", GOOD_PICKLE)])


@case("a directory that begins beyond the file", "directory lies outside it")
def zip_directory_outside():
    body, directory = zip_parts([Entry("archive/data.pkl", GOOD_PICKLE)])
    return body + directory + end_record(1, len(directory), 10**8)


@case("a directory that holds fewer entries than it says", "too short for its entries|directory is broken")
def zip_directory_too_short():
    body, directory = zip_parts([Entry("archive/data.pkl", GOOD_PICKLE)])
    return body + directory + end_record(60000, len(directory), len(body))


@case("the directory is overwritten", "directory is broken")
def zip_directory_overwritten():
    body, directory = zip_parts([Entry("archive/data.pkl", GOOD_PICKLE)])
    return body + b"\0" * len(directory) + end_record(1, len(directory), len(body))


@case("a part of a zip file in several parts", "several parts")
def zip_split():
    body, directory = zip_parts([Entry("archive/data.pkl", GOOD_PICKLE)])
    end = struct.pack("<IHHHHIIH", 0x06054B50, 1, 0, 1, 1, len(directory), len(body), 0)
    return body + directory + end


@case("the directory says that an entry lies on another disk", "an entry lies in part 8 of a file of one part")
def zip_entry_on_another_disk():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE), Entry("archive/data/0", FLOATS, central_disk=7)])


@case("the ZIP64 record contradicts the plain one", "two end records contradict")
def zip64_contradiction():
    body, directory = zip_parts([Entry("archive/data.pkl", GOOD_PICKLE)])
    wide = zip64_records(2, len(directory), len(body), len(body) + len(directory))
    return body + directory + wide + end_record(1, len(directory), len(body))


@case("the ZIP64 record lies beyond the file", "ZIP64 record lies outside it")
def zip64_outside():
    body, directory = zip_parts([Entry("archive/data.pkl", GOOD_PICKLE)])
    wide = zip64_records(1, len(directory), len(body), 2**60)
    return body + directory + wide + end_record(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


@case("the ZIP64 locator points to something else", "ZIP64 record is broken")
def zip64_points_elsewhere():
    body, directory = zip_parts([Entry("archive/data.pkl", GOOD_PICKLE)])
    wide = zip64_records(1, len(directory), len(body), 0)
    return body + directory + wide + end_record(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


@case("2^60 entries by ZIP64", "entries; the limit is")
def zip64_entry_count():
    body, directory = zip_parts([Entry("archive/data.pkl", GOOD_PICKLE)])
    wide = zip64_records(2**60, len(directory), len(body), len(body) + len(directory))
    return body + directory + wide + end_record(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


@case("a ZIP64 directory at 2^64 - 1: offset and length wrap round", "directory lies outside it")
def zip64_offset_wraps():
    body, directory = zip_parts([Entry("archive/data.pkl", GOOD_PICKLE)])
    wide = zip64_records(1, len(directory), 2**64 - 1, len(body) + len(directory))
    return body + directory + wide + end_record(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


@case("a ZIP64 size that is not there", "ZIP64 size is missing")
def zip64_extra_missing():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, central_size=0xFFFFFFFF)])


@case("a ZIP64 size of 2^62", "two different sizes|outside")
def zip64_size_lie():
    extra = struct.pack("<HHQQ", 1, 16, 2**62, 2**62)
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, central_size=0xFFFFFFFF, central_packed=0xFFFFFFFF,
                           central_extra=extra)])


def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


@case("64 MB of zeros in 64 kB", "more than 100 times its size")
def deflate_bomb():
    zeros = bytes(64 * 10**6)
    return zip_file([Entry("archive/data.pkl", state_dict(tensor(n=16 * 10**6))),
                     Entry("archive/data/0", zeros, 8, deflate(zeros))])


@case("a pickle that says it unpacks to 4 GB", "data.pkl has .* MiB; the limit is")
def deflate_pickle_too_large():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, 8, deflate(GOOD_PICKLE), both_size=4 * 10**9)])


@case("the deflated data is longer than the directory says", "cannot be unpacked")
def deflate_longer_than_declared():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, 8, deflate(GOOD_PICKLE + bytes(100)))])


@case("the deflated data is shorter than the directory says", "cannot be unpacked")
def deflate_shorter_than_declared():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, 8, deflate(GOOD_PICKLE[:-5]))])


@case("the deflated data is noise", "cannot be unpacked")
def deflate_noise():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, 8, b"\xff" * 50)])


@case("a compression that nobody uses for checkpoints", "not read .method 14")
def zip_lzma():
    return zip_file([Entry("archive/data.pkl", GOOD_PICKLE, 14)])


@case("written on a big-endian machine", "big-endian machine")
def zip_big_endian():
    return torch_zip(GOOD_PICKLE, extra=[Entry("archive/byteorder", b"big")])


@case("a byte order that does not exist", "neither little nor big")
def zip_middle_endian():
    return torch_zip(GOOD_PICKLE, extra=[Entry("archive/byteorder", b"middle")])


# ---- legacy files that lie -------------------------------------------------------------------------------------------


@case("legacy file, cut inside the weights", "file ends inside its weights")
def legacy_cut_in_weights():
    return legacy_file()[:-1]


@case("legacy file, cut before the weights", "file ends inside its weights")
def legacy_cut_before_weights():
    return legacy_file()[:-25]


@case("legacy file, cut inside the object", "file ends before its weights, so the download is incomplete")
def legacy_cut_in_object():
    return legacy_file()[:120]


@case("legacy file, cut inside the magic number", "file ends before its weights")
def legacy_cut_in_magic():
    return MAGIC[:10]


@case("legacy file, cut after the magic number", "file ends before its weights")
def legacy_only_magic():
    return MAGIC


@case("legacy file, cut after the magic number of protocol 1", "file ends before its weights")
def legacy_only_decimal_magic():
    return b"L119547037146038801333356L\n."


@case("legacy file, a count of 2^62 elements", "6 elements in one place and 4611686018427387904")
def legacy_count_lie():
    return legacy_file(count=2**62)


@case("legacy file, a negative count", "6 elements in one place and 18446744073709551615")
def legacy_negative_count():
    return legacy_file(count=-1)


@case("legacy file, a key in the list that no tensor has", "list of storages does not fit")
def legacy_unknown_key():
    return legacy_file(keys=("9",))


@case("legacy file, one key twice in the list", "list of storages does not fit")
def legacy_key_twice():
    return legacy_file(keys=("0", "0"), data=FLOATS + struct.pack("<q", 6) + FLOATS)


@case("legacy file, a storage that is not in the list", "needs storage 0, which the file does not have")
def legacy_key_missing():
    return legacy_file(keys=(), data=b"")


@case("legacy file, the list of keys is a dict", "no list of storages")
def legacy_keys_are_dict():
    return MAGIC + PROTO + integer(1001) + STOP + LITTLE + GOOD_PICKLE + PROTO + EMPTY_DICT + STOP


@case("legacy file, one storage with two sizes", "has two different sizes")
def legacy_two_sizes():
    first, second = tensor(), tensor(stored=storage(n=600))
    return legacy_file(obj=PROTO + EMPTY_DICT + text("a") + first + SETITEM + text("b") + second + SETITEM + STOP)


@case("legacy file, a view beyond its storage", "view that lies outside")
def legacy_view_outside():
    view = MARK + text("v") + integer(4) + integer(6) + TUPLE
    return legacy_file(obj=state_dict(tensor(stored=storage(view=view))))


@case("legacy file, of an unknown version", "version that is not 1001")
def legacy_version():
    return legacy_file(version=1002)


# ---- safetensors that lie --------------------------------------------------------------------------------------------


@case("a header of 2^62 bytes", "header would have 4611686018427387904 bytes")
def safetensors_header_length():
    return safetensors_file('{"a": %s}' % st_tensor(), length=2**62)


@case("a header longer than the file", "ends inside its header")
def safetensors_header_cut():
    return safetensors_file('{"a": %s}' % st_tensor(), length=5000)


@case("a header that is no JSON", "not a JSON object")
def safetensors_bad_json():
    return safetensors_file('{"a": }')


@case("a header nested 100,000 deep", "not a JSON object")
def safetensors_deep_json():
    return safetensors_file('{"a":' + "[" * 100000)


@case("one name twice", "not a JSON object .duplicate")
def safetensors_duplicate_names():
    return safetensors_file('{"a": %s, "a": %s}' % (st_tensor(), st_tensor()))


@case("offsets beyond the file", "ends inside its weights")
def safetensors_offset_outside():
    return safetensors_file('{"a": %s}' % st_tensor(shape="[100]", offsets="[0, 400]"))


@case("offsets in the wrong order", "has no data_offsets")
def safetensors_offset_backwards():
    return safetensors_file('{"a": %s}' % st_tensor(offsets="[24, 0]"))


@case("negative offsets", "has no data_offsets")
def safetensors_offset_negative():
    return safetensors_file('{"a": %s}' % st_tensor(offsets="[-24, 0]"))


@case("two tensors share their bytes", "overlap or leave gaps")
def safetensors_overlap():
    return safetensors_file('{"a": %s, "b": %s}' % (st_tensor(), st_tensor()))


@case("bytes that belong to no tensor", "longer than its header says")
def safetensors_trailing():
    return safetensors_file('{"a": %s}' % st_tensor(), data=FLOATS + b"hidden")


@case("shape and offsets contradict each other", "has 2 elements in 24 bytes")
def safetensors_shape_mismatch():
    return safetensors_file('{"a": %s}' % st_tensor(shape="[2]"))


@case("a shape whose product overflows", "overflow")
def safetensors_shape_overflows():
    return safetensors_file('{"a": %s}' % st_tensor(shape="[4294967296, 4294967296, 4294967296]"))


@case("a negative size", "negative size")
def safetensors_negative_size():
    return safetensors_file('{"a": %s}' % st_tensor(shape="[-2, -3]"))


@case("a dtype that is not read", "dtype that is not read")
def safetensors_unread_dtype():
    return safetensors_file('{"a": %s}' % st_tensor(dtype="F8_E4M3", shape="[24]"))


@case("a shape of texts", "has a shape that is not at most 8 integers")
def safetensors_shape_of_texts():
    return safetensors_file('{"a": %s}' % st_tensor(shape='["2", "3"]'))


@case("a shape of nine dimensions", "has a shape that is not at most 8 integers")
def safetensors_too_many_dimensions():
    return safetensors_file('{"a": %s}' % st_tensor(shape="[1, 1, 1, 1, 1, 1, 1, 2, 3]"))


@case("a tensor's name of 5,000 bytes", "name is longer than 1024 bytes")
def safetensors_name_too_long():
    return safetensors_file('{"%s": %s}' % ("x" * 5000, st_tensor()))


@case("seventeen thousand tensors", "there are more than 16384 tensors")
def safetensors_tensor_flood():
    empty = st_tensor(shape="[0]", offsets="[0, 0]")
    return safetensors_file("{%s}" % ", ".join('"t%d": %s' % (i, empty) for i in range(17000)), data=b"")


@case("eight thousand tensors with names of 1,000 bytes", "names of its tensors have more than 4 MiB")
def safetensors_name_flood():
    empty = st_tensor(shape="[0]", offsets="[0, 0]")
    names = ("F." * 497 + "%d" % i for i in range(7000))
    return safetensors_file("{%s}" % ", ".join('"%s": %s' % (name, empty) for name in names), data=b"")


@case("a header without tensors", "holds no tensors")
def safetensors_empty():
    return safetensors_file("{}", data=b"")


def main(folder):
    for made in CASES:
        pathlib.Path(folder, made.name + ".pth").write_bytes(made.make())


if __name__ == "__main__":
    main(sys.argv[1])
