"""hone parity: every kind of side, what it measures, what it refuses to call agreement, and where it
says that two parted."""
import json
import os
import pathlib
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", os.getcwd()))
FASHION = SOURCE / "examples/fashion/fashion.onnx"


def hone(*args):
    return subprocess.run([os.environ["HONE"], *map(str, args)], capture_output=True, text=True,
                          timeout=120, env={**os.environ, "NO_COLOR": "1"})


def report(*args, exit=0):
    done = hone("parity", *args, "--json", "-")
    assert done.returncode == exit, done.stdout + done.stderr
    return json.loads(done.stdout)


def save(path, nodes, inputs, outputs, constants=None):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        [numpy_helper.from_array(v, k) for k, v in (constants or {}).items()])
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 17)]),
              path)
    return path


def chain(path, wrong_at=None, size=16):
    """Six small products with activations; one may be off by 1 %."""
    rng = np.random.default_rng(7)
    nodes, constants, x = [], {}, "x"
    for k in range(6):
        w = rng.standard_normal((size, size)).astype(np.float32) / 4
        constants[f"w{k}"] = w * np.float32(1.01 if k == wrong_at else 1)
        nodes += [helper.make_node("MatMul", [x, f"w{k}"], [f"p{k}"], name=f"product{k}"),
                  helper.make_node("Tanh", [f"p{k}"], [f"a{k}"], name=f"tanh{k}")]
        x = f"a{k}"
    return save(path, nodes, [("x", [4, size])], [x], constants)


@pytest.fixture
def model(tmp_path):
    return chain(tmp_path / "right.onnx")


@pytest.fixture
def wrong(tmp_path):
    return chain(tmp_path / "wrong.onnx", wrong_at=3)


@pytest.fixture
def engine(tmp_path, model):
    assert hone("build", model, "-o", tmp_path / "right.engine", "--no-timing").returncode == 0
    return tmp_path / "right.engine"


@pytest.fixture
def golden(tmp_path, model):
    """Inputs and outputs as a training framework would leave them, by NumPy."""
    m = onnx.load(model)
    folder = tmp_path / "golden"
    folder.mkdir()
    x = np.random.default_rng(1).standard_normal((4, 16)).astype(np.float32)
    np.save(folder / "input_0.npy", x)
    y = x.astype(np.float64)
    for w in m.graph.initializer:
        y = np.tanh(y @ numpy_helper.to_array(w))
    np.save(folder / "output_0.npy", y.astype(np.float32))
    return folder


def test_all_kinds_agree(model, engine, golden):
    runtime = f"onnxruntime:{model}"
    for a, b in ((model, engine), (model, model), (f"kernels:{model}", engine),
                 (engine, f"reference:{model}"), (engine, engine), (model, runtime),
                 (runtime, engine)):
        r = report(a, b)
        assert r["agree"] and r["sees_differences"], (a, b, r)
        assert r["outputs"][0]["worst"] < 1e-5
        assert r["inputs"] == "random inputs of seed 0" and r["random"]
    for a, b in ((golden, engine), (model, golden), (golden, runtime)):
        r = report(a, b)
        assert r["agree"] and r["inputs"] == f"the inputs in {golden}"


def test_the_wrong_side_is_found(model, wrong, golden):
    for a, b in ((model, wrong), (golden, wrong), (model, f"onnxruntime:{wrong}")):
        r = report(a, b, exit=1)
        assert not r["agree"] and r["outputs"][0]["worst"] > 1e-3
    assert hone("parity", model, wrong, "--tol", "0.5").returncode in (0, 3)


