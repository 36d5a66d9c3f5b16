"""The 13 skeletons end to end on 64-bit Arm: planned here for a board, run by libhone_rt under
qemu-user, held against ONNX Runtime. HONE_FULL=1 takes the seven too of which emulation makes
10 s and more."""
import os
import subprocess
import sys

import armlib
import numpy as np
import onnxruntime as ort
import pytest

SMALL = ["gru_lstm", "mobilenet_v2", "mobilenet_v2_dynamo", "mobilenet_v3_large", "mobilenet_v3_small",
         "squeezenet1_1"]
LARGE = ["convnext_tiny", "deit_tiny", "efficientnet_b0", "minilm_l6_seq128", "resnet18", "resnet50",
         "yolov8n"]
FULL = os.environ.get("HONE_FULL") == "1"
needs_shared = pytest.mark.skipif(not os.path.isdir(armlib.SHARED), reason="skipped: no ../shared")


def feed_of(session):
    """Smooth pictures, tokens, masks of ones: what the models were made for, of their own shapes."""
    rng, feed = np.random.default_rng(3), {}
    for i in session.get_inputs():
        shape = [d if isinstance(d, int) else {"s": 128}.get(d, 1) for d in i.shape]
        if "int64" in i.type:
            feed[i.name] = rng.integers(1, 1000, shape) if "id" in i.name else np.ones(shape, np.int64)
            if "type" in i.name:
                feed[i.name] = np.zeros(shape, np.int64)
        elif len(shape) == 4 and shape[2] % 32 == 0:
            low = rng.standard_normal((*shape[:2], shape[2] // 32, shape[3] // 32))
            low = low.repeat(32, 2).repeat(32, 3)
            feed[i.name] = (low + 0.3 * rng.standard_normal(shape)).astype(np.float32)
        else:
            feed[i.name] = rng.standard_normal(shape).astype(np.float32)
    return feed


@armlib.needs_arm
@needs_shared
@pytest.mark.parametrize("name", SMALL + LARGE)
def test_skeleton_agrees(name, tmp_path):
    if name in LARGE and not FULL:
        pytest.skip("HONE_FULL=1 runs it: too much for emulation every time")
    sys.path.insert(0, f"{armlib.SHARED}/tools")
    import materialize
    model = f"{tmp_path}/{name}.onnx"
    materialize.materialize(f"{armlib.SHARED}/models/{name}.skeleton.onnx", model)
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    feed = feed_of(session)
    want = session.run(None, feed)
    plan = armlib.build(model, f"{tmp_path}/engine", "neon")
    names = armlib.kernels(plan)
    assert any(k.endswith("_neon") for k in names) and not any("avx" in k for k in names)
    got = armlib.run(f"{tmp_path}/engine", feed.values(), tmp_path, cpu="cortex-a72")
    assert len(got) == len(want)
    for g, w in zip(got, want):
        armlib.close(g, w)


@armlib.needs_arm
@pytest.mark.parametrize("isa", ["neon", "neon_dot", "neon_i8mm"])
def test_example_gives_its_answers(isa, tmp_path):
    model = f"{armlib.SOURCE}/examples/fashion/fashion.onnx"
    armlib.build(model, f"{tmp_path}/engine", isa)
    rng = np.random.default_rng(5)
    feed = {"image": rng.standard_normal((2, 1, 28, 28)).astype(np.float32)}
    want = ort.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, feed)
    cpu = {"neon": "cortex-a72", "neon_dot": "cortex-a76", "neon_i8mm": "max"}[isa]
    armlib.close(armlib.run(f"{tmp_path}/engine", feed.values(), tmp_path, cpu=cpu)[0], want[0])


@armlib.needs_arm
def test_quantised_bits_are_those_of_portable_kernels(tmp_path):
    """One file of integers for every level: the same bytes come out."""
    model = f"{armlib.SOURCE}/examples/fashion/fashion.onnx"
    data = np.random.default_rng(6).standard_normal((8, 1, 28, 28)).astype(np.float32)
    np.savez(tmp_path / "samples.npz", image=data)
    r = subprocess.run([armlib.HONE, "quantize", model, "-o", tmp_path / "int8.onnx", "--calib",
                        tmp_path / "samples.npz", "--preset", "fast", "--calibrator", "min-max"],
                       capture_output=True, text=True, timeout=300)
    assert r.returncode == 0, r.stderr
    found = {}
    for isa in armlib.TARGETS:
        plan = armlib.build(tmp_path / "int8.onnx", tmp_path / isa, isa)
        assert f"qconv_8bit_8x8_{isa}" in armlib.kernels(plan)
        found[isa] = armlib.run(tmp_path / isa, [data], tmp_path)[0]
    armlib.build(tmp_path / "int8.onnx", tmp_path / "plain", "neon", "--prefer-kernel", "portable")
    plain = armlib.run(tmp_path / "plain", [data], tmp_path)[0]
    for isa, value in found.items():
        assert value.tobytes() == plain.tobytes(), isa


@armlib.needs_arm
def test_engine_says_what_a_machine_lacks(tmp_path):
    model = f"{armlib.SOURCE}/examples/fashion/fashion.onnx"
    armlib.build(model, f"{tmp_path}/engine", "neon")
    here = subprocess.run([armlib.HONE, "run", f"{tmp_path}/engine"], capture_output=True, text=True)
    assert here.returncode == 4 and "needs neon, which this machine lacks" in here.stderr
    r = subprocess.run([armlib.HONE, "build", model, "-o", f"{tmp_path}/x86", "--no-timing"],
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    there = armlib.qemu(armlib.RUNNER, f"{tmp_path}/x86", f"{tmp_path}/out.", "image")
    assert there.returncode == 2 and "which this machine lacks" in there.stderr
