"""Files of opsets 1 to 6, whose operators take shapes, sizes and types in other ways: the values of
the reference and of the engine beside NumPy's, from what onnx/docs/Changelog.md says of them."""
import os
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

X = np.random.default_rng(1).standard_normal((2, 3, 4, 5)).astype(np.float32)
CHANNEL = np.array([0.5, -2, 3], np.float32)
ROW = np.arange(1, 6, dtype=np.float32)
PLANE = np.arange(12, dtype=np.float32).reshape(3, 4) + 1
MATRIX = np.arange(15, dtype=np.float32).reshape(5, 3)


def along(v, axis):
    return v.reshape(v.shape + (1,) * (X.ndim - axis - v.ndim))


def node(op, inputs=("x",), **attributes):
    return helper.make_node(op, list(inputs), ["y"], name="old", **attributes)


def batch_norm(x):
    s = [v.reshape(1, 3, 1, 1) for v in (CHANNEL, CHANNEL + 1, CHANNEL * 2, CHANNEL ** 2)]
    return (x - s[2]) / np.sqrt(s[3] + 1e-5) * s[0] + s[1]


def lp_pool(x):
    windows = x.reshape(2, 3, 2, 2, 5)
    return np.abs(windows).sum(3)


# name: opset, node, further constant inputs, what comes out.
CASES = {
    "add_axis": (6, node("Add", "xb", broadcast=1, axis=1), {"b": CHANNEL},
                 X + along(CHANNEL, 1)),
    "mul_axis_of_two": (6, node("Mul", "xb", broadcast=1, axis=1), {"b": PLANE},
                        X * along(PLANE, 1)),
    "sub_negative_axis": (1, node("Sub", "xb", broadcast=1, axis=-3, consumed_inputs=[0, 0]),
                          {"b": CHANNEL}, X - along(CHANNEL, 1)),
    "div_suffix": (6, node("Div", "xb", broadcast=1), {"b": ROW}, X / ROW),
    "pow_scalar": (1, node("Pow", "xb", broadcast=1), {"b": np.array([2], np.float32)}, X ** 2),
    "greater_axis": (1, node("Greater", "xb", broadcast=1, axis=1), {"b": CHANNEL},
                     X > along(CHANNEL, 1)),
    "axis_without_broadcast": (6, node("Add", "xb", axis=0), {"b": X * 2}, X * 3),
    "prelu_channels": (6, node("PRelu", "xb"), {"b": CHANNEL},
                       np.where(X < 0, X * along(CHANNEL, 1), X)),
    "prelu_one": (1, node("PRelu", "xb"), {"b": CHANNEL[:1]}, np.where(X < 0, X * 0.5, X)),
    "gemm": (6, node("Gemm", "xbc", broadcast=1, alpha=0.5), {"b": MATRIX, "c": CHANNEL},
             0.5 * (X[0, 0] @ MATRIX) + CHANNEL),
    "batch_norm": (6, node("BatchNormalization", "xbcde", is_test=1),
                   dict(zip("bcde", (CHANNEL, CHANNEL + 1, CHANNEL * 2, CHANNEL ** 2))),
                   batch_norm(X)),
    "batch_norm_1": (1, node("BatchNormalization", "xbcde", is_test=1, consumed_inputs=[0] * 5),
                     dict(zip("bcde", (CHANNEL, CHANNEL + 1, CHANNEL * 2, CHANNEL ** 2))),
                     batch_norm(X)),
    "dropout": (6, node("Dropout", is_test=1, ratio=0.9), {}, X),
    "cast_by_name": (1, node("Cast", to="INT32"), {}, X.astype(np.int32)),
    "cast_by_number": (6, node("Cast", to=TensorProto.INT64), {}, X.astype(np.int64)),
    "concat_default_axis": (1, node("Concat", "xx"), {}, np.concatenate([X, X], 1)),
    "lp_pool": (1, node("LpPool", p=1.0, kernel_shape=[2, 1], strides=[2, 1]), {}, lp_pool(X)),
    "global_lp_pool": (1, node("GlobalLpPool", p=2.0), {},
                       np.sqrt((X ** 2).sum((2, 3), keepdims=True))),
    "pad": (1, node("Pad", paddings=[0, 0, 1, 2, 0, 0, 3, 0], value=7.0), {},
            np.pad(X, ((0, 0), (0, 0), (1, 3), (2, 0)), constant_values=7)),
    "reshape": (1, node("Reshape", shape=[0, -1, 10]), {}, X.reshape(2, 6, 10)),
    "reshape_5": (5, node("Reshape", "xs"), {"s": np.array([0, -1], np.int64)}, X.reshape(2, 60)),
    "selu_1": (1, node("Selu"), {}, 1.0507 * np.where(X > 0, X, 1.6732 * (np.exp(X) - 1))),
    "split_by_input": (1, helper.make_node("Split", ["x", "s"], ["z", "y"], axis=3),
                       {"s": np.array([2, 3], np.float32)}, X[..., 2:]),
    "tile": (1, node("Tile", "xta"), {"t": np.array([3], np.float32),
                                      "a": np.array([1], np.float32)}, np.tile(X, (1, 3, 1, 1))),
    "upsample": (1, node("Upsample", height_scale=2.0, width_scale=3.0, mode="nearest"), {},
                 X.repeat(2, 2).repeat(3, 3)),
    "slice": (1, node("Slice", axes=[1, 3], starts=[1, -3], ends=[9, -1]), {}, X[:, 1:, :, -3:-1]),
    "squeeze": (1, node("ReduceMean", axes=[1, 2], keepdims=0), {}, X.mean((1, 2))),
    "top_k": (1, helper.make_node("TopK", ["x"], ["y", "z"], axis=2, k=2), {},
              -np.sort(-X, 2)[:, :, :2]),
    "softmax_of_rows": (1, node("Softmax", axis=1), {}, None),
}