def test_measures_are_numpys(tmp_path, model, wrong):
    x = np.random.default_rng(2).standard_normal((4, 16)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    out = {}
    for name, m in (("a", model), ("b", wrong)):
        done = hone("run", m, "--input", f"x={tmp_path}/x.npy", "--save", tmp_path / name)
        assert done.returncode == 0
        out[name] = np.load(tmp_path / name / "output_0.npy").astype(np.float64)
    a, b = out["a"], out["b"]
    r = report(f"kernels:{model}", wrong, "--input", f"x={tmp_path}/x.npy", exit=1)
    (o,) = r["outputs"]
    d = np.abs(b - a)
    scale = np.abs(a).max()
    assert o["max_abs"] == pytest.approx(d.max())
    assert o["mean_abs"] == pytest.approx(d.mean())
    assert o["max_relative"] == pytest.approx((d / np.abs(a))[np.abs(a) >= 1e-3 * scale].max())
    assert o["cosine"] == pytest.approx((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))
    assert o["snr_db"] == pytest.approx(10 * np.log10((a * a).sum() / (d * d).sum()))
    assert o["top1"] == pytest.approx((a.argmax(1) == b.argmax(1)).mean())
    edges = [0, 1e-300, *10.0 ** np.arange(-8, 1), np.inf]
    want = [int(((d / scale > lo) & (d / scale <= hi)).sum())
            for lo, hi in zip([-1, *edges[1:-1]], edges[1:])]
    assert o["histogram"] == want


def test_text(model, wrong):
    done = hone("parity", model, wrong)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("DIFFERS a5: worst ") and "SNR" in lines[0] and "top-1" in lines[0]
    assert lines[1] == "values by |a - b| / largest value of their channel:"
    assert sum(float(line.split()[-2]) for line in lines[2:]) == pytest.approx(100, abs=1)
    assert "the models differ first at 'p3', node 'product3': worst" in done.stderr and done.stderr.endswith("on random inputs of seed 0\n")


def test_one_value_throughout_shows_nothing(tmp_path, model, wrong):
    """Zeros: whatever permutes, shifts or scales a product gives the same."""
    np.save(tmp_path / "zeros.npy", np.zeros((4, 16), np.float32))
    args = ("--input", f"x={tmp_path}/zeros.npy")
    r = report(model, wrong, *args, exit=3)
    assert not r["sees_differences"] and r["blind"] == "every input has one value throughout"
    assert not r["agree"]
    done = hone("parity", model, wrong, *args)
    assert "this test cannot see differences: every input has one value throughout; give" in done.stderr


def as_half(source, path, inside_only):
    """By ONNX Runtime's converter."""
    from onnxruntime.transformers.float16 import convert_float_to_float16
    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=inside_only), path)
    return path


@pytest.mark.parametrize("inside_only", [True, False])
def test_half_precision_is_judged_as_such(tmp_path, model, wrong, inside_only):
    half = as_half(model, tmp_path / "half.onnx", inside_only)
    for b in (half, f"reference:{half}", f"onnxruntime:{half}"):
        r = report(model, b)
        # u = 2^-11, six products: docs/precision.md
        assert r["tolerance"] == pytest.approx(1e-3 + 3 * 2**-11 * np.sqrt(3 * 6))
        assert 1e-5 < r["outputs"][0]["worst"] < r["tolerance"]
    # A fault beyond that is still one, and named where it is made.
    off = onnx.load(model)
    for i in off.graph.initializer:
        if i.name == "w3":
            i.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(i) * np.float32(1.1), "w3"))
    onnx.save(off, tmp_path / "off.onnx")
    r = report(model, as_half(tmp_path / "off.onnx", tmp_path / "off_half.onnx", inside_only), exit=1)
    assert "first at 'p3', node 'product3'" in r["where"]


def test_half_precision_that_overflows_is_located(tmp_path):
    rng = np.random.default_rng(5)
    up, down = (rng.standard_normal((16, 16)).astype(np.float32) * np.float32(k) for k in (3e4, 1e-5))
    single = save(tmp_path / "single.onnx", [
        helper.make_node("MatMul", ["x", "up"], ["far"], name="first"),
        helper.make_node("MatMul", ["far", "down"], ["y"], name="second")], [("x", [4, 16])], ["y"],
        {"up": up, "down": down})
    half = as_half(single, tmp_path / "half.onnx", True)
    r = report(single, f"reference:{half}", exit=1)
    assert "first at 'far', node 'first'" in r["where"] and "not finite on one side only" in r["where"]


