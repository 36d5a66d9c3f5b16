#!/usr/bin/env python3
"""The benchmarks of ./dev bench: every kernel, then whole models against ONNX Runtime.

    ./dev bench [kernels|models] [--only TEXT] [--rounds N] [--save]

Models: f32, batch 1, one thread on one core. In every round both runtimes run a block each, in
turns first, in this one process: what the machine does to one it does to the other. The figure is
the median over the rounds of (Hone's median / ONNX Runtime's median), with an interval of 95 %.
--save writes bench/runs/<date>-<cpu>-<what>.md.
"""
import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time

import numpy as np

from hone_rt import Engine
from models import ROOT, feed_for, find, materialized
from stats import median_interval, spread

BUILD = os.environ.get("HONE_BUILD_DIR", os.path.join(ROOT, "build", "release"))
HONE = os.path.join(BUILD, "hone")
WORK = os.path.join(ROOT, "build", "bench")
TOLERANCE = 1e-3  # of a channel's largest value, as the parity tests


def command(*args):
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise RuntimeError(lines[-1])
    return done.stdout


# --- conditions ---------------------------------------------------------------------------------

def conditions(onnxruntime):
    c = json.loads(command(HONE, "doctor", "--json", "-"))
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip()
    known = {k: str(v) for k, v in c.items() if not isinstance(v, (dict, list))}
    known.update({"commit": commit or "unknown", "python": platform.python_version(),
                  "load": " ".join(f"{x:.2f}" for x in os.getloadavg())})
    if onnxruntime:
        known["onnxruntime"] = onnxruntime
    if os.environ.get("HONE_FORCE_ISA"):
        known["HONE_FORCE_ISA"] = os.environ["HONE_FORCE_ISA"]
    return known


def busy(own=0):
    """Others at work on this machine beside `own` processes: figures are for orientation only."""
    return os.getloadavg()[0] > own + 0.5 + 0.1 * (os.cpu_count() or 1)


# --- kernels ------------------------------------------------------------------------------------

def kernels(args):
    out = command(os.path.join(BUILD, "hone_bench"), "--benchmark_format=json",
                  f"--benchmark_min_time={args.kernel_time}", "--benchmark_repetitions=5",
                  "--benchmark_report_aggregates_only=true", f"--benchmark_filter={args.only or '.'}")
    rows = []
    for b in json.loads(out)["benchmarks"]:
        if b.get("aggregate_name") != "median":
            continue
        family, step, kernel = b["run_name"].split("/")
        rate = next(((b[u], u) for u in ("GFLOP/s", "GB/s") if u in b), (float("nan"), ""))
        rows.append((f"{family} {step}", kernel, f"{b['cpu_time'] / 1e3:.1f}",
                     f"{rate[0]:.1f} {rate[1]}"))
    return ("Every kernel on one step, weights and data in cache, one thread; median of 5 "
            "repetitions, CPU time.", ("step", "kernel", "us", "rate"), rows, "")


# --- models -------------------------------------------------------------------------------------

class Theirs:
    """ONNX Runtime, one thread, inputs and outputs bound: nothing is copied or allocated a run."""

    def __init__(self, path, ort):
        o = ort.SessionOptions()
        o.intra_op_num_threads = o.inter_op_num_threads = 1
        o.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        o.log_severity_level = 3
        self.session = ort.InferenceSession(path, o, providers=["CPUExecutionProvider"])

    def bind(self, feed, ort):
        results = self.session.run(None, feed)
        self.binding = self.session.io_binding()
        self.kept = [ort.OrtValue.ortvalue_from_numpy(v) for v in feed.values()]
        for name, value in zip(feed, self.kept):
            self.binding.bind_ortvalue_input(name, value)
        for meta, value in zip(self.session.get_outputs(), results):
            self.kept.append(ort.OrtValue.ortvalue_from_numpy(value))
            self.binding.bind_ortvalue_output(meta.name, self.kept[-1])
        self.run = lambda run=self.session.run_with_iobinding, b=self.binding: run(b)
        return results


def compile_engine(name, path, inputs, feed, *options):
    engine = os.path.join(WORK, name + ".engine")
    # No timing cache: what was timed on a busy day would choose today's kernels.
    args = [HONE, "build", path, "-o", engine, *options]
    for i in inputs:
        if any(not isinstance(d, int) for d in i.shape) and feed[i.name].ndim:
            dims = "x".join(map(str, feed[i.name].shape))
            args += ["--profile", f"{i.name}={dims}:{dims}:{dims}"]
    command(*args)
    return engine


def worst_difference(ours, theirs):
    """Of all outputs, relative to the channel's largest value (integers: elements that differ, of
    all); RuntimeError names the first output beyond the tolerance."""
    most = 0.0
    for k, (a, b) in enumerate(zip(ours, theirs)):
        if a.shape != b.shape:
            raise RuntimeError(f"not timed: output {k} has shape {a.shape}, not {b.shape}")
        if b.size == 0:
            continue
        if b.dtype.kind != "f":
            # As ../shared/acceptance counts: a near-tie may round to the other side.
            share = float((a != b).mean())
            if share > TOLERANCE:
                raise RuntimeError(f"not timed: output {k} differs in {100 * share:.1f} % of its elements")
            most = max(most, share)
            continue
        axes = tuple(x for x in range(b.ndim) if x != 1) if b.ndim >= 3 else None
        # ONNX Runtime's sigmoid is right to about 1e-7 absolute, whatever its result: with and without
        # its own optimisation, channels that are nearly 0 differ by a tenth of themselves. Here a
        # channel counts as at least a hundredth of the largest: parity's tests do the judging.
        scale = np.maximum(np.abs(b).max(axes, keepdims=True), max(1e-2 * np.abs(b).max(), 1e-4))
        worst = float((np.abs(a - b) / scale).max())
        if not worst <= TOLERANCE:
            raise RuntimeError(f"not timed: output {k} differs by {worst:.1e}")
        most = max(most, worst)
    return most


