#!/usr/bin/env python3
"""Hone's int8 engine beside its own f32 engine, and beside ONNX Runtime and OpenVINO on the very same QDQ file, which
`hone quantize` wrote: one thread, batch 1, blocks in turns on one core.

    build/venv/bin/python bench/quant/speed.py [--only REGEX] [--rounds N] [--save]

OpenVINO is measured where `./dev peers` has installed it (run with build/peers/bin/python then).
"""
import argparse
import datetime
import json
import os
import re
import statistics
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "peers"))
from hone_rt import Engine  # noqa: E402
from models import ROOT, feed_for, find, materialized  # noqa: E402
from run import Theirs, block, compile_engine  # noqa: E402
from runs import BUILD, Failed, commit, hone  # noqa: E402
from stats import median_interval  # noqa: E402

WORK = os.path.join(ROOT, "build", "bench")
CALIBRATION = 16  # samples: speed does not depend on how good the ranges are


def is_convolutional(path):
    """Convolutions make up its work, it is of floats, and it has one input."""
    import onnx
    graph = onnx.load(path).graph
    ops = [n.op_type for n in graph.node]
    constants = {i.name for i in graph.initializer}
    inputs = [i for i in graph.input if i.name not in constants]
    quantised = any("QuantizeLinear" in op or op.startswith("QLinear") for op in ops)
    return (not quantised and len(inputs) == 1 and ops.count("Conv") >= 2 and
            not any(op in ops for op in ("LSTM", "GRU", "If", "Loop")))


def quantised(name, path, session):
    inputs = session.get_inputs()
    feeds = []
    for k in range(CALIBRATION):
        feed = feed_for(name, inputs)
        rng = np.random.default_rng(k)
        feeds.append({n: (v + .1 * rng.standard_normal(v.shape)).astype(v.dtype) for n, v in feed.items()})
    calib, out = os.path.join(WORK, name + ".calib.npz"), os.path.join(WORK, name + ".int8.onnx")
    np.savez(calib, **{n: np.concatenate([f[n] for f in feeds]) for n in feeds[0]})
    hone("quantize", path, "-o", out, "--calib", calib, "--preset", "fast", timeout=900)
    return out


class OpenVino:
    def __init__(self, path, feed, precision="f32"):
        import openvino as ov
        core = ov.Core()
        model = core.read_model(path)
        model.reshape({i.get_any_name(): list(feed[i.get_any_name()].shape) for i in model.inputs})
        options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1,
                   "INFERENCE_PRECISION_HINT": precision}
        request = core.compile_model(model, "CPU", options).create_infer_request()
        for n, v in feed.items():
            request.set_tensor(n, ov.Tensor(v))
        self.run = request.infer


def engines(name, path, feed, inputs, ort):
    """name -> function that runs once"""
    library = os.path.join(BUILD, "libhone_rt.so")
    runs, kept = {}, []
    for key, model in (("f32", path), ("int8", quantised(name, path, Theirs(path, ort).session))):
        kept.append(Engine(library, compile_engine(f"{name}.{key}", model, inputs, feed), feed))
        kept[-1].check_run()
        runs[key] = kept[-1].run
    qdq = os.path.join(WORK, name + ".int8.onnx")
    theirs = Theirs(qdq, ort)
    theirs.bind(feed, ort)
    runs["ort"] = theirs.run
    try:
        runs["ov"] = OpenVino(qdq, feed).run
    except ImportError:
        pass
    except Exception as e:
        print(f"  {name}: OpenVINO: {str(e).splitlines()[0][:80]}", file=sys.stderr)
    return runs, kept, theirs


def one_model(name, source, ort, args):
    path = materialized(name, source, WORK)
    if not is_convolutional(path):
        return None
    inputs = Theirs(path, ort).session.get_inputs()
    feed = feed_for(name, inputs)
    runs, kept, theirs = engines(name, path, feed, inputs, ort)
    times = in_turns(runs, args)
    for e in kept:
        e.close()
    del theirs
    return times


def in_turns(runs, args):
    """Microseconds of a run, by name, a figure for each round."""
    counts = {}
    for key, run in runs.items():
        block(run, 3)
        counts[key] = max(3, min(2000, round(1e3 * args.block_ms / block(run, 5))))
    times = {key: [] for key in runs}
    order = list(runs)
    for i in range(args.rounds):
        for key in order if i % 2 == 0 else order[::-1]:
            times[key].append(block(runs[key], counts[key]))
    return times


def table(rows):
    head = ("model", "f32 us", "int8 us", "f32 / int8", "95 %", "ONNX Runtime / int8", "OpenVINO / int8")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, t in rows:
        def ratio(key):
            if key not in t:
                return None
            return median_interval([a / b for a, b in zip(t[key], t["int8"])])
        own, r, v = ratio("f32"), ratio("ort"), ratio("ov")
        lines.append(f"| {name} | {statistics.median(t['f32']):.1f} | {statistics.median(t['int8']):.1f} | {own[0]:.2f} | "
                     f"{own[1]:.2f} - {own[2]:.2f} | {r[0]:.2f} | {f'{v[0]:.2f}' if v else '-'} |")
    for key, what in (("f32", "its own f32"), ("ort", "ONNX Runtime"), ("ov", "OpenVINO")):
        ratios = [statistics.median([a / b for a, b in zip(t[key], t["int8"])]) for _, t in rows if key in t]
        if ratios:
            slower = sum(r < 1 for r in ratios)
            lines.append(f"\nAgainst {what}: geometric mean {statistics.geometric_mean(ratios):.2f} over {len(ratios)} models, "
                         f"int8 slower on {slower}.")
    return "\n".join(lines)


def measure(doc, measured, shown, saved):
    """The program round one_model() and table(): every model that `measured` has times of, one table.
    saved: the end of the file's name below bench/runs, its title, and how the engines were made."""
    import onnxruntime as ort
    slug, title, how = saved
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("--only", default="", help="models whose name matches this")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--block-ms", type=int, default=60)
    parser.add_argument("--save", action="store_true", help=f"write bench/runs/<date>-{slug}.md")
    args = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    rows, failed, load = [], [], os.getloadavg()[0]
    for name, source in find(WORK):
        if not re.search(args.only, name):
            continue
        try:
            times = measured(name, source, ort, args)
        except (Failed, RuntimeError) as e:
            failed.append(f"- {name}: {str(e).splitlines()[0][:140]}")
            continue
        if times:
            rows.append((name, times))
            print(shown(rows[-1:]).splitlines()[2], file=sys.stderr, flush=True)
    text = shown(rows) + ("\n\nNot measured:\n\n" + "\n".join(failed) if failed else "")
    print(text)
    if args.save:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            cpu = next(line.split(":")[1].strip() for line in f if line.startswith("model name"))
        isa = json.loads(hone("doctor", "--json", "-", allowed=(0, 3, 4))).get("isa", "")
        name = f"{datetime.date.today()}-{slug}.md"
        with open(os.path.join(ROOT, "bench", "runs", name), "w", encoding="utf-8") as f:
            f.write(f"# {title}\n\nbench/quant/{os.path.basename(sys.argv[0])} on {cpu} {isa}, one thread, batch 1, commit {commit()}, "
                    f"load before {load:.2f}; medians of {args.rounds} rounds in turns. {how}\n\n{text}\n")


if __name__ == "__main__":
    measure(__doc__, one_model, table,
            ("int8-speed", "int8 engines", "Files by `hone quantize --preset fast`."))
