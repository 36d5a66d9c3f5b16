"""Files that ONNX Runtime's own optimiser has written, with its fused operators: what engines of
them give is what ONNX Runtime gives."""
import os
import pathlib
import subprocess

import numpy as np
import onnxruntime as ort
import pytest

SHARED = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", os.getcwd())).parent / "shared"
MODELS = SHARED / "realdata/models"
TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32,
         "tensor(uint8)": np.uint8, "tensor(int8)": np.int8}
# One of each family of fused operators; quantised ones may be one quantum off, whose size the
# largest output tells: it spans 8 bits.
FILES = [("bert_sst2", 1e-4), ("cnn_mnist_pytorch", 1e-4), ("yolox_nano", 1e-4),
         ("yunet_n_320_320", 1e-4), ("shufflenet-v2-12-int8", 0.03),
         ("mobilenet_v1_0.25_128_quant", 0.01), ("mobilenet_v2_1.0_224_quant", 0.01)]
PATHS = [(p, t) for name, t in FILES for p in sorted(MODELS.rglob(f"*{name}*.onnx"))]


def feeds_of(session):
    rng = np.random.default_rng(3)
    feeds = {}
    for i in session.get_inputs():
        shape = [d if isinstance(d, int) else 8 if k else 1 for k, d in enumerate(i.shape)]
        kind = np.dtype(TYPES[i.type])
        if kind.kind == "f":
            feeds[i.name] = rng.random(shape).astype(kind)
        else:
            low, high = (0, 255) if kind == np.uint8 else (0, 2)
            feeds[i.name] = np.asarray(rng.integers(low, high, shape)).astype(kind)
    return feeds


@pytest.mark.skipif(not PATHS, reason="skipped: no ../shared")
@pytest.mark.parametrize("path, tolerance", PATHS, ids=lambda v: getattr(v, "name", None))
def test_engines_of_optimised_files(tmp_path, path, tolerance):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feeds = feeds_of(session)
    args = []
    for k, (name, value) in enumerate(feeds.items()):
        np.save(tmp_path / f"in{k}.npy", value)
        args += ["--input", f"{name}={tmp_path / f'in{k}.npy'}"]
    done = subprocess.run([os.environ["HONE"], "run", tmp_path / "optimised.onnx", *args,
                           "--save", tmp_path / "out"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for k, want in enumerate(session.run(None, feeds)):
        got = np.load(tmp_path / "out" / f"output_{k}.npy")
        assert got.shape == want.shape and got.dtype == want.dtype
        # Sigmoids that are nearly 0 are ONNX Runtime's noise.
        scale = max(abs(want.astype(np.float64)).max(), 0.01)
        off = abs(got.astype(np.float64) - want.astype(np.float64)).max() / scale
        assert off <= tolerance, f"output {k} is {off} off"
