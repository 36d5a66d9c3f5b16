"""Engines of 16-bit floats against ONNX Runtime in f32. The limit is hone parity's: each of n products
rounds two operands and its result by at most u = 2^-8 (bf16) or 2^-11 (f16) of itself, as likely up as
down, so that n in a row come to sqrt(3 n) u of the output's largest value, and to 3 times that once in
370; 1e-3 is what f32 sums in another order may differ by."""
import csv, json, math, os, pathlib, subprocess
import numpy as np, onnx, onnxruntime as ort, pytest
from onnx import TensorProto, helper, numpy_helper as nh

HONE = os.environ.get("HONE", "build/release/hone")
SHARED = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", ".")).resolve().parent / "shared/realdata"
RNG = np.random.default_rng(5)
shared = pytest.mark.skipif(not SHARED.exists(), reason="skipped: no ../shared")
ROUNDOFF = {"bf16": 2**-8, "f16": 2**-11}
BOTH = pytest.mark.parametrize("precision", ["bf16", "f16"])


def hone(*args, isa=None):
    env = {**os.environ, **({"HONE_FORCE_ISA": isa} if isa else {})}
    r = subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=300, env=env)
    assert r.returncode == 0, r.stderr
    return r


def engine(model, folder, precision, isa=None):
    path = folder / f"{precision}-{isa}.engine"
    r = hone("build", model, "-o", path, "--no-timing", "--precision", precision, "--json", "-", isa=isa)
    return path, json.loads(r.stdout)


def run(path, feed, folder, isa=None):
    args = []
    for name, value in feed.items():
        np.save(folder / f"{name}.npy", value)
        args += ["--input", f"{name}={folder / name}.npy"]
    hone("run", path, *args, "--save", folder / "out", isa=isa)
    return np.load(folder / "out/output_0.npy")


def limit(precision, products):
    return 1e-3 + 3 * ROUNDOFF[precision] * math.sqrt(3 * products)


def weights(*shape):
    return (RNG.standard_normal(shape) / math.sqrt(np.prod(shape[1:]))).astype(np.float32)


