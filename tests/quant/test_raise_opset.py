"""An older model raised to opset 13, 18 and 21 gives what it gave, judged by ONNX Runtime."""

import glob

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from quantlib import R, hone, needs_shared, run, samples, session

F = TensorProto.FLOAT


def raised(path, opset, tmp_path):
    out = tmp_path / f"raised{opset}.onnx"
    r = hone("optimize", path, "-o", out, "--opset", opset, "--stop-after", 0)
    assert r.returncode == 0, r.stderr
    model = onnx.load(out)
    onnx.checker.check_model(model, full_check=True)
    assert {o.domain: o.version for o in model.opset_import}[""] == opset
    return out


# Operators whose signature or meaning changed: opset, operator, attributes, inputs.
X = np.random.default_rng(7).standard_normal((2, 3, 4, 5)).astype(np.float32)
IMAGE = X[:1]
CASES = {
    "clip": (7, "Clip", {"min": -0.5, "max": 0.5}, [X]),
    "clip_open": (7, "Clip", {"min": -0.5}, [X]),
    "pad": (7, "Pad", {"pads": [0, 0, 1, 2, 0, 0, 0, 1], "value": 0.5}, [X]),
    "pad_reflect": (7, "Pad", {"pads": [0, 0, 1, 2, 0, 0, 0, 1], "mode": "reflect"}, [X]),
    "slice": (7, "Slice", {"starts": [1, -3], "ends": [2, 100], "axes": [1, 3]}, [X]),
    "slice_all": (9, "Slice", {"starts": [0, 1], "ends": [1, 3]}, [X]),
    "squeeze": (7, "Squeeze", {"axes": [0]}, [IMAGE]),
    "squeeze_all": (11, "Squeeze", {}, [IMAGE]),
    "unsqueeze": (7, "Unsqueeze", {"axes": [0, 3]}, [X]),
    "reduce_mean": (7, "ReduceMean", {"axes": [2, 3], "keepdims": 0}, [X]),
    "reduce_sum": (11, "ReduceSum", {"axes": [1]}, [X]),
    "reduce_max_all": (11, "ReduceMax", {"keepdims": 0}, [X]),
    "softmax_default": (7, "Softmax", {}, [X]),
    "softmax_2": (11, "Softmax", {"axis": 2}, [X]),
    "softmax_last": (11, "Softmax", {"axis": 3}, [X]),
    "softmax_0": (8, "Softmax", {"axis": 0}, [X]),
    "log_softmax": (9, "LogSoftmax", {"axis": 1}, [X]),
    "upsample_7": (7, "Upsample", {"scales": [1.0, 1.0, 2.0, 3.0]}, [X]),
    "upsample_linear": (8, "Upsample", {"scales": [1.0, 1.0, 2.0, 2.0], "mode": "linear"}, [X]),
    "upsample_9": (9, "Upsample", {}, [X, np.array([1, 1, 2, 2], np.float32)]),
    "resize_10": (10, "Resize", {}, [X, np.array([1, 1, 3, 2], np.float32)]),
    "resize_10_linear": (10, "Resize", {"mode": "linear"},
                         [X, np.array([1, 1, 1.5, 2], np.float32)]),
    "dropout": (7, "Dropout", {"ratio": 0.3}, [X]),
    "dropout_10": (10, "Dropout", {}, [X]),
    "batch_norm": (7, "BatchNormalization", {"epsilon": 1e-3},
                   [X] + [np.abs(X[0, :, 0, k]) for k in range(4)]),
    "split": (7, "Split", {"axis": 1, "split": [1, 2]}, [X]),
    "split_even": (11, "Split", {"axis": 2}, [X]),
    "topk": (7, "TopK", {"axis": 3, "k": 2}, [X]),
    "max_pool": (8, "MaxPool", {"kernel_shape": [2, 2]}, [X]),
    "average_pool": (7, "AveragePool", {"kernel_shape": [2, 2], "pads": [1, 1, 1, 1]}, [X]),
    "gemm": (7, "Gemm", {}, [X[0, 0], X[1, 0].T.copy(), X[0, 1, :, :4]]),
    "reshape": (8, "Reshape", {}, [X, np.array([0, -1], np.int64)]),
    "scatter": (9, "Scatter", {"axis": 1},
                [X[0, 0], np.zeros((4, 1), np.int64), np.ones((4, 1), np.float32)]),
    "arg_max": (11, "ArgMax", {"axis": 2}, [X]),
    "depth_to_space": (10, "DepthToSpace", {"blocksize": 2},
                       [np.concatenate([X, X[:, :1]], 1)]),
    "roi_align": (10, "RoiAlign", {"output_height": 2, "output_width": 2},
                  [X, np.array([[0, 0, 3, 3]], np.float32), np.array([1], np.int64)]),
}
OUTPUTS = {"split": 2, "split_even": 2, "topk": 2}


