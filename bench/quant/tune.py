#!/usr/bin/env python3
"""`hone quantize --tune` over the convolutional models: how much is computed in int8 with and without it, what runs take, and
whether the engine of the file it wrote is slower than f32's (`hone compare`: both in turns, opened anew in every round).

    build/venv/bin/python bench/quant/tune.py [--only REGEX] [--seconds N] [--max-drop N]

Samples are noise and weights of skeletons are, too, so by default time alone decides (--max-drop 100).
"""
import argparse
import json
import os
import re
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "peers")]
from models import feed_for, find, materialized  # noqa: E402
from run import Theirs, compile_engine  # noqa: E402
from runs import Failed, hone  # noqa: E402
from speed import WORK, is_convolutional  # noqa: E402

SAMPLES = 10  # of which two decide


def samples(name, inputs):
    feeds = []
    for k in range(SAMPLES):
        rng = np.random.default_rng(k)
        feeds.append({n: (v + .1 * rng.standard_normal(v.shape)).astype(v.dtype)
                      for n, v in feed_for(name, inputs).items()})
    path = os.path.join(WORK, name + ".tune.npz")
    np.savez(path, **{n: np.concatenate([f[n] for f in feeds]) for n in feeds[0]})
    return path


def quantise(name, path, calib, *options):
    out = os.path.join(WORK, name + ".tuned.onnx")
    text = hone("quantize", path, "-o", out, "--calib", calib, "--preset", "fast", "--json", "-", *options, timeout=900)
    return out, json.loads(text)


def compare(name, path, tuned, inputs, feed, seconds):
    """Ratio of the tuned engine's time to f32's, and its interval."""
    a = compile_engine(name + ".f32", path, inputs, feed)
    b = compile_engine(name + ".tuned", tuned, inputs, feed)
    text = hone("compare", a, b, "--duration", seconds, "--tol", "1e9", "--json", "-", allowed=(0, 1, 3))
    return json.loads(text)


def slower_layers(tune):
    return [f"{layer['nodes'][0]} ({layer['us']['int8']:.1f} us, f32 {layer['us']['f32']:.1f})"
            for layer in sorted(tune["layers"], key=lambda x: -x["us"]["f32"])
            if layer["chosen"] == "f32" and layer["us"]["int8"] >= layer["us"]["f32"]]


def one_model(name, source, ort, args):
    path = materialized(name, source, WORK)
    if not is_convolutional(path):
        return None
    inputs = Theirs(path, ort).session.get_inputs()
    calib = samples(name, inputs)
    _, plain = quantise(name, path, calib)
    tuned, report = quantise(name, path, calib, "--tune", "--max-drop", args.max_drop)
    tune = report["tune"]
    c = compare(name, path, tuned, inputs, feed_for(name, inputs), args.seconds)
    r = c["ratio"]
    print(f"| {name} | {plain['macs']['int8_percent']:.1f} | {report['macs']['int8_percent']:.1f} | {tune['us']['f32']:.1f} | "
          f"{tune['us']['int8']:.1f} | {tune['us']['measured']:.1f} | {r['value']:.3f} ({r['low']:.3f} - {r['high']:.3f}) | "
          f"{c['verdict']} |", flush=True)
    slower = slower_layers(tune)
    if slower:
        print(f"  {name}: not faster in int8: {len(slower)} layers, the largest {'; '.join(slower[:3])}", file=sys.stderr)
    if not tune["helps"]:
        print(f"  {name}: {tune['summary']}", file=sys.stderr)
    return c["verdict"]


def main():
    import onnxruntime as ort
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="models whose name matches this")
    parser.add_argument("--seconds", type=float, default=5, help="of comparing the two engines, at most")
    parser.add_argument("--max-drop", type=float, default=100)
    args = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    print("| model | int8 %, plain | int8 %, tuned | f32 us | all int8 us | tuned us | tuned / f32 (98 %) | verdict |")
    print("|" + "---|" * 8)
    verdicts = []
    for name, source in find(WORK):
        if not re.search(args.only, name):
            continue
        try:
            verdicts.append(one_model(name, source, ort, args))
        except (Failed, RuntimeError) as e:
            print(f"  {name}: {str(e).splitlines()[0][:140]}", file=sys.stderr)
    measured = [v for v in verdicts if v]
    print(f"\n{len(measured)} models, {measured.count('regressed')} slower than f32.")


if __name__ == "__main__":
    main()