def save(nodes, inputs, outputs, constants, path):
    info = lambda names: [helper.make_tensor_value_info(n, TensorProto.FLOAT, d) for n, d in names.items()]
    g = helper.make_graph(nodes, "g", info(inputs), info(outputs),
                          [nh.from_array(v, n) for n, v in constants.items()])
    onnx.save(helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def mixed_net(path):
    """A first layer of three channels, a residual, a depthwise layer, a concatenation, a layer whose
    result is also read as f32, a classifier."""
    n = helper.make_node
    nodes = [
        n("Conv", ["x", "w0", "b0"], ["c0"], pads=[1] * 4, strides=[2, 2]), n("Relu", ["c0"], ["r0"]),
        n("Conv", ["r0", "w1", "b1"], ["c1"], pads=[1] * 4), n("Add", ["c1", "r0"], ["a1"]),
        n("Relu", ["a1"], ["r1"]),
        n("Conv", ["r1", "wd"], ["d1"], pads=[1] * 4, group=48), n("HardSwish", ["d1"], ["h1"]),
        n("Concat", ["h1", "r1"], ["k1"], axis=1),
        n("Conv", ["k1", "w2", "b2"], ["c2"]), n("Softmax", ["c2"], ["s2"], axis=1),
        n("Conv", ["c2", "w3"], ["c3"]), n("Mul", ["c3", "s2"], ["m3"]),
        n("GlobalAveragePool", ["m3"], ["p"]), n("Flatten", ["p"], ["f"]),
        n("Gemm", ["f", "w4", "b4"], ["y"], transB=1)]
    constants = {"w0": weights(48, 3, 3, 3), "b0": weights(1, 48)[0], "w1": weights(48, 48, 3, 3),
                 "b1": weights(1, 48)[0], "wd": weights(48, 1, 3, 3), "w2": weights(64, 96, 1, 1),
                 "b2": weights(1, 64)[0], "w3": weights(64, 64, 1, 1), "w4": weights(33, 64),
                 "b4": weights(1, 33)[0]}
    return save(nodes, {"x": [2, 3, 17, 15]}, {"y": [2, 33]}, constants, path)


@BOTH
def test_mixed_net_on_every_instruction_set(precision, tmp_path):
    model = mixed_net(tmp_path / "m.onnx")
    x = RNG.standard_normal((2, 3, 17, 15)).astype(np.float32)
    want = ort.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    for isa in (None, "portable", "avx2"):
        path, said = engine(model, tmp_path, precision, isa)
        assert said["precision"] == precision
        assert set(said["precisions"]["multiply_adds"]) == {precision}, said["precisions"]
        got = run(path, {"x": x}, tmp_path, isa)
        assert got.dtype == np.float32
        assert np.abs(got - want).max() <= limit(precision, 6) * np.abs(want).max()
        assert (got != run(engine(model, tmp_path, "f32", isa)[0], {"x": x}, tmp_path, isa)).any()


@BOTH
def test_weights_take_half_the_bytes(precision, tmp_path):
    nodes = [helper.make_node("MatMul", ["x", "a"], ["h"]), helper.make_node("Relu", ["h"], ["r"]),
             helper.make_node("MatMul", ["r", "b"], ["y"])]
    model = save(nodes, {"x": [4, 640]}, {"y": [4, 640]},
                 {"a": weights(640, 640), "b": weights(640, 640)}, tmp_path / "m.onnx")
    sizes = {p: os.path.getsize(engine(model, tmp_path, p)[0]) for p in (precision, "f32")}
    assert sizes[precision] <= 0.52 * sizes["f32"], sizes
    assert subprocess.run([HONE, "parity", model, tmp_path / f"{precision}-None.engine"]).returncode == 0


def test_a_weight_that_f16_cannot_hold_stays_f32(tmp_path):
    a = weights(8, 8)
    a[0, 0] = 1e5
    model = save([helper.make_node("MatMul", ["x", "a"], ["y"])], {"x": [2, 8]}, {"y": [2, 8]},
                 {"a": a}, tmp_path / "m.onnx")
    assert engine(model, tmp_path, "f16")[1]["precision"] == "f32"
    assert engine(model, tmp_path, "bf16")[1]["precision"] == "bf16"


def test_a_model_of_halves_keeps_its_weights(tmp_path):
    """Sums of the same halves in f32, rounded once: within one rounding of the exact result."""
    a = weights(64, 32).astype(np.float16)
    g = helper.make_graph([helper.make_node("MatMul", ["x", "a"], ["y"])], "g",
                          [helper.make_tensor_value_info("x", TensorProto.FLOAT16, [3, 64])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT16, [3, 32])],
                          [nh.from_array(a, "a")])
    onnx.save(helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
              tmp_path / "m.onnx")
    x = RNG.standard_normal((3, 64)).astype(np.float16)
    path, said = engine(tmp_path / "m.onnx", tmp_path, "f16")
    assert said["precision"] == "f16"
    got, want = run(path, {"x": x}, tmp_path), x.astype(np.float64) @ a.astype(np.float64)
    assert got.dtype == np.float16
    assert np.abs(got - want).max() <= 2**-11 * np.abs(want).max() + 1e-5


def cifar():
    from PIL import Image
    rows = list(csv.reader(open(SHARED / "data/cifar10/test.csv")))
    rows = [r for r in rows if r[0].endswith(".jpg") and (SHARED / "data/cifar10" / r[0]).exists()]
    rows = rows[:: max(1, len(rows) // 500)]
    return np.stack([np.asarray(Image.open(SHARED / "data/cifar10" / r[0]).convert("RGB")) for r in rows])


@shared
@BOTH
def test_classes_of_resnet20(precision, tmp_path):
    """A class changes only where the two best logits lie nearer to each other than twice the limit."""
    model = SHARED / "models/cifar/resnet20_cifar10_ts_op13.onnx"
    session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    x = ((cifar() / 255 - [.485, .456, .406]) / [.229, .224, .225]).transpose(0, 3, 1, 2).astype(np.float32)
    path, said = engine(model, tmp_path, precision)
    assert said["precisions"]["multiply_adds"][precision]["layers"] == 20
    feed = {session.get_inputs()[0].name: x}
    want, got = session.run(None, feed)[0], run(path, feed, tmp_path)
    apart, best = np.abs(got - want).max() / np.abs(want).max(), np.sort(want, 1)
    agree = got.argmax(1) == want.argmax(1)
    near = best[:, -1] - best[:, -2] <= 2 * limit(precision, 20) * np.abs(want).max()
    print(f"{precision}: {agree.sum()} of {len(x)} classes the same, logits within {apart:.2e}")
    assert apart <= limit(precision, 20)
    assert (agree | near).all()
    assert agree.mean() >= (0.99 if precision == "bf16" else 0.998)
