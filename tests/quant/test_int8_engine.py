"""Engines of quantised models against ONNX Runtime on the same files, and against themselves on every
instruction set and without fusion: labelled data of ../shared, small graphs elsewhere. The reasons of the
limits: sums of integers are exact, so only the rounding at the end of a step may fall to the other side,
where its quotient lies within f32's error of a tie; that moves a byte by one."""
import csv, json, os, pathlib, subprocess
import numpy as np, onnx, onnxruntime as ort, pytest
from onnx import TensorProto, helper, numpy_helper as nh

HONE = os.environ.get("HONE", "build/release/hone")
SHARED = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", ".")).resolve().parent / "shared/realdata"
RNG = np.random.default_rng(7)
shared = pytest.mark.skipif(not SHARED.exists(), reason="skipped: no ../shared")


def hone(*args, isa=None):
    env = {**os.environ, **({"HONE_FORCE_ISA": isa} if isa else {})}
    r = subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=300, env=env)
    assert r.returncode == 0, r.stderr
    return r


def engine(model, folder, *options, isa=None):
    path = folder / f"{isa or 'best'}{len(options)}.engine"
    r = hone("build", model, "-o", path, "--no-timing", *options, isa=isa)
    return path, r.stderr


def run(path, feed, folder, isa=None):
    args = []
    for name, value in feed.items():
        np.save(folder / "in.npy", value)
        args += ["--input", f"{name}={folder / 'in.npy'}"]
    hone("run", path, *args, "--save", folder / "out", isa=isa)
    return np.load(folder / "out/output_0.npy")


def by_ort(model, feed):
    return ort.InferenceSession(str(model), providers=["CPUExecutionProvider"]).run(None, feed)[0]


def kws():
    rows = list(csv.reader(open(SHARED / "data/kws/labels.csv")))
    rows = [r for r in rows if (SHARED / "data/kws" / r[0]).exists()]
    x = [np.fromfile(SHARED / "data/kws" / r[0], np.int8).reshape(49, 10, 1) for r in rows]
    return np.stack(x)


