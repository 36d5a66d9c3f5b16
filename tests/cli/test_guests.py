"""Operators of domains that nobody but the model knows go through `hone optimize` and `hone edit` as
the file has them; what would run or build them refuses and names them."""
import os
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

HONE = os.environ.get("HONE", "build/release/hone")
FLOAT = TensorProto.FLOAT


def hone(*args):
    return subprocess.run([HONE, *map(str, args)], capture_output=True, text=True,
                          env={**os.environ, "NO_COLOR": "1"})


def value(name, shape=("n", 4), dtype=FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def guest(op, inputs, outputs, name, domain="com.example", **attributes):
    return helper.make_node(op, inputs, outputs, name=name, domain=domain, **attributes)


def body():
    """Reads `kept` of the graph around it."""
    return helper.make_graph([helper.make_node("Add", ["i", "kept"], ["o"], name="inner")], "body",
                             [value("i")], [value("o")])


EVERY_KIND = dict(
    i=-3, f=0.25, s=b"bytes \xff", ints=[1, -(2**62)], floats=[1.5, float("inf")],
    strings=["a", "b c"], t=numpy_helper.from_array(np.arange(3, dtype=np.int8), "t"),
    ts=[numpy_helper.from_array(np.ones(2, np.float16), "t0")],
    type=helper.make_tensor_type_proto(TensorProto.INT64, ["k", 2]), g=body())


@pytest.fixture
def model(tmp_path):
    """x -> Identity -> Foo (every kind of attribute) -> Relu -> Bar (an absent input at the end, an
    output that is not named) -> y; beside it constants to fold and two equal guests."""
    nodes = [
        helper.make_node("Identity", ["x"], ["kept"], name="id"),
        helper.make_node("Add", ["one", "one"], ["two"], name="sum"),
        guest("Foo", ["kept", "two"], ["foo"], "foo", **EVERY_KIND),
        helper.make_node("Relu", ["foo"], ["relu"], name="relu"),
        guest("Bar", ["relu", ""], ["bar", "", "bar2"], "bar", domain="org.other", k=1),
        guest("Dice", ["relu"], ["d1"], "d1"), guest("Dice", ["relu"], ["d2"], "d2"),
        helper.make_node("Sub", ["d1", "d2"], ["y"], name="sub")]
    graph = helper.make_graph(
        nodes, "g", [value("x")], [value("y"), value("bar"), value("bar2", ("n",))],
        [numpy_helper.from_array(np.ones(4, np.float32), "one")], value_info=[value("foo")])
    m = helper.make_model(graph, ir_version=8, opset_imports=[
        helper.make_opsetid("", 17), helper.make_opsetid("com.example", 3),
        helper.make_opsetid("org.other", 12)])
    path = tmp_path / "m.onnx"
    onnx.save(m, path)
    return path


def named(model, name):
    return next(n for n in model.graph.node if n.name == name)


def attributes(node):
    return {a.name: a for a in node.attribute}


def check_guests(before, after):
    assert {o.domain: o.version for o in after.opset_import} == \
        {o.domain: o.version for o in before.opset_import}
    for name in ("foo", "bar", "d1", "d2"):
        a, b = named(before, name), named(after, name)
        assert (a.domain, a.op_type, list(a.output)) == (b.domain, b.op_type, list(b.output))
        assert len(a.input) == len(b.input)
        ours, theirs = attributes(b), attributes(a)
        assert ours.keys() == theirs.keys()
        for key in theirs.keys() - {"g", "t", "ts"}:
            assert ours[key] == theirs[key], key
    a, b = attributes(named(before, "foo")), attributes(named(after, "foo"))
    for ours, theirs in ((b["t"].t, a["t"].t), (b["ts"].tensors[0], a["ts"].tensors[0])):
        np.testing.assert_array_equal(numpy_helper.to_array(ours), numpy_helper.to_array(theirs))
    inner = b["g"].g
    assert [n.op_type for n in inner.node] == ["Add"] and len(inner.input) == 1
    assert list(named(after, "bar").input)[1:] == [""]


def test_optimize_keeps_them(model, tmp_path):
    out = tmp_path / "out.onnx"
    run = hone("optimize", model, "-o", out)
    assert run.returncode == 0, run.stderr
    before, after = onnx.load(model), onnx.load(out)
    check_guests(before, after)
    # What is ONNX's own around them is simplified: the identity and the sum of constants are gone.
    assert sorted(n.op_type for n in after.graph.node) == ["Bar", "Dice", "Dice", "Foo", "Relu", "Sub"]
    foo = named(after, "foo")
    assert foo.input[0] == "x"
    two = next(t for t in after.graph.initializer if t.name == foo.input[1])
    np.testing.assert_array_equal(numpy_helper.to_array(two), np.full(4, 2, np.float32))
    assert attributes(foo)["g"].g.node[0].input[1] == "x"  # what the block reads of the graph
    assert [(o.name, o.type) for o in after.graph.output] == \
        [(o.name, o.type) for o in before.graph.output]


def test_edit_keeps_them(model, tmp_path):
    out = tmp_path / "out.onnx"
    run = hone("edit", model, "-o", out, "--batch", "2")
    assert run.returncode == 0, run.stderr
    after = onnx.load(out)
    check_guests(onnx.load(model), after)
    assert after.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 2
    run = hone("edit", model, "-o", out, "--opset", "21")
    assert run.returncode == 0, run.stderr
    after = onnx.load(out)
    assert {o.domain: o.version for o in after.opset_import} == \
        {"": 21, "com.example": 3, "org.other": 12}
    assert named(after, "foo").domain == "com.example"


def test_inspect_shows_them(model):
    run = hone("inspect", model)
    assert run.returncode == 0, run.stderr
    assert "Foo" in run.stdout and "Dice 2" in run.stdout


@pytest.mark.parametrize("args", [("build", "-o", "e"), ("run",), ("parity",)])
def test_others_refuse_them(model, tmp_path, args):
    paths = [model] * (2 if args[0] == "parity" else 1)
    rest = [tmp_path / a if a == "e" else a for a in args[1:]]
    run = hone(args[0], *paths, *rest)
    assert run.returncode == 2
    assert "com.example.Foo (node 'foo')" in run.stderr
    assert "plugin" in run.stderr


def test_verify_says_what_it_cannot_run(model, tmp_path):
    run = hone("optimize", model, "-o", tmp_path / "out.onnx", "--verify")
    assert run.returncode == 2
    assert "node 'foo' (Foo)" in run.stderr and len(run.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out.onnx").exists()