def model_of(case):
    opset, op, attributes, inputs = CASES[case]
    names = [f"x{i}" for i in range(len(inputs))]
    outputs = [f"y{i}" for i in range(OUTPUTS.get(case, 1))]
    # The first is an input of the graph, the others constants.
    info = helper.make_tensor_value_info("x0", F, inputs[0].shape)
    graph = helper.make_graph(
        [helper.make_node(op, names, outputs, name="it", **attributes)], "g", [info],
        [onnx.ValueInfoProto(name=y) for y in outputs],
        [numpy_helper.from_array(a, n) for a, n in zip(inputs[1:], names[1:])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 4
    known = {v.name: v for v in onnx.shape_inference.infer_shapes(model).graph.output}
    del model.graph.output[:]
    model.graph.output.extend(known[y] for y in outputs)
    return model


@pytest.mark.parametrize("opset", [13, 18, 21])
@pytest.mark.parametrize("case", CASES)
def test_operator(case, opset, tmp_path):
    onnx.save(model_of(case), tmp_path / "old.onnx")
    feed = {"x0": CASES[case][3][0]}
    want = run(tmp_path / "old.onnx", feed)
    got = run(raised(tmp_path / "old.onnx", opset, tmp_path), feed)
    # ONNX Runtime has another kernel for the newer averages, which adds in another order.
    ulps = 8 if case == "average_pool" else 0
    for a, b in zip(want, got):
        np.testing.assert_allclose(a, b, rtol=ulps * 2**-23, atol=0)


def test_what_cannot_be_raised_is_refused_by_name(tmp_path):
    model = model_of("batch_norm")
    model.graph.node[0].attribute.append(helper.make_attribute("spatial", 0))
    onnx.save(model, tmp_path / "old.onnx")
    r = hone("optimize", tmp_path / "old.onnx", "-o", tmp_path / "new.onnx", "--opset", 13)
    assert r.returncode == 2
    assert "'it' (BatchNormalization)" in r.stderr and "spatial" in r.stderr


@needs_shared
@pytest.mark.parametrize("opset", [13, 21])
@pytest.mark.parametrize("path", [p for p in sorted(glob.glob(f"{R}/*/*.onnx"))
                                  if "_int8" not in p and "_quant" not in p])
def test_real_model(path, opset, tmp_path):
    model = onnx.load(path)
    if {o.domain: o.version for o in model.opset_import}[""] >= opset:
        pytest.skip("new enough")
    data = samples(path, 1)
    want, got = run(path, data), run(raised(path, opset, tmp_path), data)
    for a, b in zip(want, got):
        # Some of ONNX Runtime's fusions know one version of an operator only.
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 * max(1, np.abs(a).max()))


def test_recurrent_layers_keep_their_default_layout(tmp_path):
    rng = np.random.default_rng(3)
    x, w, r = (rng.standard_normal(s).astype(np.float32)
               for s in [(5, 2, 3), (1, 16, 3), (1, 16, 4)])
    graph = helper.make_graph(
        [helper.make_node("LSTM", ["x", "w", "r"], ["y"], name="it", hidden_size=4)], "g",
        [helper.make_tensor_value_info("x", F, x.shape)],
        [helper.make_tensor_value_info("y", F, (5, 1, 2, 4))],
        [numpy_helper.from_array(w, "w"), numpy_helper.from_array(r, "r")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 7)])
    model.ir_version = 3
    del model.graph.initializer[:]
    model.graph.initializer.extend([numpy_helper.from_array(w, "w"),
                                    numpy_helper.from_array(r, "r")])
    model.graph.input.extend(helper.make_tensor_value_info(n, F, a.shape)
                             for n, a in [("w", w), ("r", r)])
    onnx.save(model, tmp_path / "old.onnx")
    want = run(tmp_path / "old.onnx", {"x": x})
    got = run(raised(tmp_path / "old.onnx", 18, tmp_path), {"x": x})
    np.testing.assert_array_equal(want[0], got[0])