def write(path, opset, n, constants, x):
    graph = helper.make_graph(
        [n], "old", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_empty_tensor_value_info("y")],
        [numpy_helper.from_array(v, k) for k, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 3
    onnx.save(model, path)


def hone(*args):
    return subprocess.run([os.environ["HONE"], *map(str, args)], capture_output=True, text=True,
                          timeout=60)


@pytest.mark.parametrize("kernels", [False, True], ids=["reference", "engine"])
@pytest.mark.parametrize("name", CASES)
def test_old(tmp_path, name, kernels):
    opset, n, constants, want = CASES[name]
    x = X[0, 0] if name == "gemm" else X
    if want is None:
        rows = np.exp(x.reshape(2, -1))
        want = (rows / rows.sum(1, keepdims=True)).reshape(x.shape)
    write(tmp_path / "old.onnx", opset, n, constants, x)
    np.save(tmp_path / "x.npy", x)
    done = hone("run", tmp_path / "old.onnx", "--input", f"x={tmp_path / 'x.npy'}", "--save",
                tmp_path / "out", *([] if kernels else ["--reference"]))
    assert done.returncode == 0, done.stderr
    got = np.load(tmp_path / "out/output_0.npy")
    assert got.shape == want.shape and (got.dtype == want.dtype or got.dtype == np.float32)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name, opset, n, constants, text", [
    ("batch_norm", 6, node("BatchNormalization", "xbbbb"), {"b": CHANNEL},
     "node 'old' (BatchNormalization): it is in training mode (is_test is 0)"),
    ("dropout", 1, node("Dropout"), {}, "node 'old' (Dropout): it is in training mode"),
    ("cast", 1, node("Cast", to="FLOAT3"), {}, "node 'old' (Cast): cast to 'FLOAT3'"),
    ("axis", 6, node("Add", "xb", broadcast=1, axis=2), {"b": np.ones((3, 4, 5), np.float32)},
     "node 'old' (Add): axis 2 with inputs of ranks 4 and 3"),
    ("pool", 1, node("LpPool", p=1.5, kernel_shape=[2, 2]), {},
     "node 'old' (LpPool): a norm of order 1.5"),
    ("tile", 1, node("Tile", "xxb"), {"b": CHANNEL}, "node 'old' (Tile): input 1 is not a constant"),
    ("reshape", 1, node("Reshape"), {}, "node 'old' (Reshape): attribute 'shape' is missing"),
])
def test_refused(tmp_path, name, opset, n, constants, text):
    write(tmp_path / "old.onnx", opset, n, constants, X)
    done = hone("inspect", tmp_path / "old.onnx")
    assert done.returncode == 2 and text in done.stderr and done.stderr.count("\n") == 1, done.stderr
