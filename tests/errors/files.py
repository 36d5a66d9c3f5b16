"""The files that cases name, made when a case needs them. A recipe is a function whose name is the
file's name with '_' for '.' before the extension; it returns bytes, or writes below `folder`."""
import functools
import io
import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np
from onnx import MapProto, TensorProto, external_data_helper, helper, numpy_helper

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
RECIPES = {}


def recipe(name):
    def add(function):
        RECIPES[name] = function
        return function
    return add


def make(name, folder):
    """Makes the file `name` below `folder`, and what it needs."""
    path = folder / name
    if path.exists():
        return path
    content = RECIPES[name](folder)
    if content is not None:
        path.write_bytes(content)
    return path


# Models. The good one: y = Relu(x W + b), x f32[batch,2]; small enough to cut at any byte.

WEIGHTS = {"w": np.array([[1, 2, 3], [4, 5, 6]], np.float32), "b": np.array([1, -2, 3], np.float32)}


def tensor(name, shape=("batch", 2), dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def node(op, inputs, outputs, name, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), name=name, **attributes)


def model(nodes=None, inputs=None, outputs=None, weights=None, opset=17, domains=()):
    nodes = nodes or [node("Gemm", "x w b", "h", "dense"), node("Relu", "h", "y", "activation")]
    weights = WEIGHTS if weights is None else weights
    graph = helper.make_graph(
        nodes, "g", inputs or [tensor("x")], outputs or [tensor("y", ("batch", 3))],
        [numpy_helper.from_array(v, k) for k, v in weights.items()])
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def chain(*nodes, **more):
    """A model without weights."""
    return model(list(nodes), weights={}, **more).SerializeToString()


@recipe("good.onnx")
def good(folder):
    return model().SerializeToString()


@recipe("big.onnx")
def big(folder):
    """Weights and output of 12 kB."""
    weights = {"w": np.ones((2, 3000), np.float32), "b": np.zeros(3000, np.float32)}
    return model(weights=weights, outputs=[tensor("y", ("batch", 3000))]).SerializeToString()


@recipe("two_inputs.onnx")
def two_inputs(folder):
    return chain(node("Add", "left right", "y", "sum"), inputs=[tensor("left"), tensor("right")],
                 outputs=[tensor("y")])


@recipe("old.onnx")
def old(folder):
    """Opset 7, normalised in a way that later opsets cannot say."""
    nodes = [node("BatchNormalization", "x w w w w", "y", "it", spatial=0)]
    return model(nodes, opset=7, outputs=[tensor("y")],
                 weights={"w": np.ones(2, np.float32)}).SerializeToString()


@recipe("list.onnx")
def list_model(folder):
    """s, a sequence of f32, through Identity."""
    kind = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None))
    values = [helper.make_value_info(name, kind) for name in "sy"]
    graph = helper.make_graph([node("Identity", "s", "y", "same")], "g", values[:1], values[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)],
                             ir_version=8).SerializeToString()


def list_of(*arrays):
    return numpy_helper.from_list(list(arrays), "s").SerializeToString()


RECIPES["list.pb"] = lambda folder: list_of(np.ones(1, np.float32))
RECIPES["whole_list.pb"] = lambda folder: list_of(np.ones(1, np.int64))
RECIPES["cut_list.pb"] = lambda folder: list_of(np.ones(9, np.float32))[:-3]


@recipe("map.onnx")
def map_model(folder):
    """d, a map from numbers to f32, as the row y of its values."""
    made = model([node("CastMap", "d", "y", "cast")], inputs=[tensor("d")], outputs=[tensor("y", (1, "n"))],
                 weights={}, domains=["ai.onnx.ml"])
    made.graph.node[0].domain = "ai.onnx.ml"
    kind = made.graph.input[0].type
    kind.Clear()
    kind.map_type.key_type = TensorProto.INT64
    kind.map_type.value_type.tensor_type.elem_type = TensorProto.FLOAT
    return made.SerializeToString()


def map_of(*keys):
    made = MapProto(key_type=TensorProto.INT64, keys=keys)
    made.values.CopyFrom(numpy_helper.from_list([np.float32(1)]))
    return made.SerializeToString()


RECIPES["map.pb"] = lambda folder: map_of(7)
RECIPES["keys.pb"] = lambda folder: map_of(7, 9)


@recipe("sparse.onnx")
def sparse_model(folder):
    """Claims much and holds little."""
    made = model(weights={"w": WEIGHTS["w"]})
    weight = made.graph.sparse_initializer.add(dims=[1 << 40])
    weight.values.CopyFrom(numpy_helper.from_array(np.ones(1, np.float32), "b"))
    weight.indices.CopyFrom(numpy_helper.from_array(np.zeros(1, np.int64)))
    return made.SerializeToString()


