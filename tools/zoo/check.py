#!/usr/bin/env python3
"""Holds Hone against ONNX Runtime on a folder of models: check.py FOLDER [--only WORD]. Exit 1 where one differs.

HONE names the program; else build/release/hone.
"""
import argparse
import glob
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort

HONE = os.environ.get("HONE", os.path.join(os.path.dirname(__file__), "..", "..", "build", "release", "hone"))
TOLERANCE = 1e-3  # of the largest value of the channel
LARGEST = 120 << 20  # onnxsim takes very long on larger files


def feed(session):
    """Smooth pictures with noise, small tokens, masks of ones; dynamic sizes are 1, sequences 64."""
    rng, values = np.random.default_rng(0), {}
    for i in session.get_inputs():
        shape = [d if isinstance(d, int) else 64 if d == "seq" else 1 for d in i.shape]
        if "int64" in i.type:
            values[i.name] = np.ones(shape, np.int64) if "mask" in i.name else rng.integers(1, 1000, shape)
            if "type" in i.name:
                values[i.name][:] = 0
        elif len(shape) == 4 and shape[1] in (1, 3):
            low = rng.standard_normal((*shape[:2], 6, 6))
            y, x = np.linspace(0, 5, shape[2]).astype(int), np.linspace(0, 5, shape[3]).astype(int)
            values[i.name] = (low[:, :, y][:, :, :, x] + 0.3 * rng.standard_normal(shape)).astype(np.float32)
        else:
            values[i.name] = rng.standard_normal(shape).astype(np.float32)
    return values


def difference(got, want):
    """Largest difference relative to the channel's largest value (axis 1 from rank 3 on); inf where shapes differ."""
    if got.shape != want.shape:
        return float("inf")
    if want.dtype.kind != "f" or not want.size:
        return 0.0 if (got == want).all() else float("inf")
    axes = tuple(a for a in range(want.ndim) if a != 1) if want.ndim >= 3 else None
    scale = np.maximum(np.abs(want.astype(np.float64)).max(axes, keepdims=True), 1e-6)
    worst = (np.abs(got.astype(np.float64) - want) / scale).max()
    return float(worst) if np.isfinite(got).all() else float("inf")


def hone(*args):
    return subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=900)


def run(path, values, folder):
    args = []
    for k, (name, value) in enumerate(values.items()):
        np.save(f"{folder}/in{k}.npy", value)
        args += ["--input", f"{name}={folder}/in{k}.npy"]
    done = hone("run", path, *args, "--save", f"{folder}/out")
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    count = len(glob.glob(f"{folder}/out/output_*.npy"))
    return [np.load(f"{folder}/out/output_{k}.npy") for k in range(count)]


def worst_of(path, got, want):
    """Of detectors the scores, in their order: which of equal boxes are kept is rounding."""
    if any(n.op_type == "NonMaxSuppression" or n.op_type == "If" for n in onnx.load(path).graph.node):
        got, want = [got[1]], [want[1]]
    return max(difference(g, w) for g, w in zip(got, want))


def simplified_nodes(path):
    code = f"import onnxsim; print(len(onnxsim.simplify({path!r})[0].graph.node))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    return int(done.stdout.split()[-1]) if done.returncode == 0 else None


def check(path):
    """(worst difference of the engine, of the optimised model, nodes before, after, onnxsim's)"""
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    values = feed(session)
    want = session.run(None, values)
    with tempfile.TemporaryDirectory() as folder:
        engine = worst_of(path, run(path, values, folder), want)
        done = hone("optimize", path, "-o", f"{folder}/o.onnx")
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        smaller = ort.InferenceSession(f"{folder}/o.onnx", providers=["CPUExecutionProvider"])
        optimised = worst_of(path, smaller.run(None, values), want)
        nodes = len(onnx.load(path).graph.node), len(onnx.load(f"{folder}/o.onnx").graph.node)
    theirs = simplified_nodes(path) if os.path.getsize(path) < LARGEST else None
    return engine, optimised, *nodes, theirs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    bad = 0
    for path in sorted(glob.glob(os.path.join(args.folder, "*.onnx"))):
        name = os.path.basename(path).removesuffix(".onnx")
        if args.only not in name:
            continue
        try:
            engine, optimised, before, after, theirs = check(path)
        except (RuntimeError, ort.capi.onnxruntime_pybind11_state.Fail) as e:
            print(f"{name:50} FAILS: {e}", flush=True)
            bad += 1
            continue
        agrees = max(engine, optimised) <= TOLERANCE
        bad += not agrees
        left = "" if theirs is None else f", onnxsim {theirs}" + (" FEWER" if theirs < after else "")
        print(f"{name:50} {'agrees' if agrees else 'DIFFERS'} {engine:.0e} {optimised:.0e}"
              f"  nodes {before} -> {after}{left}", flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
