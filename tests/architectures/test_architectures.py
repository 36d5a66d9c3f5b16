"""Some eighty architectures as exporters write them, small, their weights drawn here: each is inspected,
optimised, built without seeing an input and run on two, judged by ONNX Runtime."""
import json
import os
import re
import subprocess

import attention  # noqa: F401  the families enter themselves in FAMILIES
import convolutional  # noqa: F401
import detection  # noqa: F401
import further  # noqa: F401
import mixed  # noqa: F401
import numpy as np
import onnx
import onnxruntime as ort
import pytest
import sequence  # noqa: F401
from net import FAMILIES

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))


def hone(*args):
    r = subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=120)
    assert r.returncode == 0, r.stderr
    return r


def answers(model, feed):
    """ONNX Runtime's, without the rewriting of its own, which rounds differently."""
    options = ort.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(None, feed)


def check(got, want):
    """Within 1e-3 of the largest of each channel: room for other orders of summation through some
    tens of layers, none for a wrong value; integers, which are found by comparing, are equal."""
    assert got.shape == want.shape and got.dtype == want.dtype
    if want.dtype.kind != "f":
        assert np.array_equal(got, want)
        return
    assert want.size and np.isfinite(want).all() and want.std() > 1e-3  # the case can fail
    axes = tuple(a for a in range(want.ndim) if a != 1 or want.ndim < 3)
    scale = np.abs(want).max(axes, keepdims=True)
    worst = np.abs(got.astype(np.float64) - want) / np.maximum(scale, 1e-6)
    assert worst.max() <= 1e-3, f"differs by {worst.max():.2g} of its channel's largest"


@pytest.fixture(params=FAMILIES)
def net(request, tmp_path):
    made = FAMILIES[request.param]()
    made.path = tmp_path / "model.onnx"
    model = made.model()
    made.feed = [made.feeds(run) for run in (0, 1)]
    made.want = [answers(model.SerializeToString(), feed) for feed in made.feed]
    for output, value in zip(model.graph.output, made.want[0], strict=True):
        tensor = output.type.tensor_type
        if not tensor.HasField("shape"):  # exporters have at least the rank
            tensor.shape.CopyFrom(onnx.TensorShapeProto(dim=[{}] * value.ndim))
    onnx.checker.check_model(model)
    onnx.save(model, made.path)
    made.node_count = len(model.graph.node)
    return made


def test_engine_agrees(net, tmp_path):
    found = json.loads(hone("inspect", net.path, "--json", "-").stdout)
    assert [i["name"] for i in found["inputs"]] == [i[0] for i in net.inputs]
    engine = tmp_path / "model.engine"
    plan = hone("build", net.path, "-o", engine, "--no-timing", "--explain").stdout
    families = re.findall(r"^step \d+ \S+ = (\w+)", plan, re.M)
    assert families and {f: families.count(f) for f in net.steps} == net.steps
    for feed, want in zip(net.feed, net.want):
        given = []
        for name, value in feed.items():
            np.save(tmp_path / f"{name}.npy", value)
            given += ["--input", f"{name}={tmp_path / name}.npy"]
        hone("run", engine, *given, "--save", tmp_path / "out")
        for i, w in enumerate(want):
            check(np.load(tmp_path / "out" / f"output_{i}.npy"), w)


def test_optimized_agrees(net, tmp_path):
    after = tmp_path / "after.onnx"
    hone("optimize", net.path, "-o", after)
    model = onnx.load(after)
    onnx.checker.check_model(model)
    assert len(model.graph.node) <= net.node_count
    for feed, want in zip(net.feed, net.want):
        for g, w in zip(answers(after, feed), want, strict=True):
            check(g, w)
