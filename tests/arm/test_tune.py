"""hone-tune of the device-aarch64 preset: run under qemu-user it times what a build here asks for."""
import json
import subprocess

import armlib
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def convolutions(path):
    """Two convolutions in f32, so that there is more than one tactic to time."""
    rng = np.random.default_rng(1)
    weights = {"w": (16, 3, 3, 3), "v": (8, 16, 1, 1)}
    nodes = [helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
             helper.make_node("Conv", ["a", "v"], ["y"])]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 12, 12])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, 12, 12])],
        [numpy_helper.from_array(rng.normal(size=s).astype(np.float32), k) for k, s in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def build(model, engine, cache, *extra):
    r = subprocess.run([armlib.HONE, "build", model, "-o", engine, "--timing-cache", cache, "--target",
                        f"{armlib.SOURCE}/examples/targets/{armlib.TARGETS['neon_i8mm']}.toml", *extra],
                       capture_output=True, text=True, timeout=300)
    assert r.returncode == 0, r.stderr


@armlib.needs_arm
def test_timings_decide_the_build(tmp_path):
    model = convolutions(f"{tmp_path}/m.onnx")
    a, b, cache = (f"{tmp_path}/{name}" for name in ("a.engine", "b.engine", "cache.json"))
    timer = f"qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu max {armlib.BUILD}/hone-tune"
    build(model, a, cache, "--timer", timer)
    with open(cache, encoding="utf-8") as f:
        ns = json.load(f)["ns"]
    timed = {key.split()[0] for key in ns}
    assert {"conv_f32_6x16_neon", "conv_f32_portable"} <= timed and all(v >= 1 for v in ns.values())
    build(model, b, cache, "--error-on-cache-miss")
    with open(a, "rb") as first, open(b, "rb") as second:
        assert first.read() == second.read()
    x = np.random.default_rng(2).normal(size=(1, 3, 12, 12)).astype(np.float32)
    assert armlib.run(a, [x], tmp_path)[0].shape == (1, 8, 12, 12)