def cifar(limit):
    from PIL import Image
    rows = list(csv.reader(open(SHARED / "data/cifar10/test.csv")))
    files = [SHARED / "data/cifar10" / r[0] for r in rows]
    files = [f for f in files if f.suffix == ".jpg" and f.exists()]
    assert files
    step = max(1, len(files) // limit)
    return np.stack([np.asarray(Image.open(f).convert("RGB")) for f in files[::step]])


@shared
@pytest.mark.parametrize("name,data,least", [
    ("kws_dscnn_int8", kws, 1),
    # Of this one ONNX Runtime computes six of nine convolutions in f32.
    ("ic_resnet8_int8", lambda: (cifar(500).astype(np.int16) - 128).astype(np.int8), 0.985),
])
def test_classes_of_tflite_models_are_onnx_runtimes(name, data, least, tmp_path):
    model = SHARED / f"models/tflite_onnx/{name}.onnx"
    x = data()
    feed = {onnx.load(model).graph.input[0].name: x}
    path, log = engine(model, tmp_path, "--precision", "int8")
    assert "int8" in log
    got, want = run(path, feed, tmp_path).astype(int), by_ort(model, feed).astype(int)
    same = got.argmax(1) == want.argmax(1)
    assert same.mean() >= least, f"{(~same).sum()} of {len(x)} differ"
    isas = {i: run(engine(model, tmp_path, isa=i)[0], feed, tmp_path, i) for i in ("portable", "avx2")}
    for isa, other in isas.items():
        assert (other == got).all(), isa


@shared
def test_resnet20_quantised_by_onnx_runtime(tmp_path):
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
    x = (cifar(400) / 255 - [.485, .456, .406]) / [.229, .224, .225]
    x = x.transpose(0, 3, 1, 2).astype(np.float32)
    source = SHARED / "models/cifar/resnet20_cifar10_ts_op13.onnx"
    name = onnx.load(source).graph.input[0].name

    class Reader(CalibrationDataReader):
        left = [x[k:k + 1] for k in range(16)]

        def get_next(self):
            return {name: self.left.pop()} if self.left else None

    model = tmp_path / "q.onnx"
    quantize_static(source, model, Reader(), per_channel=True, activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8)
    path, log = engine(model, tmp_path, "--precision", "int8")
    assert "f32" not in log.splitlines()[-1], log  # nothing is left to it
    precisions = json.loads(hone("inspect", path, "--json", "-").stdout)["precisions"]
    assert precisions["multiply_adds"]["int8"]["layers"] == 20 and precisions["conversions"] == 2
    got, want = run(path, {name: x}, tmp_path), by_ort(model, {name: x})
    same = got.argmax(1) == want.argmax(1)
    assert same.mean() >= 0.995
    step = np.diff(np.unique(want)).min()
    for g, w in zip(got[~same], want[~same]):
        assert w.max() - w[g.argmax()] <= 1.5 * step


# --- small graphs ---------------------------------------------------------------------------------------


def q(name, x, y, scale, zero, dtype=np.uint8):
    """QuantizeLinear of x, DequantizeLinear to y; nodes and constants."""
    s, z = f"{name}_s", f"{name}_z"
    nodes = [helper.make_node("QuantizeLinear", [x, s, z], [f"{name}_q"]),
             helper.make_node("DequantizeLinear", [f"{name}_q", s, z], [y])]
    return nodes, [nh.from_array(np.float32(scale), s), nh.from_array(np.array(zero, dtype), z)]


def qdq(nodes, shape, points, dtype=np.uint8, out_rank=None, constants=()):
    """A model of `nodes` from dequantised x (and x2 where they read it) to y, with Q/DQ at `points`."""
    all_nodes, init = [], list(constants)
    inputs = []
    for k, name in enumerate(("x", "x2")):
        if not any(name in n.input for n in nodes):
            continue
        inputs.append(helper.make_tensor_value_info(f"{name}_in", TensorProto.FLOAT, shape))
        n, c = q(name, f"{name}_in", name, (0.0311173, 0.0473191)[k], (121, 131)[k] if dtype == np.uint8 else (-3, 7)[k], dtype)
        all_nodes += n
        init += c
    for n in nodes:
        all_nodes.append(n)
        for o in n.output:
            if o in points:
                d, c = q(o, o, o + "_d", points[o][0], points[o][1], dtype)
                all_nodes += d
                init += c
    # Whoever reads a point reads it dequantised.
    for n in all_nodes:
        if n.op_type != "QuantizeLinear" and n.op_type != "DequantizeLinear":
            for i, v in enumerate(n.input):
                if v in points:
                    n.input[i] = v + "_d"
    y = nodes[-1].output[0] + "_d"
    graph = helper.make_graph(all_nodes, "g", inputs,
                              [helper.make_tensor_value_info(y, TensorProto.FLOAT, None)], init)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


N = helper.make_node
GRAPHS = {
    "hard_swish": ([N("HardSwish", ["x"], ["y"])], {"y": (0.0200274, 13)}),
    "silu": ([N("Sigmoid", ["x"], ["s"]), N("Mul", ["x", "s"], ["y"])], {"s": (1 / 255, 0), "y": (0.0200274, 13)}),
    "tanh": ([N("Tanh", ["x"], ["y"])], {"y": (0.007910823, 127)}),
    "leaky": ([N("LeakyRelu", ["x"], ["y"], alpha=0.1)], {"y": (0.0300411, 40)}),
    "add": ([N("Add", ["x", "x2"], ["y"])], {"y": (0.0600822, 127)}),
    "add_relu": ([N("Add", ["x", "x2"], ["s"]), N("Relu", ["s"], ["y"])], {"y": (0.0300411, 0)}),
    "add_relu_within": ([N("Add", ["x", "x2"], ["s"]), N("Relu", ["s"], ["y"])], {"y": (0.0300411, 60)}),
    "mul": ([N("Mul", ["x", "x2"], ["y"])], {"y": (0.0500685, 101)}),
    "sub": ([N("Sub", ["x", "x2"], ["y"])], {"y": (0.0700959, 128)}),
    "squeeze_excite": ([N("GlobalAveragePool", ["x"], ["g"]), N("HardSigmoid", ["g"], ["h"]),
                        N("Mul", ["x", "h"], ["y"])], {"g": (0.01101507, 128), "h": (1 / 255, 0), "y": (0.0300411, 121)}),
    "max_pool": ([N("MaxPool", ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])], {"y": (0.0200274, 100)}),
    "mean": ([N("GlobalAveragePool", ["x"], ["y"])], {"y": (0.0200274, 100)}),
    "windows": ([N("AveragePool", ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])], {"y": (0.02203014, 100)}),
    "concat": ([N("Concat", ["x", "x2"], ["y"], axis=1)], {"y": (0.0500685, 128)}),
    "transpose": ([N("Transpose", ["x"], ["t"], perm=[0, 2, 3, 1]), N("Flatten", ["t"], ["y"])], {"y": (0.0311173, 121)}),
    "resize": ([N("Resize", ["x", "", "sizes"], ["y"], mode="nearest")], {"y": (0.0311173, 121)}),
}


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
@pytest.mark.parametrize("name", GRAPHS)
def test_between_quantisations_only_bytes(name, dtype, tmp_path):
    nodes, points = GRAPHS[name]
    nodes = [onnx.NodeProto.FromString(n.SerializeToString()) for n in nodes]
    if dtype == np.int8:
        points = {k: (s, z - 128) for k, (s, z) in points.items()}
    sizes = [nh.from_array(np.float32([1, 1, 2, 2]), "sizes")]
    model = tmp_path / "m.onnx"
    onnx.save(qdq(nodes, [1, 20, 9, 7], points, dtype, constants=sizes if name == "resize" else ()), model)
    feed = {i.name: RNG.normal(0, 2, [1, 20, 9, 7]).astype(np.float32) for i in onnx.load(model).graph.input}
    path, log = engine(model, tmp_path)
    # Only the ends of the graph convert.
    steps = json.loads(hone("inspect", path, "--json", "-").stdout)["steps"]
    floats = [s["kernel"] for s in steps if not s["kernel"].split("_")[0] in
              ("quantize", "dequantize", "table", "qbinary", "qpool", "copy", "resize", "gather")]
    assert not floats
    assert sum(s["kernel"].startswith(("quantize", "dequantize")) for s in steps) == len(feed) + 1
    args = [x for n, v in feed.items() for x in (np.save(tmp_path / f"{n}.npy", v), "--input", f"{n}={tmp_path / n}.npy") if x]
    got = {}
    for isa in ("portable", "avx2", None):
        e, _ = engine(model, tmp_path, isa=isa)
        hone("run", e, *args, "--save", tmp_path / "out", isa=isa)
        got[isa] = np.load(tmp_path / "out/output_0.npy")
    assert (got["portable"] == got[None]).all() and (got["avx2"] == got[None]).all()
    f32, _ = engine(model, tmp_path, "--precision", "f32")
    hone("run", f32, *args, "--save", tmp_path / "out")
    floats = np.load(tmp_path / "out/output_0.npy")
    scale = points[nodes[-1].output[0]][0]
    # The same operations in the same order; but means, which f32 rounds on the way.
    means = any(n.op_type in ("AveragePool", "GlobalAveragePool") for n in nodes)
    for other, most in ((floats, 0.002 if means else 0), (by_ort(model, feed), 0.002)):
        apart = np.abs(got[None] - other) / scale
        assert apart.max() < 1.01  # a step
        assert (apart > 0.01).mean() <= most


def test_int8_wants_a_quantised_model(tmp_path):
    graph = helper.make_graph([N("Relu", ["x"], ["y"])], "g", [helper.make_tensor_value_info("x", 1, [3])],
                              [helper.make_tensor_value_info("y", 1, [3])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "m.onnx")
    r = subprocess.run([HONE, "build", tmp_path / "m.onnx", "-o", tmp_path / "e", "--precision", "int8"],
                       capture_output=True, text=True)
    assert r.returncode == 2 and "hone quantize" in r.stderr and len(r.stderr.splitlines()) == 1
