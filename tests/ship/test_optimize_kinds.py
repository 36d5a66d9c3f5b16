"""Kinds of graphs that simplifiers stumble over: blocks, shape arithmetic, Q/DQ, old opsets, weights
beside the file. ONNX Runtime judges: it loads what comes out, and the answers are those of before."""
import os
import subprocess

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
F, I, B = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
RNG = np.random.default_rng(11)


def tensor(name, shape, dtype=F):
    return helper.make_tensor_value_info(name, dtype, shape)


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), name=f"{op}_{outputs}", **attributes)


def model(nodes, inputs, outputs, weights, opset=17):
    graph = helper.make_graph(nodes, "g", inputs, outputs,
                              [numpy_helper.from_array(np.asarray(v), k) for k, v in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def f32(*shape):
    return (RNG.standard_normal(shape) / 4).astype(np.float32)


def loop():
    """A body with constants, an identity and shape arithmetic of a value around it."""
    body = helper.make_graph(
        [node("Add", "one two", "three"), node("Mul", "state three", "m"),
         node("Shape", "x", "s"), node("Gather", "s zero", "rows"), node("Cast", "rows", "r", to=F),
         node("Add", "m r", "a"), node("Identity", "a", "next"), node("Identity", "go", "still"),
         node("Identity", "a", "each")],
        "body", [tensor("i", [], I), tensor("go", [], B), tensor("state", None)],
        [tensor("still", [], B), tensor("next", None), tensor("each", None)],
        [numpy_helper.from_array(np.float32(1), "one"), numpy_helper.from_array(np.float32(-0.5), "two"),
         numpy_helper.from_array(np.int64(0), "zero")])
    return model([node("Loop", "trips yes x", "y all", body=body)], [tensor("x", ["n", 3])],
                 [tensor("y", None), tensor("all", None)],
                 {"trips": np.int64(4), "yes": np.bool_(True)})


def branches():
    """A condition that shapes settle, one in a branch that data decide, a weight in both."""
    def graph(name, op, out):
        return helper.make_graph([node(op, "x w", out)], name, [], [tensor(out, None)])
    inner = helper.make_graph(
        [node("If", "flag", "q", then_branch=graph("a", "Add", "t"), else_branch=graph("b", "Mul", "e"))],
        "outer_then", [], [tensor("q", None)])
    nodes = [node("Shape", "x", "s"), node("Size", "s", "rank"), node("Equal", "rank two", "flat"),
             node("If", "flat", "y", then_branch=inner, else_branch=graph("c", "Sub", "z")),
             node("If", "flag", "v", then_branch=graph("d", "Sub", "o"),
                  else_branch=graph("f", "Div", "p"))]
    return model(nodes, [tensor("x", ["n", 4]), tensor("flag", [], B)],
                 [tensor("y", None), tensor("v", None)], {"two": np.int64(2), "w": f32(4) + 2})


def reshapes():
    """Flatten as PyTorch writes it, undone and done again; expansion to a computed shape."""
    nodes = [node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Unsqueeze", "n first", "n1"),
             node("Concat", "n1 rest", "flat", axis=0), node("Reshape", "x flat", "a"),
             node("Reshape", "a back", "b"), node("Transpose", "b", "c", perm=[0, 2, 1]),
             node("Transpose", "c", "d", perm=[0, 2, 1]), node("Reshape", "d flat", "e"),
             node("ConstantOfShape", "n1", "ones", value=numpy_helper.from_array(np.array([1], np.float32))),
             node("Unsqueeze", "ones second", "column"), node("Mul", "e column", "y")]
    return model(nodes, [tensor("x", ["n", 3, 4])], [tensor("y", None)], {
        "zero": np.int64(0), "first": np.array([0]), "second": np.array([1]),
        "rest": np.array([-1]), "back": np.array([0, 3, 4])})


def quantised():
    """Q/DQ around a convolution, its weights in int8 with a scale for each channel."""
    nodes = [node("QuantizeLinear", "x sx zx", "xq"), node("DequantizeLinear", "xq sx zx", "xd"),
             node("DequantizeLinear", "w sw zw", "wd", axis=0), node("Identity", "xd", "xi"),
             node("Conv", "xi wd b", "c", pads=[1, 1, 1, 1]), node("Relu", "c", "r"),
             node("QuantizeLinear", "r sy zy", "rq"), node("DequantizeLinear", "rq sy zy", "y")]
    return model(nodes, [tensor("x", ["n", 3, 8, 8])], [tensor("y", None)], {
        "sx": np.float32(0.02), "zx": np.uint8(128), "sy": np.float32(0.03), "zy": np.uint8(0),
        "w": RNG.integers(-127, 127, (4, 3, 3, 3)).astype(np.int8),
        "sw": np.full(4, 0.01, np.float32), "zw": np.zeros(4, np.int8), "b": f32(4)})


def old():
    """Opset 9: pads, slices, axes as attributes, Upsample, BatchNormalization with five inputs."""
    nodes = [node("Pad", "x", "p", pads=[0, 0, 1, 1, 0, 0, 1, 1]), node("Conv", "p w", "c"),
             node("BatchNormalization", "c scale bias mean var", "n"),
             node("Upsample", "n factors", "u", mode="nearest"),
             node("Slice", "u", "s", axes=[2, 3], starts=[0, 1], ends=[100, -1]),
             node("Dropout", "s", "d"), node("ReduceMean", "d", "m", axes=[2, 3], keepdims=0),
             node("Unsqueeze", "m", "k", axes=[2]), node("Squeeze", "k", "y", axes=[2])]
    return model(nodes, [tensor("x", ["n", 3, 6, 6])], [tensor("y", None)], {
        "w": f32(4, 3, 3, 3), "scale": f32(4) + 1, "bias": f32(4), "mean": f32(4),
        "var": np.abs(f32(4)) + 1, "factors": np.array([1, 1, 2, 2], np.float32)}, opset=9)


def shared():
    """The same weights twice, an output that is a constant, one that is an input, one given twice."""
    w = f32(4, 4)
    nodes = [node("MatMul", "x w1", "a"), node("MatMul", "x w2", "b"), node("Add", "a b", "y"),
             node("Identity", "x", "same"), node("Add", "one one", "two"), node("Identity", "y", "again")]
    return model(nodes, [tensor("x", ["n", 4])],
                 [tensor(o, None) for o in ("y", "same", "two", "again")],
                 {"w1": w, "w2": w.copy(), "one": f32(2)})


# Nodes that are left at most, as a person would write the graph.
KINDS = {loop: 1 + 6, branches: 1 + 2 + 3, reshapes: 7, quantised: 7, old: 7, shared: 5}


def nodes_of(graph):
    return len(graph.node) + sum(nodes_of(a.g) for n in graph.node for a in n.attribute
                                 if a.HasField("g"))


def run(path, feed):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = {i.name for i in session.get_inputs()}
    return session.run(None, {k: v for k, v in feed.items() if k in names})


def feeds(proto):
    for n in (1, 3):
        for flag in (True, False):
            feed = {}
            for i in proto.graph.input:
                t = i.type.tensor_type
                shape = [d.dim_value or n for d in t.shape.dim]
                feed[i.name] = np.array(flag) if t.elem_type == B else f32(*shape)
            yield feed


def optimize(folder, *more):
    r = subprocess.run([HONE, "optimize", "in.onnx", "-o", "out.onnx", *more], cwd=folder,
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    assert "warning" not in r.stderr


def check(folder, proto):
    for feed in feeds(proto):
        for want, got in zip(run(folder / "in.onnx", feed), run(folder / "out.onnx", feed), strict=True):
            assert got.dtype == want.dtype and got.shape == want.shape
            # Folded weights are rounded once more.
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
@pytest.mark.parametrize("more", [[], ["--verify"], ["--opset", "18"], ["--shapes"]], ids=" ".join)
def test_kinds(kind, more, tmp_path):
    proto = kind()
    onnx.save(proto, tmp_path / "in.onnx")
    optimize(tmp_path, *more)
    out = onnx.load(tmp_path / "out.onnx")
    onnx.checker.check_model(out, full_check=True)
    assert nodes_of(out.graph) <= min(KINDS[kind], nodes_of(proto.graph))
    check(tmp_path, proto)


def test_weights_beside_the_file(tmp_path):
    proto = shared()
    onnx.save(proto, tmp_path / "in.onnx", save_as_external_data=True, location="in.bin",
              size_threshold=0)
    optimize(tmp_path)
    assert os.path.getsize(tmp_path / "out.onnx") < 2 * 64 + 1000  # w once, inside
    check(tmp_path, proto)


def test_onto_itself(tmp_path):
    proto = old()
    onnx.save(proto, tmp_path / "before.onnx")
    onnx.save(proto, tmp_path / "in.onnx")
    r = subprocess.run([HONE, "optimize", "in.onnx", "-o", "in.onnx"], cwd=tmp_path)
    assert r.returncode == 0
    (tmp_path / "in.onnx").rename(tmp_path / "out.onnx")
    (tmp_path / "before.onnx").rename(tmp_path / "in.onnx")
    check(tmp_path, proto)