def test_integers_on_one_side_only(tmp_path, model):
    """Quantised by somebody else: as far from floats as 8 bits are; from itself as floats are."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
    rng = np.random.default_rng(3)

    class Samples(CalibrationDataReader):
        left = [{"x": rng.standard_normal((4, 16)).astype(np.float32)} for _ in range(32)]

        def get_next(self):
            return self.left.pop() if self.left else None

    quantised = tmp_path / "int8.onnx"
    quantize_static(model, quantised, Samples(), quant_format=QuantFormat.QDQ)
    np.save(tmp_path / "x.npy", rng.standard_normal((4, 16)).astype(np.float32))
    args = ("--input", f"x={tmp_path}/x.npy")
    r = report(model, quantised, *args)
    assert r["tolerance"] == pytest.approx(1e-3 + 3 * 2**-8 * np.sqrt(3 * 6))
    assert 1e-3 < r["outputs"][0]["worst"] < r["tolerance"]
    assert report(quantised, quantised, *args)["tolerance"] == 1e-3
    done = hone("parity", model, quantised, *args, "--tol", "0.001")
    assert done.returncode == 1 and "one side rounds to 8 bits" in done.stderr


def test_a_test_that_sees_nothing_is_no_agreement(tmp_path):
    """What the output says of the input lies below the tolerance."""
    w = np.full((16, 4), 1e-7, np.float32)
    flat = save(tmp_path / "flat.onnx",
                [helper.make_node("MatMul", ["x", "w"], ["p"]),
                 helper.make_node("Add", ["p", "b"], ["y"])], [("x", [1, 16])], ["y"],
                {"w": w, "b": np.arange(1, 5, dtype=np.float32)})
    for a, b in ((flat, flat), (flat, f"onnxruntime:{flat}")):
        done = hone("parity", a, b)
        assert done.returncode == 3, done.stdout + done.stderr
        assert "this test cannot see differences: outputs of two different inputs are only " in done.stderr
    assert not report(flat, flat, exit=3)["sees_differences"]
    assert hone("parity", flat, flat, "--tol", "1e-9").returncode in (0, 1)


def test_a_side_that_ignores_its_input_is_wrong(tmp_path, model):
    """It gives the right answer to the first input, whatever it is given."""
    x = np.random.default_rng(3).standard_normal((4, 16)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    args = ("--input", f"x={tmp_path}/x.npy")
    assert hone("run", model, *args, "--save", tmp_path / "out").returncode == 0
    y = np.load(tmp_path / "out/output_0.npy")
    constant = save(tmp_path / "constant.onnx",
                    [helper.make_node("Mul", ["x", "zero"], ["z"]),
                     helper.make_node("Add", ["z", "y"], ["a5"])], [("x", [4, 16])], ["a5"],
                    {"zero": np.zeros(1, np.float32), "y": y})
    done = hone("parity", model, constant, *args)
    assert done.returncode == 1 and "two different inputs give the same outputs" in done.stderr


def test_not_finite_is_located(tmp_path):
    def model(name, value):
        return save(tmp_path / name, [helper.make_node("Div", ["x", "d"], ["y"])],
                    [("x", [2, 3])], ["y"], {"d": np.array([1, 2, value], np.float32)})
    done = hone("parity", model("a.onnx", 3), model("b.onnx", 0))
    assert done.returncode == 1
    assert "y: not finite: 2 infinite, the first at [0,2] on the second side, none on the first" in done.stdout


def test_layers_and_reduce(tmp_path, model):
    """A runtime that computes one operator wrongly: the smallest file that still differs has it."""
    adapter = tmp_path / "off.py"
    adapter.write_text('''
import numpy as np, onnx
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

class Tanh(OpRun):
    def _run(self, x):
        return (np.tanh(x) * np.float32(1.02 if self.onnx_node.name == "tanh4" else 1),)

class Backend:
    name, version = "off", "1"
    def __init__(self, model, threads, shapes, work):
        self.evaluator = ReferenceEvaluator(onnx.load(model), new_ops=[Tanh])
    def bind(self, inputs):
        self.given = inputs
    def run(self):
        self.made = self.evaluator.run(None, self.given)
    def results(self):
        return list(zip(self.evaluator.output_names, self.made))
''')
    off = f"{adapter}:{model}"
    assert hone("parity", model, off).returncode == 1
    done = hone("parity", model, off, "--layers")
    assert done.returncode == 1
    assert done.stdout.startswith("first difference at 'a4', node 'tanh4': worst 2"), done.stdout
    small = tmp_path / "small.onnx"
    done = hone("parity", model, off, "--reduce", small)
    assert done.returncode == 1 and f"{small}: 1 of 12 nodes" in done.stdout, done.stdout + done.stderr
    (node,) = onnx.load(small).graph.node
    assert node.name == "tanh4"
    again = hone("parity", small, f"{adapter}:{small}", "--inputs", f"{small}.inputs")
    assert again.returncode == 1, again.stdout + again.stderr
    assert hone("parity", model, f"onnxruntime:{model}", "--layers").returncode == 0


def test_samples_of_the_project(tmp_path):
    r = report(FASHION, f"onnxruntime:{FASHION}")
    assert r["samples"] == 8 and "evaluation data" in r["inputs"] and not r["random"]
    r = report(FASHION, FASHION, "--random", "--samples", "2")
    assert r["samples"] == 2 and r["random"]
