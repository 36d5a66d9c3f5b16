"""Parameters that are inputs of an engine: right where they make sense, one clear error where not."""

import os
import pathlib
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

SOURCE = pathlib.Path(__file__).resolve().parents[2]
HONE = os.environ.get("HONE", str(SOURCE / "build/release/hone"))


def hone(*args):
    return subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=60)


def build(folder, nodes, inputs, outputs, opset=18):
    types = {"f": TensorProto.FLOAT, "i": TensorProto.INT64}
    info = lambda spec: [helper.make_tensor_value_info(n, types[t], d) for n, t, d in spec]
    graph = helper.make_graph(nodes, "g", info(inputs), info(outputs))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(model, folder / "m.onnx")
    return hone("build", folder / "m.onnx", "-o", folder / "m.engine")


def run(folder, **inputs):
    given = folder / "in"
    given.mkdir(exist_ok=True)
    for name, value in inputs.items():
        np.save(given / f"{name}.npy", value)
    return hone("run", folder / "m.engine", "--inputs", given, "--save", folder / "out")


def result(folder, **inputs):
    r = run(folder, **inputs)
    assert r.returncode == 0, r.stderr
    return np.load(folder / "out" / "output_0.npy")


def refused(folder, **inputs):
    r = run(folder, **inputs)
    assert r.returncode == 2, r.stdout
    assert len(r.stderr.strip().splitlines()) == 1, r.stderr
    return r.stderr


def i64(*v):
    return np.array(v, np.int64)


X = np.arange(120, dtype=np.float32).reshape(4, 5, 6)


def test_slice_by_axes_and_steps(tmp_path):
    inputs = [("x", "f", [4, 5, 6])] + [(n, "i", [2]) for n in ("starts", "ends", "axes", "steps")]
    node = helper.make_node("Slice", [n for n, _, _ in inputs], ["y"])
    r = build(tmp_path, [node], inputs, [("y", "f", [None] * 3)])
    assert r.returncode == 0, r.stderr
    call = lambda f, **more: f(tmp_path, x=X, **(dict(starts=i64(1, -1), ends=i64(3, -9), axes=i64(0, -1), steps=i64(1, -2)) | more))
    assert np.array_equal(call(result), X[1:3, :, ::-2])
    assert np.array_equal(call(result, axes=i64(1, 0), starts=i64(4, 0), steps=i64(-1, 1), ends=i64(1, 9)), X[0:9, 4:1:-1])
    assert call(result, starts=i64(3, -1)).shape == (0, 5, 3)
    for wrong in (dict(axes=i64(0, 3)), dict(axes=i64(0, -3)), dict(steps=i64(1, 0))):
        assert "axes that are not those of x" in call(refused, **wrong)
    assert np.array_equal(call(result), X[1:3, :, ::-2])


def test_pads_bounded_by_what_the_file_states(tmp_path):
    inputs = [("x", "f", [4, 5, 6]), ("pads", "i", [4]), ("axes", "i", [2])]
    node = helper.make_node("Pad", ["x", "pads", "", "axes"], ["y"])
    relu = helper.make_node("Relu", ["y"], ["z"])
    outputs = [("y", "f", [6, 7, 8]), ("z", "f", [6, 7, 8])]
    r = build(tmp_path, [node, relu], inputs, outputs)
    assert r.returncode == 0, r.stderr
    y = result(tmp_path, x=X, pads=i64(1, 0, 1, 2), axes=i64(0, 2))
    assert np.array_equal(y, np.pad(X, ((1, 1), (0, 0), (0, 2))))
    assert np.array_equal(np.load(tmp_path / "out/output_1.npy"), y)
    assert "larger than the 7 which the model states" in refused(tmp_path, x=X, pads=i64(1, 2, 1, 1), axes=i64(0, 1))
    assert "has axes that are not those of 3 dimensions" in refused(tmp_path, x=X, pads=i64(1, 0, 1, 1), axes=i64(0, -3))
    assert result(tmp_path, x=X, pads=i64(-1, 0, 0, 0), axes=i64(1, 0)).shape == (4, 4, 6)


def test_scales_and_regions(tmp_path):
    inputs = [("x", "f", [1, 1, 4, 4]), ("scales", "f", [4])]
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    r = build(tmp_path, [node], inputs, [("y", "f", [1, 1, 8, 8])])
    assert r.returncode == 0, r.stderr
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    scales = lambda *v: np.array(v, np.float32)
    assert np.array_equal(result(tmp_path, x=x, scales=scales(1, 1, 2, 2)), x.repeat(2, 2).repeat(2, 3))
    assert np.array_equal(result(tmp_path, x=x, scales=scales(1, 1, 2, 1)), x.repeat(2, 2))
    assert "over its bound of 8" in refused(tmp_path, x=x, scales=scales(1, 1, 3, 1))
    for bad in (0, -1, np.nan, np.inf, 1e30):
        assert "scales that are not above 0" in refused(tmp_path, x=x, scales=scales(1, 1, bad, 1))


def test_what_nothing_bounds_is_refused(tmp_path):
    inputs = [(n, "f", []) for n in ("start", "limit", "delta")]
    node = helper.make_node("Range", [n for n, _, _ in inputs], ["y"])
    r = build(tmp_path, [node], inputs, [("y", "f", [None])])
    assert r.returncode == 2 and "the model states no bound" in r.stderr
    r = build(tmp_path, [node], inputs, [("y", "f", [5])])
    assert r.returncode == 0, r.stderr
    number = lambda v: np.float32(v)
    y = result(tmp_path, start=number(1), limit=number(2), delta=number(0.25))
    assert np.array_equal(y, np.arange(1, 2, 0.25, np.float32))
    assert result(tmp_path, start=number(1), limit=number(0), delta=number(1)).shape == (0,)
    assert "over its bound of 5" in refused(tmp_path, start=number(1), limit=number(9), delta=number(1))
    for bad in (0, np.nan):
        assert "no number of elements" in refused(tmp_path, start=number(1), limit=number(9), delta=number(bad))