@recipe("integers.onnx")
def integers(folder):
    byte = TensorProto.UINT8
    weights = {"s": np.array(1, np.float32), "z": np.array(0, np.uint8),
               "w": np.ones((2, 3), np.uint8)}
    return model([node("QLinearMatMul", "x s z w s z s z", "y", "dense")],
                 inputs=[tensor("x", dtype=byte)],
                 outputs=[tensor("y", ("batch", 3), dtype=byte)],
                 weights=weights).SerializeToString()


@recipe("folder.onnx")
def folder_onnx(folder):
    (folder / "folder.onnx").mkdir()


RECIPES["empty.onnx"] = lambda folder: b""
RECIPES["text.onnx"] = lambda folder: b"just some words\n"
RECIPES["jpeg.onnx"] = lambda folder: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"x" * 400
RECIPES["pytorch.onnx"] = lambda folder: b"PK\x03\x04" + b"archive/data.pkl" * 20
RECIPES["pointer.onnx"] = lambda folder: (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
RECIPES["noise.onnx"] = lambda folder: np.random.default_rng(1).bytes(300)
RECIPES["zeros.onnx"] = lambda folder: bytes(300)
RECIPES["cut_first_byte.onnx"] = lambda folder: good(folder)[:1]
RECIPES["cut_early.onnx"] = lambda folder: good(folder)[:20]
RECIPES["cut_half.onnx"] = lambda folder: good(folder)[:len(good(folder)) // 2]
RECIPES["cut_last_byte.onnx"] = lambda folder: good(folder)[:-1]
RECIPES["no_graph.onnx"] = lambda folder: good(folder)[:2]  # ir_version and nothing else


def external(location, length=24):
    m = model()
    w = m.graph.initializer[0]
    external_data_helper.set_external_data(w, location, offset=0, length=length)
    w.ClearField("raw_data")
    w.data_location = TensorProto.EXTERNAL
    return m.SerializeToString()


@recipe("external_short.onnx")
def external_short(folder):
    (folder / "short.bin").write_bytes(bytes(10))
    return external("short.bin")


@recipe("external_link.onnx")
def external_link(folder):
    os.symlink("/etc/hostname", folder / "link.bin")
    return external("link.bin")


RECIPES["external_missing.onnx"] = lambda folder: external("weights.bin")
RECIPES["external_escapes.onnx"] = lambda folder: external("../weights.bin")
RECIPES["external_absolute.onnx"] = lambda folder: external("/etc/passwd")


@recipe("unsupported.onnx")
def unsupported(folder):
    """Three operators nobody has, one of them twice, one inside a branch."""
    inner = helper.make_graph([node("Telepathy", "x", "t", "inner_read")], "then", [],
                              [tensor("t", None)])
    other = helper.make_graph([node("Identity", "x", "e", "pass")], "else", [], [tensor("e", None)])
    return chain(node("Frobnicate", "x", "a", "first"), node("Frobnicate", "a", "b", "second"),
                 node("Wiggle", "b", "c", "third", domain="com.acme"),
                 node("If", "flag", "y", "choose", then_branch=inner, else_branch=other),
                 inputs=[tensor("x"), tensor("flag", (), TensorProto.BOOL)], domains=["com.acme"])


RECIPES["opset_old.onnx"] = lambda folder: model(opset=0).SerializeToString()
RECIPES["opset_new.onnx"] = lambda folder: model(opset=999).SerializeToString()
RECIPES["unknown_dtype.onnx"] = lambda folder: chain(
    node("Relu", "x", "y", "activation"), inputs=[tensor("x", dtype=99)])
RECIPES["string_relu.onnx"] = lambda folder: chain(
    node("Relu", "x", "y", "activation"), inputs=[tensor("x", dtype=TensorProto.STRING)])
RECIPES["cycle.onnx"] = lambda folder: chain(
    node("Add", "x b", "a", "one"), node("Relu", "a", "b", "two"), node("Relu", "b", "y", "three"))
RECIPES["undefined.onnx"] = lambda folder: chain(node("Add", "x ghost", "y", "sum"))
RECIPES["no_such_output.onnx"] = lambda folder: chain(node("Relu", "x", "z", "activation"))
RECIPES["defined_twice.onnx"] = lambda folder: chain(
    node("Relu", "x", "y", "one"), node("Neg", "x", "y", "two"))
RECIPES["wrong_sizes.onnx"] = lambda folder: model(
    [node("MatMul", "x w", "y", "product")], weights={"w": np.zeros((5, 3), np.float32)}
).SerializeToString()
RECIPES["wrong_types.onnx"] = lambda folder: model(
    [node("Add", "x w", "y", "sum")], weights={"w": np.zeros((1, 2), np.int64)}).SerializeToString()
RECIPES["missing_attribute.onnx"] = lambda folder: chain(node("Concat", "x x", "y", "join"))
RECIPES["wrong_attribute.onnx"] = lambda folder: chain(
    node("Softmax", "x", "y", "soft", axis="last"))
RECIPES["unknown_attribute.onnx"] = lambda folder: chain(
    node("Softmax", "x", "y", "soft", axes=[1]))
RECIPES["too_few_inputs.onnx"] = lambda folder: chain(node("Add", "x", "y", "sum"))
RECIPES["long_windows.onnx"] = lambda folder: chain(  # of 700 samples
    node("AveragePool", "x", "y", "windows", kernel_shape=[700]),
    inputs=[tensor("x", ("batch", 1, "samples"))], outputs=[tensor("y", None)])
RECIPES["nan.onnx"] = lambda folder: model(
    weights={**WEIGHTS, "w": np.array([[1, np.nan, 3], [4, np.nan, 6]], np.float32)}
).SerializeToString()
RECIPES["inf.onnx"] = lambda folder: model(
    weights={**WEIGHTS, "b": np.array([1, np.inf, 3], np.float32)}).SerializeToString()
RECIPES["no_kernel.onnx"] = lambda folder: chain(  # strings have no kernels, only a reference
    node("Cast", "x", "s", "one", to=TensorProto.STRING),
    node("Cast", "s", "y", "two", to=TensorProto.FLOAT))
RECIPES["no_name.onnx"] = lambda folder: chain(
    node("Frobnicate", "x", "y", ""))
RECIPES["escapes.onnx"] = lambda folder: chain(
    node("Frobnicate", "x", "y", "red \x1b[31m\nand two lines"))


# Engines, all from the good model.

@functools.cache
def engine(isa, *options):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run([HONE, "build", make("good.onnx", folder), "-o", folder / "e", "--no-timing",
                        *options], env={**os.environ, "HONE_FORCE_ISA": isa}, check=True,
                       capture_output=True)
        return (folder / "e").read_bytes()


RECIPES["good.engine"] = lambda folder: engine("portable")
RECIPES["two.engine"] = lambda folder: engine("portable", "--profile", "x=1x2:1x2:2x2")  # 1, 2 rows
RECIPES["profiles.engine"] = lambda folder: engine("portable", "--profile", "x=1x2", "--profile",
                                                   "x=3x2:4x2:5x2")
RECIPES["avx2.engine"] = lambda folder: engine("avx2", "--prefer-kernel", "avx2")
RECIPES["empty.engine"] = lambda folder: b""


def edited(edit):
    def make_it(folder):
        data = bytearray(engine("portable"))
        return bytes(edit(data) or data)
    return make_it


def flipped(share):
    def flip(data):
        data[int(share * (len(data) - 1))] ^= 0x10
    return edited(flip)


def replaced(at, new):
    def replace(data):
        data[at:at + len(new)] = new
    return edited(replace)


RECIPES["magic.engine"] = replaced(0, b"HONK")
RECIPES["newer.engine"] = replaced(8, b"\x02\x00")  # version_major, behind the magic
RECIPES["cut_header.engine"] = edited(lambda data: data[:20])
RECIPES["cut_half.engine"] = edited(lambda data: data[:len(data) // 2])
RECIPES["cut_last.engine"] = edited(lambda data: data[:-1])
RECIPES["longer.engine"] = edited(lambda data: data + b"\0")
for percent in (20, 40, 60, 80, 100):
    RECIPES[f"flip_{percent}.engine"] = flipped(percent / 100)


# Tensors.

def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


X = np.array([[1, 2]], np.float32)
RECIPES["x.npy"] = lambda folder: npy(X)
RECIPES["x.pb"] = lambda folder: numpy_helper.from_array(X, "x").SerializeToString()
RECIPES["wide.npy"] = lambda folder: npy(np.zeros((1, 5), np.float32))
RECIPES["tall.npy"] = lambda folder: npy(np.zeros((9, 2), np.float32))
RECIPES["flat.npy"] = lambda folder: npy(np.zeros(2, np.float32))
RECIPES["double.npy"] = lambda folder: npy(X.astype(np.float64))
RECIPES["none.npy"] = lambda folder: npy(np.zeros((0, 2), np.float32))
RECIPES["empty.npy"] = lambda folder: b""
RECIPES["text.npy"] = lambda folder: b"1 2\n"
RECIPES["cut.npy"] = lambda folder: npy(X)[:-1]
RECIPES["cut_header.npy"] = lambda folder: npy(X)[:30]
RECIPES["object.npy"] = lambda folder: npy(np.array([{}, 1], object))
RECIPES["record.npy"] = lambda folder: npy(np.zeros(2, [("a", "f4"), ("b", "i4")]))
RECIPES["empty.npz"] = lambda folder: b""
RECIPES["text.npz"] = lambda folder: b"no archive"
RECIPES["empty.pb"] = lambda folder: b""
RECIPES["text.pb"] = lambda folder: b"no protobuf at all"
RECIPES["cut.pb"] = lambda folder: RECIPES["x.pb"](folder)[:-1]
RECIPES["x.txt"] = lambda folder: b"1 2\n"
RECIPES["x.png"] = lambda folder: b"\x89PNG\r\n\x1a\n" + bytes(30)


def npz(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


RECIPES["two.npz"] = lambda folder: npz(x=np.ones((2, 2), np.float32))
RECIPES["other_names.npz"] = lambda folder: npz(a=X, b=X)
RECIPES["wide.npz"] = lambda folder: npz(x=np.ones((8, 3), np.float32))
RECIPES["nan.npz"] = lambda folder: npz(x=np.where(np.arange(40).reshape(20, 2) == 7, np.nan, 1).astype(np.float32))
RECIPES["no_arrays.npz"] = lambda folder: npz()
RECIPES["zero_rows.npz"] = lambda folder: npz(x=np.ones((0, 2), np.float32))
RECIPES["words.npz"] = lambda folder: npz(x=np.array(["a", "b"]))
RECIPES["cut.npz"] = lambda folder: npz(x=X)[:60]


@recipe("inputs")
def inputs(folder):
    """A folder of inputs that holds none of the model's."""
    (folder / "inputs").mkdir()
    (folder / "inputs/readme.txt").write_text("nothing here")


@recipe("bad_inputs")
def bad_inputs(folder):
    (folder / "bad_inputs").mkdir()
    (folder / "bad_inputs/input_0.npy").write_bytes(npy(X.astype(np.int64)))


@recipe("file")
def plain_file(folder):
    return b"a regular file\n"


@recipe("taken")
def taken(folder):
    (folder / "taken").mkdir()


# Projects. hone.toml is edited by cases; hone-out/ as `hone ship` leaves it comes from a recipe.

@recipe("half.json")
def half_json(folder):
    return b'{"schema": 1, "latency_ms": {"p50"'


@recipe("other.json")
def other_json(folder):
    return b'{"schema": 1, "stages": {"build": {"seconds": 1}}}'


@recipe("hone.toml")
def project(folder):
    make("good.onnx", folder)
    (folder / "labels.txt").write_text("low\nmiddle\nhigh\n")
    return b"""schema = 1

[model.m]
onnx = "good.onnx"

[model.m.output.y]
task = "classification"
labels = "labels.txt"

[target.local]
threads = 1
limits = { engine_mb = 4, accuracy_drop = 0.5 }

# [model.m.input.x]

# [model.m.data]
"""


def report(text, with_engine=True):
    def write(folder):
        (folder / "hone-out").mkdir()
        (folder / "hone-out/m.local.report.json").write_text(text)
        if with_engine:
            (folder / "hone-out/m.local.engine").write_bytes(engine("portable"))
    return write


def report_about(model):
    return json.dumps({"schema": 1, "model": model, "target": "local", "stages": {},
                       "identity": {"engine_hash": "0"}})


# Names of recipes that leave a folder; a case lists them in `needs`.
RECIPES["text report"] = report("not JSON")
RECIPES["old report"] = report('{"schema": 1, "engine_hash": "0", "stages": {}}')
RECIPES["report of another engine"] = report(report_about("m"))
RECIPES["report without engine"] = report(report_about("m"), with_engine=False)
RECIPES["report of another model"] = report(report_about("n"))
RECIPES["labels folder"] = lambda folder: (folder / "labels").mkdir()


# Reports of hone ship.

@recipe("good.report.json")
def good_report(folder):
    return b'{"schema": 1, "hone": "0.1.0", "model": "m", "target": "t", "verdict": "SHIP", "stages": {}}'


@recipe("newer.report.json")
def newer_report(folder):
    return b'{"schema": 2, "verdict": "SHIP", "stages": {}}'


@recipe("deep.report.json")
def deep_report(folder):
    return b"[" * 200000
