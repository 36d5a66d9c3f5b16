"""Engines of quantised models against ONNX Runtime on the same files, and against themselves on every
instruction set and without fusion: labelled data of ../shared, small graphs elsewhere. The reasons of the
limits: sums of integers are exact, so only the rounding at the end of a step may fall to the other side,
where its quotient lies within f32's error of a tie; that moves a byte by one."""
import csv, json, os, pathlib, subprocess
import numpy as np, onnx, onnxruntime as ort, pytest
from onnx import TensorProto, helper, numpy_helper as nh
from quantlib import materialized, samples

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
        np.save(folder / f"{name}.npy", value)
        args += ["--input", f"{name}={folder / name}.npy"]
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


@pytest.mark.skipif(not (SHARED.parent / "models").exists(), reason="skipped: no ../shared")
def test_a_last_layer_whose_result_is_not_quantised(tmp_path):
    """SqueezeNet's last convolution is a quarter of its multiply-adds; nothing is left to f32."""
    source, model = materialized("squeezenet1_1", tmp_path), tmp_path / "q.onnx"
    feed = samples(source, 2)
    np.savez(tmp_path / "c.npz", **feed)
    hone("quantize", source, "-o", model, "--calib", tmp_path / "c.npz", "--preset", "fast")
    path, log = engine(model, tmp_path)
    assert set(json.loads(hone("inspect", path, "--json", "-").stdout)["precisions"]["multiply_adds"]) == {"int8"}, log


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


# --- results that stay f32 ------------------------------------------------------------------------------


def weights(shape, axis):
    """Integers and a scale for each index of the axis; DequantizeLinear of them to w."""
    scales = RNG.uniform(0.002, 0.01, shape[axis]).astype(np.float32)
    ints = RNG.integers(-127, 128, shape).astype(np.int8)
    node = N("DequantizeLinear", ["w_q", "w_s"], ["w"], axis=axis)
    around = [1] * len(shape)
    around[axis] = -1
    return node, [nh.from_array(ints, "w_q"), nh.from_array(scales, "w_s")], ints * scales.reshape(around)


def row(n):
    return nh.from_array(RNG.normal(0, 1, n).astype(np.float32), "b")


# Nodes, weights' shape and axis, input's shape in the file and here.
FLOATS = {
    "conv": ([N("Conv", ["x", "w", "b"], ["y"], pads=[1, 1, 1, 1], strides=[2, 2])], ([37, 20, 3, 3], 0), [1, 20, 9, 7], None),
    "grouped": ([N("Conv", ["x", "w", "b"], ["y"], group=4)], ([16, 5, 3, 3], 0), [1, 20, 9, 7], None),
    "depthwise": ([N("Conv", ["x", "w", "b"], ["y"], group=20, pads=[1, 1, 1, 1])], ([20, 1, 3, 3], 0), [1, 20, 9, 7], None),
    "gemm": ([N("Gemm", ["x", "w", "b"], ["y"], transB=1)], ([10, 64], 0), [4, 64], None),
    "rows": ([N("MatMul", ["x", "w"], ["p"]), N("Add", ["b", "p"], ["y"])], ([33, 70], 1), ["batch", "length", 33], [2, 5, 33]),
}


def bits_on_every_isa(model, feed, folder):
    got = {i: run(engine(model, folder, isa=i)[0], feed, folder, i) for i in ("portable", "avx2", None)}
    assert (got["portable"] == got[None]).all() and (got["avx2"] == got[None]).all()
    return got[None]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
