"""Sizes that the data decide: inputs that are shapes, results as long as what was found. Engines are
built without seeing data, run from their file by the program, and judged by ONNX Runtime."""
import os
import subprocess

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto as T
from onnx import helper as h

HONE = os.environ["HONE"]
F, I = T.FLOAT, T.INT64


def ints(*v):
    return np.array(v, np.int64)


def hone(*args):
    return subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=120)


class Built:
    def __init__(self, folder, nodes, inputs, outputs, constants=(), opset=17):
        graph = h.make_graph(
            nodes,
            "data",
            [h.make_tensor_value_info(*i) for i in inputs],
            [h.make_tensor_value_info(*o) for o in outputs],
            [onnx.numpy_helper.from_array(v, k) for k, v in constants],
        )
        self.folder, self.model = folder, folder / "m.onnx"
        onnx.save(
            h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], ir_version=8), self.model
        )
        self.built = hone("build", self.model, "-o", folder / "m.engine")
        self.count = len(outputs)

    def run(self, feeds, what=("m.engine",)):
        args = []
        for name, value in feeds.items():
            np.save(self.folder / f"{name}.npy", value)
            args += ["--input", f"{name}={self.folder / name}.npy"]
        return hone("run", self.folder / what[0], *what[1:], *args, "--save", self.folder / "out")

    def check(self, *runs):
        assert self.built.returncode == 0, self.built.stderr
        session = ort.InferenceSession(self.model, providers=["CPUExecutionProvider"])
        for feeds in runs:
            want = session.run(None, feeds)
            for what in (("m.engine",), ("m.onnx", "--reference")):
                r = self.run(feeds, what)
                assert r.returncode == 0, r.stderr
                for i, w in enumerate(want):
                    got = np.load(self.folder / "out" / f"output_{i}.npy")
                    assert got.shape == w.shape and got.dtype == w.dtype, what
                    np.testing.assert_allclose(got, w, rtol=1e-6)


X = np.random.default_rng(1).random((2, 3, 4), np.float32)


def test_reshape_to_an_input(tmp_path):
    b = Built(
        tmp_path,
        [h.make_node("Reshape", ["x", "s"], ["y"])],
        [("x", F, [2, 3, 4]), ("s", I, [3])],
        [("y", F, None)],
    )
    b.check({"x": X, "s": ints(4, 3, 2)}, {"x": X, "s": ints(-1, 0, 2)}, {"x": X, "s": ints(1, 1, 24)})
    for wrong in (ints(5, 5, 5), ints(2, 2, 2), ints(-1, 5, 1), ints(-1, -1, 2)):
        r = b.run({"x": X, "s": wrong})
        assert r.returncode == 2 and len(r.stderr.splitlines()) == 1, r.stderr
        assert "would change the number of elements" in r.stderr


def test_shape_arithmetic_on_an_input(tmp_path):
    Built(
        tmp_path,
        [
            h.make_node("Add", ["s", "one"], ["u"]),
            h.make_node("Reshape", ["x", "u"], ["z"]),
            h.make_node("Relu", ["z"], ["y"]),
        ],
        [("x", F, ["n", 12]), ("s", I, [2])],
        [("y", F, None)],
        [("one", ints(1, 1))],
    ).check({"x": X.reshape(2, 12), "s": ints(5, 3)}, {"x": X.reshape(2, 12), "s": ints(2, -2)})


@pytest.mark.parametrize(
    "op, shape, runs",
    [
        ("Expand", [3, 1], [ints(2, 1, 6), ints(5, 3, 1)]),
        ("Tile", [2, 3], [ints(2, 1), ints(1, 5)]),
    ],
)
def test_repeated_by_an_input(tmp_path, op, shape, runs):
    x = X.reshape(-1)[: int(np.prod(shape))].reshape(shape)
    Built(
        tmp_path,
        [h.make_node(op, ["x", "s"], ["y"])],
        [("x", F, shape), ("s", I, [len(runs[0])])],
        [("y", F, None)],
    ).check(*({"x": x, "s": s} for s in runs))


def test_slice_between_inputs(tmp_path):
    Built(
        tmp_path,
        [h.make_node("Slice", ["x", "s", "e"], ["y"])],
        [("x", F, [2, 3, 4]), ("s", I, [2]), ("e", I, [2])],
        [("y", F, None)],
    ).check(
        {"x": X, "s": ints(0, 1), "e": ints(1, 3)},
        {"x": X, "s": ints(-1, -2), "e": ints(10, -1)},
        {"x": X, "s": ints(1, 2), "e": ints(0, 1)},
    )


def test_filled_and_counted_by_inputs(tmp_path):
    Built(
        tmp_path,
        [
            h.make_node("ConstantOfShape", ["s"], ["y"]),
            h.make_node("Range", ["a", "b", "two"], ["z"]),
        ],
        [("s", I, [2]), ("a", I, []), ("b", I, [])],
        [("y", F, None), ("z", I, None)],
        [("two", np.array(2))],
    ).check(
        {"s": ints(2, 5), "a": np.array(2), "b": np.array(9)},
        {"s": ints(1, 1), "a": np.array(-3), "b": np.array(0)},
        {"s": ints(0, 3), "a": np.array(3), "b": np.array(0)},
    )


