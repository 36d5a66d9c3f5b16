"""What the tests of quantisation share: the program, the shared models, data that suit them."""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
import pytest

SOURCE = os.environ.get("HONE_SOURCE_DIR", os.path.realpath(f"{os.path.dirname(__file__)}/../.."))
HONE = os.environ.get("HONE", f"{SOURCE}/build/release/hone")
SHARED = os.path.realpath(f"{SOURCE}/../shared")
R = f"{SHARED}/realdata/models"
needs_shared = pytest.mark.skipif(not os.path.isdir(R), reason="skipped: no ../shared")

DTYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32,
          "tensor(double)": np.float64, "tensor(uint8)": np.uint8, "tensor(int8)": np.int8}


def hone(*args, timeout=600):
    return subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=timeout)


def session(path, optimised=True):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if not optimised:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(path, feed, optimised=True):
    return session(path, optimised).run(None, feed)


# Sizes for dimensions that have only names.
SIZES = {"sequence": 16, "seq": 16, "s": 16, "seq_len": 16}


def samples(path, n, seed=1):
    """n samples of every input, along the first axis: noise."""
    rng = np.random.default_rng(seed)
    out = {}
    if "silero" in str(path):
        return {"input": rng.standard_normal((1, 576)).astype(np.float32) / 10,
                "state": np.zeros((2, 1, 128), np.float32), "sr": np.array(16000, np.int64)}
    for i in session(path).get_inputs():
        shape = [d if isinstance(d, int) else SIZES.get(d, 1 if k == 0 else 64)
                 for k, d in enumerate(i.shape)]
        rows = n * shape[0] if shape else 1
        full = [rows] + shape[1:] if shape else []
        if i.type == "tensor(float)":
            x = rng.standard_normal(full).astype(np.float32)
        elif "mask" in i.name:
            x = np.ones(full, DTYPES[i.type])
        elif i.name == "sr":
            x = np.array(16000, DTYPES[i.type])
        else:
            x = rng.integers(0, 2 if "type" in i.name else 100, full).astype(DTYPES[i.type])
        out[i.name] = x
    return out


def materialized(name, folder):
    sys.path.insert(0, f"{SHARED}/tools")
    import materialize
    path = f"{folder}/{name}.onnx"
    materialize.materialize(f"{SHARED}/models/{name}.skeleton.onnx", path)
    return path


def one(data, k):
    """Sample k of arrays whose model has a batch of one."""
    return {name: a[k:k + 1] if a.ndim else a for name, a in data.items()}


def snr(want, got):
    """Signal to noise in dB."""
    want, got = want.astype(np.float64), got.astype(np.float64)
    noise = ((want - got) ** 2).sum()
    return 200.0 if noise == 0 else 10 * np.log10((want ** 2).sum() / noise)


def quantize(model, data, folder, *options):
    """Runs hone quantize; the path written and the report."""
    folder = str(folder)
    out = tempfile.mktemp(suffix=".onnx", dir=folder)
    more = []
    if data is not None:
        np.savez(f"{folder}/calib.npz", **data)
        more = ["--calib", f"{folder}/calib.npz"]
    r = hone("quantize", model, "-o", out, *more, "--json", f"{out}.json", *options)
    assert r.returncode == 0, r.stderr
    return out, json.load(open(f"{out}.json"))


def ops(path):
    counts = {}
    for n in onnx.load(path).graph.node:
        counts[n.op_type] = counts.get(n.op_type, 0) + 1
    return counts