@pytest.mark.parametrize("name", FLOATS)
def test_floats_of_integer_products(name, dtype, tmp_path):
    nodes, (shape, axis), declared, here = FLOATS[name]
    w_node, init, w = weights(shape, axis)
    scale, zero = 0.0311173, 121 if dtype == np.uint8 else -3
    ends, consts = q("x", "x_in", "x", scale, zero, dtype)
    graph = helper.make_graph([*ends, w_node, *nodes], "g", [helper.make_tensor_value_info("x_in", 1, declared)],
                              [helper.make_tensor_value_info("y", 1, None)], [*init, *consts, row(shape[axis])])
    model = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), model)
    feed = {"x_in": RNG.normal(0, 2, here or declared).astype(np.float32)}
    path, log = engine(model, tmp_path)
    assert "int8 1 layer" in log and "f32 1" not in log, log
    got, want = bits_on_every_isa(model, feed, tmp_path), by_ort(model, feed)
    # f32 sums of n products, each at most max|x| max|w|, are wrong by at most n^2 / 2 of their last
    # bits; the integer form rounds the sum, two scales, the product and the bias.
    depth = int(np.prod(shape)) // shape[axis]
    largest = depth * scale * 255 * np.abs(w).max() + 5
    assert np.abs(got - want).max() <= (depth / 2 + 5) * 2.0 ** -24 * largest


def test_integers_whose_scale_a_run_knows(tmp_path):
    """DynamicQuantizeLinear's: exact sums, the same two roundings as ONNX Runtime's Mul."""
    scales = RNG.uniform(0.002, 0.01, 70).astype(np.float32)
    init = [nh.from_array(RNG.integers(-127, 128, [33, 70]).astype(np.int8), "w"), nh.from_array(scales, "ws")]
    nodes = [N("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]), N("MatMulInteger", ["q", "w", "z"], ["i"]),
             N("Cast", ["i"], ["f"], to=1), N("Mul", ["s", "ws"], ["a"]), N("Mul", ["f", "a"], ["y"])]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", 1, ["n", 33])],
                              [helper.make_tensor_value_info("y", 1, None)], init)
    model = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), model)
    assert "int8 1 layer" in engine(model, tmp_path)[1]
    for low, high in ((-2, 3), (1, 5), (-4, -1)):
        x = RNG.uniform(low, high, [9, 33]).astype(np.float32)
        got, want = bits_on_every_isa(model, {"x": x}, tmp_path), by_ort(model, {"x": x})
        assert np.abs(got - want).max() <= 2.0 ** -22 * np.abs(want).max()


BERT = SHARED / "models/text/bert_sst2"


def sst2(part, count):
    from tokenizers import BertWordPieceTokenizer
    tokenizer = BertWordPieceTokenizer(str(BERT / "vocab.txt"), lowercase=True)
    tokenizer.enable_truncation(64)
    tokenizer.enable_padding(length=64)
    lines = (SHARED / f"data/sst2/{part}.tsv").read_text().splitlines()[1:][:count]
    e = [tokenizer.encode(line.split("\t")[0]) for line in lines]
    return {"input_ids": np.int64([x.ids for x in e]), "attention_mask": np.int64([x.attention_mask for x in e]),
            "token_type_ids": np.int64([x.type_ids for x in e])}


@shared
@pytest.mark.parametrize("options", [("--calib", "c.npz"), ("--format", "dynamic")], ids=["qdq", "dynamic"])
def test_transformer_by_hone_quantize(options, tmp_path):
    np.savez(tmp_path / "c.npz", **sst2("train", 64))
    model = tmp_path / "q.onnx"
    hone("quantize", BERT / "bert_sst2_ts_op14.onnx", "-o", model,
         *(tmp_path / o if o == "c.npz" else o for o in options))
    path, log = engine(model, tmp_path)
    made = json.loads(hone("inspect", path, "--json", "-").stdout)["precisions"]["multiply_adds"]
    assert made["int8"]["layers"] == 10, log  # all but the products of two computed values: attention
    feed = sst2("dev", None if "--calib" in options else 100)
    got, want = run(path, feed, tmp_path), by_ort(model, feed)
    assert (got.argmax(1) == want.argmax(1)).mean() >= 0.995


def test_int8_wants_a_quantised_model(tmp_path):
    graph = helper.make_graph([N("Relu", ["x"], ["y"])], "g", [helper.make_tensor_value_info("x", 1, [3])],
                              [helper.make_tensor_value_info("y", 1, [3])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "m.onnx")
    r = subprocess.run([HONE, "build", tmp_path / "m.onnx", "-o", tmp_path / "e", "--precision", "int8"],
                       capture_output=True, text=True)
    assert r.returncode == 2 and "hone quantize" in r.stderr and len(r.stderr.splitlines()) == 1