def test_results_as_long_as_what_was_found(tmp_path):
    Built(
        tmp_path,
        [
            h.make_node("Greater", ["x", "half"], ["c"]),
            h.make_node("NonZero", ["c"], ["i"]),
            h.make_node("Transpose", ["i"], ["j"]),
            h.make_node("GatherND", ["x", "j"], ["v"]),
            h.make_node("Exp", ["v"], ["y"]),
            h.make_node("Shape", ["v"], ["n"]),
        ],
        [("x", F, [3, "w"])],
        [("j", I, None), ("y", F, None), ("n", I, None)],
        [("half", np.array(0.5, np.float32))],
    ).check({"x": X[0]}, {"x": X[1]}, {"x": X[0] * 0}, {"x": X.reshape(3, 8)})


def test_two_measurements_in_a_row(tmp_path):
    Built(
        tmp_path,
        [
            h.make_node("NonZero", ["x"], ["i"]),
            h.make_node("Squeeze", ["i", "zero"], ["k"]),
            h.make_node("Gather", ["x", "k"], ["v"]),
            h.make_node("Greater", ["v", "half"], ["c"]),
            h.make_node("Compress", ["v", "c"], ["y"], axis=0),
            h.make_node("ReduceSum", ["y"], ["s"], keepdims=0),
        ],
        [("x", F, [9])],
        [("y", F, None), ("s", F, None)],
        [("zero", ints(0)), ("half", np.array(0.5, np.float32))],
    ).check(
        {"x": np.array([0, 1, 0, 0.2, 0.7, 0, 3, 0.1, 0], np.float32)},
        {"x": np.array([0, 0, 0, 0, 0, 0, 0, 0, 9], np.float32)},
        {"x": np.ones(9, np.float32)},
        {"x": np.zeros(9, np.float32)},
    )


# torchvision asks for as many as there can be.
@pytest.mark.parametrize("center, most", [(0, 10), (1, 10), (0, 2**63 - 1)])
def test_boxes_that_are_kept(tmp_path, center, most):
    rng = np.random.default_rng(2)
    n, classes = 40, 3
    runs = []
    for scale in (0.2, 1.0, 5.0):
        corner = rng.random((1, n, 2)).astype(np.float32) * scale
        other = rng.random((1, n, 2)).astype(np.float32) + (0 if center else corner)
        runs.append(
            {
                "boxes": np.concatenate([corner, other], 2),
                "scores": rng.random((1, classes, n)).astype(np.float32),
            }
        )
    Built(
        tmp_path,
        [
            h.make_node(
                "NonMaxSuppression",
                ["boxes", "scores", "most", "iou", "least"],
                ["kept"],
                center_point_box=center,
            ),
            h.make_node("Gather", ["kept", "two"], ["which"], axis=1),
            h.make_node("Gather", ["boxes", "which"], ["found"], axis=1),
        ],
        [("boxes", F, [1, n, 4]), ("scores", F, [1, classes, n])],
        [("kept", I, None), ("found", F, None)],
        [
            ("most", ints(most)),
            ("iou", np.array([0.4], np.float32)),
            ("least", np.array([0.3], np.float32)),
            ("two", np.array(2)),
        ],
    ).check(*runs)


def test_a_size_without_bound_is_refused_by_build(tmp_path):
    b = Built(
        tmp_path,
        [
            h.make_node("Cast", ["x"], ["i"], to=I),
            h.make_node("ReduceMax", ["i"], ["m"], axes=[0], keepdims=1),
            h.make_node("ConstantOfShape", ["m"], ["y"]),
        ],
        [("x", F, [4])],
        [("y", F, None)],
    )
    assert b.built.returncode == 2
    assert len(b.built.stderr.splitlines()) == 1
    assert "sizes known only when the data are: ?i[0]" in b.built.stderr


@pytest.mark.parametrize("op", ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceL2", "ReduceLogSumExp"])
@pytest.mark.parametrize("keep", [0, 1])
def test_axes_of_a_reduction_by_an_input(tmp_path, op, keep):
    b = Built(
        tmp_path,
        [h.make_node(op, ["x", "a"], ["y"], keepdims=keep)],
        [("x", F, [2, 3, "w"]), ("a", I, [2])],
        [("y", F, None)],
        opset=18,
    )
    b.check(*({"x": X, "a": ints(*axes)} for axes in ((0, 1), (2, 0), (-1, -2), (1, -1))))
    for wrong in (ints(1, 1), ints(1, -2), ints(0, 3), ints(-4, 0)):
        r = b.run({"x": X, "a": wrong})
        assert r.returncode == 2 and len(r.stderr.splitlines()) == 1, r.stderr
        assert "axes that are not those of 3 dimensions, each once" in r.stderr


def test_axis_of_a_running_sum_by_an_input(tmp_path):
    b = Built(
        tmp_path,
        [h.make_node("CumSum", ["x", "a"], ["y"], reverse=1)],
        [("x", F, [2, 3, 4]), ("a", I, [])],
        [("y", F, None)],
    )
    b.check(*({"x": X, "a": np.array(axis)} for axis in (0, 1, -1, -3)))
    r = b.run({"x": X, "a": np.array(3)})
    assert r.returncode == 2 and "has no such axis" in r.stderr
