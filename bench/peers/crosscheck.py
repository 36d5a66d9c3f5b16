#!/usr/bin/env python3
"""Are our figures those of other people's measuring programs, in the same session?

    ./dev bench crosscheck [--model NAME] [--seconds S] [--repetitions N]

1. `hone bench --closed` against MLPerf LoadGen (single stream) driving the same engine through
   libhone_rt.so: p90 by the plain percentile and by LoadGen's early-stopping estimate, within 3 %.
   Both on one core.
2. The OpenVINO adapter of `hone bench --against` against OpenVINO's benchmark_app (-api sync, one
   stream, f32, the same threads): the median, within 5 %.

Both sides take turns of about a second, because a virtual machine's speed wanders by more than the
limits within a minute; each repetition is the median of its turns, with the engine opened anew, and
what is compared are medians over the repetitions. Writes
bench/runs/<date>-<cpu>-crosscheck/{README.md,raw.json}. Exit 1 where a difference is too large.
"""
import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

import mlperf_loadgen as lg
import numpy as np
import onnx

from runs import (BUILD, WORK, Failed, busy, conditions, folder, hone, listed, load, table, today,
                  write)
from hone_rt import Engine
from models import find, materialized

LOADGEN_LIMIT, BENCHMARK_APP_LIMIT = 0.03, 0.05


# --- LoadGen --------------------------------------------------------------------------------------

@contextlib.contextmanager
def on_one_core():
    """The calling thread, and what it starts, on the last core meanwhile."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def loadgen(run, seconds, expected_ns):
    """(p90, early-stopping estimate of p90) in ms of LoadGen's single-stream scenario. The thread
    that runs stays on one core from its first query on: LoadGen starts threads of its own before, and
    with them the kernel may move it. In five pairs of runs so, the medians of p90 were 0.2 % apart;
    full runs have been 2 to 4 % apart, up to 9 % without it (bench/runs/)."""
    core = {max(os.sched_getaffinity(0))}

    def issue(samples):
        if os.sched_getaffinity(0) != core:
            os.sched_setaffinity(0, core)
        for sample in samples:
            run()
            lg.QuerySamplesComplete([lg.QuerySampleResponse(sample.id, 0, 0)])

    sut = lg.ConstructSUT(issue, lambda: None)
    qsl = lg.ConstructQSL(64, 64, lambda _: None, lambda _: None)
    settings = lg.TestSettings()
    settings.scenario, settings.mode = lg.TestScenario.SingleStream, lg.TestMode.PerformanceOnly
    settings.min_duration_ms, settings.min_query_count = int(1e3 * seconds), 64
    # It makes its queries beforehand: half the expected time makes twice as many as are needed.
    settings.single_stream_expected_latency_ns = max(int(expected_ns / 2), 1)
    allowed = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder_of_logs:
        output = lg.LogOutputSettings()
        output.outdir, output.copy_summary_to_stdout = folder_of_logs, False
        logs = lg.LogSettings()
        logs.log_output, logs.enable_trace = output, False
        lg.StartTestWithLogSettings(sut, qsl, settings, logs)
        os.sched_setaffinity(0, allowed)
        with open(os.path.join(folder_of_logs, "mlperf_log_summary.txt"), encoding="utf-8") as f:
            text = f.read()
    lg.DestroyQSL(qsl)
    lg.DestroySUT(sut)
    plain = re.search(r"^90\.0\d* ?(?:th )?percentile latency \(ns\)\s*: (\d+)", text, re.M)
    bound = re.search(r"Early stopping 90\.0th percentile estimate: (\d+)", text)
    if not plain or not bound:
        raise Failed("LoadGen gave no p90; more --seconds")
    return int(plain[1]) / 1e6, int(bound[1]) / 1e6


def shapes_of(path):
    inputs = onnx.load(path, load_external_data=False).graph.input
    return {i.name: [d.dim_value if d.HasField("dim_value") else 1
                     for d in i.type.tensor_type.shape.dim] for i in inputs}


def hone_against_loadgen(path, args):
    shapes = shapes_of(path)
    engine_file = os.path.join(WORK, "crosscheck.engine")
    profiles = [w for n, s in shapes.items()
                for w in ("--profile", "{0}={1}:{1}:{1}".format(n, "x".join(map(str, s))))]
    dynamic = any(not d.HasField("dim_value") for i in onnx.load(path).graph.input
                  for d in i.type.tensor_type.shape.dim)
    hone("build", path, "-o", engine_file, *(profiles if dynamic else []))
    rng = np.random.default_rng(1)
    feed = {n: rng.standard_normal(s).astype(np.float32) for n, s in shapes.items()}
    library = os.path.join(BUILD, "libhone_rt.so")

    def ours():
        with on_one_core():
            j = json.loads(hone("bench", engine_file, "--closed", "--same-input", "--duration",
                                args.seconds, "--json", "-"))
        if j["latency_ms"]["p90"] is None:
            raise Failed("too few runs for a p90; more --seconds")
        return {"hone_p90": j["latency_ms"]["p90"], "hone_bound": j["bounds_ms"]["p90"],
                "hone_p50": j["latency_ms"]["p50"]}

    def theirs():
        for _ in range(50):
            engine.run()
        plain, bound = loadgen(engine.run, args.seconds, 1e6 * ours_first["hone_p50"])
        return {"loadgen_p90": plain, "loadgen_bound": bound}

    rows, ours_first = [], ours()
    for i in range(args.repetitions):
        engine = Engine(library, engine_file, feed)
        engine.check_run()
        rows.append(in_turns(ours, theirs, args.turns, i))
        engine.close()
        print("LoadGen:", rows[-1], file=sys.stderr, flush=True)
    return rows, loadgen(lambda: None, 0.3, 2000)[0]


def in_turns(ours, theirs, turns, start):
    """The median of every figure over the turns; who begins changes from turn to turn."""
    found = {}
    for i in range(start, start + turns):
        for side in (ours, theirs) if i % 2 == 0 else (theirs, ours):
            for key, value in side().items():
                found.setdefault(key, []).append(value)
    return {key: statistics.median(values) for key, values in found.items()}


# --- benchmark_app ----------------------------------------------------------------------------------

def median_ms(text):
    """Of benchmark_app's report, which is in us where it is short."""
    found = re.search(r"Median:\s*([\d.]+) (ms|us)", text)
    return float(found[1]) * (1e-3 if found[2] == "us" else 1) if found else None


