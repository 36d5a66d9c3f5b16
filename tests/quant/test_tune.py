"""hone quantize --tune: the file is valid and is what the report says; nothing is said of times."""

import numpy as np
import onnx

from quantlib import SOURCE, hone, quantize, run

FASHION = f"{SOURCE}/examples/fashion/fashion.onnx"
DENSE = ("Conv", "Gemm", "MatMul")


def data(n=40):
    rng = np.random.default_rng(5)
    shape = [d.dim_value or 1 for d in onnx.load(FASHION).graph.input[0].type.tensor_type.shape.dim]
    name = onnx.load(FASHION).graph.input[0].name
    return {name: rng.random((n, *shape[1:])).astype(np.float32)}


def on_integers(path):
    """Names of dense nodes whose first operand is dequantised."""
    model = onnx.load(path)
    made = {o: n.op_type for n in model.graph.node for o in n.output}
    return {n.name for n in model.graph.node
            if n.op_type in DENSE and made.get(n.input[0]) == "DequantizeLinear"}


def check(path, report, calib):
    onnx.checker.check_model(path)
    name, values = next(iter(calib.items()))
    assert all(np.isfinite(y).all() for y in run(path, {name: values[:1]}))
    tune, integers = report["tune"], on_integers(path)
    op = {layer["node"]: layer["op"] for layer in report["layers"]}
    assert tune["layers"]
    for layer in tune["layers"]:
        assert layer["us_f32"] >= 0 and layer["us_int8"] >= 0 and layer["error"] >= 0
        assert (layer["why"] == "") == (layer["chosen"] == "int8"), layer
        for node in layer["nodes"]:
            if op.get(node) in DENSE:
                assert (node in integers) == (layer["chosen"] == "int8"), layer
    chosen = {layer["chosen"] for layer in tune["layers"]}
    assert tune["helps"] == ("int8" in chosen)
    assert all(us > 0 for us in tune["us"].values())
    return tune


def test_decisions_are_those_of_the_file(tmp_path):
    calib = data()
    path, report = quantize(FASHION, calib, tmp_path, "--tune", "--max-drop", "5")
    tune = check(path, report, calib)
    assert tune["limit_used"] <= 1


# So much time that float is fast enough: nothing is rounded.
def test_a_latency_that_float_keeps_leaves_the_model_float(tmp_path):
    calib = data()
    path, report = quantize(FASHION, calib, tmp_path, "--max-latency", "60s")
    check(path, report, calib)
    assert not on_integers(path)
    assert report["tune"]["summary"] == "f32 is fast enough"


def test_a_latency_that_cannot_be_writes_nothing(tmp_path):
    np.savez(tmp_path / "c.npz", **data())
    r = hone("quantize", FASHION, "-o", str(tmp_path / "o.onnx"), "--calib",
             str(tmp_path / "c.npz"), "--max-latency", "0.001us")
    assert r.returncode != 0
    assert "no mixture of precisions runs in" in r.stderr
    assert not (tmp_path / "o.onnx").exists()
