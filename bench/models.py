"""The models of the comparison: name, ONNX file, what goes in. Those of ../shared only where it is."""
import glob
import os
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get("HONE_SHARED", os.path.join(ROOT, "..", "shared"))
REAL = os.path.join(SHARED, "realdata", "models")


def find(work):
    """(name, path) of every model that is here; skeletons are filled with weights below `work`."""
    found = [("fashion", os.path.join(ROOT, "examples/fashion/fashion.onnx"))]
    for path in sorted(glob.glob(os.path.join(REAL, "**", "*.onnx"), recursive=True)):
        found.append((os.path.basename(path).removesuffix(".onnx"), path))
    skeletons = sorted(glob.glob(os.path.join(SHARED, "models", "*.skeleton.onnx")))
    if skeletons:
        sys.path.insert(0, os.path.join(SHARED, "tools"))
    for skeleton in skeletons:
        found.append((os.path.basename(skeleton).replace(".skeleton.onnx", ""), skeleton))
    return found


def materialized(name, path, work):
    if not path.endswith(".skeleton.onnx"):
        return path
    import materialize
    filled = os.path.join(work, name + ".onnx")
    if not os.path.exists(filled) or os.path.getmtime(filled) < os.path.getmtime(path):
        with open(os.devnull, "w", encoding="utf-8") as quiet:
            stdout, sys.stdout = sys.stdout, quiet
            try:
                materialize.materialize(path, filled)
            finally:
                sys.stdout = stdout
    return filled


# Names of dimensions that are lengths of a text.
SEQUENCE = {"s", "seq", "sequence", "sequence_length"}
# What a name stands for where the file leaves it open; batch 1 everywhere else.
DIMS = {("silero", "input"): (1, 576), ("silero", "state"): (2, 1, 128)}


def feed_for(name, inputs):
    """Inputs of ONNX Runtime's session -> arrays: smooth pictures and noise, small tokens."""
    rng = np.random.default_rng(1)
    feed = {}
    for i in inputs:
        shape = DIMS.get((name.split("_")[0], i.name))
        if shape is None:
            shape = tuple(d if isinstance(d, int) and d > 0 else 64 if d in SEQUENCE else 1
                          for d in i.shape)
        if i.type == "tensor(int64)":
            if i.name == "sr":
                value = np.array(16000, np.int64)
            elif "mask" in i.name:
                value = np.ones(shape, np.int64)
            elif "type" in i.name:
                value = np.zeros(shape, np.int64)
            else:
                value = rng.integers(0, 1000, shape, dtype=np.int64)
        elif i.type in ("tensor(int8)", "tensor(uint8)"):
            low = -128 if i.type == "tensor(int8)" else 0
            value = rng.integers(low, low + 256, shape).astype(i.type[7:-1])
        else:
            value = rng.standard_normal(shape).astype(np.float32)
            if len(shape) == 4:  # a picture: neighbouring pixels resemble each other
                value = (0.3 * value + np.sin(np.arange(shape[-1]) / 9)).astype(np.float32)
        feed[i.name] = value
    return feed
