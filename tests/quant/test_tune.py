"""hone quantize --tune: the file is valid and is what the report says; nothing is said of times."""

import numpy as np
import onnx
import pytest

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
        assert set(layer["us"]) == set(layer["us_pm"]) == {"f32", "int8"}
        assert all(us >= 0 for part in ("us", "us_pm", "error")
                   for us in layer.get(part, {}).values())
        assert (layer["why"] == "") == (layer["chosen"] == "int8"), layer
        for node in layer["nodes"]:
            if op.get(node) in DENSE:
                assert (node in integers) == (layer["chosen"] == "int8"), layer
    chosen = {layer["chosen"] for layer in tune["layers"]}
    assert tune["helps"] == ("int8" in chosen)
    us = tune["us"]
    assert all(us[key] > 0 for key in ("f32", "int8", "predicted", "measured"))
    assert us["predicted_pm"] >= 0  # to a tenth
    if tune["helps"]:
        low, high = us["measured_interval"]
        assert low <= us["measured"] <= high
    macs = {layer["node"]: layer["macs"] for layer in report["layers"] if layer["precision"] == "int8"
            and "macs" in layer}
    assert report["macs"]["int8"] == sum(macs.values()) <= report["macs"]["all"]
    return tune


def test_decisions_are_those_of_the_file(tmp_path):
    calib = data()
    path, report = quantize(FASHION, calib, tmp_path, "--tune", "--max-drop", "5")
    tune = check(path, report, calib)
    assert tune["limit_used"] <= 1
    # Never slower: what is kept was shown to be faster than float, or nothing is.
    us = tune["us"]
    assert us["measured_interval"][1] < us["f32"] if tune["helps"] else not on_integers(path)
    # The noise of layers is that of the file: what all before it left in f32 has none.
    first = report["layers"][0]
    if first["precision"] == "f32" and tune["helps"]:
        assert first["snr_db"] == 120


# A limit between int8's and f32's time: some layers are rounded, not all, and the time is kept by
# what was measured. The layers that stay float are those that cost most error for their time.
def test_a_latency_between_int8_and_float(tmp_path):
    calib = data()
    _, probe = quantize(FASHION, calib, tmp_path, "--max-latency", "60s")
    us = probe["tune"]["us"]
    if us["int8"] > 0.9 * us["f32"]:
        pytest.skip("skipped: int8 is not a tenth faster here")
    limit = (us["int8"] + us["f32"]) / 2
    path, report = quantize(FASHION, calib, tmp_path, "--max-latency", f"{limit:.1f}us")
    tune = check(path, report, calib)
    assert tune["max_us"] == pytest.approx(limit, abs=0.1)
    assert tune["us"]["measured"] <= limit + 0.1
    if tune["summary"] == "f32 is fast enough":  # the machine got faster between the two
        return
    assert tune["helps"]
    gains = {"int8": [], "f32": []}  # error for each us that int8 gains
    for layer in tune["layers"]:
        gain = layer["us"]["f32"] - layer["us"]["int8"]
        if gain > 0.5:
            gains[layer["chosen"]].append(layer["error"]["int8"] / gain)
    assert gains["int8"]
    # By the median: what borders cost moves single layers. Where only layers that gain next to
    # nothing stay float there is nothing to compare.
    assert not gains["f32"] or np.median(gains["f32"]) >= np.median(gains["int8"])


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
    assert r.returncode == 1
    assert "no mixture of precisions runs in" in r.stderr
    assert not (tmp_path / "o.onnx").exists()