def benchmark_app(path, args):
    program = os.path.join(os.path.dirname(sys.executable), "benchmark_app")
    dims = ",".join(f"{n}[{','.join(map(str, s))}]" for n, s in shapes_of(path).items())
    done = subprocess.run([program, "-m", path, "-d", "CPU", "-api", "sync", "-hint", "none",
                           "-nstreams", "1", "-nthreads", str(args.threads), "-infer_precision", "f32", "-shape", dims,
                           "-t", str(max(1, round(args.seconds)))],
                          capture_output=True, text=True, check=False, timeout=120)
    median = median_ms(done.stdout)
    if median is None:
        lines = (done.stdout + done.stderr).strip().splitlines() or ["it said nothing"]
        raise Failed("benchmark_app: " + lines[-1])
    return median


def adapter(path, args):
    sizes = [w for n, s in shapes_of(path).items()
             for w in ("--shape", f"{n}={'x'.join(map(str, s))}")]
    rounds = 6
    j = json.loads(hone("bench", path, "--against", "openvino", "--rounds", rounds, "--block",
                        1e3 * args.seconds / rounds, "--threads", args.threads, "--json", "-", *sizes))
    found = [r for r in j["runtimes"] if r["name"] == "openvino"][0]
    if "cannot" in found:
        raise Failed("openvino: " + found["cannot"])
    return found["p50_ms"]


def openvino_against_benchmark_app(path, args):
    rows = []
    for i in range(args.repetitions):
        rows.append(in_turns(lambda: {"adapter": adapter(path, args)},
                             lambda: {"benchmark_app": benchmark_app(path, args)}, args.turns, i))
        print("benchmark_app:", rows[-1], file=sys.stderr, flush=True)
    return rows


# --- the comparison ---------------------------------------------------------------------------------

def compared(what, rows, ours, theirs, limit):
    pairs = [(r[ours], r[theirs]) for r in rows]
    a, b = (statistics.median(x) for x in zip(*pairs))
    apart = a / b - 1
    return (what, f"{a:.4f}", f"{b:.4f}", f"{100 * apart:+.2f} %", f"{100 * limit:.0f} %",
            "yes" if abs(apart) <= limit else "NO")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--model", default="ic_resnet8_fp32|fashion",
                        help="regular expression; of the models that are here the last that fits")
    parser.add_argument("--seconds", type=float, default=1, help="of each turn")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--turns", type=int, default=3, help="of each side in a repetition")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", help="folder to write; else below bench/runs")
    args = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    chosen = [(n, p) for n, p in find(WORK) if re.fullmatch(args.model, n)]
    if not chosen:
        parser.error(f"no model is called {args.model}")
    name, source = chosen[-1]
    path = materialized(name, source, WORK)
    others, known = busy(), conditions()
    known.update({"model": name, "seconds": args.seconds, "repetitions": args.repetitions,
                  "turns": args.turns})
    raw, lines = {"conditions": known}, []
    try:
        rows, empty = hone_against_loadgen(path, args)
        raw.update(loadgen=rows, loadgen_overhead_ms=empty)
        known["LoadGen's own time, an empty run (p90)"] = f"{1e3 * empty:.1f} us, in its figures"
        lines.append(compared("p90 ms: hone bench, LoadGen", rows, "hone_p90", "loadgen_p90",
                              LOADGEN_LIMIT))
        lines.append(compared("its early-stopping estimate", rows,
                              "hone_bound", "loadgen_bound", LOADGEN_LIMIT))
    except Failed as e:
        lines.append(("LoadGen", "-", "-", "-", "3 %", f"failed: {str(e)[:150]}"))
    try:
        raw["benchmark_app"] = openvino_against_benchmark_app(path, args)
        lines.append(compared("p50 ms: OpenVINO adapter, benchmark_app", raw["benchmark_app"],
                              "adapter", "benchmark_app", BENCHMARK_APP_LIMIT))
    except Failed as e:
        lines.append(("benchmark_app", "-", "-", "-", "5 %", f"failed: {str(e)[:150]}"))
    known["load after"] = load()
    where = args.out or folder("crosscheck", known.get("cpu", ""))
    text = (f"# {today()}, {known.get('cpu', 'cpu')}: cross-check of the figures\n\n"
            f"{listed(known)}\nMedians over {args.repetitions} repetitions of {args.turns} turns each.\n\n")
    if others or busy(own=1):
        text += "**The machine was busy with something else: for orientation only.**\n\n"
    text += table(("figure", "ours", "theirs", "difference", "limit", "within"), lines) + "\n"
    write(os.path.join(where, "README.md"), text)
    write(os.path.join(where, "raw.json"), json.dumps(raw, indent=1) + "\n")
    print(text)
    print(f"wrote {os.path.relpath(where)}", file=sys.stderr)
    sys.exit(0 if all(line[-1] == "yes" for line in lines) else 1)


if __name__ == "__main__":
    main()
