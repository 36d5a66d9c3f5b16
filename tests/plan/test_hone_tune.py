"""hone-tune: timings that a build on one machine asks of another; here both are this one."""
import json
import os
import pathlib
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
TUNE = pathlib.Path(os.environ.get("HONE_BUILD_DIR", os.path.dirname(HONE))) / "hone-tune"


def hone(*args, status=0):
    r = subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=120,
                       env={**os.environ, "NO_COLOR": "1"})
    assert r.returncode == status, r.stdout + r.stderr
    return r


def tune(data, status=0):
    r = subprocess.run([str(TUNE)], input=data, capture_output=True, timeout=120)
    assert r.returncode == status, r.stderr
    return r


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Packed weights, a view (Concat), a product: what one-step engines have to carry."""
    rng = np.random.default_rng(3)
    weights = {"w": rng.normal(size=(16, 3, 3, 3)).astype(np.float32),
               "v": rng.normal(size=(8, 3, 1, 1)).astype(np.float32),
               "m": rng.normal(size=(24, 10)).astype(np.float32)}
    nodes = [helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1], name="c1"),
             helper.make_node("Conv", ["x", "v"], ["b"], name="c2"),
             helper.make_node("Concat", ["a", "b"], ["c"], axis=1, name="cat"),
             helper.make_node("GlobalAveragePool", ["c"], ["d"], name="pool"),
             helper.make_node("Flatten", ["d"], ["e"], name="flat"),
             helper.make_node("MatMul", ["e", "m"], ["y"], name="fc")]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 12, 12])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(v, k) for k, v in weights.items()])
    path = tmp_path_factory.mktemp("tune") / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
              path)
    return path


@pytest.fixture(scope="module")
def requests(model):
    path = model.parent / "requests"
    hone("build", model, "-o", model.parent / "none.engine", "--timing-requests", path)
    assert not (model.parent / "none.engine").exists()
    return path


def test_by_files(tmp_path, model, requests):
    timings = tmp_path / "timings.json"
    timings.write_bytes(tune(requests.read_bytes()).stdout)
    here = tmp_path / "here.json"
    hone("build", model, "-o", tmp_path / "here.engine", "--timing-cache", here)
    # The same questions as are asked in the process.
    there = json.loads(timings.read_text())
    assert there["ns"].keys() == json.loads(here.read_text())["ns"].keys()
    assert all(ns >= 1 for ns in there["ns"].values())
    hone("build", model, "-o", tmp_path / "a.engine", "--timing-cache", timings,
         "--error-on-cache-miss")
    hone("parity", model, tmp_path / "a.engine")
    # Nothing is asked that is known.
    r = hone("build", model, "-o", tmp_path / "b.engine", "--timing-cache", timings,
             "--timing-requests", tmp_path / "empty")
    assert " 0 timings" in r.stderr
    assert json.loads(tune((tmp_path / "empty").read_bytes()).stdout)["ns"] == {}


def test_by_command(tmp_path, model):
    cache = tmp_path / "cache.json"
    a, b = tmp_path / "a.engine", tmp_path / "b.engine"
    hone("build", model, "-o", a, "--timer", TUNE, "--timing-cache", cache)
    hone("build", model, "-o", b, "--timing-cache", cache, "--error-on-cache-miss")
    assert a.read_bytes() == b.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.engine", "b.engine", "cache.json"]


def test_times_are_of_the_kernels(tmp_path, model, requests):
    """A portable convolution takes longer than one of this machine's vectors."""
    ns = json.loads(tune(requests.read_bytes()).stdout)["ns"]
    conv = {k.split()[0]: v for k, v in ns.items() if "f32[16,3,3,3]" in k}
    assert "conv_f32_portable" in conv
    if len(conv) > 1:
        assert conv["conv_f32_portable"] > 1.5 * min(conv.values())


def test_damage(requests):
    good = requests.read_bytes()
    assert b"no requests on its input" in tune(b"", status=2).stderr
    assert b"no requests on its input" in tune(b"X" + good[1:], status=2).stderr
    assert b"another version" in tune(good[:8] + b"\x63" + good[9:], status=2).stderr
    for cut in (45, 100, len(good) // 2, len(good) - 1):
        assert b"end in the middle" in tune(good[:cut], status=2).stderr
    # Of the first engine: not timed, the others are.
    at = good.index(b"HONEENG\n") + 200
    r = tune(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
    assert b"not timed" in r.stderr and b"checksum" in r.stderr
    assert len(json.loads(r.stdout)["ns"]) == len(json.loads(tune(good).stdout)["ns"]) - 1


def test_wrong_commands(tmp_path, model):
    out = tmp_path / "x.engine"
    r = hone("build", model, "-o", out, "--timer", "exit 7", status=4)
    assert r.stderr.splitlines()[-1] == f"error: {model}: --timer 'exit 7' ended with status 7"
    r = hone("build", model, "-o", out, "--timer", "cat", status=2)
    assert r.stderr.splitlines()[-1] == (
        f"error: {model}: --timer 'cat' answered with something else than timings")
    assert not list(tmp_path.iterdir())