def block(run, runs):
    """Median time of `runs` runs in us, after one that brings its data back into the caches."""
    run()
    times = []
    for _ in range(runs):
        begin = time.perf_counter_ns()
        run()
        times.append(time.perf_counter_ns() - begin)
    return statistics.median(times) / 1e3


def alternate(ours, theirs, rounds, block_ms):
    runs = {}
    for run in (ours, theirs):
        block(run, 3)
        runs[run] = max(3, min(2000, round(1e3 * block_ms / block(run, 5))))
    times = {ours: [], theirs: []}
    for i in range(rounds):
        for run in (ours, theirs) if i % 2 == 0 else (theirs, ours):
            times[run].append(block(run, runs[run]))
    return times[ours], times[theirs]


def one_model(name, source, ort, args):
    path = materialized(name, source, WORK)
    theirs = Theirs(path, ort)
    inputs = theirs.session.get_inputs()
    feed = feed_for(name, inputs)
    want = theirs.bind(feed, ort)
    ours = Engine(os.path.join(BUILD, "libhone_rt.so"), compile_engine(name, path, inputs, feed), feed)
    ours.check_run()
    difference = worst_difference(ours.outputs(len(want)), want)
    hone_us, ort_us = alternate(ours.run, theirs.run, args.rounds, args.block_ms)
    ours.close()
    ratio, low, high = median_interval([a / b for a, b in zip(hone_us, ort_us)])
    steady = max(spread(hone_us), spread(ort_us))
    return (name, f"{difference:.0e}", f"{statistics.median(hone_us) / 1e3:.3f}", f"{statistics.median(ort_us) / 1e3:.3f}",
            f"{ratio:.3f}", f"{low:.3f} - {high:.3f}", f"{100 * steady:.0f} %" if steady == steady else "-")


def models(args, ort):
    rows, left_out = [], ""
    for name, source in find(WORK):
        if args.only and not re.search(args.only, name):
            continue
        try:
            rows.append(one_model(name, source, ort, args))
            print(" ", *rows[-1], file=sys.stderr, flush=True)
        except RuntimeError as e:
            why = str(e).removeprefix("error: ").removeprefix(f"{WORK}/{name}.onnx: ")
            left_out += f"\n- {name}: {why if len(why) < 120 else why[:117] + '...'}"
    return (f"f32, batch 1, one thread; {args.rounds} rounds of blocks of about {args.block_ms} ms, "
            "in turns. worst: difference of the outputs, relative to each channel's largest value. ratio: Hone / ONNX Runtime, below 1 is faster, with its 95 % interval. "
            "spread: interquartile range of the less steady of the two.",
            ("model", "worst", "hone ms", "onnxruntime ms", "ratio", "95 %" if args.rounds > 5 else "range",
             "spread"), rows,
            left_out and "\nNot compared:\n" + left_out + "\n")


# --- output -------------------------------------------------------------------------------------

def table(head, rows):
    widths = [max(len(str(r[i])) for r in [head, *rows]) for i in range(len(head))]
    line = lambda r: "| " + " | ".join(str(c).ljust(w) for c, w in zip(r, widths)) + " |"
    return "\n".join([line(head), "|" + "|".join("-" * (w + 2) for w in widths) + "|",
                      *map(line, rows)])


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "cpu"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("what", nargs="?", choices=("kernels", "models"), help="default: both")
    parser.add_argument("--only", help="regular expression of benchmark or model names")
    parser.add_argument("--rounds", type=int, default=31, help="31; the interval needs 6")
    parser.add_argument("--block-ms", type=float, default=20)
    parser.add_argument("--kernel-time", type=float, default=0.05, help="seconds a repetition")
    parser.add_argument("--save", action="store_true", help="write bench/runs/...md")
    args = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    ort = None
    if args.what != "kernels":
        import onnxruntime as ort
    others = busy()
    known = conditions(ort and ort.__version__)
    # One core for both, inherited by what is started: no migration between blocks.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    known["core"] = str(max(os.sched_getaffinity(0)))
    parts = []
    if args.what != "models":
        parts.append(("Kernels", *kernels(args)))
    if args.what != "kernels":
        parts.append(("Models", *models(args, ort)))
    others = others or busy(own=1)
    known["load after"] = " ".join(f"{x:.2f}" for x in os.getloadavg())
    today = datetime.date.today().isoformat()
    cpu = known.get("cpu", platform.processor())
    text = f"# {today}, {cpu}\n\n" + "".join(f"- {k}: {v}\n" for k, v in sorted(known.items()))
    for title, note, head, rows, end in parts:
        text += f"\n## {title}\n\n{note}\n\n{table(head, rows)}\n{end}"
    print(text)
    if others:
        print("The machine is busy with something else: these figures are for orientation only.",
              file=sys.stderr)
    if args.save:
        what = args.what or "all"
        path = os.path.join(ROOT, "bench", "runs", f"{today}-{slug(cpu)}-{what}.md")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        print(f"wrote {os.path.relpath(path, ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
